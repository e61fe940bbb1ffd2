"""Values of names, labels and versions that nobody can read: what stands for somebody or opens
something, though nobody can say what it is.
"""

import re
from itertools import pairwise

from collector.detect.evasions import ENCODED_TEXT

# What may be opaque, for RE2.
SUSPICIOUS = r"\d{9}|(?:\d[ .\-_/,:]{0,2}){12}|\d[ \-/)_]+\d|[A-Za-z0-9_\-+/]{14}"

_NUMBER = re.compile(r"\d{9,}|(?:\d[ .\-_/,:]{0,2}){11,}\d")
_SSN = re.compile(r"(?<![\d.])\d{3}([ _/])\d{2}\1\d{4}(?!\d)")
_ENCODED = re.compile(rf"[0-9a-fA-F]{{16,}}|\b[0-7][0-9A-HJKMNP-TV-Z]{{25}}\b|{ENCODED_TEXT}")
_NATIONAL_PHONE = re.compile(r"(?<![\w.\-])\(?0\d{1,4}\)?[ \-/]\d{3,}(?:[ \-/]?\d{2,})*(?!\w)")
_RUN = re.compile(r"[A-Za-z0-9]{14,}")
_JOINED = re.compile(r"[A-Za-z0-9_\-]{20,}")
# Of a random run of letters and digits more neighbours than this are of different classes; of
# words, written together or not, fewer.
_RANDOM = 0.36
# Parts of a name are shorter, on average, than what a separator leaves of a random run.
_PART = 5

_DAY = r"20[1-3]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_DATE = re.compile(rf"{_DAY}(?:[01]\d|2[0-3])?(?:[0-5]\d){{0,2}}")
_DATED_VERSION = re.compile(rf"\d{{1,3}}(?:\.\d{{1,3}}){{1,3}}[.\-_]{_DAY}")
_EPOCH_SECONDS = re.compile(r"1[4-9]\d{8}")
_DOTTED = re.compile(r"\d{1,5}(?:\.\d{1,5}){1,4}")
_VERSION = re.compile(r"version|build|release|revision", re.IGNORECASE)


def is_opaque(value: str, field: str) -> bool:
    """Whether the value of `field` holds a long number, a telephone's, or random characters."""
    return bool(
        _ENCODED.search(value)
        or _NATIONAL_PHONE.search(value)
        or _SSN.search(value)
        or any(not _is_date_or_version(number, field) for number in _NUMBER.findall(value))
        or any(_is_random(run) for run in _RUN.findall(value))
        or any(_is_joined_random(run) for run in _JOINED.findall(value))
    )


def _is_date_or_version(number: str, field: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return bool(
        _DATE.fullmatch(digits)
        or _DOTTED.fullmatch(number)
        or _DATED_VERSION.fullmatch(number)
        or (_EPOCH_SECONDS.fullmatch(number) and _VERSION.search(field))
    )


def _is_random(run: str) -> bool:
    classes = [0 if c.isdigit() else 1 if c.islower() else 2 for c in run]
    changes = sum(one != other for one, other in pairwise(classes))
    return changes > _RANDOM * (len(run) - 1)


def _is_joined_random(run: str) -> bool:
    parts = [part for part in re.split(r"[_\-]", run) if part]
    joined = "".join(parts)
    mixed = all(any(test(c) for c in joined) for test in (str.isdigit, str.islower, str.isupper))
    return mixed and len(joined) >= _PART * len(parts) and _is_random(joined)
