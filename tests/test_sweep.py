"""Every threshold from saved scores."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from collector.contract.records import Sweep
from replay.curve import MAX_POINTS, curve
from replay.in_force import InForce
from replay.references import judge
from replay.sweep import sweep
from tests.scores import RUN, audited, only, scores_of

A = np.array(["a"] * 3_000)
IN_FORCE = InForce(threshold=0.7, mark="in force", origin="In force is 0.7.")


def random_scores(seed: int, rows: int, decimals: int) -> pa.Table:
    random = np.random.default_rng(seed)
    decision = random.choice(["accept", "fallback", "blocked"], rows, p=[0.6, 0.3, 0.1])
    sampled = (decision == "accept") & (random.random(rows) < 0.3)
    sent = sampled | (decision == "fallback")
    cloud = only(sent, random.choice(["a", "b"], rows))
    return scores_of(
        {
            "truth": only(random.random(rows) < 0.8, random.choice(["a", "b"], rows)),
            "decision": decision,
            "audit_sampled": sampled,
            "audit_probability": only(sampled, random.choice([0.2, 0.5], rows)),
            "cloud_label": cloud,
            "egress_bytes": only(sent & (random.random(rows) < 0.9), random.integers(10, 90, rows)),
            "predicted": random.choice(["a", "b"], rows),
            "confidence": only(random.random(rows) < 0.95, np.round(random.random(rows), decimals)),
        }
    )


def naive(scores: pa.Table, reference: str, threshold: float) -> dict[str, float | None]:
    """One threshold, case by case, by the definitions of docs/replay.md."""
    cases = [case for case in scores.to_pylist() if case["confidence"] is not None]
    sizes = [case["egress_bytes"] for case in cases if case["egress_bytes"]]
    typical = sum(sizes) / len(sizes)
    wrong = known = sent = would_send = 0.0
    for case in cases:
        fell_back, answered = case["decision"] == "fallback", case["decision"] == "accept"
        audited = answered and case["audit_sampled"]
        accepted = case["confidence"] >= threshold
        before = case["egress_bytes"] or (typical if fell_back or audited else 0)
        sent += before
        if accepted:
            would_send += before if answered else 0
        else:
            would_send += before or (typical if answered else 0)
        if reference == "label":
            answer, weight = case["truth"], 1.0
        elif reference == "cloud":
            answer, weight = (case["cloud_label"] if fell_back else None), 1.0
        else:
            answer = case["cloud_label"] if fell_back or audited else None
            weight = 1 / case["audit_probability"] if audited else 1.0
        if accepted and answer is not None:
            known += weight
            wrong += weight * (answer != case["predicted"])
    accepted_cases = sum(case["confidence"] >= threshold for case in cases)
    users = len({case["installation"] for case in cases})
    return {
        "threshold": threshold,
        "accepted": accepted_cases,
        "device_share": accepted_cases / len(cases),
        "fallback_rate": 1 - accepted_cases / len(cases),
        "error_rate": wrong / known if known else None,
        "egress_change": (would_send - sent) / len(cases),
        "egress": would_send / len(cases),
        "egress_per_user": would_send / users,
    }


@pytest.mark.parametrize("reference", ["label", "audit", "cloud"])
@pytest.mark.parametrize("decimals", [1, 2, 9], ids=["many ties", "some ties", "no ties"])
def test_every_point_equals_a_count_case_by_case(reference: Any, decimals: int) -> None:
    scores = random_scores(seed=decimals, rows=300, decimals=decimals)
    rows = curve(judge(scores, reference)).table().to_pylist()
    distinct = {value for value in scores["confidence"].to_pylist() if value is not None}
    assert [row["threshold"] for row in rows] == sorted(distinct)
    for row in rows:
        row.pop("evidence")
        assert row == pytest.approx(naive(scores, reference, row["threshold"]), abs=1e-9)


def by_hand() -> pa.Table:
    return scores_of(
        {
            "predicted": ["a", "a", "b", "b", "a", "a"],
            "truth": ["a", "b", "b", None, "b", "a"],
            "confidence": [0.9, 0.8, 0.8, 0.7, 0.6, None],
            "decision": ["accept", "accept", "accept", "accept", "fallback", "accept"],
            "egress_bytes": [None, None, None, None, 100, None],
        }
    )


def test_a_small_table_gives_the_counts_done_by_hand() -> None:
    points = curve(judge(by_hand(), "label")).table().to_pylist()
    assert [p["threshold"] for p in points] == [0.6, 0.7, 0.8, 0.9]
    assert [p["accepted"] for p in points] == [5, 4, 3, 1]
    assert [p["device_share"] for p in points] == [1.0, 0.8, 0.6, 0.2]
    assert [p["error_rate"] for p in points] == [2 / 4, 1 / 3, 1 / 3, 0.0]
    assert [p["egress"] for p in points] == [0.0, 20.0, 40.0, 80.0]
    assert [p["egress_change"] for p in points] == [-20.0, 0.0, 20.0, 60.0]


def test_of_the_clouds_answers_nothing_is_known_where_the_phone_was_sure() -> None:
    found = sweep(RUN, random_scores(seed=4, rows=300, decimals=9), "cloud", current=IN_FORCE)
    assert found.evidence_from is None
    accepted = [point.evidence for point in found.points]
    assert not any(accepted) and found.certificate is not None
    assert "neither a lower nor a higher threshold" in found.certificate.overall.reason


def test_below_the_last_label_the_curve_is_unknown_and_nothing_lower_is_tested() -> None:
    """Only what the device answered is labelled: a lower threshold has no evidence."""
    random = np.random.default_rng(1)
    confidence = np.sort(random.random(3_000))
    labelled = (confidence >= 0.6) & (random.random(3_000) < 0.3)
    scores = scores_of(
        {"confidence": confidence, "predicted": ["a"] * 3_000, "truth": only(labelled, A)}
    )
    found = sweep(RUN, scores, "label", current=None)
    lowest = confidence[labelled].min()
    assert found.evidence_from == lowest
    assert [point.evidence for point in found.points] == [
        point.threshold >= lowest for point in found.points
    ]
    assert found.recommended is not None and found.recommended.threshold >= lowest
    assert f"Below {lowest:.6g} no answer is known" in found.reason
    everywhere = scores_of(
        {
            "confidence": confidence,
            "predicted": ["a"] * 3_000,
            "truth": only(random.random(3_000) < 0.1, A),
        }
    )
    found = sweep(RUN, everywhere, "label", current=None)
    assert found.points[10].evidence and "Below" not in found.reason


def test_an_audited_curve_is_known_throughout_although_audits_are_rare() -> None:
    scores, _ = audited(np.random.default_rng(3), 5_000)
    assert curve(judge(scores, "audit")).evidence.all()


def test_a_threshold_between_two_confidences_accepts_what_lies_above_it() -> None:
    found = curve(judge(by_hand(), "label"))
    assert [found.at(t).accepted for t in (0.0, 0.75, 0.8, 0.85, 0.95)] == [5, 3, 3, 1, 0]
    assert found.at(0.95).error_rate is None


def test_no_bytes_known_means_no_egress_rather_than_zero() -> None:
    scores = scores_of({"predicted": ["a"], "truth": ["a"], "confidence": [0.5]})
    found = sweep(RUN, scores, "label", current=None)
    assert found.points[0].egress_change is None
    assert found.points[0].egress is None


def test_a_run_without_any_score_has_no_points_and_says_why() -> None:
    scores = scores_of({"predicted": [None], "truth": ["a"], "confidence": [None]})
    found = sweep(RUN, scores, "label", current=IN_FORCE)
    assert (found.cases, found.points, found.recommended) == (0, (), None)
    assert "no case carries a label" in found.reason


def test_the_record_keeps_the_ends_the_current_and_the_recommended_threshold_exactly() -> None:
    random = np.random.default_rng(5)
    confidence = random.random(20_000)
    right = random.random(20_000) < 0.6 + 0.4 * confidence
    scores = scores_of(
        {
            "confidence": confidence,
            "predicted": ["a"] * 20_000,
            "truth": np.where(right, "a", "b"),
        }
    )
    found = sweep(RUN, scores, "label", current=IN_FORCE)
    full = {row["threshold"]: row for row in curve(judge(scores, "label")).table().to_pylist()}
    assert found.recommended is not None
    assert len(full) == 20_000 and len(found.points) <= MAX_POINTS
    thresholds = [point.threshold for point in found.points]
    assert thresholds == sorted(set(thresholds))
    assert thresholds[0] == confidence.min() and thresholds[-1] == confidence.max()
    assert 0.7 in thresholds and found.recommended.threshold in thresholds
    for point in found.points:
        if point.threshold != 0.7:
            expected = full[point.threshold]
            assert (point.accepted, point.error_rate) == (
                expected["accepted"],
                expected["error_rate"],
            )
    assert found.current == 0.7 and found.reason.endswith(IN_FORCE.origin)
    assert Sweep.model_validate_json(found.model_dump_json()) == found


def test_the_audit_estimate_is_unbiased_although_audits_are_rare_and_uneven() -> None:
    random = np.random.default_rng(11)
    rounds = 200
    difference = np.empty(rounds)
    for index in range(rounds):
        scores, true_error = audited(random, 2_000)
        estimate = curve(judge(scores, "audit")).at(0.3).error_rate
        assert estimate is not None
        difference[index] = estimate - true_error
    assert abs(difference.mean()) < 4 * difference.std(ddof=1) / np.sqrt(rounds)
    assert difference.std() < 0.05


def test_an_audit_without_a_usable_probability_is_not_a_reference() -> None:
    scores = scores_of(
        {
            "confidence": [0.9] * 4,
            "predicted": ["a"] * 4,
            "decision": ["accept", "accept", "accept", "blocked"],
            "audit_sampled": [True] * 4,
            "audit_probability": [None, 0.0, 0.5, 0.5],
            "cloud_label": ["a"] * 4,
        }
    )
    assert judge(scores, "audit").known.tolist() == [False, False, True, False]
