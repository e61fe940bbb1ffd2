"""`limen replay run` and `limen replay sweep` over HTTP, against the replay routes in memory."""

import argparse
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pytest

from collector.contract.client import from_ipc, to_ipc
from collector.contract.errors import BadInput, CollectorUnreachable, NotFound, Overloaded
from collector.contract.records import ReplayRequest, ReplayRun, Sweep
from models.errors import ModelNotFound
from models.interpreters import open_interpreter
from models.registry import Registry
from replay import commands
from replay.runner import score

FEATURE, MODEL = "image_classify", "digit_reader@1"
CHUNKS, CHUNK_INPUTS = 3, 100


def cases(chunk: int) -> pa.Table:
    """Labelled cases of as many installations, in the columns that a replay reads."""
    model = Registry.bundled().get(MODEL)
    random = np.random.default_rng(chunk)
    raw = (random.random((CHUNK_INPUTS, 64)) ** 3 * 256).astype(np.uint8)
    first = chunk * CHUNK_INPUTS
    numbers = range(first, first + CHUNK_INPUTS)
    text, nothing = pa.string(), [None] * CHUNK_INPUTS
    table = pa.table(
        {
            "case": pa.array(numbers, pa.int64()),
            "installation": pa.array([n.to_bytes(16, "big") for n in numbers], pa.binary(16)),
            "input": pa.array([row.tobytes() for row in raw], pa.binary()),
            "failure": pa.array(nothing, text),
            "decision": pa.array(["fallback"] * 10 + ["accept"] * (CHUNK_INPUTS - 10), text),
            "model_digest": pa.array([model.card.digest] * CHUNK_INPUTS, text),
            "audit_sampled": pa.array([False] * CHUNK_INPUTS),
            "audit_probability": pa.array(nothing, pa.float64()),
            "cloud_label": pa.array(["3"] * 10 + nothing[10:], text),
            "runtime": pa.array(["litert"] * CHUNK_INPUTS, text),
            "delegate": pa.array(["cpu"] * CHUNK_INPUTS, text),
            "egress_bytes": pa.array([64] * 10 + nothing[10:], pa.int64()),
        }
    )
    answers = score(table, model.card, open_interpreter(model))
    table = table.append_column("truth", answers["predicted"])
    table = table.append_column("device_label", answers["predicted"])
    return table.append_column("device_confidence", answers["confidence"])


@dataclass
class Routes:
    """The replay routes of the query API in memory; refuses to save chunk `refuses`."""

    chunks: list[pa.Table]
    refuses: int | None = None
    request: ReplayRequest | None = None
    scores: dict[int, pa.Table] = field(default_factory=dict)
    seconds: float = 0.0
    sweeps: list[Sweep] = field(default_factory=list)
    model: str = MODEL

    def run(self) -> ReplayRun:
        asked = self.request
        assert asked is not None
        return ReplayRun(
            run="r1",
            feature=asked.feature,
            model=self.model,
            model_digest=asked.model_digest,
            runtime=asked.runtime,
            runtime_version=asked.runtime_version,
            created="2026-11-20T00:00:00Z",
            since="2026-10-21T00:00:00Z",
            until="2026-11-20T00:00:00Z",
            inputs=sum(chunk.num_rows for chunk in self.chunks),
            failed=sum(s.num_rows - s["failure"].null_count for s in self.scores.values()),
            seconds=self.seconds,
            chunks=tuple(range(len(self.chunks))),
            done=tuple(self.scores),
        )

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        url = urlsplit(target)
        match [method, *url.path.split("/")[2:]]:
            case ["POST", "replays"]:
                self.request = ReplayRequest.model_validate_json(body)
                return 200, self.run().model_dump_json().encode()
            case ["GET", "replays", "r1"]:
                return 200, self.run().model_dump_json().encode()
            case ["POST", "inputs", "open"]:
                return 200, to_ipc(self.chunks[json.loads(body)["chunk"]])
            case ["PUT", "replays", "r1", "chunks", number] if int(number) != self.refuses:
                self.scores[int(number)] = from_ipc(body)
                self.seconds += float(url.query.removeprefix("seconds="))
                return 200, b"{}"
            case ["PUT", "replays", "r1", "chunks", _]:
                return 503, b'{"detail": "too much at once"}'
            case ["GET", "replays", "r1", "scores"]:
                return 200, to_ipc(pa.concat_tables(map(self._judged, sorted(self.scores))))
            case ["PUT", "replays", "r1", "sweeps", _]:
                self.sweeps.append(Sweep.model_validate_json(body))
                return 200, b"{}"
            case _:
                return 404, b'{"detail": "no such run"}'

    def _judged(self, chunk: int) -> pa.Table:
        table = self.chunks[chunk].drop_columns(["input", "failure"])
        for name in ("predicted", "confidence", "scores", "failure"):
            table = table.append_column(name, self.scores[chunk][name])
        return table


