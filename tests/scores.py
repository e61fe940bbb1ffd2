"""Saved scores as tables, made up column by column."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.contract.records import ReplayRun

RUN = ReplayRun(
    run="r",
    feature="image_classify",
    model="digit_reader@1",
    model_digest="sha256:" + "0" * 64,
    runtime="litert",
    runtime_version="2.0",
    created="2026-01-08T00:00:00Z",
    since="2026-01-01T00:00:00Z",
    until="2026-01-08T00:00:00Z",
    inputs=0,
    failed=0,
    seconds=0.0,
    chunks=(0,),
    done=(0,),
)

_TYPES = {
    "span_id": pa.binary(),
    "installation": pa.binary(16),
    "truth": pa.string(),
    "decision": pa.string(),
    "audit_sampled": pa.bool_(),
    "audit_probability": pa.float64(),
    "cloud_label": pa.string(),
    "egress_bytes": pa.int64(),
    "network": pa.string(),
    "release": pa.string(),
    "os": pa.string(),
    "runtime": pa.string(),
    "delegate": pa.string(),
    "model_digest": pa.string(),
    "device_label": pa.string(),
    "device_confidence": pa.float64(),
    "device_model": pa.string(),
    "predicted": pa.string(),
    "confidence": pa.float64(),
}


def scores_of(columns: Mapping[str, Any]) -> pa.Table:
    """Saved scores with these columns; the others null, each case an installation of its own."""
    rows = len(columns["confidence"])
    given = {
        "span_id": [number.to_bytes(8, "little") for number in range(rows)],
        "installation": [number.to_bytes(16, "big") for number in range(rows)],
        "decision": ["accept"] * rows,
    } | dict(columns)
    return pa.table(
        {name: pa.array(given.get(name, [None] * rows), kind) for name, kind in _TYPES.items()}
    )


def only(mask: NDArray[np.bool_], values: NDArray[Any]) -> list[Any]:
    """The values where the mask holds, None elsewhere."""
    return [value if held else None for held, value in zip(mask, values.tolist(), strict=True)]


def audited(random: np.random.Generator, rows: int) -> tuple[pa.Table, float]:
    """Requests of a device whose threshold is 0.5, and the true error above 0.3."""
    confidence = random.random(rows)
    wrong = random.random(rows) > 0.5 + 0.5 * confidence
    accepted = confidence >= 0.5
    chance = np.where(confidence > 0.8, 0.1, 0.4)
    sampled = accepted & (random.random(rows) < chance)
    scores = scores_of(
        {
            "confidence": confidence,
            "predicted": ["a"] * rows,
            "decision": np.where(accepted, "accept", "fallback"),
            "audit_sampled": sampled,
            "audit_probability": only(sampled, chance),
            "cloud_label": only(sampled | ~accepted, np.where(wrong, "b", "a")),
        }
    )
    return scores, float(wrong[confidence >= 0.3].mean())
