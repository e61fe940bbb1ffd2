"""The values of one field, each judged once: most are the same from group to group."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from collector.decode import Indices
from collector.detect import ERROR

# What found something, and what was done then.
Note = tuple[str, str]
# What is kept of a value, None where nothing is, and what was done to it.
Verdict = tuple[str | None, tuple[Note, ...]]
Judge = Callable[[Sequence[str]], Sequence[Verdict]]
# The rows to whose values it was done.
Noted = Mapping[Note, Indices]

REMEMBERED_VALUES = 10_000
_VALUE_CHARACTERS = 512

MISFIT: Note = ("form", "drop")
FAILED: Note = (ERROR, "drop")


class Judged:
    """Remembers what `judge` said of each value. Used from one thread."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._whole: set[str] = set()
        self._others: dict[str, Verdict] = {}

    def of(self, text: pa.Array) -> tuple[pa.Array, Noted]:
        """What is kept of each of `text` (strings, with nulls), as a dictionary."""
        encoded = text.dictionary_encode()
        values = encoded.dictionary.to_pylist()
        if self._whole.issuperset(values):
            return encoded, {}
        verdicts = self._verdicts(values)
        kept = sorted({value for value, _ in verdicts if value is not None})
        number = {value: n for n, value in enumerate(kept)}
        numbers = [-1 if value is None else number[value] for value, _ in verdicts]
        codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        fresh = np.array([*numbers, -1], dtype=np.int32)[codes]
        column = pa.DictionaryArray.from_arrays(
            pa.array(fresh, mask=fresh < 0), pa.array(kept, pa.string())
        )
        noted: dict[Note, list[int]] = {}
        for n, (_, notes) in enumerate(verdicts):
            for note in notes:
                noted.setdefault(note, []).append(n)
        return column, {note: np.flatnonzero(np.isin(codes, at)) for note, at in noted.items()}

    def _verdicts(self, values: Sequence[str]) -> list[Verdict]:
        said: dict[str, Verdict] = {value: (value, ()) for value in values if value in self._whole}
        said |= {value: self._others[value] for value in values if value in self._others}
        if unknown := [value for value in values if value not in said]:
            judged = dict(zip(unknown, self._judge(unknown), strict=True))
            self._remember(judged)
            said |= judged
        return [said[value] for value in values]

    def _remember(self, judged: Mapping[str, Verdict]) -> None:
        if len(self._whole) + len(self._others) > REMEMBERED_VALUES:
            self._whole.clear()
            self._others.clear()
        for value, verdict in judged.items():
            if len(value) > _VALUE_CHARACTERS:
                continue
            if verdict == (value, ()):
                self._whole.add(value)
            # What failed may work the next time.
            elif FAILED not in verdict[1]:
                self._others[value] = verdict
