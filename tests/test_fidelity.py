"""How far the host speaks for the phones: by what computes, and where a threshold decides."""

import numpy as np
import pyarrow as pa
import pytest

from demo.device_model import DeviceModels
from replay.fidelity import Likeness, Segment, agreements, likeness, objection, unlike
from tests.phones import read_digits

DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64
CPU = Segment(runtime="litert", delegate="cpu", os="Android 15")
GPU = Segment(runtime="litert", delegate="gpu", os="Android 15")


def table(*rows: tuple[Segment, str, float, str, float], digest: str = DIGEST) -> pa.Table:
    """Saved scores: what the phone of a segment said, label and confidence, and what the host."""
    segments, labels, confidences, predicted, confidence = zip(*rows, strict=True)
    return pa.table(
        {
            "runtime": [one.runtime for one in segments],
            "delegate": [one.delegate for one in segments],
            "os": [one.os for one in segments],
            "model_digest": [digest] * len(rows),
            "device_label": labels,
            "device_confidence": pa.array(confidences, pa.float64()),
            "predicted": predicted,
            "confidence": pa.array(confidence, pa.float64()),
        }
    )


SAME = (CPU, "a", 0.9, "a", 0.9)
NEITHER = (CPU, "a", 0.2, "b", 0.3)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (SAME, (1, 0)),
        ((CPU, "a", 0.9, "b", 0.9), (1, 1)),
        ((CPU, "a", 0.9, "a", 0.6), (1, 1)),
        ((CPU, "a", 0.6, "a", 0.9), (1, 1)),
        ((CPU, "a", 0.71, "a", 0.99), (1, 0)),
        (NEITHER, None),
    ],
)
def test_what_decides_is_whether_the_same_would_be_answered(
    row: tuple[Segment, str, float, str, float], expected: tuple[int, int] | None
) -> None:
    found = likeness(table(row), DIGEST, 0.7)
    assert [(one.answered, one.differing) for one in found] == ([expected] if expected else [])
    assert likeness(table(row, digest=OTHER), DIGEST, 0.7) == []


def test_a_few_cases_prove_nothing_and_many_do() -> None:
    few = Likeness(segment=CPU, answered=3, differing=1)
    many = Likeness(segment=CPU, answered=300, differing=100)
    assert few.surely < 0.05 < 0.28 < many.surely < 1 / 3
    # One side of an exact 95 % interval: P(Bin(300, p) >= 100) = 0.05.
    random = np.random.default_rng(1)
    assert abs((random.binomial(300, many.surely, 40_000) >= 100).mean() - 0.05) < 0.005
    assert Likeness(segment=CPU, answered=10, differing=10).surely > 0.7


def test_of_unlike_phones_all_cases_are_meant_and_the_others_stay() -> None:
    differing = (GPU, "a", 0.9, "b", 0.9)
    mixed = pa.concat_tables(
        [
            table(*[SAME] * 50, *[differing] * 20, (GPU, "a", 0.9, "a", 0.9)),
            table((GPU, "a", 0.9, "a", 0.9), SAME, digest=OTHER),
        ]
    )
    found = unlike(mixed, DIGEST, 0.7, 0.05)
    assert found.rows.tolist() == [False] * 50 + [True] * 22 + [False]
    assert "litert gpu, Android 15 (at 0.700 95.2% of 21 answers differ)" in found.reason
    assert "5.0% that decide" in found.reason
    rest = unlike(mixed.filter(pa.array(~found.rows)), DIGEST, 0.7, 0.05)
    assert not rest.rows.any() and rest.reason == ""


def test_a_phone_that_does_not_tell_what_computes_is_a_segment_of_its_own() -> None:
    silent = table(*[(CPU, "a", 0.9, "b", 0.9)] * 9)
    silent = silent.set_column(0, "runtime", pa.nulls(9, pa.string()))
    found = unlike(silent, DIGEST, 0.7, 0.05)
    assert found.rows.all() and "unknown cpu, Android 15" in found.reason


def test_advice_is_objected_to_where_more_differs_than_its_limit_leaves() -> None:
    scores = table(*[SAME] * 97, *[(CPU, "a", 0.9, "b", 0.9)] * 3)
    assert objection(scores, DIGEST, 0.7, 0.03) is None
    said = objection(scores, DIGEST, 0.7, 0.029)
    assert said is not None and "3.0% of 100 answers" in said and "2.9% that the limit" in said
    assert objection(scores, OTHER, 0.7, 0.0) is None


def test_the_phones_of_the_demo_that_compute_otherwise_are_found() -> None:
    readings = read_digits(600, model="digit_reader@1", name="phone")
    gpu = DeviceModels().get("digit_reader@1", "litert", "gpu")
    rows = []
    for row, host in enumerate(readings):
        phone, segment = (host.label, host.confidence), CPU
        if row % 3 == 0:
            read = gpu.read(host.image)
            phone, segment = (read.label, read.confidence), GPU
        rows.append((segment, *phone, host.label, host.confidence))
    scores = table(*rows)
    found = unlike(scores, DIGEST, 0.7, 0.05)
    assert "litert gpu" in found.reason and "cpu" not in found.reason
    assert found.rows.tolist() == [row % 3 == 0 for row in range(len(readings))]
    shares = {one.segment: one.share for one in agreements(scores, scores, DIGEST)}
    assert shares[CPU] == 1.0 and shares[GPU] < 0.7
    assert objection(scores, DIGEST, 0.7, 0.02) is not None
