"""Every threshold from saved scores, and the one recommended."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from collector.contract.errors import BadInput
from collector.contract.records import Sweep
from replay.recommendation import Limits, certify, least_sample, one_per_installation
from replay.references import Judged, judge
from replay.sweep import MAX_POINTS, all_points, curve, sweep

_TYPES = {
    "span_id": pa.binary(),
    "installation": pa.binary(16),
    "truth": pa.string(),
    "decision": pa.string(),
    "audit_sampled": pa.bool_(),
    "audit_probability": pa.float64(),
    "cloud_label": pa.string(),
    "egress_bytes": pa.int64(),
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
    return {
        "threshold": threshold,
        "accepted": accepted_cases,
        "device_share": accepted_cases / len(cases),
        "fallback_rate": 1 - accepted_cases / len(cases),
        "error_rate": wrong / known if known else None,
        "egress_change": (would_send - sent) / len(cases),
        "egress": would_send / len(cases),
    }


@pytest.mark.parametrize("reference", ["label", "audit", "cloud"])
@pytest.mark.parametrize("decimals", [1, 2, 9], ids=["many ties", "some ties", "no ties"])
def test_every_point_equals_a_count_case_by_case(reference: Any, decimals: int) -> None:
    scores = random_scores(seed=decimals, rows=300, decimals=decimals)
    rows = all_points(scores, reference).to_pylist()
    distinct = {value for value in scores["confidence"].to_pylist() if value is not None}
    assert [row["threshold"] for row in rows] == sorted(distinct)
    for row in rows:
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
    points = all_points(by_hand(), "label").to_pylist()
    assert [p["threshold"] for p in points] == [0.6, 0.7, 0.8, 0.9]
    assert [p["accepted"] for p in points] == [5, 4, 3, 1]
    assert [p["device_share"] for p in points] == [1.0, 0.8, 0.6, 0.2]
    assert [p["error_rate"] for p in points] == [2 / 4, 1 / 3, 1 / 3, 0.0]
    assert [p["egress"] for p in points] == [0.0, 20.0, 40.0, 80.0]
    assert [p["egress_change"] for p in points] == [-20.0, 0.0, 20.0, 60.0]


def test_a_threshold_between_two_confidences_accepts_what_lies_above_it() -> None:
    found = curve(judge(by_hand(), "label"))
    assert [found.at(t).accepted for t in (0.0, 0.75, 0.8, 0.85, 0.95)] == [5, 3, 3, 1, 0]
    assert found.at(0.95).error_rate is None


def test_no_bytes_known_means_no_egress_rather_than_zero() -> None:
    scores = scores_of({"predicted": ["a"], "truth": ["a"], "confidence": [0.5]})
    found = sweep("r", scores, "label", current=0.5)
    assert found.points[0].egress_change is None
    assert found.points[0].egress is None


def test_a_run_without_any_score_has_no_points_and_says_why() -> None:
    scores = scores_of({"predicted": [None], "truth": ["a"], "confidence": [None]})
    found = sweep("r", scores, "label", current=0.7)
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
    found = sweep("r", scores, "label", current=0.7)
    full = {row["threshold"]: row for row in all_points(scores, "label").to_pylist()}
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
    assert Sweep.model_validate_json(found.model_dump_json()) == found


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


def test_the_audit_sample_is_thinned_so_that_every_request_had_the_same_chance() -> None:
    scores, _ = audited(np.random.default_rng(12), 40_000)
    judged = judge(scores, "audit")
    confidence = judged.confidence[one_per_installation(judged)]
    inside, _ = np.histogram(confidence, bins=10, range=(0, 1))
    everyone, _ = np.histogram(judged.confidence, bins=10, range=(0, 1))
    assert np.all(np.abs(inside - 0.1 * everyone) < 4 * np.sqrt(0.09 * everyone))


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


def test_fallbacks_do_not_speak_for_answers_that_were_never_audited() -> None:
    found = sweep("r", labelled(500, 0), "audit", current=None)
    assert found.recommended is None
    assert "no request that a phone answered was audited" in found.reason
    assert all(point.error_rate is None for point in found.points)


def repeating(random: np.random.Generator, installations: int, most: int) -> Judged:
    """Installations that differ in skill and in how much they send, and repeat themselves."""
    counts = random.integers(1, most + 1, installations)
    owner = np.repeat(np.arange(installations), counts)
    skill = random.normal(0, 1, installations)[owner]
    confidence = 1 / (1 + np.exp(-(1.5 + skill + random.normal(0, 0.7, len(owner)))))
    fault = np.clip(0.45 * (1 - confidence) + 0.08 * (skill < -0.8), 0, 1)
    # One draw for an installation's habit: it errs on all its alike requests or on none.
    wrong = random.random(installations)[owner] < fault
    return Judged(
        case=random.permutation(len(owner)).astype(np.uint64),
        installation=owner,
        confidence=confidence,
        wrong=wrong,
        probability=np.ones(len(owner)),
        bytes_if_accepted=None,
        bytes_if_declined=None,
        sent=None,
    )


def error_above(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The true error above each threshold, of a request of an installation."""
    population = repeating(np.random.default_rng(99), 1_500_000, 1)
    order = np.argsort(-population.confidence)
    errors = np.cumsum(population.wrong[order])
    accepted = np.searchsorted(-population.confidence[order], -thresholds, side="right")
    result: NDArray[np.float64] = errors[accepted - 1] / accepted
    return result


