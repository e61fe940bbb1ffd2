"""Names of attribute keys that may be shown: a key is a client's text as much as a value is."""

import re
from collections.abc import Sequence

from collector.contract.attributes import LONG_NUMBER
from collector.redaction.screen import Screen

UNCLEAN = "(unclean key)"

# Words with separators between them, as conventions name attributes.
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[.\-/:][A-Za-z0-9_]+)*")
_LONG_NUMBER = re.compile(LONG_NUMBER)
_KEY_CHARACTERS = 64
_FIELD = "key"
_REMEMBERED = 20_000
# How many names are shown from one start to the next: a client can make up any number of them.
_SHOWN = 2_000


class KeyNames:
    """Cleans keys, each once. Used from one thread."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._clean: dict[str, str] = {}
        self._shown: set[str] = set()

    def clean(self, keys: Sequence[str]) -> list[str]:
        """Each of `keys` where it may be shown, else UNCLEAN."""
        fresh = [key for key in keys if key not in self._clean]
        if fresh:
            if len(self._clean) > _REMEMBERED:
                self._clean.clear()
                fresh = list(keys)
            plain = [key for key in fresh if self._reads_like_a_name(key)]
            refused = dict(zip(plain, self._screen.refusals(plain, _FIELD), strict=True))
            for key in fresh:
                self._clean[key] = self._shown_as(key, key in refused and not refused[key])
        return [self._clean[key] for key in keys]

    def _shown_as(self, key: str, good: bool) -> str:
        if not good or (key not in self._shown and len(self._shown) >= _SHOWN):
            return UNCLEAN
        self._shown.add(key)
        return key

    def _reads_like_a_name(self, key: str) -> bool:
        return bool(
            len(key) <= _KEY_CHARACTERS and _KEY.fullmatch(key) and not _LONG_NUMBER.search(key)
        )
