"""Pseudonyms: a key per purpose and period, chosen by the time received, destroyed in time."""

import base64
import hmac
import json
import logging
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from collector.contract.attributes import INSTALLATION, LAUNCH
from collector.contract.config import DATABASE
from collector.contract.errors import StoreUnusable
from collector.contract.policy import Policy
from collector.decode import decode_spans
from collector.keys import Keys, periods_file, write_private
from collector.permissions.tokens import Tokens
from collector.persons.pseudonyms import DAY_NS, Period, Pseudonyms
from collector.redact import Redactor
from collector.store.maintenance import Maintenance
from collector.store.reader import rfc3339
from collector.store.rotation import Rotation
from tests.otlp import Span, logged_input, now, request_span, traces
from tests.processes import running_collector
from tests.store import POLICY, Store, policy_from
from tests.test_inputs import REQUEST, chunk
from tests.test_schema import as_first

TODAY = now() // DAY_NS * DAY_NS
MASTER, SECRET = b"m" * 32, b"s" * 32
PHONE = "phone-1"
# Under the key of the first period, which begins today, and under that of the next.
LAST, FIRST = TODAY + 30 * DAY_NS - 1, TODAY + 30 * DAY_NS


def period(key_id: int, since: int, secret: bytes = SECRET) -> Period:
    return Period(key_id=key_id, since=since, secret=base64.b64encode(secret))


def pseudonyms(*periods: Period) -> Pseudonyms:
    return Pseudonyms(Keys(MASTER), Path("periods.json"), periods)


def key(info: str, salt: bytes | None) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info.encode()).derive(MASTER)


def upkeep(store: Store) -> Maintenance:
    rotation = Rotation(store.database, store.pseudonyms, store.vault)
    return Maintenance(store.database, store.policy, store.health, rotation=rotation)


def test_a_pseudonym_is_an_hmac_under_a_key_of_its_purpose_and_period() -> None:
    made = pseudonyms(period(1, 0), period(2, 9, b"t" * 32)).all("session.id", "ab")
    expected = [
        (number, hmac.digest(key(f"pseudonym|session.id|{number}", salt), b"ab", "sha256")[:16])
        for number, salt in ((1, SECRET), (2, b"t" * 32))
    ]
    assert made == expected
    other = pseudonyms(period(1, 0), period(2, 9, b"t" * 32)).all("user.ref", "ab")
    assert len({value for _, value in (*made, *other)}) == 4


def test_every_row_of_a_group_has_the_key_of_its_own_receive_time() -> None:
    both = pseudonyms(period(1, 10), period(2, 20), period(3, 30))
    policy = Policy(attributes={"user.ref": "hash"})
    sent = [
        traces(Span(attributes={"session.id": "s", "user.ref": "u"}), Span()),
        traces(resource={"service.name": "nothing to store"}),
        traces(Span(attributes={INSTALLATION: PHONE, "user.ref": "u"}), resource={}),
    ]
    decoded = decode_spans([request.SerializeToString() for request in sent])

    def rows(*received: int) -> list[dict[str, object]]:
        redacted = Redactor(policy, both, b"f" * 32).spans(decoded, np.array(received))
        columns = ["key_id", "installation", "session", "attributes"]
        found: list[dict[str, object]] = redacted.rows.select(columns).to_pylist()
        return found

    alone = {number: rows(*[received] * 3) for number, received in ((1, 3), (2, 29), (3, 30))}
    assert [row["key_id"] for number in alone for row in alone[number]] == [1] * 3 + [2] * 3 + [
        3
    ] * 3
    assert [row["installation"] for row in alone[2]] == [both.all(INSTALLATION, PHONE)[1][1]] * 3
    assert rows(29, 5, 30) == [*alone[2][:2], alone[3][2]]
    assert rows(30, 5, 19) == [*alone[3][:2], alone[1][2]]


