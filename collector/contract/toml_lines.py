"""Where in a TOML text its keys are, which tomllib does not tell."""

import tomllib
from collections.abc import Iterator
from typing import Any

Key = tuple[str | int, ...]


class Lines:
    """The lines (from 1) of a text's keys and tables; one in an array has its index in its key."""

    def __init__(self, text: str) -> None:
        self._first: dict[Key, int] = {}
        self._last: dict[Key, int] = {}
        table: Key = ()
        for line, chunk, parsed in _statements(text):
            if chunk.lstrip().startswith("["):
                table = self._header(parsed)
                self._note(table, line)
            else:
                for key in _keys(parsed):
                    self._note((*table, *key), line)

    def of(self, key: Key) -> int:
        """Where `key` begins, or what it is missing from."""
        while key and key not in self._first:
            key = key[:-1]
        return self._first.get(key, 1)

    def _note(self, key: Key, line: int) -> None:
        for end in range(1, len(key) + 1):
            self._first.setdefault(key[:end], line)

    def _header(self, parsed: Any) -> Key:
        """The key of the table that a header begins."""
        key: Key = ()
        while parsed:
            if isinstance(parsed, list):
                self._last[key] = self._last.get(key, -1) + 1
                return (*key, self._last[key])
            ((name, parsed),) = parsed.items()
            key = (*key, name)
            if key in self._last and not isinstance(parsed, list):
                key = (*key, self._last[key])
        return key


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Headers and keys with their values, one by one: the first line, the text, what it says."""
    lines, start = text.split("\n"), 0
    for end in range(1, len(lines) + 1):
        chunk = "\n".join(lines[start:end])
        try:
            parsed = tomllib.loads(chunk)
        except tomllib.TOMLDecodeError:
            # The value goes on in the next line.
            continue
        yield start + 1, chunk, parsed
        start = end


def _keys(parsed: dict[str, Any]) -> Iterator[Key]:
    for name, value in parsed.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *key) for key in _keys(value))
