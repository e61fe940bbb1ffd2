"""The interval of a change covers the truth at every look, with phones that repeat themselves."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from collector.comparison.sequence import (
    LEAST_INSTALLATIONS,
    Sums,
    change,
    half_width,
)

Counts = npt.NDArray[Any]


def sums(k_a: Counts, n_a: Counts, k_b: Counts, n_b: Counts) -> Sums:
    """Of installations, a row each: events and requests before and after."""
    one = {"m": n_a > 0, "k": k_a, "n": n_a, "kk": k_a**2, "kn": k_a * n_a, "nn": n_a**2}
    two = {"m": n_b > 0, "k": k_b, "n": n_b, "kk": k_b**2, "kn": k_b * n_b, "nn": n_b**2}
    across = {"kk_ab": k_a * k_b, "kn_ab": k_a * n_b, "nk_ab": n_a * k_b, "nn_ab": n_a * n_b}
    seen = {
        "both": n_a + n_b > 0,
        "some": k_a + k_b > 0,
        "others": n_a + n_b > k_a + k_b,
    }
    named = {f"{key}_a": v for key, v in one.items()} | {f"{key}_b": v for key, v in two.items()}
    return Sums(**{key: float(np.sum(v)) for key, v in (named | across | seen).items()})


def fleet(
    random: np.random.Generator, phones: int, looks: int, rates: tuple[float, float]
) -> Iterator[Counts]:
    """k and n before, k and n after of each phone, at each look at a fleet that grows: a third of
    the phones upgrade.

    Each phone has a rate of its own (intra-class correlation 0.1) and keeps it; most are seldom
    active.
    """
    spread = 1 / 0.1 - 1
    own = [random.beta(rate * spread, (1 - rate) * spread, phones) for rate in rates]
    # A phone that is bad in one release is bad in the other.
    own[1] = np.sort(own[1])[np.argsort(np.argsort(own[0]))]
    per_look = random.gamma(0.6, 3.0, phones)
    comes = random.integers(0, looks, phones)
    upgrades = np.where(random.random(phones) < 0.3, random.integers(0, looks, phones), looks)
    counts = np.zeros((4, phones))
    for look in range(looks):
        made = random.poisson(per_look) * (comes <= look)
        for place, mine in ((0, made * (upgrades > look)), (2, made * (upgrades <= look))):
            counts[place] += random.binomial(mine, own[place // 2])
            counts[place + 1] += mine
        yield counts


def standard_error(counts: Counts) -> float:
    """Of the change, by what each phone adds to it."""
    k_a, n_a, k_b, n_b = counts
    p_a, p_b = k_a.sum() / n_a.sum(), k_b.sum() / n_b.sum()
    added = (k_b - p_b * n_b) / n_b.sum() - (k_a - p_a * n_a) / n_a.sum()
    return float(np.sqrt(np.sum(added**2)))


@pytest.mark.parametrize("rates", [(0.2, 0.2), (0.2, 0.26)], ids=["alike", "worse"])
def test_the_interval_covers_the_truth_at_every_look(rates: tuple[float, float]) -> None:
    """Where one made for a single look often does not: that is why it is not taken."""
    random = np.random.default_rng(7)
    truth, fleets = rates[1] - rates[0], 120
    missed = missed_by_single = 0
    for _ in range(fleets):
        misses, singles, said = 0, 0, 0
        for counts in fleet(random, 1000, 14, rates):
            found = change("fallback_rate", sums(*counts))
            if found.low is None or found.high is None or found.change is None:
                continue
            said += 1
            misses += not found.low <= truth <= found.high
            singles += abs(found.change - truth) > 1.96 * standard_error(counts)
        assert said > 5
        missed, missed_by_single = missed + bool(misses), missed_by_single + bool(singles)
    assert missed / fleets <= 0.05
    assert missed_by_single / fleets > 0.10


def by_hand(rate_a: float, rate_b: float, phones: int, each: int = 10) -> Sums:
    """Phones of one release alone, half of them of each, that all do as the rate says."""
    half = phones // 2
    of_a, of_b = np.repeat([1.0, 0.0], half), np.repeat([0.0, 1.0], half)
    random = np.random.default_rng(1)
    k_a, k_b = (random.binomial(each, rate, 2 * half) for rate in (rate_a, rate_b))
    return sums(k_a * of_a, each * of_a, k_b * of_b, each * of_b)


@pytest.mark.parametrize(
    ("name", "before", "after", "finding"),
    [
        ("fallback_rate", 0.10, 0.30, "worse"),
        ("fallback_rate", 0.30, 0.10, "better"),
        ("offline_coverage", 0.9, 0.6, "worse"),
        ("offline_coverage", 0.6, 0.9, "better"),
        ("error_rate", 0.0, 0.0, "same"),
        ("fallback_rate", 0.0, 0.0, "same"),
        ("fallback_rate", 1.0, 1.0, "same"),
    ],
)
def test_a_change_is_called_by_what_it_means(
    name: Any, before: float, after: float, finding: str
) -> None:
    found = change(name, by_hand(before, after, 4000))
    assert (found.finding, found.missing) == (finding, None)
    assert found.low is not None and found.high is not None and found.change is not None
    assert found.low < found.change < found.high


def test_swapping_the_releases_flips_the_change_and_its_interval() -> None:
    random = np.random.default_rng(3)
    k_a, n_a, k_b, n_b = random.integers(0, 4, (4, 300)).astype(float)
    n_a, n_b = n_a + k_a, n_b + k_b
    there, back = (
        change("fallback_rate", sums(*counts))
        for counts in ((k_a, n_a, k_b, n_b), (k_b, n_b, k_a, n_a))
    )
    assert (there.before, there.after) == (back.after, back.before)
    assert None not in (there.low, there.high, there.change)
    assert (there.low, there.high, there.change) == pytest.approx(
        (-back.high, -back.low, -back.change)  # type: ignore[operator]
    )


def test_the_variance_is_that_of_installations_drawn_again() -> None:
    """Phones in both releases included: against a bootstrap over installations."""
    random = np.random.default_rng(5)
    own = random.beta(2, 8, 1500)
    n_a, n_b = random.poisson(4, (2, 1500))
    k_a, k_b = random.binomial(n_a, own), random.binomial(n_b, own)
    one = change("fallback_rate", sums(*(x.astype(float) for x in (k_a, n_a, k_b, n_b))))
    drawn = random.integers(0, 1500, (400, 1500))
    again = k_b[drawn].sum(1) / n_b[drawn].sum(1) - k_a[drawn].sum(1) / n_a[drawn].sum(1)
    assert one.low is not None and one.high is not None
    half = (one.high - one.low) / 2
    assert half == pytest.approx(half_width(float(again.var()), one.least), rel=0.12)


def test_below_the_least_sample_nothing_is_said_and_what_is_missing_is() -> None:
    few = change("fallback_rate", by_hand(0.0, 1.0, 2 * (LEAST_INSTALLATIONS - 1)))
    assert (few.finding, few.low, few.high) == ("too few", None, None)
    assert few.change == 1.0
    assert few.missing is not None and few.missing.startswith("49 installations of")
    nobody = {field.name: 0.0 for field in fields(Sums)} | {"weight": 1.0}
    none = change("offline_coverage", Sums(**nobody))
    assert (none.change, none.before.rate, none.installations_needed) == (None, None, None)
    assert none.finding == "too few"


def test_a_few_phones_with_errors_are_no_proof() -> None:
    found = change("error_rate", by_hand(0.0, 0.001, 1200))
    assert found.finding == "open"


def test_as_many_installations_as_it_asks_for_are_enough() -> None:
    small = change("fallback_rate", by_hand(0.2, 0.2, 400))
    assert small.finding == "open" and small.installations_needed is not None
    assert small.installations < small.installations_needed
    large = change("fallback_rate", by_hand(0.2, 0.2, small.installations_needed))
    assert large.low is not None and large.high is not None
    assert (large.high - large.low) / 2 == pytest.approx(large.least, rel=0.1)
