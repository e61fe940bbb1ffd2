"""Values that fit an open grammar, a name or a label, and may still hold what they should not."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from collector.detect import Detectors
from collector.redaction.judged import FAILED, MISFIT, Note, Verdict
from collector.redaction.routes import clean_parts, clean_path, clean_span_name, names

# What hits that no detector names: a long number, a token, an id.
OPAQUE = "opaque"
_OPAQUE: Note = (OPAQUE, "drop")


class Screen:
    """Judges values by their grammar and the detectors at their strictest."""

    def __init__(self, detectors: Detectors) -> None:
        self._detectors = detectors

    def refusals(self, values: Sequence[str], field: str) -> list[Note | None]:
        """For each value what refuses it, None where nothing does. Fails closed."""
        if not values:
            return []
        texts = pa.array(values, pa.string())
        try:
            hit = self._detectors.hits(texts, field, strict=True)
            said = [_OPAQUE if one else None for one in hit.tolist()]
            if hit.any():
                for name, found in self._detectors.scan(texts, field).found.items():
                    note = (name, "drop")
                    said = [note if f and s else s for f, s in zip(found, said, strict=True)]
        except Exception:
            return [FAILED] * len(values)
        return said

    def judge(self, values: Sequence[str | None], field: str, regex: str) -> list[Verdict]:
        """Each of `values` where it matches `regex` and nothing is found in it."""
        fits = pc.match_substring_regex(pa.array(values, pa.string()), regex).to_pylist()
        good = [v if v and fit else None for v, fit in zip(values, fits, strict=True)]
        return self.verdicts(good, field)

    def verdicts(self, values: Sequence[str | None], field: str) -> list[Verdict]:
        """Each of `values` in which nothing is found; None is one that does not fit."""
        good = [value for value in values if value is not None]
        refused = iter(self.refusals(good, field))
        return [
            (None, (MISFIT,))
            if value is None
            else (None, (note,))
            if (note := next(refused))
            else (value, ())
            for value in values
        ]

    def judge_paths(self, values: Sequence[str], field: str, regex: str) -> list[Verdict]:
        """Paths, cleaned: a part in which something is found becomes an id."""
        return self.judge(self._without_ids([clean_path(v) for v in values], field), field, regex)

    def judge_span_names(self, values: Sequence[str], field: str, regex: str) -> list[Verdict]:
        """Names of spans, with their paths cleaned."""
        cleaned = [clean_span_name(value) for value in values]
        return self.judge(self._without_ids(cleaned, field), field, regex)

    def _without_ids(self, paths: Sequence[str | None], field: str) -> list[str | None]:
        words = {word for path in paths if path and "/" in path for word in path.split(" ")}
        parts = sorted({part for word in words if "/" in word for part in names(word)})
        refused = self.refusals(parts, field)
        ids = {part for part, by in zip(parts, refused, strict=True) if by}
        if not ids:
            return list(paths)
        return [
            path
            and " ".join(
                clean_parts(word, ids) if "/" in word else word for word in path.split(" ")
            )
            for path in paths
        ]
