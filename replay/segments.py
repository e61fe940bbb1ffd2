"""The parts of a fleet that are looked at by themselves."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from replay.references import Judged

DIMENSIONS = ("os", "device_model", "release")
# A segment of fewer would say of single installations how often they are wrong.
LEAST_INSTALLATIONS = 20
OTHERS = "others"
MOST_VALUES = 8


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The cases of one value of a dimension: `rows` bool [n] over the scored cases."""

    dimension: str
    value: str
    rows: NDArray[np.bool_]


def segments(scored: pa.Table, judged: Judged) -> Iterator[Segment]:
    """Those of `scored` (see `references.scored_cases`), the largest first.

    A dimension has MOST_VALUES values at most; the rest of them, and what has too few
    installations to stand alone, are `others` together, where these are enough.
    """
    for dimension in DIMENSIONS:
        column = pc.fill_null(scored[dimension], "unknown").combine_chunks().dictionary_encode()
        codes, values = column.indices.to_numpy(), column.dictionary.to_pylist()
        if len(values) < 2:
            continue
        sizes = _installations(codes, judged)
        largest = np.argsort(-sizes, kind="stable")[:MOST_VALUES]
        alone = largest[sizes[largest] >= LEAST_INSTALLATIONS]
        for number in alone.tolist():
            yield Segment(dimension=dimension, value=values[number], rows=codes == number)
        rest = ~np.isin(codes, alone)
        if len(np.unique(judged.installation[rest])) >= LEAST_INSTALLATIONS:
            yield Segment(dimension=dimension, value=OTHERS, rows=rest)


def _installations(codes: NDArray[np.int32], judged: Judged) -> NDArray[np.int64]:
    """The number of installations of each code from 0 up."""
    groups = pa.table({"code": codes, "of": judged.installation}).group_by("code")
    counted = groups.aggregate([("of", "count_distinct")]).sort_by("code")
    sizes: NDArray[np.int64] = counted["of_count_distinct"].to_numpy()
    return sizes