@pytest.mark.parametrize(
    ("days_after", "begins"),
    [(0, None), (29 - 1e-9, None), (29, 30), (29.9, 30), (30, 31), (44.5, 45), (400, 401)],
)
def test_the_next_period_is_made_a_day_ahead_and_begins_at_a_midnight_to_come(
    tmp_path: Path, days_after: float, begins: int | None
) -> None:
    Keys.make(tmp_path)
    Pseudonyms.make(tmp_path, TODAY + 5)
    kept = Pseudonyms.at(tmp_path, Keys.at(tmp_path))
    moment = TODAY + int(days_after * DAY_NS)
    made = kept.begin_next(moment, 30)
    assert (made and made.since) == (begins and TODAY + begins * DAY_NS)
    assert kept.begin_next(moment, 30) is None
    again = Pseudonyms.at(tmp_path, Keys.at(tmp_path))
    assert again.all(INSTALLATION, PHONE) == kept.all(INSTALLATION, PHONE)
    assert len(again.periods) == (2 if begins else 1)


def test_a_clock_that_was_ahead_does_not_make_a_period_last(tmp_path: Path) -> None:
    Keys.make(tmp_path)
    Pseudonyms.make(tmp_path, TODAY)
    kept = Pseudonyms.at(tmp_path, Keys.at(tmp_path))
    wrong = kept.begin_next(TODAY + 20_000 * DAY_NS, 30)
    assert wrong and kept.begin_next(TODAY + 28 * DAY_NS, 30) is None
    mended = kept.begin_next(TODAY + 29 * DAY_NS, 30)
    assert mended == wrong.model_copy(update={"since": TODAY + 30 * DAY_NS})
    assert kept.begin_next(TODAY + 29 * DAY_NS, 30) is None
    assert Pseudonyms.at(tmp_path, Keys.at(tmp_path)).periods == kept.periods
    assert len(kept.periods) == 2


def test_a_phone_has_another_pseudonym_in_the_next_period_also_after_a_restart(
    tmp_path: Path,
) -> None:
    with Store(tmp_path, policy_from(POLICY, tmp_path)) as store:
        upkeep(store).retain(TODAY + 29 * DAY_NS)
        for received in (LAST, FIRST):
            asked = request_span()
            store.take(traces(asked), logged_input(asked, b"seen"), received=received)
        expected = store.pseudonyms.all(INSTALLATION, PHONE)
    with Store(tmp_path, policy_from(POLICY, tmp_path)) as store:
        store.take(traces(request_span()), received=FIRST)
        assert store.pseudonyms.all(INSTALLATION, PHONE) == expected
        for table in ("spans", "batches", "inputs"):
            found = store.rows(f"select distinct key_id, installation from {table} order by key_id")
            assert [tuple(row.values()) for row in found] == expected, table
        run = store.replays.create(REQUEST.model_copy(update={"until": "2100-01-01T00:00:00Z"}))
        assert [case["input"] for case in chunk(store, run)] == [b"seen", b"seen"]


def test_a_key_is_destroyed_once_nothing_that_it_named_is_stored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    policy = policy_from(POLICY.replace("\n[[", "\ninput_days = 40\n[[", 1), tmp_path)
    file = tmp_path / "keys" / "periods.json"
    end = TODAY + 40 * DAY_NS
    with Store(tmp_path, policy) as store:
        upkeep(store).retain(end - DAY_NS)
        secret = json.loads(file.read_bytes())["periods"][0]["secret"]
        asked = request_span()
        store.take(traces(asked), logged_input(asked, b"seen"), received=end - 1)
        store.take(logged_input(request_span(), b"seen"), received=end)
        upkeep(store).retain(end + 40 * DAY_NS - 1)
        assert secret in file.read_text("utf-8")
        assert len(store.pseudonyms.all(INSTALLATION, PHONE)) == 3
        assert store.rows("select count(*) as n from inputs") == [{"n": 2}]

        upkeep(store).retain(end + 40 * DAY_NS)
        assert secret not in file.read_text("utf-8")
        assert [key_id for key_id, _ in store.pseudonyms.all(INSTALLATION, PHONE)] == [2, 3]
        assert store.rows("select key_id from inputs") == [{"key_id": 2}]
        (done,) = store.rows("select detail from audit where action = 'keys destroyed'")
        since = {"key_id": 1, "since": rfc3339(TODAY)}
        assert json.loads(done["detail"]) == since
        said = f"keys destroyed: key_id 1, since {since['since']}"
        assert [line for line in caplog.messages if "destroyed" in line] == [said]
        # A clock that was set back finds no key of then.
        store.take(traces(request_span()), received=TODAY)
        (row,) = store.rows("select key_id, installation from spans")
        assert (row["key_id"], row["installation"]) == store.pseudonyms.all(INSTALLATION, PHONE)[0]
        (phone,) = store.rows("select installation from inputs")
    with Store(tmp_path, policy) as store:
        assert [key_id for key_id, _ in store.pseudonyms.all(INSTALLATION, PHONE)] == [2, 3]
        upkeep(store).retain(end + 40 * DAY_NS)
        inputs = json.loads((tmp_path / "keys" / "inputs.json").read_bytes())
        assert inputs.keys() == {phone["installation"].hex()}
        (done,) = store.rows("select count from audit where action = 'keys of inputs destroyed'")
        assert done == {"count": 1}


