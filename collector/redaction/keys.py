"""Names of attribute keys that may be shown: a key is a client's text as much as a value is."""

import re
from collections.abc import Sequence

from collector.contract.attributes import LONG_NUMBER

UNCLEAN = "(unclean key)"

# Words with separators between them, as conventions name attributes.
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[.\-/:][A-Za-z0-9_]+)*")
_LONG_NUMBER = re.compile(LONG_NUMBER)
_KEY_CHARACTERS = 64
_REMEMBERED = 20_000
# How many names are shown from one start to the next: a client can make up any number of them.
_SHOWN = 2_000


class KeyNames:
    """Cleans keys, each once. Used from one thread."""

    def __init__(self) -> None:
        self._clean: dict[str, str] = {}
        self._shown: set[str] = set()

    def clean(self, keys: Sequence[str]) -> list[str]:
        """Each of `keys` where it may be shown, else UNCLEAN."""
        fresh = [key for key in keys if key not in self._clean]
        if fresh:
            if len(self._clean) > _REMEMBERED:
                self._clean.clear()
                fresh = list(keys)
            for key in fresh:
                self._clean[key] = self._judged(key)
        return [self._clean[key] for key in keys]

    def _judged(self, key: str) -> str:
        if len(key) > _KEY_CHARACTERS or not _KEY.fullmatch(key) or _LONG_NUMBER.search(key):
            return UNCLEAN
        if key not in self._shown and len(self._shown) >= _SHOWN:
            return UNCLEAN
        self._shown.add(key)
        return key
