"""Certificates: by segment, as a file, and recomputed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from collector.contract.certificate import Certificate, Limits
from collector.contract.errors import BadInput
from collector.contract.records import ReplayRun
from replay.certificate import Verified, read, verify
from replay.digest import data_digest
from replay.segments import LEAST_INSTALLATIONS
from replay.sweep import sweep
from tests.scores import RUN, scores_of

LIMITS = Limits(max_error=0.1, confidence=0.9)


def phones(rows: int = 1_500, seed: int = 1) -> pa.Table:
    """Three releases: 1.0 is good, 2.0 errs half the time, 3.0 is new and on few phones."""
    random = np.random.default_rng(seed)
    release = random.choice(["1.0", "2.0"], rows, p=[0.95, 0.05])
    release[: LEAST_INSTALLATIONS // 2] = "3.0"
    confidence = random.random(rows)
    fault = np.where(release == "2.0", 0.5, 0.15 * (1 - confidence))
    return scores_of(
        {
            "confidence": confidence,
            "predicted": ["a"] * rows,
            "truth": np.where(random.random(rows) < fault, "b", "a"),
            "release": release,
            "os": ["Android 15"] * rows,
            "device_model": random.choice(["shiba", "iPhone15,2"], rows),
        }
    )


def certificate(scores: pa.Table, limits: Limits = LIMITS) -> Certificate:
    made = sweep(RUN, scores, "label", current=None, limits=limits).certificate
    assert made is not None
    return made


def verified(
    made: Certificate, scores: pa.Table, run: ReplayRun = RUN, now: datetime | None = None
) -> Verified:
    return verify(made, run, scores, now or datetime.now(UTC))


def test_the_recommended_threshold_is_the_certificates() -> None:
    found = sweep(RUN, phones(), "label", current=None, limits=LIMITS)
    assert found.certificate is not None and found.recommended is not None
    overall = found.certificate.overall
    assert overall.threshold == found.recommended.threshold
    assert overall.tests[overall.start].threshold >= overall.threshold
    shown = overall.tests[overall.start : overall.start + overall.passed]
    assert all(test.p_value <= 0.1 for test in shown)
    assert overall.threshold in [test.threshold for test in shown]


def test_each_segment_is_tested_by_itself_and_too_small_ones_stand_together() -> None:
    made = certificate(phones())
    parts = {(part.dimension, part.value): part for part in made.segments}
    # All have the same os; of 3.0 there are too few to say anything of.
    assert set(parts) == {
        ("release", "1.0"),
        ("release", "2.0"),
        ("device_model", "shiba"),
        ("device_model", "iPhone15,2"),
    }
    assert made.overall.threshold is not None
    assert parts["release", "1.0"].holds and parts["release", "1.0"].threshold is not None
    bad = parts["release", "2.0"]
    assert (bad.holds, bad.threshold, bad.more_installations) == (False, None, None)
    assert "no number of them would" in bad.reason


def test_a_certificate_written_and_read_is_recomputed_from_the_same_data(tmp_path: Path) -> None:
    scores = phones()
    file = tmp_path / "certificate.json"
    made = certificate(scores)
    file.write_text(made.model_dump_json(indent=2))
    assert read(file) == made
    backwards = scores.take(np.arange(len(scores))[::-1])
    for same in (scores, backwards):
        assert verified(made, same) == Verified(faults=(), expired=False)


def other_answers() -> pa.Table:
    return phones(seed=2)


def one_changed() -> pa.Table:
    scores = phones()
    truth = scores["truth"].to_pylist()
    place = scores.schema.get_field_index("truth")
    return scores.set_column(place, "truth", pa.array(["another", *truth[1:]]))


@pytest.mark.parametrize("scores", [other_answers(), one_changed(), phones().slice(1)])
def test_other_data_are_told_apart_to_the_last_answer(scores: pa.Table) -> None:
    assert data_digest(scores) != data_digest(phones())
    assert any(
        "data are not those" in fault for fault in verified(certificate(phones()), scores).faults
    )


FORGED: dict[str, dict[str, Any]] = {
    "a lower threshold": {"threshold": 0.01},
    "another promise": {"reason": "it is perfect"},
    "more steps": {"passed": 100},
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_what_does_not_follow_from_the_data_is_a_fault(change: dict[str, Any]) -> None:
    made = certificate(phones())
    forged = made.model_copy(update={"overall": made.overall.model_copy(update=change)})
    (fault,) = verified(forged, phones()).faults
    assert "everybody" in fault


REWORDED: dict[str, Any] = {
    "feature": "barcode_scan",
    "model": "digit_reader@2",
    "since": "2020-01-01T00:00:00Z",
    "speaks_for": "everybody",
    "expires": "2999-01-01T00:00:00+00:00",
    "seed": 7,
    "held_out": 0.5,
}


@pytest.mark.parametrize("name", REWORDED)
def test_what_the_certificate_says_around_the_tests_is_recomputed_too(name: str) -> None:
    made = certificate(phones())
    (fault,) = verified(made.model_copy(update={name: REWORDED[name]}), phones()).faults
    assert fault == f"{name}: recomputed it is {getattr(made, name)}"


def test_p_values_and_limits_that_were_touched_are_faults() -> None:
    made = certificate(phones())
    tests = [test.model_copy(update={"p_value": test.p_value / 2}) for test in made.overall.tests]
    overall = made.overall.model_copy(update={"tests": tuple(tests)})
    assert verified(made.model_copy(update={"overall": overall}), phones()).faults
    limits = LIMITS.model_copy(update={"max_error": 0.05})
    assert verified(made.model_copy(update={"limits": limits}), phones()).faults


def test_another_model_file_and_a_date_gone_by_are_said() -> None:
    made = certificate(phones())
    other = RUN.model_copy(update={"model_digest": "sha256:" + "1" * 64})
    assert "another model file" in verified(made, phones(), other).faults[0]
    later = datetime.now(UTC) + timedelta(days=31)
    assert verified(made, phones(), now=later) == Verified(faults=(), expired=True)


BAD_FILES = {
    "no JSON": ("threshold = 0.7", "is no certificate"),
    "another document": ('{"threshold": 0.7}', "made: Field required"),
    "a newer key": ({"speaks_louder": 1}, "speaks_louder"),
    "a newer format": ({"format": 2}, "format"),
    "no time": ({"expires": "soon"}, "expires"),
    "a time of no place": ({"made": "2026-01-01T00:00:00"}, "made"),
    "a limit out of range": ({"limits": {"max_error": 0.0}}, "max_error: 0 is not between"),
}


@pytest.mark.parametrize(("text", "says"), BAD_FILES.values(), ids=BAD_FILES)
def test_what_is_no_certificate_is_refused_by_place(
    tmp_path: Path, text: str | dict[str, Any], says: str
) -> None:
    file = tmp_path / "certificate.json"
    made = certificate(phones(200)).model_dump(mode="json")
    file.write_text(text if isinstance(text, str) else json.dumps(made | text))
    with pytest.raises(BadInput, match=says):
        read(file)
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "none.json")