def test_a_key_stays_while_retention_has_left_something_of_its_period(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        rotation = Rotation(store.database, store.pseudonyms, store.vault)
        rotation.run(store.policy, TODAY + 29 * DAY_NS)
        store.take(traces(request_span()), received=LAST)
        rotation.run(store.policy, FIRST + 60 * DAY_NS)
        assert [p.key_id for p in store.pseudonyms.periods] == [1, 2, 3]
        assert store.rows("select 1 from audit where action = 'keys destroyed'") == []


@pytest.mark.parametrize("cut_short", [False, True])
def test_a_home_from_before_there_were_periods_keeps_its_pseudonyms(
    tmp_path: Path, cut_short: bool
) -> None:
    Tokens.at(tmp_path, tmp_path / DATABASE)
    write_private(tmp_path / "keys" / "master.key", MASTER)
    Pseudonyms.make(tmp_path, now(), from_before=True)
    asked = request_span()
    old = hmac.digest(key("pseudonym|installation", None), PHONE.encode(), "sha256")[:16]
    with Store(tmp_path, policy_from(POLICY, tmp_path)) as store:
        store.take(traces(asked), logged_input(asked, b"seen"))
    as_first(tmp_path / DATABASE)
    periods_file(tmp_path).unlink()
    write_private(tmp_path / "keys" / "master.key", MASTER)
    if cut_short:
        # After the first of the steps: what the old master made is kept, the database is as it was.
        Pseudonyms.make(tmp_path, now(), from_before=True)

    with Store(tmp_path, policy_from(POLICY, tmp_path)) as store:
        store.take(traces(request_span()), logged_input(request_span(), b"seen"))
        for table in ("spans", "batches", "inputs"):
            found = store.rows(f"select distinct key_id, installation from {table}")
            assert found == [{"key_id": 1, "installation": old}], table
        assert store.pseudonyms.all(LAUNCH, PHONE) == [(1, old)]
        run = store.replays.create(REQUEST)
        assert [case["input"] for case in chunk(store, run)] == [b"seen", b"seen"]
        # How old its key is nobody knows.
        upkeep(store).retain(now())
        assert store.pseudonyms.periods[1].since == TODAY + DAY_NS
    with Store(tmp_path, policy_from(POLICY, tmp_path)) as store:
        assert store.pseudonyms.all(INSTALLATION, PHONE)[0] == (1, old)
        again = Keys.at(tmp_path).derive("pseudonym|installation")
        assert hmac.digest(again, PHONE.encode(), "sha256")[:16] != old
        upkeep(store).retain(TODAY + 32 * DAY_NS)
    assert [key_id for key_id, _ in store.pseudonyms.all(INSTALLATION, PHONE)] == [2, 3]
    assert base64.b64encode(key("pseudonym|installation", None)) not in b"".join(
        path.read_bytes() for path in (tmp_path / "keys").iterdir()
    )


def test_a_lost_file_is_said_and_not_replaced(tmp_path: Path) -> None:
    Store(tmp_path).__exit__()
    periods_file(tmp_path).unlink()
    with pytest.raises(StoreUnusable, match=r"periods\.json is missing: restore it from a backup"):
        Store(tmp_path)
    assert not periods_file(tmp_path).exists()


def test_a_file_that_is_older_than_the_database_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        before = periods_file(tmp_path).read_bytes()
        store.pseudonyms.begin_next(FIRST - DAY_NS, 30)
        store.take(traces(request_span()), received=FIRST)
    write_private(periods_file(tmp_path), before)
    with pytest.raises(StoreUnusable, match=r"periods\.json is older than .* rows of key 2"):
        Store(tmp_path)
    assert periods_file(tmp_path).read_bytes() == before


def test_the_master_key_of_another_file_is_refused(tmp_path: Path) -> None:
    Store(tmp_path).__exit__()
    write_private(tmp_path / "keys" / "master.key", MASTER)
    with pytest.raises(StoreUnusable, match=r"periods\.json goes with another master\.key"):
        Store(tmp_path)


def _file(*periods: object) -> bytes:
    return json.dumps({"master": None, "periods": periods}).encode()


ENCODED = base64.b64encode(SECRET).decode()
GOOD = {"key_id": 1, "since": 0, "secret": ENCODED}


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        _file(),
        _file(GOOD)[:-1],
        _file(GOOD | {"secret": "c2hvcnQ="}),
        _file(GOOD | {"secret": "not base64"}),
        _file(GOOD | {"key_id": 0}),
        _file(GOOD, GOOD),
        _file(GOOD, GOOD | {"key_id": 2}),
        _file(GOOD | {"secret": None}),
        _file(GOOD | {"key": ENCODED}),
        json.dumps({"periods": [GOOD]}).encode(),
        _file(GOOD | {"more": 1}),
    ],
)
def test_a_damaged_file_is_said_and_not_overwritten(tmp_path: Path, damage: bytes) -> None:
    Keys.make(tmp_path)
    write_private(periods_file(tmp_path), damage)
    Pseudonyms.make(tmp_path, now())
    with pytest.raises(StoreUnusable, match="damaged") as refused:
        Pseudonyms.at(tmp_path, Keys.at(tmp_path))
    assert periods_file(tmp_path).read_bytes() == damage
    assert ENCODED not in str(refused.getrepr(chain=True))


