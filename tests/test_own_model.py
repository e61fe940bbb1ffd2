"""A model of another project, from its file to a sweep whose numbers numpy finds too."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import limen
from models.interpreters import available_runtimes
from tests.otlp import PHONE, logged_input, request_span, traces
from tests.processes import RunningCollector, running_collector
from tests.replays import replay
from tests.wake_word import LABELS, SHAPE, needs_wake_word, scored_alone, wake_word

FEATURE, MODEL = "wake_word", "okay_nabu@1"
CANDIDATES = 600
# Further than a batch can move a score from where it is alone.
APART = 1e-4
POLICY = f"""
version = "2026-11-01"
[features.{FEATURE}]
placement = "hybrid"
threshold = 0.7
log_inputs = true
"""

pytestmark = needs_wake_word


@dataclass(frozen=True, kw_only=True)
class Sounds:
    """Inputs [n, 16, 96] whose confidences by LiteRT alone stand apart, and what they truly are."""

    inputs: NDArray[np.float32]
    confidence: NDArray[np.float64]
    predicted: NDArray[np.str_]
    truth: NDArray[np.str_]


@pytest.fixture(scope="module")
def sounds() -> Sounds:
    random = np.random.default_rng(1)
    inputs = random.normal(size=(CANDIDATES, *SHAPE)).astype(np.float32)
    score = scored_alone(inputs)
    confidence = np.maximum(score, 1 - score)
    order = np.argsort(confidence)
    apart = order[np.append(True, np.diff(confidence[order]) > APART)]
    inputs, score, confidence = inputs[apart], score[apart], confidence[apart]
    predicted = np.where(score > 0.5, LABELS[1], LABELS[0])
    right = random.random(len(score)) < confidence
    truth = np.where(right == (score > 0.5), LABELS[1], LABELS[0])
    return Sounds(inputs=inputs, confidence=confidence, predicted=predicted, truth=truth)


@pytest.fixture(scope="module")
def collector(
    tmp_path_factory: pytest.TempPathFactory, sounds: Sounds
) -> Iterator[RunningCollector]:
    """It holds the inputs, and the model is registered in its home."""
    home = tmp_path_factory.mktemp("home")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    named = ("--name", "okay_nabu", "--version", "1", "--feature", FEATURE)
    words = ("models", "add", str(wake_word()), *named, "--labels", ",".join(LABELS))
    assert limen.main([*words, "--home", str(home)]) == 0
    with running_collector(home) as running:
        spans, inputs = ExportTraceServiceRequest(), ExportLogsServiceRequest()
        for number, (sound, truth) in enumerate(zip(sounds.inputs, sounds.truth, strict=True)):
            resource = {**PHONE, "app.installation.id": f"phone-{number}"}
            request = request_span(limen_feature=FEATURE)
            spans.MergeFrom(traces(request, resource=resource))
            said = {"limen_feature": FEATURE, "limen_input_kind": "audio", "limen_label": truth}
            inputs.MergeFrom(logged_input(request, sound.tobytes(), resource, **said))
        for request, path in ((spans, "/v1/traces"), (inputs, "/v1/logs")):
            answer = running.post(request.SerializeToString(), path=path)
            assert (answer.status_code, answer.content) == (200, b"")
        yield running


def replayed(collector: RunningCollector, runtime: str) -> str:
    place = ("--api", collector.api, "--home", str(collector.home))
    words = ("--feature", FEATURE, "--model", MODEL, "--runtime", runtime, "--json")
    done = replay("run", *words, *place)
    assert (done.code, done.err) == (0, "")
    assert done.json["failed"] == 0
    name: str = done.json["run"]
    return name


@pytest.mark.parametrize("runtime", ["litert", "tflite"])
def test_its_replay_answers_as_the_runtime_alone(
    collector: RunningCollector, sounds: Sounds, runtime: str
) -> None:
    if runtime not in available_runtimes():
        pytest.skip("tflite-runtime needs Linux, Python < 3.12 and NumPy 1")
    with collector.client() as client:
        scores = client.scores(replayed(collector, runtime))
    assert scores["predicted"].to_pylist() == sounds.predicted.tolist()
    np.testing.assert_allclose(scores["confidence"].to_numpy(), sounds.confidence, atol=APART / 4)


def test_its_sweep_is_what_numpy_counts(
    collector: RunningCollector, sounds: Sounds, tmp_path: Path
) -> None:
    place = ("--api", collector.api, "--home", str(collector.home))
    points = tmp_path / "points.arrow"
    run = replayed(collector, "litert")
    done = replay("sweep", run, "--arrow", str(points), "--json", *place)
    assert done.json["cases"] == len(sounds.inputs)
    with pa.OSFile(str(points)) as file:
        swept = pa.ipc.open_file(file).read_all()
    thresholds = swept["threshold"].to_numpy()
    np.testing.assert_allclose(thresholds, np.sort(sounds.confidence), atol=APART / 4)
    wrong = sounds.predicted != sounds.truth
    accepted = sounds.confidence[:, None] >= thresholds - APART / 2
    counts = accepted.sum(axis=0)
    assert swept["accepted"].to_pylist() == counts.tolist()
    np.testing.assert_allclose(swept["device_share"], counts / len(wrong), atol=1e-12)
    errors = (accepted & wrong[:, None]).sum(axis=0) / counts
    np.testing.assert_allclose(swept["error_rate"], errors, atol=1e-12)
    assert 0.02 < errors.max() and len(set(counts)) == len(wrong) > 200
