"""Paths, the names of spans, and URLs: cleaned by rule, so that an id in one costs only the id.

A part of a path that is an id, or looks like anything but a name, becomes `{id}`. Scheme, user and
host go, a query and a fragment too.
"""

import re
from collections.abc import Iterable

from collector.contract.attributes import LONG_NUMBER
from collector.redaction.hosts import Hosts

ID = "{id}"
HOST = "{host}"
VALUE = "{value}"

_PATH_CHARACTERS = 128
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://([^/?#\s]*)")
_TAIL = re.compile(r"[?#].*", re.DOTALL)
_PARAMETER = re.compile(
    r"\{[A-Za-z_*][A-Za-z0-9_.\-*]{0,31}\}|:[A-Za-z_][A-Za-z0-9_]{0,31}|\*{1,2}"
)
_NAME = re.compile(r"[A-Za-z0-9_.\-~]*[A-Za-z_][A-Za-z0-9_.\-~]*(?::[A-Za-z]+)?")
_NAME_CHARACTERS = 40
_LONG_NUMBER = re.compile(LONG_NUMBER)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{8,}", re.IGNORECASE)
_URL = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.\-]{0,15}://)(?:[^/?#]*@)?([^/?#]*?)(:[0-9]{1,5})?(?=[/?#]|$))?"
    r"([^?#]*)(?:\?([^#]*))?.*",
    re.DOTALL,
)
_QUERY_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,31}")
_WORDS = 3


def clean_path(text: str) -> str | None:
    """`text` as a path without ids, host and query; None where it is no path."""
    path = _TAIL.sub("", _ORIGIN.sub("", text.strip(), count=1))
    if not path.startswith("/"):
        return None
    cleaned = clean_parts(path)
    return cleaned if len(cleaned) <= _PATH_CHARACTERS else None


def clean_parts(path: str, ids: Iterable[str] = ()) -> str:
    """`path` with `{id}` for each part that is one, or one of `ids`."""
    return "/".join(part if _is_name(part) and part not in ids else ID for part in path.split("/"))


def clean_url(text: str, hosts: Hosts) -> str:
    """A URL or a part of one without user, ids, fragment and values of the query."""
    scheme, host, port, path, query = _URL.fullmatch(text.strip()).groups()  # type: ignore[union-attr]
    if path and "=" in path and not scheme and "/" not in path:
        # A query alone.
        path, query = "", path
    origin = f"{scheme}{hosts.kept(host) or HOST}{port or ''}" if scheme else ""
    parameters = "&".join(_clean_parameter(one) for one in query.split("&")) if query else ""
    return origin + clean_parts(path) + (f"?{parameters}" if parameters else "")


def _clean_parameter(parameter: str) -> str:
    key, equals, _ = parameter.partition("=")
    good = equals and _QUERY_KEY.fullmatch(key) and not _LONG_NUMBER.search(key)
    return f"{key}={VALUE}" if good else VALUE


def names(path: str) -> list[str]:
    """The parts of a cleaned path that are neither ids nor parameters."""
    return [part for part in path.split("/") if part and not _PARAMETER.fullmatch(part)]


def clean_span_name(name: str) -> str | None:
    """A span's name without the ids in its paths; None where it is more than a few words."""
    words = name.strip().split(" ")
    if len(words) > _WORDS:
        return None
    cleaned = [_clean_word(word) for word in words]
    return None if None in cleaned else " ".join(word for word in cleaned if word is not None)


def _clean_word(word: str) -> str | None:
    if word.startswith("/") or "://" in word:
        return clean_path(word) or (None if word.startswith("/") else "/")
    # A path of a remote procedure, or of a topic.
    if "/" in word:
        return clean_parts(_TAIL.sub("", word))
    return None if _LONG_NUMBER.search(word) else word


def _is_name(part: str) -> bool:
    """Whether a part of a path is a name or a parameter's, rather than an id."""
    if not part or _PARAMETER.fullmatch(part):
        return True
    return bool(
        len(part) <= _NAME_CHARACTERS
        and _NAME.fullmatch(part)
        and not _LONG_NUMBER.search(part)
        and not _UUID.search(part)
        and not (_HEX.fullmatch(part) and any(c.isdigit() for c in part))
    )
