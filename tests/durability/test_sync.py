"""Each 200 comes after an fsync of the log that holds what it acknowledges, in the order of the
system calls."""

import ast
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests import strace
from tests.durability.paced import program
from tests.durability.phones import PATIENCE
from tests.otlp import request_span, traces
from tests.processes import LIMEN, PROTOBUF, running_collector, until

pytestmark = pytest.mark.usefixtures("tracer")

CALLS = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,fdatasync,fsync"
REQUESTS = 6

Traced = tuple[list[str], Path, list[bytes]]

# PID CALL(FD<WHAT>, … = RESULT, in one line or in two.
_LINE = re.compile(r"(?P<pid>\d+) +(?:<\.\.\. )?(?P<call>\w+)(?: resumed>|\()(?P<rest>.*)")
_TARGET = re.compile(r"\d+<(?P<what>[^>]*)>")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_DATA_FRAME = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A system call: on what, with which bytes, and the lines where it began and ended."""

    name: str
    what: str
    data: bytes
    began: int
    ended: int


def calls(lines: Sequence[str]) -> Iterator[Call]:
    """The calls of a trace, in the order of their ends."""
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        if not (found := _LINE.match(line)):
            continue
        began, text = number, found["rest"]
        if "resumed>" in line:
            began, head = begun.pop(found["pid"], (number, ""))
            text = head + text
        if text.endswith("<unfinished ...>"):
            begun[found["pid"]] = number, text.removesuffix("<unfinished ...>")
            continue
        target = _TARGET.match(text)
        data = b"".join(ast.literal_eval(f"b{quoted}") for quoted in _TEXT.findall(text))
        yield Call(found["call"], target["what"] if target else "", data, began, number)


def unproven(lines: Sequence[str], log: Path, ids: Sequence[bytes]) -> list[bytes]:
    """The ids whose request was answered before their commit was written and synced."""
    made = list(calls(lines))
    written = [call for call in made if call.what == str(log) and call.name == "write"]
    synced = [call for call in made if call.what == str(log) and call.name == "fdatasync"]
    found = []
    for one in ids:
        asked = next(c for c in made if c.what.startswith("socket") and one in c.data)
        answer = next(
            c for c in made if c.began > asked.ended and c.what == asked.what and _acknowledges(c)
        )
        end = _written(written, one)
        if not any(end.ended < sync.began and sync.ended < answer.began for sync in synced if end):
            found.append(one)
    return found


def _acknowledges(call: Call) -> bool:
    if call.name in ("read", "recvfrom", "recvmsg"):
        return False
    return call.data.startswith(b"HTTP/1.1 200") or _DATA_FRAME in _frames(call.data)


def _frames(data: bytes) -> Iterator[int]:
    """The types of the HTTP/2 frames in `data`: https://www.rfc-editor.org/rfc/rfc9113#section-4.1.

    Of gRPC's answers only those with a message have a DATA frame: those that say OK.
    """
    while len(data) >= 9:
        yield data[3]
        data = data[9 + int.from_bytes(data[:3], "big") :]


def _written(written: Sequence[Call], one: bytes) -> Call:
    """The write that ends the id in the log: it may lie across two."""
    so_far = b""
    for call in written:
        so_far += call.data
        if one in so_far:
            return call
    raise AssertionError("the id was never written to the log")


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """The calls of a collector that takes requests over HTTP and gRPC, its log, and their spans."""
    folder = tmp_path_factory.mktemp("traced")
    log, ids = folder / "home" / "limen.duckdb.wal", []
    with running_collector(folder / "home", program=program({})) as running:
        options = ["-e", f"trace={CALLS}", "-s", "100000"]
        with (
            strace.attached(running.process.pid, folder / "calls", options),
            httpx.Client(base_url=running.http, trust_env=False, timeout=PATIENCE) as http,
            grpc.insecure_channel(running.grpc) as channel,
        ):
            export = TraceServiceStub(channel).Export  # type: ignore[no-untyped-call]
            for number in range(REQUESTS):
                span = request_span()
                span.span_id = secrets.token_bytes(8)
                ids.append(span.span_id)
                if number % 2:
                    export(traces(span), timeout=PATIENCE)
                else:
                    body = traces(span).SerializeToString()
                    answer = http.post(
                        "/v1/traces", content=body, headers={"content-type": PROTOBUF}
                    )
                    assert answer.status_code == 200
    return (folder / "calls").read_text("utf-8").splitlines(), log, ids


def test_an_fsync_of_its_commit_comes_before_each_answer(traced: Traced) -> None:
    assert unproven(*traced) == []


def test_a_missing_fsync_would_be_seen(traced: Traced) -> None:
    lines, log, ids = traced
    syncs = [n for n, line in enumerate(lines) if "fdatasync" in line and str(log) in line]
    assert unproven([line for line in lines if "fdatasync" not in line], log, ids) == ids
    for at in syncs[-REQUESTS:]:
        assert unproven([*lines[:at], *lines[at + 1 :]], log, ids)


def test_the_log_has_its_name_on_the_disk_before_the_first_answer(tmp_path: Path) -> None:
    log, trace = tmp_path / "home" / "limen.duckdb.wal", tmp_path / "calls"
    program = strace.observed(trace, LIMEN, f"openat,{CALLS}")
    with running_collector(tmp_path / "home", program=program) as running:
        assert running.post(traces(request_span()).SerializeToString()).status_code == 200
        assert running.stop() == 0
    until(lambda: "+++ exited" in trace.read_text("utf-8").splitlines()[-1])
    lines = trace.read_text("utf-8").splitlines()
    made = list(calls(lines))
    created = next(n for n, line in enumerate(lines) if f'"{log}"' in line and "O_CREAT" in line)
    named = [c.ended for c in made if c.name == "fsync" and c.what == str(log.parent)]
    answer = next(c.began for c in made if c.what.startswith("socket") and _acknowledges(c))
    assert any(created < one < answer for one in named)
