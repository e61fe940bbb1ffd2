"""One request per installation, and which installations are held out: by seeded hash."""

import numpy as np
from numpy.typing import NDArray

from replay.ordering import ascending

SAMPLE_SEED = 1
THINNING_SEED = 2
SPLIT_SEED = 3
HELD_OUT = 0.2
# More of them sharpen no threshold that anybody could tell apart: at an error of 5 % the standard
# error of 20,000 is 0.15 %.
MOST_INSTALLATIONS = 20_000

Numbers = NDArray[np.uint64]


def thinned(case: Numbers, chance: NDArray[np.float64], seed: int) -> NDArray[np.bool_]:
    """Which of the cases stay so that each was known with the lowest `chance` of them all.

    All chances are above 0.
    """
    kept: NDArray[np.bool_] = uniform(case, seed + THINNING_SEED) * chance < chance.min()
    return kept


def one_per_installation(
    case: Numbers, installation: Numbers, rows: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Of `rows`, one per installation, drawn whatever their order; of MOST_INSTALLATIONS at most,
    ascending."""
    owner = installation[rows]
    order = ascending(owner)
    rows, owner = rows[order], owner[order]
    draw = uniform(case[rows], seed + SAMPLE_SEED)
    if len(rows) == 0:
        return rows
    starts = np.flatnonzero(_first(owner))
    least = draw == np.repeat(
        np.minimum.reduceat(draw, starts), np.diff(np.append(starts, len(rows)))
    )
    chosen = rows[least][_first(owner[least])]
    if len(chosen) > MOST_INSTALLATIONS:
        chosen = chosen[np.argsort(uniform(case[chosen], seed))[:MOST_INSTALLATIONS]]
    return np.sort(chosen)


def _first(owner: Numbers) -> NDArray[np.bool_]:
    """Where in sorted numbers each begins."""
    return np.append(True, owner[1:] != owner[:-1])


def held_out(installation: Numbers, seed: int) -> NDArray[np.bool_]:
    """Which installations only help to say where to test, in whichever of their requests."""
    out: NDArray[np.bool_] = uniform(installation, seed + SPLIT_SEED) < HELD_OUT
    return out


def uniform(number: Numbers, seed: int) -> NDArray[np.float64]:
    """A share in [0, 1) per number, the same each time: SplitMix64 (Steele, Lea, Flood 2014)."""
    start = np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    mixed = number * np.uint64(0x9E3779B97F4A7C15) + start
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    share: NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return share
