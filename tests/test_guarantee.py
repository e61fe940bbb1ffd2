"""The threshold recommended: what it keeps to, and why there is none."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from collector.contract.certificate import Limits
from collector.contract.errors import BadInput
from replay.in_force import InForce
from replay.learn_then_test import Sample, grid, least_sample, p_values
from replay.references import judge
from replay.sampling import HELD_OUT, held_out, one_per_installation, thinned
from replay.sweep import sweep
from tests.judged import fleet
from tests.scores import RUN, audited, scores_of


def test_the_audit_sample_is_thinned_so_that_every_request_had_the_same_chance() -> None:
    scores, _ = audited(np.random.default_rng(12), 40_000)
    judged = judge(scores, "audit")
    known = np.flatnonzero(judged.known)
    known = known[thinned(judged.case[known], judged.probability[known], 0)]
    confidence = judged.confidence[known]
    inside, _ = np.histogram(confidence, bins=10, range=(0, 1))
    everyone, _ = np.histogram(judged.confidence, bins=10, range=(0, 1))
    assert np.all(np.abs(inside - 0.1 * everyone) < 4 * np.sqrt(0.09 * everyone))


def test_fallbacks_do_not_speak_for_answers_that_were_never_audited() -> None:
    found = sweep(RUN, labelled(500, 0), "audit", current=None)
    assert found.recommended is None
    assert "no request that a phone answered was audited" in found.reason
    assert all(point.error_rate is None for point in found.points)


def test_each_installation_has_one_say_and_always_the_same() -> None:
    judged = fleet(np.random.default_rng(3), 200, 30)
    everything = np.arange(len(judged.case))

    def drawn(rows: NDArray[np.int64]) -> list[int]:
        chosen = one_per_installation(judged.case, judged.installation, rows, 0)
        return sorted(judged.case[chosen].tolist())

    chosen = one_per_installation(judged.case, judged.installation, everything, 0)
    assert sorted(judged.installation[chosen]) == sorted(set(judged.installation))
    assert drawn(everything) == drawn(everything[::-1])
    backwards = one_per_installation(judged.case[::-1], judged.installation[::-1], everything, 0)
    assert sorted(judged.case[::-1][backwards]) == drawn(everything)


def test_about_a_fifth_of_the_installations_are_held_out_the_same_each_time() -> None:
    numbers = np.unique(fleet(np.random.default_rng(4), 5_000, 1).installation)
    out = held_out(numbers, 0)
    assert abs(out.mean() - HELD_OUT) < 0.03
    assert (held_out(numbers[::-1], 0) == out[::-1]).all()
    assert (held_out(numbers, 1) != out).any()


def test_the_same_requests_give_the_same_threshold_under_other_pseudonyms() -> None:
    random = np.random.default_rng(5)
    rows = 3_000
    owner = random.integers(0, 600, rows)
    confidence = random.random(rows)
    truth = np.where(random.random(rows) < 0.1 * (1 - confidence), "b", "a")
    columns = {"confidence": confidence, "predicted": ["a"] * rows, "truth": truth}

    def found(pseudonyms: list[bytes]) -> Any:
        scores = scores_of(columns | {"installation": [pseudonyms[number] for number in owner]})
        made = sweep(RUN, scores, "label", current=None, limits=Limits(max_error=0.1)).certificate
        return made and made.overall

    first, second = (found([random.bytes(16) for _ in range(600)]) for _ in range(2))
    assert first.passed and first == second


def test_whoever_is_held_out_is_so_in_each_of_the_samples() -> None:
    judged = fleet(np.random.default_rng(7), 500, 20)
    rows = np.arange(len(judged.case))
    halves = rows[judged.confidence < 0.8], rows[judged.confidence >= 0.8]
    drawn = [one_per_installation(judged.case, judged.installation, half, 0) for half in halves]
    learned, tested = (
        [set(judged.installation[of][held_out(judged.installation[of], 0) == held]) for of in drawn]
        for held in (True, False)
    )
    assert not set.union(*learned) & set.union(*tested)


def test_p_values_are_the_binomials_and_jointly_the_largest_of_them() -> None:
    random = np.random.default_rng(6)
    answered, wrong = random.random(200), random.random(200) < 0.05
    requests, offline = random.random(300), random.random(50)
    sample = Sample.of(answered, wrong, requests, offline)
    thresholds = grid(sample, 0.0)
    alone = p_values(sample, thresholds, Limits(max_error=0.1))
    jointly = p_values(sample, thresholds, Limits(max_error=0.1, max_cloud=0.4, min_offline=0.5))
    for threshold, one, both in zip(thresholds, alone, jointly, strict=True):
        accepted = answered >= threshold
        error = binom.cdf(wrong[accepted].sum(), accepted.sum(), 0.1)
        cloud = binom.cdf((requests < threshold).sum(), 300, 0.4)
        unserved = binom.cdf((offline < threshold).sum(), 50, 0.5)
        # A product such as 93 × (5 / 93) may come out a hair above 5: then 6 are counted.
        assert one >= error * (1 - 1e-9)
        assert both == pytest.approx(max(one, cloud, unserved), rel=1e-6)
    assert (
        np.mean(
            np.isclose(
                alone,
                [
                    binom.cdf(wrong[answered >= t].sum(), (answered >= t).sum(), 0.1)
                    for t in thresholds
                ],
            )
        )
        > 0.9
    )


def labelled(
    installations: int, wrong: int, *, confidence: float = 0.9, first: int = 0
) -> pa.Table:
    numbers = range(first, first + installations)
    return scores_of(
        {
            "span_id": [number.to_bytes(8, "little") for number in numbers],
            "installation": [number.to_bytes(16, "big") for number in numbers],
            "confidence": [confidence] * installations,
            "predicted": ["a"] * installations,
            "truth": ["b"] * wrong + ["a"] * (installations - wrong),
            "decision": ["fallback"] * 10 + ["accept"] * (installations - 10),
            "cloud_label": ["a"] * 10 + [None] * (installations - 10),
            "egress_bytes": [1_000] * 10 + [None] * (installations - 10),
            "network": ["unavailable" if number % 3 == 0 else "wifi" for number in numbers],
        }
    )


def test_the_clouds_answer_alone_recommends_nothing_and_says_why() -> None:
    found = sweep(RUN, labelled(500, 0), "cloud", current=None)
    assert found.recommended is None
    assert "only where the phone fell back" in found.reason
    assert found.points[0].error_rate == 0.0


def test_too_few_labels_says_how_many_more_are_needed() -> None:
    assert least_sample(Limits()) == 59
    few = sweep(RUN, labelled(58, 0), "label", current=None)
    assert few.recommended is None and few.certificate is not None
    more = few.certificate.overall.more_installations
    assert more is not None and 0 < more < 30
    assert "at the least about 74 installations" in few.reason
    assert f"{more} more are needed" in few.reason
    enough = sweep(RUN, labelled(58 + more + 5, 0), "label", current=None)
    assert enough.recommended is not None and enough.recommended.threshold == 0.9


def test_many_labels_of_one_installation_are_one_label() -> None:
    scores = labelled(500, 0).set_column(1, "installation", pa.array([b"1" * 16] * 500))
    found = sweep(RUN, scores, "label", current=None)
    assert found.recommended is None
    assert "there are about 1:" in found.reason


def test_an_error_that_is_small_but_unproven_says_how_many_more_would_prove_it() -> None:
    found = sweep(RUN, labelled(125, 4), "label", current=None)
    assert found.recommended is None and found.certificate is not None
    overall = found.certificate.overall
    (test,) = overall.tests
    assert (overall.threshold, overall.passed, test.threshold) == (None, 0, 0.9)
    assert f"{test.wrong} of {test.accepted} installations" in found.reason
    assert "more above it would" in found.reason
    assert overall.more_installations is not None and overall.more_installations > 0


def test_an_error_above_the_bound_is_not_proven_by_any_number() -> None:
    found = sweep(RUN, labelled(100, 20), "label", current=None)
    assert found.recommended is None
    assert "no number of them would" in found.reason
    assert found.certificate is not None and found.certificate.overall.more_installations is None


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
    found = sweep(RUN, scores, "label", current=None)
    assert found.recommended is None
    assert "the installations that ask most are wrong most" in found.reason


CAPS = {
    "too much to the cloud": (Limits(max_cloud=0.3), "more than 30% of requests would go", False),
    "little enough to the cloud": (Limits(max_cloud=0.7), "cloud's share at most 70%", True),
    "too little offline": (Limits(min_offline=0.8), "more than 20% of requests without", False),
    "enough offline": (Limits(min_offline=0.3), "offline coverage at least 30%", True),
    "egress too high": (Limits(max_egress=100.0), "bytes per request leave the device", False),
    "egress low enough": (Limits(max_egress=900.0), "lowest threshold tested", True),
    "a user sends too much": (Limits(max_egress_per_user=100.0), "bytes per installation", False),
    "no user sends too much": (Limits(max_egress_per_user=900.0), "lowest threshold", True),
}


@pytest.mark.parametrize(("limits", "words", "recommended"), CAPS.values(), ids=CAPS)
def test_caps_are_kept_or_the_reason_names_them(
    limits: Limits, words: str, recommended: bool
) -> None:
    scores = pa.concat_tables([labelled(500, 0), labelled(500, 500, confidence=0.5, first=500)])
    found = sweep(RUN, scores, "label", current=None, limits=limits)
    assert (found.recommended is not None) is recommended
    assert words in found.reason


def test_a_segment_is_held_against_its_own_bytes() -> None:
    """Both know all and are right; one of them sends a hundred times as much."""
    rows = 400
    heavy = np.arange(rows) % 2 == 0
    declined = np.arange(rows) % 8 < 2
    scores = scores_of(
        {
            "confidence": np.where(declined, 0.5, 0.9),
            "predicted": ["a"] * rows,
            "truth": np.where(declined, "b", "a"),
            "decision": np.where(declined, "fallback", "accept"),
            "egress_bytes": [
                (10_000 if big else 100) if asked else None
                for big, asked in zip(heavy, declined, strict=True)
            ],
            "release": np.where(heavy, "1.0", "2.0"),
        }
    )
    found = sweep(RUN, scores, "label", current=None, limits=Limits(max_egress=1_000.0))
    assert found.certificate is not None
    assert "1262.5 bytes per request" in found.certificate.overall.reason
    parts = {part.value: part for part in found.certificate.segments}
    assert "2500 bytes per request" in parts["1.0"].reason
    assert parts["2.0"].threshold == 0.9


def test_an_egress_cap_cannot_be_kept_where_no_bytes_are_known() -> None:
    scores = labelled(500, 0).drop_columns("egress_bytes")
    scores = scores.append_column("egress_bytes", pa.nulls(500, pa.int64()))
    found = sweep(RUN, scores, "label", current=None, limits=Limits(max_egress=10.0))
    assert found.recommended is None
    assert "no request's bytes are known" in found.reason


def test_offline_coverage_cannot_be_shown_where_every_request_had_a_network() -> None:
    scores = labelled(500, 0).drop_columns("network")
    scores = scores.append_column("network", pa.array(["wifi"] * 500))
    found = sweep(RUN, scores, "label", current=None, limits=Limits(min_offline=0.5))
    assert found.recommended is None and "without a network" in found.reason


def with_phones(random: np.random.Generator, apart: float) -> pa.Table:
    """1,000 cases whose phones had the model, a tenth on a GPU; their confidence differs `apart`
    from the host's there."""
    rows = 1_000
    confidence = 0.7 + 0.3 * random.random(rows)
    gpu = np.arange(rows) % 10 == 0
    return scores_of(
        {
            "confidence": confidence,
            "predicted": ["a"] * rows,
            "truth": ["a"] * rows,
            "model_digest": [RUN.model_digest] * rows,
            "runtime": ["litert"] * rows,
            "os": ["Android 15"] * rows,
            "delegate": np.where(gpu, "gpu", "cpu"),
            "device_label": ["a"] * rows,
            "device_confidence": np.where(gpu, confidence - apart, confidence),
        }
    )