def test_a_recommended_threshold_breaks_the_error_bound_no_more_often_than_promised() -> None:
    random = np.random.default_rng(2026)
    limits = Limits(max_error=0.08, confidence=0.9)
    rounds = 400
    fleets = [repeating(random, 300, 30) for _ in range(rounds)]
    # At most δ, with a chance of one in a thousand for the simulation itself.
    promised = binom.ppf(0.999, rounds, 1 - limits.confidence)
    recommended, broken = recommended_and_broken(fleets, limits)
    assert broken <= promised
    assert recommended > rounds / 2
    as_if_independent = [
        replace(fleet, installation=np.arange(len(fleet.case))) for fleet in fleets
    ]
    assert recommended_and_broken(as_if_independent, limits)[1] > promised


def recommended_and_broken(fleets: Sequence[Judged], limits: Limits) -> tuple[int, int]:
    steps = [certify(fleet, limits).steps for fleet in fleets]
    lowest = np.array([found[-1].threshold for found in steps if found])
    return len(lowest), int((error_above(lowest) > limits.max_error).sum())


def test_each_installation_has_one_say_and_always_the_same() -> None:
    judged = repeating(np.random.default_rng(3), 200, 30)
    rows = one_per_installation(judged)
    assert sorted(judged.installation[rows]) == list(range(200))
    assert rows.tolist() == one_per_installation(judged).tolist()


def labelled(
    installations: int, wrong: int, *, confidence: float = 0.9, first: int = 0
) -> pa.Table:
    numbers = range(first, first + installations)
    return scores_of(
        {
            "installation": [number.to_bytes(16, "big") for number in numbers],
            "confidence": [confidence] * installations,
            "predicted": ["a"] * installations,
            "truth": ["b"] * wrong + ["a"] * (installations - wrong),
            "decision": ["fallback"] * 10 + ["accept"] * (installations - 10),
            "cloud_label": ["a"] * 10 + [None] * (installations - 10),
            "egress_bytes": [1_000] * 10 + [None] * (installations - 10),
        }
    )


def test_the_clouds_answer_alone_recommends_nothing_and_says_why() -> None:
    found = sweep("r", labelled(500, 0), "cloud", current=0.7)
    assert found.recommended is None
    assert "only where the phone fell back" in found.reason
    assert found.points[0].error_rate == 0.0


