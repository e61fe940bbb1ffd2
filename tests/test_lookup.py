"""An installation is found by its identifier, under every key, without leaving it anywhere."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from collector.contract.attributes import INSTALLATION
from collector.contract.config import DATABASE
from collector.keys import Keys
from collector.permissions.tokens import Tokens
from collector.persons.pseudonyms import DAY_NS, Pseudonyms
from collector.store.reader import rfc3339
from tests.commands import limen
from tests.otlp import logged_input, now, request_span, traces
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY, Store, policy_from

PHONE = "phone-1"
OTHER = {INSTALLATION: "phone-2"}
TODAY = now() // DAY_NS * DAY_NS
BEFORE = TODAY - 2 * DAY_NS
UNKNOWN = "phone-of-nobody-7d1e"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a phone that has been there under two keys, and another."""
    folder = tmp_path_factory.mktemp("home")
    Tokens.at(folder, folder / DATABASE)
    Keys.make(folder)
    Pseudonyms.make(folder, TODAY - 10 * DAY_NS)
    with Store(folder, policy_from(POLICY, folder)) as store:
        store.pseudonyms.begin_next(TODAY - DAY_NS - 1, 1)
        for received in (BEFORE, BEFORE + 5):
            store.take(traces(request_span(), request_span()), received=received)
        asked = request_span()
        store.take(traces(asked), logged_input(asked, b"seen"), received=TODAY)
        store.take(traces(request_span(), resource=OTHER), received=TODAY)
        assert store.pseudonyms.periods[1].since == TODAY - DAY_NS
    return folder


@pytest.fixture(scope="module")
def holding(home: Path) -> Iterator[RunningCollector]:
    with running_collector(home) as running:
        yield running


def test_what_is_stored_is_told_by_key(holding: RunningCollector) -> None:
    with holding.client() as client:
        first, second = client.lookup(PHONE).pseudonyms
        assert (first.key_id, first.spans, first.inputs, first.exports) == (1, 4, 0, 2)
        assert (second.key_id, second.spans, second.inputs, second.exports) == (2, 1, 1, 2)
        assert (first.first_received, first.last_received) == (rfc3339(BEFORE), rfc3339(BEFORE + 5))
        assert second.first_received == second.last_received == rfc3339(TODAY)
        assert len({first.installation, second.installation}) == 2
        nobody = client.lookup(UNKNOWN).pseudonyms
        assert [(one.spans, one.first_received) for one in nobody] == [(0, None)] * 2


def test_the_command_reads_the_identifier_from_its_input(holding: RunningCollector) -> None:
    done = limen("lookup", "--json", "--api", holding.api, typed=f"{PHONE}\n")
    assert done.returncode == 0, done.stderr
    assert [one["spans"] for one in json.loads(done.stdout)["pseudonyms"]] == [4, 1]
    told = limen("lookup", "--api", holding.api, typed=PHONE).stdout.splitlines()
    assert len(told) == 2 and "key 1  4 spans, 0 inputs, 2 exports" in told[0]
    assert PHONE not in "".join(told)
    nobody = limen("lookup", "--api", holding.api, typed=f"{UNKNOWN}\r\n")
    assert nobody.returncode == 1 and nobody.stdout.count("nothing stored") == 2
    none = limen("lookup", "--api", holding.api, typed="\n")
    assert none.returncode == 2 and "standard input" in none.stderr


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"installation": ""}', b'{"installation": ["%s"]}', b'{"%s": "%s"}'],
)
def test_a_wrong_question_is_refused_without_repeating_it(
    holding: RunningCollector, body: bytes
) -> None:
    asked = body.replace(b"%s", UNKNOWN.encode())
    answer = httpx.post(f"{holding.api}/api/installations/lookup", content=asked, trust_env=False)
    assert answer.status_code == 400
    assert "secret" not in answer.text.lower() and answer.json()["detail"]


def test_it_is_audited_without_the_identifier_which_stays_nowhere(
    home: Path, holding: RunningCollector
) -> None:
    with holding.client() as client:
        pseudonyms = [one.installation for one in client.lookup(UNKNOWN).pseudonyms]
    holding.stop()
    assert holding.process.stderr
    said = holding.process.stderr.read().encode()
    with Store(home, policy_from(POLICY, home)) as store:
        rows = store.rows("select * from audit where action = 'installation looked up'")
    assert json.loads(rows[-1]["detail"]) == {"keys": [1, 2]} and rows[-1]["actor"] is None
    held = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    words = [UNKNOWN.encode(), *(text.encode() for text in pseudonyms)]
    for secret in (*words, *map(bytes.fromhex, pseudonyms)):
        assert secret not in held and secret not in said