@pytest.fixture
def routes() -> Routes:
    return Routes(chunks=[cases(chunk) for chunk in range(CHUNKS)])


@pytest.fixture
def api(routes: Routes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = routes.answer(self.command, self.path, body)
            self.send_response(status)
            problem = "application/problem+json" if status >= 400 else "application/json"
            self.send_header("content-type", problem)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def limen(*words: str) -> int:
    parser = argparse.ArgumentParser()
    commands.register(parser.add_subparsers(required=True))
    args = parser.parse_args(["replay", *words])
    code: int = args.run(args)
    return code


def replay(api: str, home: Path, *more: str) -> int:
    place = ("--api", api, "--home", str(home))
    return limen("run", "--feature", FEATURE, "--model", MODEL, *place, *more)


def sweep(api: str, home: Path, *more: str) -> int:
    return limen("sweep", "r1", "--api", api, "--home", str(home), *more)


def test_a_run_prints_the_promised_keys_and_counts(
    api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(api, tmp_path, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == [
        *("run", "feature", "model", "runtime"),
        *("inputs", "failed", "seconds", "inputs_per_second", "fidelity"),
    ]
    assert (answer["run"], answer["feature"], answer["model"]) == ("r1", FEATURE, MODEL)
    assert (answer["inputs"], answer["failed"], answer["fidelity"]) == (300, 0, 1.0)
    assert answer["inputs_per_second"] == answer["inputs"] / answer["seconds"]


def test_a_run_asks_for_the_last_thirty_days_of_the_model_and_runtime(
    api: str, routes: Routes, tmp_path: Path
) -> None:
    replay(api, tmp_path, "--to", "2026-11-20T00:00:00Z")
    model = Registry.bundled().get(MODEL)
    assert routes.request is not None
    assert routes.request.model_dump(by_alias=True) == {
        "feature": FEATURE,
        "model": MODEL,
        "model_digest": model.card.digest,
        "runtime": "litert",
        "runtime_version": open_interpreter(model).version,
        "from": "-30d",
        "to": "2026-11-20T00:00:00Z",
    }


def test_a_relative_time_may_follow_its_flag_as_a_word_of_its_own(
    api: str, routes: Routes, tmp_path: Path
) -> None:
    replay(api, tmp_path, "--from", "-7d", "--to", "-1h")
    assert routes.request is not None
    assert (routes.request.since, routes.request.until) == ("-7d", "-1h")


def test_a_run_for_people_names_the_run_its_phones_and_the_next_step(
    api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(api, tmp_path) == 0
    printed = capsys.readouterr()
    assert "300 inputs of image_classify through digit_reader@1" in printed.out
    assert "100.0% of 300 answers by phones on litert cpu" in printed.out
    assert "limen replay sweep r1" in printed.out


def test_a_run_that_broke_off_goes_on_where_it_was_and_tells_of_the_whole(
    api: str, routes: Routes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    routes.refuses = 1
    with pytest.raises(Overloaded):
        replay(api, tmp_path, "--json")
    assert list(routes.scores) == [0]
    first = routes.scores[0]
    routes.refuses = None
    assert replay(api, tmp_path, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["inputs"], answer["fidelity"]) == (300, 1.0)
    assert sorted(routes.scores) == [0, 1, 2] and routes.scores[0] is first


def test_no_logged_input_is_said_and_is_not_success(
    api: str, routes: Routes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    routes.chunks = []
    assert replay(api, tmp_path) == 1
    assert "No input of image_classify was logged" in capsys.readouterr().out
    assert replay(api, tmp_path, "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["inputs"], answer["inputs_per_second"], answer["fidelity"]) == (0, None, None)


def test_a_model_of_another_feature_is_refused_before_anything_is_asked(
    api: str, routes: Routes, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="is for the feature image_classify, not barcode_scan"):
        limen("run", "--feature", "barcode_scan", "--model", MODEL, "--api", api)
    assert routes.request is None


def test_an_unknown_model_and_a_collector_that_is_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="nobody@1"):
        limen("run", "--feature", FEATURE, "--model", "nobody@1", "--home", str(tmp_path))
    with pytest.raises(CollectorUnreachable, match="127.0.0.1:1"):
        replay("http://127.0.0.1:1", tmp_path)


def test_a_sweep_prints_the_promised_keys_and_keeps_the_sweep(
    api: str, routes: Routes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(api, tmp_path, "--json")
    capsys.readouterr()
    assert sweep(api, tmp_path, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"run", "reference", "points", "recommended", "reason"} <= set(answer)
    for point in [*answer["points"], answer["recommended"]]:
        assert {"threshold", "accepted", "device_share", "error_rate"} <= set(point)
    assert routes.sweeps == [Sweep.model_validate(answer)]
    assert answer["current"] == Registry.bundled().get(MODEL).card.threshold
    assert answer["current"] in [point["threshold"] for point in answer["points"]]
    lowest = min(point["threshold"] for point in answer["points"])
    assert answer["recommended"]["threshold"] == lowest
    assert answer["recommended"]["accepted"] == 300


def test_a_sweep_for_people_shows_the_threshold_in_force_the_recommended_one_and_why(
    api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(api, tmp_path)
    capsys.readouterr()
    assert sweep(api, tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.endswith("in force") for line in lines)
    assert any(line.endswith("recommended") for line in lines)
    assert "is the lowest threshold tested that keeps the error" in lines[-1]
    assert len(lines) < 25


NOTHING_RECOMMENDED = {
    "the cloud's answers": (("--reference", "cloud"), "only where the phone fell back"),
    "no audit": (("--reference", "audit"), "no request that a phone answered was audited"),
    "an error too small to show": (("--max-error", "0.001"), "more are needed"),
}


@pytest.mark.parametrize(
    ("options", "words"), NOTHING_RECOMMENDED.values(), ids=NOTHING_RECOMMENDED
)
def test_nothing_recommended_is_exit_one_with_the_reason(
    api: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    words: str,
) -> None:
    replay(api, tmp_path)
    capsys.readouterr()
    assert sweep(api, tmp_path, "--json", *options) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["recommended"] is None
    assert words in answer["reason"]


def test_a_run_of_a_model_that_is_no_longer_here_is_swept_without_a_threshold_in_force(
    api: str, routes: Routes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(api, tmp_path)
    routes.model = "gone@7"
    capsys.readouterr()
    assert sweep(api, tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["current"] is None


def test_bad_words_are_refused(
    api: str, routes: Routes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(api, tmp_path)
    with pytest.raises(BadInput, match="max_error"):
        sweep(api, tmp_path, "--max-error", "5")
    with pytest.raises(NotFound, match="no such run"):
        limen("sweep", "r9", "--api", api)
    with pytest.raises(SystemExit):
        sweep(api, tmp_path, "--reference", "oracle")
    assert routes.sweeps == []
