"""The policy changes while data flows: everywhere at once, or not at all."""

import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from collector.contract.config import Settings
from collector.contract.errors import BadInput
from collector.contract.policy import Policy
from collector.contract.policy_file import named_policy
from collector.contract.records import Query
from collector.engine import Engine
from collector.reload import Reload
from collector.store.maintenance import Maintenance
from collector.store.retention import Retention
from tests.commands import limen
from tests.otlp import logged_input, now, request_span, traces
from tests.processes import (
    FREE,
    LIMEN,
    STOP_SECONDS,
    RunningCollector,
    running_collector,
    until,
)
from tests.store import POLICY, Store, policy_from

STEP = "checkout.step"
SECRET = "aisle seventeen"
KEEPS = POLICY.replace("[[hosts]]", f'[attributes]\n"{STEP}" = "keep"\n[[hosts]]', 1)
DROPS = KEEPS.replace('"keep"', '"drop"').replace("log_inputs = true", "log_inputs = false")
DAY = 24 * 3600 * 10**9


def named(version: str, text: str) -> str:
    return text.replace('"2026-11-01"', f'"{version}"')


def test_every_row_is_redacted_by_the_version_it_names(tmp_path: Path) -> None:
    texts = [named("keeps", KEEPS), named("drops", DROPS)]
    file = tmp_path / "policy.toml"
    done = threading.Event()
    taken: list[Any] = []

    with Store(tmp_path, policy_from(texts[0], tmp_path)) as store:

        def send() -> None:
            while not done.is_set():
                span = request_span(**{"checkout_step": SECRET})
                taken.append(store.take(traces(span), logged_input(span, b"input")))

        def took(count: int) -> bool:
            return len(taken) >= count

        maintenance = Maintenance(store.database, store.policy, store.health)
        reload = Reload(Settings(home=tmp_path), store, maintenance)
        senders = [threading.Thread(target=send) for _ in range(3)]
        for sender in senders:
            sender.start()
        try:
            for number in range(1, 9):
                file.write_text(texts[number % 2], "utf-8")
                assert reload.run().version == ("keeps", "drops")[number % 2]
                # Three of them may have begun before.
                until(partial(took, len(taken) + 6))
        finally:
            done.set()
            for sender in senders:
                sender.join()
        spans = store.rows(
            f"select policy_version as version, attributes['{STEP}'] as step, count(*) as n "
            "from spans group by all"
        )
        assert {(row["version"], row["step"]) for row in spans} == {
            ("keeps", SECRET),
            ("drops", None),
        }
        assert all(row["n"] > 10 for row in spans)
        inputs = store.rows("select number, policy_version from inputs")
        assert {row["policy_version"] for row in inputs} == {"keeps"}
        assert len({row["number"] for row in inputs}) == len(inputs)
        refused = store.rows(
            "select distinct policy_version from batches where signal = 'logs' and rejected > 0"
        )
        assert refused == [{"policy_version": "drops"}]


def test_a_run_of_retention_stops_where_another_policy_keeps_more(store: Store) -> None:
    midnight = now() // DAY * DAY
    for day in range(3):
        store.take(traces(request_span()), received=midnight + day * DAY)

    def replace() -> bool:
        retention.policy = Policy(version="longer", retention_days=60)
        return False

    retention = Retention(store.database, store.policy, store.health, between=replace)
    assert retention.run(midnight + 40 * DAY)["span_facts"] == 1
    assert retention.run(midnight + 40 * DAY)["span_facts"] == 0


def test_maintenance_keeps_by_the_policy_in_force(tmp_path: Path) -> None:
    with Store(tmp_path, Policy(version="short", retention_days=1)) as store:
        store.take(traces(request_span()))
        maintenance = Maintenance(store.database, store.policy, store.health)
        (tmp_path / "policy.toml").write_text('version = "long"\nretention_days = 9', "utf-8")
        Reload(Settings(home=tmp_path), store, maintenance).run()
        assert not maintenance.retain(now() + 5 * DAY).total()
        assert maintenance.retain(now() + 10 * DAY).total()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    home = tmp_path_factory.mktemp("home")
    (home / "policy.toml").write_text(named("first", DROPS), "utf-8")
    with running_collector(home) as collector:
        yield collector


def reload(running: RunningCollector, *words: str) -> "subprocess.CompletedProcess[str]":
    return limen("policy", "reload", "--api", running.api, *words)


def status(running: RunningCollector) -> dict[str, Any]:
    with running.client() as client:
        return client.status()


def remove(file: Path) -> None:
    file.unlink()


