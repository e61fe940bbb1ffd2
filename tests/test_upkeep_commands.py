"""`limen compact`, against a real collector."""

import json
from pathlib import Path
from subprocess import CompletedProcess

from tests.commands import limen
from tests.otlp import now, request_span, traces
from tests.processes import RunningCollector, running_collector, until
from tests.store import POLICY, Store

DAY = 24 * 3600 * 10**9


def spans(count: int) -> bytes:
    return bytes(traces(*(request_span() for _ in range(count))).SerializeToString())


def test_a_running_collector_is_compacted_when_asked(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for _ in range(20):
            store.take(traces(*(request_span() for _ in range(500))), received=now() - 40 * DAY)
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(tmp_path) as collector:
        assert collector.post(spans(10)).status_code == 200
        done: list[CompletedProcess[str]] = []

        def compacted() -> bool:
            done.append(limen("compact", "--now", "--json", "--api", collector.api))
            return done[-1].returncode == 0

        # At its start it looks first for what is too old.
        until(compacted)
        assert all("retention is under way" in one.stderr for one in done[:-1])
        said = json.loads(done[-1].stdout)
        assert said["spans"] == collector.spans()
        assert said["paused_seconds"] <= said["seconds"]
        stands = limen("compact", "--api", collector.api)
        assert "nothing under way" in stands.stdout
        assert collector.post(spans(10)).status_code == 200
        assert collector.spans() == said["spans"] + 10


def test_without_a_collector_it_says_what_to_start(collector: RunningCollector) -> None:
    done = limen("compact", "--now", "--api", "http://127.0.0.1:1")
    assert done.returncode == 2 and "no collector answers" in done.stderr
