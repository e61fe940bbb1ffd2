"""`limen compact`, against a real collector."""

import json
import subprocess
import sys
from pathlib import Path

from tests.otlp import now, request_span, traces
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY, Store

DAY = 24 * 3600 * 10**9


def limen(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "limen", *words], capture_output=True, text=True, timeout=60
    )


def spans(count: int) -> bytes:
    return bytes(traces(*(request_span() for _ in range(count))).SerializeToString())


def test_a_running_collector_is_compacted_when_asked(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for _ in range(20):
            store.take(traces(*(request_span() for _ in range(500))), received=now() - 40 * DAY)
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(tmp_path) as collector:
        assert collector.post(spans(10)).status_code == 200
        done = limen("compact", "--now", "--json", "--api", collector.api)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["spans"] == collector.spans()
        assert said["paused_seconds"] <= said["seconds"]
        stands = limen("compact", "--api", collector.api)
        assert "nothing under way" in stands.stdout
        assert collector.post(spans(10)).status_code == 200
        assert collector.spans() == said["spans"] + 10


def test_without_a_collector_it_says_what_to_start(collector: RunningCollector) -> None:
    done = limen("compact", "--now", "--api", "http://127.0.0.1:1")
    assert done.returncode == 2 and "no collector answers" in done.stderr
