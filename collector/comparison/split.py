"""Why the fallback rate moved: its change split into mix and behaviour, without a residual.

Mix is who asks and for what (device model, OS, network, feature); behaviour is what a release does
with the same kind of request (threshold; model, with all else that ships with it). A factor's part
is its Shapley value (Shapley 1953; of rates: Das Gupta 1993, Shorrocks 2013): what its going from
the older release to the newer one changes, averaged over all orders in which the factors can go.
The rate with some factors of the newer release and the others of the older one is

- for the mix: requests of either release, weighted so that some factors are distributed as in the
  other and the rest follows from them as at home. The two ways there are averaged, so that
  swapping the releases flips every sign; a factor without an effect that moved independently of
  the others, and one that did not move, get nothing;
- for the model: the decisions of the one or the other;
- for the threshold: a release's own, or the other's held against the confidence on each span.

Kinds of requests that only one release has cannot be held against any: what they do to the rate of
their release is a part of its own.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from collector.contract.releases import Part, Split, Where

MIX = ("device_model", "os", "network", "feature")
THRESHOLD, MODEL, ONLY_ONE = "threshold", "model", "only in one release"
FACTORS = (*MIX, THRESHOLD, MODEL)
# All others count as one.
MOST_DEVICE_MODELS = 12
_OTHERS = "other"
# A value that holds so much of the change of behaviour, and more than its requests do, is named.
_MOST, _MORE = 0.5, 0.1
_NAMED = ("os", "feature")

Floats = npt.NDArray[np.float64]
Kind = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Attempted requests of one release and one kind, a value for each of MIX.

    `other` of them would have fallen back under the other release's threshold; for `unjudged`
    nobody can tell, and they are counted as they were.
    """

    newer: bool
    kind: Kind
    requests: float
    fallbacks: float
    other: float
    unjudged: float


@dataclass(frozen=True, slots=True)
class _Release:
    """Counts by kind: requests, fallbacks, and those under the other release's threshold."""

    requests: Floats
    fallbacks: Floats
    other: Floats

    @property
    def rate(self) -> float:
        return float(self.fallbacks.sum() / self.requests.sum())

    @property
    def weights(self) -> Floats:
        found: Floats = self.requests / self.requests.sum()
        return found

    def of(self, kept: npt.NDArray[np.bool_]) -> "_Release":
        return _Release(self.requests[kept], self.fallbacks[kept], self.other[kept])


def split(cells: Sequence[Cell]) -> Split | None:
    """The change in parts; None where a release attempted nothing."""
    kinds, all_before, all_after = _by_kind(cells)
    if not (all_before.requests.any() and all_after.requests.any()):
        return None
    matched = (all_before.requests > 0) & (all_after.requests > 0)
    before, after = all_before.of(matched), all_after.of(matched)
    change = all_after.rate - all_before.rate
    parts: list[Part] = []
    where: list[Where] = []
    left = change
    if matched.any():
        kinds = [kind for kind, kept in zip(kinds, matched, strict=True) if kept]
        values = _values(before, after, kinds)
        left = (all_after.rate - after.rate) - (all_before.rate - before.rate)
        parts = [_part(factor, values, cells) for factor in FACTORS]
        where = [found for name in _NAMED if (found := _most(name, before, after, kinds))]
    return Split(
        change=change,
        parts=(*parts, Part(factor=ONLY_ONE, kind="unmatched", change=left)),
        where=tuple(where),
        matched_before=float(before.requests.sum() / all_before.requests.sum()),
        matched_after=float(after.requests.sum() / all_after.requests.sum()),
    )


def _by_kind(cells: Sequence[Cell]) -> tuple[list[Kind], _Release, _Release]:
    devices: dict[str, float] = defaultdict(float)
    for cell in cells:
        devices[cell.kind[0]] += cell.requests
    ranked = sorted(devices, key=lambda name: (-devices[name], name))
    kept = {name: name for name in ranked[:MOST_DEVICE_MODELS]}
    named = [(kept.get(cell.kind[0], _OTHERS), *cell.kind[1:]) for cell in cells]
    kinds = sorted(set(named))
    place = {kind: at for at, kind in enumerate(kinds)}
    counts = np.zeros((2, 3, len(kinds)))
    for cell, kind in zip(cells, named, strict=True):
        counts[int(cell.newer), :, place[kind]] += (cell.requests, cell.fallbacks, cell.other)
    return kinds, _Release(*counts[0]), _Release(*counts[1])


def _values(
    before: _Release, after: _Release, kinds: Sequence[Kind]
) -> Mapping[frozenset[str], float]:
    """The rate for each set of factors that are as in the newer release."""
    columns = [np.unique(column, return_inverse=True)[1] for column in zip(*kinds, strict=True)]
    rates = {
        (): before.fallbacks / before.requests,
        (THRESHOLD,): before.other / before.requests,
        (MODEL,): after.other / after.requests,
        (THRESHOLD, MODEL): after.fallbacks / after.requests,
    }
    found = {}
    for moved in _subsets(MIX):
        inside = [columns[MIX.index(name)] for name in moved]
        outside = [columns[MIX.index(name)] for name in MIX if name not in moved]
        weights = (
            _following(before.weights, after.weights, inside)
            + _following(after.weights, before.weights, outside)
        ) / 2
        for behaviour, rate in rates.items():
            found[frozenset((*moved, *behaviour))] = math.fsum(weights * rate)
    return found


def _following(own: Floats, others: Floats, columns: Sequence[npt.NDArray[np.intp]]) -> Floats:
    """`own` weights, made to be distributed over `columns` together as `others` are."""
    if not columns:
        return own
    _, groups = np.unique(np.stack(columns), axis=1, return_inverse=True)
    groups = groups.reshape(-1)
    return own * (np.bincount(groups, others) / np.bincount(groups, own))[groups]


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    sizes = range(len(names) + 1)
    return [found for size in sizes for found in itertools.combinations(names, size)]


def _part(factor: str, values: Mapping[frozenset[str], float], cells: Sequence[Cell]) -> Part:
    rest = [name for name in FACTORS if name != factor]
    change = math.fsum(
        (values[frozenset((*moved, factor))] - values[frozenset(moved)])
        / (len(FACTORS) * math.comb(len(rest), len(moved)))
        for moved in _subsets(rest)
    )
    return Part(
        factor=factor,
        kind="mix" if factor in MIX else "behaviour",
        change=change,
        unsure=_unsure(cells) if factor == THRESHOLD else None,
    )


def _unsure(cells: Sequence[Cell]) -> str | None:
    unjudged = sum(cell.unjudged for cell in cells)
    if not unjudged:
        return None
    share = unjudged / sum(cell.requests for cell in cells)
    return (
        f"{share:.1%} of requests have no confidence or no threshold on their spans: "
        "what another threshold did to them stands under the model"
    )


def _most(dimension: str, before: _Release, after: _Release, kinds: Sequence[Kind]) -> Where | None:
    """The value in which most of the change of behaviour happens, where one stands out."""
    weights = (before.weights + after.weights) / 2
    moved = weights * (after.fallbacks / after.requests - before.fallbacks / before.requests)
    names, groups = np.unique([kind[MIX.index(dimension)] for kind in kinds], return_inverse=True)
    total = math.fsum(moved)
    if abs(total) < 1e-9:
        return None
    shares = np.bincount(groups, moved) / total
    requests = np.bincount(groups, weights)
    best = int(np.argmax(shares))
    if shares[best] < max(_MOST, requests[best] + _MORE):
        return None
    return Where(
        dimension=dimension,
        value=str(names[best]),
        share=float(shares[best]),
        requests=float(requests[best]),
    )
