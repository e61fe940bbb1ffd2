"""Down to which threshold answers are known: below a stretch of which none is, nothing is."""

import math

import numpy as np
from numpy.typing import NDArray

# How often a stretch may be taken for one that nobody looked at though it is so by chance.
MISTAKEN = 0.001


def evident(known: NDArray[np.bool_], least_chance: float) -> int:
    """How many of the cases, ranked from the highest confidence down, rest on known answers.

    They end where a run of cases begins of which none is `known` and which is longer than chance
    would make it, were each known with `least_chance` (0 to 1] at least; at the latest with the
    last known one. An error among accepted cases that reaches into such a run says nothing of the
    part that nobody looked at.
    """
    if not known.any():
        return 0
    longest = 0
    if least_chance < 1:
        tries = max(len(known) * least_chance, 1)
        longest = math.ceil(math.log(MISTAKEN / tries) / math.log1p(-least_chance))
    # Places count from 1, so that what lies before the first known one is a run too.
    places = np.flatnonzero(np.append(True, known))
    blind = np.flatnonzero(np.diff(places) - 1 > longest)
    return int(places[blind[0] if len(blind) else -1])
