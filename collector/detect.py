"""Finds in text what nobody meant to send: mail addresses, tokens of known makers, long numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# RE2.
_PATTERNS: Mapping[str, str] = {
    "email": r"(?i)[a-z0-9._%+\-]{1,64}(?:@|%40)(?:[a-z0-9\-]{1,63}\.)+[a-z]{2,63}",
    "aws_access_key": r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}\b",
    "github_token": r"\b(?:gh[pousr]_[0-9A-Za-z]{36,251}|github_pat_[0-9A-Za-z_]{82})\b",
    "jwt": r"\beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]*",
}
_OPAQUE = (
    r"\d{9,}|(?:\d[ .\-]?){12,}|[0-9a-fA-F]{17,}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}"
    r"|(?:[0-9a-fA-F]{2}[:\-]){5}"
)


@dataclass(frozen=True, slots=True)
class Scan:
    """`values` with what was found replaced by `[detector]`; `found`: which values held what."""

    values: pa.Array
    found: Mapping[str, npt.NDArray[np.bool_]]


class Detectors:
    """Safe to use from any thread."""

    def scan(self, values: pa.StringArray, field: str) -> Scan:
        """Looks at distinct values of the attribute `field`."""
        found = {}
        for name, pattern in _PATTERNS.items():
            hits = _matches(values, pattern)
            if hits.any():
                found[name] = hits
                values = pc.replace_substring_regex(values, pattern, f"[{name}]")
        return Scan(values, found)

    def hits(self, values: pa.StringArray, field: str, *, strict: bool) -> npt.NDArray[np.bool_]:
        """Which values hold anything; if `strict`, long numbers and opaque tokens too."""
        patterns = [*_PATTERNS.values(), *([_OPAQUE] if strict else [])]
        return _matches(values, "|".join(f"(?:{pattern})" for pattern in patterns))


def _matches(values: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.match_substring_regex(values, pattern).to_numpy(
        zero_copy_only=False
    )
    return found