def test_secrets_are_private_and_in_no_repr(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        rows = store.pseudonyms.rows(np.array([now()]))
        shown = repr((store.pseudonyms, store.pseudonyms.periods, rows))
    assert stat.S_IMODE(periods_file(tmp_path).stat().st_mode) == 0o600
    secret = json.loads(periods_file(tmp_path).read_bytes())["periods"][0]["secret"]
    assert "key_id=1" in shown
    for hidden in (secret, base64.b64decode(secret).hex(), str(base64.b64decode(secret))):
        assert hidden not in shown


def test_a_collector_that_starts_destroys_what_is_due_at_once(tmp_path: Path) -> None:
    """As one does that is restored from a backup with keys that were destroyed since."""
    Tokens.at(tmp_path, tmp_path / DATABASE)
    Keys.make(tmp_path)
    Pseudonyms.make(tmp_path, TODAY - 90 * DAY_NS)
    with Store(tmp_path) as store:
        store.pseudonyms.begin_next(TODAY - 60 * DAY_NS - 1, 30)
        store.take(traces(request_span()), received=TODAY - 61 * DAY_NS)
        lost = store.pseudonyms.all(INSTALLATION, PHONE)[0][1].hex()
    with running_collector(tmp_path) as collector, collector.client() as client:
        deadline = time.monotonic() + 20
        while (found := client.lookup(PHONE).pseudonyms)[0].key_id == 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert [one.key_id for one in found] == [2, 3]
        assert lost not in [one.installation for one in found]
        assert collector.spans() == 0
