"""The official SDKs' own exporters, over a collector that is stopped and killed under them."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from collector.contract.records import Query
from collector.keys import Keys
from collector.redaction.ids import Ids
from tests.javascript import NODE, SCRIPTS
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY, Store

pytestmark = pytest.mark.end_to_end

PYTHON = (sys.executable, "-m", "tests.end_to_end.send")
JAVASCRIPT = (NODE, str(SCRIPTS / "send.mjs"))
SENDERS: Mapping[str, tuple[str, ...]] = {
    "python-http": (*PYTHON, "http"),
    "python-grpc": (*PYTHON, "grpc"),
    "javascript-proto": (*JAVASCRIPT, "proto"),
    "javascript-json": (*JAVASCRIPT, "json"),
}
STOPS = (signal.SIGTERM, signal.SIGKILL)
# What each has stored at least before, between and after the stops.
SPANS = 100

STORED = {
    "spans": "select app, lower(hex(trace_id)) || ' ' || lower(hex(span_id)) as id from spans",
    "inputs": """
        select app, lower(hex(i.trace_id)) || ' ' || lower(hex(i.span_id)) as id
        from inputs i join spans s on s.trace_id = i.trace_id and s.span_id = i.span_id
    """,
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The ids of the spans a sender ended, of those stored, and of the inputs stored.

    An SDK draws ids at random: one that reads as a number or a text is stored under its hash, and
    stands here as that.
    """

    ended: Sequence[str]
    spans: Sequence[str]
    inputs: Sequence[str]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """Of all senders at once, through every stop."""
    home = tmp_path_factory.mktemp("home")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    places: tuple[str, ...] = ()
    running: dict[str, subprocess.Popen[str]] = {}
    with ExitStack() as senders:
        for stop in STOPS:
            with running_collector(home, *places) as collector:
                if not places:
                    places = same_place(collector)
                    for name in SENDERS:
                        running[name] = senders.enter_context(sender(name, collector))
                await_more_from_each(collector)
                collector.process.send_signal(stop)
                collector.process.wait(30)
        with running_collector(home, *places) as collector:
            await_more_from_each(collector)
            ended = {name: finish(process) for name, process in running.items()}
    with Store(home) as store:
        stored = {table: store.rows(sql) for table, sql in STORED.items()}
    ids = Ids(Keys.at(home).derive("findings"))
    return {
        name: Outcome(
            ended=[
                " ".join(ids.stored(bytes.fromhex(one)).hex() for one in both.split())
                for both in ended[name]
            ],
            **{
                table: [r["id"] for r in rows if r["app"] == name] for table, rows in stored.items()
            },
        )
        for name in SENDERS
    }


def same_place(collector: RunningCollector) -> tuple[str, ...]:
    """Flags for a collector with the ports of this one."""
    http, api = (url.removeprefix("http://") for url in (collector.http, collector.api))
    return ("--http", http, "--grpc", collector.grpc, "--api", api)


@contextmanager
def sender(name: str, collector: RunningCollector) -> Iterator["subprocess.Popen[str]"]:
    address = collector.grpc if name.endswith("grpc") else collector.http
    with subprocess.Popen(
        [*SENDERS[name], address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(process: "subprocess.Popen[str]") -> Sequence[str]:
    """The ids of the spans it ended, once it has delivered them."""
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return printed.splitlines()


def await_more_from_each(collector: RunningCollector) -> None:
    asked = Query(metric="fallback_rate", by=("app",))
    before: Counter[str] | None = None
    until = time.monotonic() + 60
    with collector.client() as client:
        while time.monotonic() < until:
            rows = client.metric(asked).records()
            stored = Counter({row["app"]: row["requests"] for row in rows})
            before = stored if before is None else before
            if all(stored[name] >= before[name] + SPANS for name in SENDERS):
                return
            time.sleep(0.1)
    raise AssertionError(f"stored before {before} and now {stored}")


@pytest.mark.parametrize("name", SENDERS)
def test_every_span_is_there_once(outcomes: Mapping[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    assert len(outcome.ended) > SPANS * (len(STOPS) + 1)
    assert sorted(outcome.spans) == sorted(outcome.ended)


@pytest.mark.parametrize("name", [name for name in SENDERS if name.startswith("python")])
def test_every_logged_input_is_there_once(outcomes: Mapping[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    assert sorted(outcome.inputs) == sorted(outcome.ended)