def write(text: str) -> Callable[[Path], object]:
    return lambda file: file.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(remove, "there is no file of one now: put it back", id="deleted"),
        pytest.param(write("version = "), "policy.toml", id="no-toml"),
        pytest.param(write(named("first", KEEPS)), "write a new version", id="same-version"),
        pytest.param(write(KEEPS.replace("= 0.75", "= 75")), "threshold", id="wrong-value"),
    ],
)
def test_a_wrong_or_deleted_file_leaves_the_policy_in_force(
    running: RunningCollector, change: Callable[[Path], object], says: str
) -> None:
    file = running.home / "policy.toml"
    good = file.read_text("utf-8")
    before = status(running)
    assert running.gauge("policy_stale") == 0
    change(file)
    try:
        with running.client() as client, pytest.raises(BadInput, match=says):
            client.reload_policy()
        running.process.send_signal(signal.SIGHUP)
        span = traces(request_span(checkout_step=SECRET)).SerializeToString()
        assert running.post(span).status_code == 200
        assert httpx.get(running.http + "/readyz", trust_env=False).status_code == 200
        assert running.gauge("policy_stale") == 1
        after = status(running)
        assert (after["policy"], after["policy_digest"]) == ("first", before["policy_digest"])
    finally:
        file.write_text(good, "utf-8")
    assert running.gauge("policy_stale") == 0
    assert SECRET.encode() not in b"".join(
        path.read_bytes() for path in running.home.glob("limen.duckdb*")
    )


def test_a_new_policy_is_in_force_by_command_and_by_signal(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(named("first", DROPS), "utf-8")
    with running_collector(tmp_path) as running:
        assert reload(running).stdout.startswith("policy first was in force already")
        file.write_text(named("second", KEEPS), "utf-8")
        assert running.gauge("policy_stale") == 1
        done = json.loads(reload(running, "--json").stdout)
        assert (done["version"], done["replaced"]) == ("second", "first")
        assert status(running)["policy_digest"] == done["digest"]
        running.post(traces(request_span(checkout_step=SECRET)).SerializeToString())
        file.write_text("version = ", "utf-8")
        refused = reload(running)
        assert refused.returncode == 2 and "policy.toml" in refused.stderr
        file.write_text(named("third", DROPS), "utf-8")
        running.process.send_signal(signal.SIGHUP)
        until(lambda: status(running)["policy"] == "third")
        about = httpx.get(running.api + "/metrics", trust_env=False).text
        assert 'limen_info{policy="third"' in about and 'policy="second"' not in about
        running.post(traces(request_span(checkout_step=SECRET)).SerializeToString())
        kept = httpx.get(running.api + "/api/policies", trust_env=False).json()["policies"]
        assert [one["version"] for one in kept] == ["third", "second", "first"]
        with running.client() as client:
            tally = client.metric(Query(metric="redaction")).records()
        of_step = {(row["policy"], row["action"]) for row in tally if row["field"] == STEP}
        assert of_step == {("second", "keep"), ("third", "drop")}
        assert running.stop() == 0
        assert running.process.stderr is not None
        said = running.process.stderr.read()
    assert "limen: policy: second is in force" in said and "third is in force" in said
    with duckdb.connect(str(tmp_path / "limen.duckdb"), read_only=True) as connection:
        found = connection.execute("select detail from audit where action = 'policy replaced'")
        details = [json.loads(detail) for (detail,) in found.fetchall()]
    assert [one["version"] for one in details] == ["second", "third"]
    assert details[0]["digest"] == done["digest"]


def test_a_restart_without_the_file_is_refused_until_someone_says_so(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(POLICY, tmp_path)):
        (tmp_path / "policy.toml").unlink()
    command = [*LIMEN, "collector", "--home", str(tmp_path), "--http", FREE, "--grpc", FREE]
    done = subprocess.run([*command, "--api", FREE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and not done.stdout
    assert "under the policy 2026-11-01 and there is no file of one now" in done.stderr
    assert "--policy default" in done.stderr and len(done.stderr.splitlines()) == 1
    explicit = Settings(home=tmp_path, policy=Path("default"))
    for settings in (explicit, Settings(home=tmp_path)):
        with Engine.of(settings, named_policy(settings), None) as engine:
            assert engine.policy == Policy.built_in()
            assert engine.policies.all()[0].version == engine.policy.version


def test_a_file_cannot_go_by_the_name_of_the_built_in_policy(tmp_path: Path) -> None:
    for version in ("default", Policy.built_in().version):
        with pytest.raises(BadInput, match="write another"):
            policy_from(named(version, POLICY), tmp_path)
    assert Policy.built_in().digest.startswith(Policy.built_in().version.removeprefix("default-"))


def test_a_terminal_that_is_closed_ends_it_and_any_other_hang_up_does_not(tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    (tmp_path / "policy.toml").write_text(named("first", POLICY), "utf-8")
    command = [*LIMEN, "collector", "--home", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--http", FREE, "--grpc", FREE, "--api", FREE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: _at_terminal(terminal),
    ) as process:
        try:
            assert process.stdout is not None
            api = json.loads(process.stdout.readline())["api"]
            (tmp_path / "policy.toml").write_text(named("second", POLICY), "utf-8")
            process.send_signal(signal.SIGHUP)
            asked = f"{api}/api/status"
            until(lambda: httpx.get(asked, trust_env=False).json()["policy"] == "second")
            os.close(terminal)
            os.close(master)
            assert process.wait(STOP_SECONDS) == 0
        finally:
            process.kill()


def _at_terminal(terminal: int) -> None:
    """Gives a child `terminal`, and the end that a hang-up means by default: a suite that runs
    under nohup would hand on that it is ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