def test_too_few_labels_says_how_many_more_are_needed() -> None:
    assert least_sample(Limits()) == 59
    few = sweep("r", labelled(58, 0), "label", current=None)
    assert few.recommended is None
    assert "at the least 59 installations" in few.reason and "1 more are needed" in few.reason
    enough = sweep("r", labelled(59, 0), "label", current=None)
    assert enough.recommended is not None and enough.recommended.threshold == 0.9


def test_many_labels_of_one_installation_are_one_label() -> None:
    scores = labelled(500, 0).set_column(1, "installation", pa.array([b"1" * 16] * 500))
    found = sweep("r", scores, "label", current=None)
    assert found.recommended is None
    assert "there are 1:" in found.reason


def test_an_error_that_is_small_but_unproven_says_how_many_more_would_prove_it() -> None:
    found = sweep("r", labelled(100, 3), "label", current=None)
    assert found.recommended is None
    assert "3 of 100 installations" in found.reason and "more above it would" in found.reason


def test_an_error_above_the_bound_is_not_proven_by_any_number() -> None:
    found = sweep("r", labelled(100, 20), "label", current=None)
    assert found.recommended is None
    assert "no number of them would" in found.reason


def test_heavy_users_who_are_wrong_most_block_the_recommendation() -> None:
    light, heavy = 400, 2_000
    scores = scores_of(
        {
            "installation": [n.to_bytes(16, "big") for n in range(light)] + [b"h" * 16] * heavy,
            "confidence": [0.9] * (light + heavy),
            "predicted": ["a"] * (light + heavy),
            "truth": ["a"] * light + ["b"] * heavy,
        }
    )
    found = sweep("r", scores, "label", current=None)
    assert found.recommended is None
    assert "the installations that ask most are wrong most" in found.reason


CAPS = {
    "device share too low": (Limits(min_offline=1.0), "are asked for", False),
    "device share reached": (Limits(min_offline=0.4), "lowest threshold tested", True),
    "egress too high": (Limits(max_egress=100.0), "bytes per request leave the device", False),
    "egress low enough": (Limits(max_egress=900.0), "lowest threshold tested", True),
}


@pytest.mark.parametrize(("limits", "words", "recommended"), CAPS.values(), ids=CAPS)
def test_caps_are_kept_or_the_reason_names_them(
    limits: Limits, words: str, recommended: bool
) -> None:
    scores = pa.concat_tables([labelled(500, 0), labelled(500, 500, confidence=0.5, first=500)])
    found = sweep("r", scores, "label", current=None, limits=limits)
    assert (found.recommended is not None) is recommended
    assert words in found.reason


def test_an_egress_cap_cannot_be_kept_where_no_bytes_are_known() -> None:
    scores = labelled(500, 0).drop_columns("egress_bytes")
    scores = scores.append_column("egress_bytes", pa.nulls(500, pa.int64()))
    found = sweep("r", scores, "label", current=None, limits=Limits(max_egress=10.0))
    assert found.recommended is None
    assert "no request's bytes are known" in found.reason


BAD_LIMITS = {
    "an error of one": ("label", Limits(max_error=1.0), "max_error"),
    "a confidence of zero": ("label", Limits(confidence=0.0), "confidence"),
    "an error that is no number": ("label", Limits(max_error=float("nan")), "max_error"),
    "a share above one": ("label", Limits(min_offline=80.0), "min_offline"),
    "negative bytes": ("label", Limits(max_egress=-1.0), "max_egress"),
    "an unknown reference": ("oracle", Limits(), "oracle"),
}


@pytest.mark.parametrize(("reference", "limits", "named"), BAD_LIMITS.values(), ids=BAD_LIMITS)
def test_limits_outside_their_range_are_refused_by_name(
    reference: Any, limits: Limits, named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        sweep("r", labelled(100, 0), reference, current=None, limits=limits)
