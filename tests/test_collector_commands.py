"""The collector as a process: started, refused, stopped."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import limen
from tests.commands import limen as command
from tests.otlp import Span, request_span, traces
from tests.processes import FREE, LIMEN, RunningCollector, running_collector
from tests.store import POLICY


def start(home: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    """A collector that is expected to refuse, on free ports but for `flags`."""
    places = ("--http", FREE, "--grpc", FREE, "--api", FREE)
    asked = [*LIMEN, "collector", "--home", str(home), *places, *flags]
    return subprocess.run(asked, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("flag", ["--http", "--grpc", "--api"])
def test_a_port_in_use_is_named_with_the_flag_that_changes_it(tmp_path: Path, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = start(tmp_path, flag, f"127.0.0.1:{port}")
    assert done.returncode == 2
    assert f"port {port}" in done.stderr and flag in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_database_held_by_another_process_is_said_with_its_id(tmp_path: Path) -> None:
    with running_collector(tmp_path) as first:
        done = start(tmp_path)
        assert done.returncode == 2
        assert f"process {first.process.pid}" in done.stderr and "--home" in done.stderr


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--http", "0.0.0.0:0"), "without tokens"),
        (("--grpc", "0.0.0.0:0"), "without tokens"),
        (("--http", "nonsense"), "HOST:PORT"),
        (("--policy", "/no/such/file.toml"), "no such policy file"),
    ],
)
def test_a_wrong_start_is_refused_in_one_sentence(
    tmp_path: Path, flags: tuple[str, ...], says: str
) -> None:
    places = ("--http", FREE, "--grpc", FREE, "--api", FREE)
    done = command("collector", "--home", str(tmp_path), *places, *flags)
    assert done.returncode == 2
    assert says in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_start_is_refused_before_what_takes_long_is_imported(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("retention_days = 0", "utf-8")
    program = (
        "import sys, limen; print(limen.main(['collector', '--home', sys.argv[1]]), "
        "*sys.modules.keys() & {'duckdb', 'pyarrow', 'grpc', 'uvicorn', 'httpx'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert "retention_days" in done.stderr
    assert done.stdout.split() == ["2"]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "limen.duckdb"
    file.write_bytes(b"my precious notes" * 1000)
    done = start(tmp_path)
    assert done.returncode == 2 and "cannot be opened" in done.stderr
    assert file.read_bytes() == b"my precious notes" * 1000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_acknowledged_is_lost_however_it_stops(tmp_path: Path, number: int) -> None:
    sent = [Span() for _ in range(40)]
    with running_collector(tmp_path, forked=False) as running:
        for span in sent:
            running.post(traces(span).SerializeToString()).raise_for_status()
        running.process.send_signal(number)
        assert running.process.wait(20) == (0 if number != signal.SIGKILL else -signal.SIGKILL)
        assert running.process.stderr is not None
        said = running.process.stderr.read()
        # A line that is indented, or empty, is of a signed head.
        own = ("limen: ", "    ")
        assert all(line.startswith(own) for line in said.splitlines() if line), said
    with running_collector(tmp_path) as again, again.client() as client:
        assert client.status()["spans"] == len(sent)


def test_a_crash_leaves_no_core(tmp_path: Path) -> None:
    allowed = ("sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh", *LIMEN)
    with running_collector(tmp_path / "home", folder=tmp_path, program=allowed) as running:
        limits = Path(f"/proc/{running.process.pid}/limits")
        if limits.exists():
            (line,) = [one for one in limits.read_text().splitlines() if "core file" in one]
            assert line.split()[4] in ("0", "1")
        running.process.send_signal(signal.SIGABRT)
        assert running.process.wait(20) == -signal.SIGABRT
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_home_is_private(collector: RunningCollector) -> None:
    files = [path for path in collector.home.rglob("*") if path.name != "policy.toml"]
    assert {"limen.duckdb", "master.key"} <= {path.name for path in files}
    for path in files:
        assert path.stat().st_mode & 0o077 == 0, path


def test_pandas_is_left_out_of_a_collector(collector: RunningCollector) -> None:
    assert collector.post(traces(request_span()).SerializeToString()).status_code == 200
    assert collector.spans()
    loaded = Path(f"/proc/{collector.process.pid}/maps")
    if loaded.exists():
        assert "/pyarrow/" in loaded.read_text() and "/pandas/" not in loaded.read_text()


def test_a_metric_is_printed_as_table_json_and_csv(
    collector: RunningCollector, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.post(traces(request_span("fallback")).SerializeToString()).raise_for_status()
    asked = ["metric", "fallback_rate", "--from", "-1d", "--by", "release", "--api", collector.api]
    assert limen.main([*asked, "--where", "release=2.4.0"]) == 0
    assert "fallback_rate" in capsys.readouterr().out
    assert limen.main([*asked, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["metric"] == "fallback_rate"
    assert limen.main([*asked, "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(',"release"')
    assert limen.main([*asked[:-1], "http://127.0.0.1:9"]) == 2
    assert "limen collector" in capsys.readouterr().err
    assert limen.main([*asked, "--where", "release"]) == 2


def test_a_policy_file_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    assert limen.main(["policy", "check", str(file)]) == 0
    assert "may leave to api.example.com" in capsys.readouterr().out
    assert limen.main(["policy", "check", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "2026-11-01"
    file.write_text(POLICY.replace("0.70", "7"))
    assert limen.main(["policy", "check", str(file)]) == 1
    assert "policy.toml:12: features.image_classify.threshold: 7" in capsys.readouterr().out
    assert limen.main(["policy", "check", str(file), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["line"] == 12
    assert limen.main(["policy", "check", str(tmp_path / "none.toml")]) == 2
    assert "no such policy file" in capsys.readouterr().err


def test_help_is_there_for_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["collector"], ["metric"], ["policy"], ["models"], ["replay"], ["demo"]):
        with pytest.raises(SystemExit) as done:
            limen.main([*words, "--help"])
        assert done.value.code == 0
        assert "usage: limen" in capsys.readouterr().out