NOW = InForce(threshold=0.8, mark="in force", origin="In force is 0.8.")


def test_phones_that_this_host_does_not_speak_for_are_left_out_and_named() -> None:
    random = np.random.default_rng(1)
    found = sweep(RUN, with_phones(random, 0.3), "label", current=NOW)
    assert (found.cases, found.recommended is not None) == (900, True)
    assert "It says nothing of phones on litert gpu" in found.reason
    assert found.certificate is not None and "litert gpu" in found.certificate.left_out
    alike = sweep(RUN, with_phones(random, 0.001), "label", current=NOW)
    assert alike.cases == 1_000 and "says nothing" not in alike.reason


def test_what_host_and_phones_differ_in_must_fit_in_what_the_limit_leaves() -> None:
    """Not surely more than the limit, so that nobody is left out, but more than its margin."""
    scores = with_phones(np.random.default_rng(1), 0.3)
    found = sweep(RUN, scores, "label", current=None, limits=Limits(max_error=0.02))
    assert found.recommended is None and found.certificate is not None
    assert "host and phones differ in" in found.reason
    assert found.certificate.overall.passed > 0


BAD_LIMITS = {
    "an error of one": ("label", Limits(max_error=1.0), "max_error"),
    "a confidence of zero": ("label", Limits(confidence=0.0), "confidence"),
    "an error that is no number": ("label", Limits(max_error=float("nan")), "max_error"),
    "a share above one": ("label", Limits(min_offline=80.0), "min_offline"),
    "a share that nothing shows": ("label", Limits(max_cloud=0.0), "max_cloud"),
    "negative bytes": ("label", Limits(max_egress=-1.0), "max_egress"),
    "an unknown reference": ("oracle", Limits(), "oracle"),
}


@pytest.mark.parametrize(("reference", "limits", "named"), BAD_LIMITS.values(), ids=BAD_LIMITS)
def test_limits_outside_their_range_are_refused_by_name(
    reference: Any, limits: Limits, named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        sweep(RUN, labelled(100, 0), reference, current=None, limits=limits)
