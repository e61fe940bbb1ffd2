"""Finds in text what nobody meant to send: mail addresses, tokens of known makers, long numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# RE2, from what the makers of tokens write about them.
_PATTERNS: Mapping[str, str] = {
    "email": r"(?i)[a-z0-9._%+\-]{1,64}(?:@|%40|\\u0040|＠)(?:[a-z0-9\-]{1,63}\.)+[a-z]{2,63}",
    "jwt": r"\beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]*",
    "authorization": r"(?i)\b(?:bearer|basic|digest|token)\s+[A-Za-z0-9\-._~+/]{16,}=*",
    "aws_access_key": r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}\b",
    "google_api_key": r"\bAIza[0-9A-Za-z_\-]{35}",
    "github_token": r"(?i)\b(?:gh[pousr]_[0-9a-z]{36,251}|github_pat_[0-9a-z_]{82})\b",
    "slack_token": r"\b(?:xox[abeoprs]-[0-9A-Za-z\-]{10,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+)",
    "ai_key": r"\bsk-(?:ant-|proj-|svcacct-|admin-)?[A-Za-z0-9_\-]{20,}|\bhf_[A-Za-z]{30,}\b",
    "stripe_key": r"\b(?:sk|rk)_(?:test|live|prod)_[A-Za-z0-9]{10,99}\b",
    "private_key": (
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
        r"(?:[A-Za-z0-9+/=\s]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|[\s\S]*)"
    ),
    "url_password": r"(?i)\b[a-z][a-z0-9+.\-]{1,15}://[^\s/:@?#]*:[^\s/@?#]+@",
    "phone": (
        r"(?:^|[^\w+])\+[1-9](?:[ .\-/()]{0,2}\d){7,14}\b"
        r"|(?:\([2-9]\d{2}\) ?|\b[2-9]\d{2}[\-.])[2-9]\d{2}[\-.]\d{4}\b"
    ),
    "iban": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "mac": r"(?i)\b(?:[0-9a-f]{2}[:\-]){5}[0-9a-f]{2}\b",
}
# What stands for somebody or opens something, though nobody can say what it is.
_OPAQUE = (
    r"\d{9,}|(?:\d[ .\-]?){12,}|[0-9a-fA-F]{17,}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}"
    r"|\b\d{3}-\d{2}-\d{4}\b|\d\.\d{4,}[ ,;]+-?\d{1,3}\.\d{4}|\d{4}(?:[ \-]\d{4}){2,}"
)
_RUN = re.compile(r"[A-Za-z0-9]{14,}")
# Of a random run of letters and digits more neighbours than this are of different classes; of
# words, written together or not, fewer.
_RANDOM = 0.36


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
        found = _matches(values, "|".join(f"(?:{pattern})" for pattern in patterns))
        if strict:
            found |= np.array([_holds_token(value) for value in values.to_pylist()], dtype=bool)
        return found


def _matches(values: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    matched = pc.match_substring_regex(values, pattern)
    found: npt.NDArray[np.bool_] = matched.to_numpy(zero_copy_only=False).copy()
    return found


def _holds_token(value: str) -> bool:
    for run in _RUN.findall(value):
        classes = [0 if c.isdigit() else 1 if c.islower() else 2 for c in run]
        changes = sum(one != other for one, other in pairwise(classes))
        if changes > _RANDOM * (len(run) - 1):
            return True
    return False
