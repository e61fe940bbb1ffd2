"""The change of a rate between two releases, with an interval that may be looked at repeatedly.

A confidence sequence covers the true change at every look at once with 95 %, where an interval for
one look would be wrong at one of them far more often. This is the asymptotic one of Waudby-Smith,
Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences" (Annals of Statistics 52(6), 2024, Theorem 2.2), in the time that variance measures.
Phones repeat themselves, and some are in both releases, so the variance is that of a ratio summed
over installations (Kish 1965), the covariance of the two releases included.
"""

import math
from dataclasses import dataclass

from collector.contract.releases import Finding, RateChange, RateName, Side

ALPHA = 0.05
# Below these an asymptotic interval is none: installations of a release; installations with an
# event, and with its opposite, in both together.
LEAST_INSTALLATIONS = 50
LEAST_WITH_EVENTS = 10

# The change that matters.
LEAST_CHANGE: dict[RateName, float] = {
    "fallback_rate": 0.02,
    "offline_coverage": 0.05,
    "error_rate": 0.005,
}
_BETTER_HIGH = ("offline_coverage",)
_LEVEL = -2 * math.log(ALPHA)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """Sums over installations of a rate's events k and requests n, before (`a`) and after (`b`).

    `m` counts installations with n > 0; `both` those in either release, `some` those of them with
    an event, `others` those with a request that was none. Of a sample of installations, each stands
    for `weight` of them: k and n are of all, all else is estimated.
    """

    m_a: float
    k_a: float
    n_a: float
    kk_a: float
    kn_a: float
    nn_a: float
    m_b: float
    k_b: float
    n_b: float
    kk_b: float
    kn_b: float
    nn_b: float
    kk_ab: float
    kn_ab: float
    nk_ab: float
    nn_ab: float
    both: float
    some: float
    others: float
    weight: float = 1.0


def change(name: RateName, sums: Sums) -> RateChange:
    """How the rate changed, how surely, and what is missing to say."""
    least = LEAST_CHANGE[name]
    before = _side(sums.k_a, sums.n_a, sums.m_a)
    after = _side(sums.k_b, sums.n_b, sums.m_b)
    moved = low = high = needed = None
    missing = _missing(before, after, sums.weight)
    if before.rate is not None and after.rate is not None:
        moved = after.rate - before.rate
        variance = _variance(sums, before.rate, after.rate)
        if missing is None:
            half = half_width(variance, least)
            low, high = max(-1.0, moved - half), min(1.0, moved + half)
        if min(sums.m_a, sums.m_b) > 1:
            needed = math.ceil(sums.both * variance / _tightest(least))
    return RateChange(
        name=name,
        before=before,
        after=after,
        change=moved,
        low=low,
        high=high,
        finding=_finding(name, low, high, least, min(sums.some, sums.others) / sums.weight),
        missing=missing,
        least=least,
        installations=int(sums.both),
        installations_needed=needed,
    )


def half_width(variance: float, least: float) -> float:
    """Half the width of the confidence sequence where the change has this variance.

    It is tuned to be tightest, relative to an interval for one look, when it is ±`least` wide.
    """
    ratio = _best() * _tightest(least) / variance
    return math.sqrt(variance * (1 + 1 / ratio) * (math.log(1 + ratio) + _LEVEL))


def _best() -> float:
    """The ratio of information to the mixture's at which the sequence is tightest."""
    found = _LEVEL
    for _ in range(50):
        found = math.log(1 + found) + _LEVEL
    return found


def _tightest(least: float) -> float:
    """The variance at which the sequence is ±`least` wide: there its factor is √(best + 1)."""
    return least * least / (_best() + 1)


def _side(events: float, requests: float, installations: float) -> Side:
    return Side(
        requests=int(requests),
        events=int(events),
        installations=int(installations),
        rate=events / requests if requests else None,
    )


def _variance(s: Sums, before: float, after: float) -> float:
    one = _within(s.m_a, before, s.kk_a, s.kn_a, s.nn_a, s.n_a)
    other = _within(s.m_b, after, s.kk_b, s.kn_b, s.nn_b, s.n_b)
    shared = s.kk_ab - after * s.kn_ab - before * s.nk_ab + before * after * s.nn_ab
    # Rounding, and phones in both releases, must not make more covariance than there can be.
    return max(one + other - 2 * shared / (s.n_a * s.n_b), 1e-3 * (one + other))


def _within(m: float, p: float, kk: float, kn: float, nn: float, n: float) -> float:
    """Variance of a release's rate, never below that of independent requests.

    At 0 or 1, where none can be seen, every installation counts once, an event and its opposite
    added.
    """
    if p in (0.0, 1.0) or m < 2:
        added = 1 / (m + 2)
        return added * (1 - added) / (m + 2)
    return max(m / (m - 1) * (kk - 2 * p * kn + p * p * nn) / (n * n), p * (1 - p) / n)


def _missing(before: Side, after: Side, weight: float) -> str | None:
    few, least = min(before.installations, after.installations), int(LEAST_INSTALLATIONS * weight)
    if few >= least:
        return None
    which = "the older release" if before.installations == few else "the newer release"
    # Told in steps, a few of them are none.
    told = f"{few:,}" if few or not min(before.requests, after.requests) else "hardly any"
    return f"{told} installations of {which}, and {least:,} are the least"


def _finding(
    name: RateName, low: float | None, high: float | None, least: float, telling: float
) -> Finding:
    if low is None or high is None:
        return "too few"
    if (low > 0 or high < 0) and telling >= LEAST_WITH_EVENTS:
        return "better" if (low > 0) == (name in _BETTER_HIGH) else "worse"
    return "same" if -least <= low and high <= least else "open"
