"""Text as it reads once what hides something in it is undone: encodings, characters that look like
others or like nothing, letters set apart.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

# What may hide something, for RE2. The groups of four are base64 of printable ASCII, which few
# words are two times in a row; the pairs are hexadecimal of it.
_FOUR = r"(?:[I-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_\-])"
HIDING = (
    r"%[0-9A-Fa-f]{2}|\\[ux/]|&#|&[A-Za-z]{2,8};|[^\x00-\x7F]|\s@|@\s|[\[({] ?(?i:at|dot) ?[\])}]"
    rf"|(?:\S[ \t]){{6}}|{_FOUR}{{2}}|[A-Za-z0-9+/_\-]{{40}}|(?:[2-7][0-9A-Fa-f]){{6}}"
)
# Base64 of sixteen printable characters of ASCII.
ENCODED_TEXT = rf"{_FOUR}{{5}}"

# Text that is encoded more often, or in more ways, has something to hide.
_TIMES = 5
_READINGS = 20

_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{8,}")
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/]{16})\\?[\r\n]+(?=[A-Za-z0-9+/=]{4})")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){6,}")
_ESCAPED = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2}))")
_PRINTABLE = re.compile(r"[ -~\s]{6,}")
_PRINTABLE_CHARACTERS = 10
_APART = re.compile(r"(?<!\S)\S(?:[ \t]\S){5,}(?!\S)")
_SPELT = re.compile(r"\s*[\[({] ?(at|dot) ?[\])}]\s*", re.IGNORECASE)
_AT = re.compile(r"\s*@\s*")

# Letters that are drawn as nothing, and are no format characters: joiners, fillers, selectors.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


def readings(text: str) -> Iterator[str]:
    """How `text` reads, layer by layer. Raises ValueError where there are more than a few."""
    layer, seen = [text], {text}
    for _ in range(_TIMES):
        further = []
        for one in layer:
            plain = _plain(one)
            for reading in (plain, _closed(plain), "\n".join(_opened(plain))):
                if reading and reading not in seen:
                    seen.add(reading)
                    further.append(reading)
                    yield reading
        if not further:
            return
        if len(seen) > _READINGS:
            break
        layer = further
    raise ValueError("encoded too often to be read")


def _plain(text: str) -> str:
    """With characters that look like ASCII made ASCII, and one layer of escapes undone."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _BLANK.sub("", text))
        text = "".join(map(_digit, (c for c in text if unicodedata.category(c) != "Cf")))
    text = _ESCAPED.sub(_unescaped, unquote(html.unescape(text.replace("\\/", "/"))))
    return _WRAPPED.sub("", text)


def _digit(character: str) -> str:
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))


def _unescaped(match: re.Match[str]) -> str:
    number = int(next(group for group in match.groups() if group), 16)
    return chr(number) if number < 0x110000 else ""


def _closed(text: str) -> str:
    """Without the spaces between letters set apart and around `@`."""
    text = _APART.sub(lambda match: re.sub(r"[ \t]", "", match[0]), text)
    text = _SPELT.sub(lambda match: "@" if match[1].lower() == "at" else ".", text)
    return _AT.sub("@", text)


def _opened(text: str) -> Iterator[str]:
    """What stands encoded in `text`, whatever stands before it in a run of the same characters."""
    for run in _BASE64.findall(text):
        run = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = run[start:]
            # A last character alone holds no byte.
            part = part[: len(part) - (len(part) % 4 == 1)]
            yield from _texts(base64.b64decode(part + "=" * (-len(part) % 4)))
    for run in _HEX.findall(text):
        yield from _texts(bytes.fromhex(run))


def _texts(content: bytes) -> Iterator[str]:
    # UTF-16 of ASCII is ASCII with zeros between.
    text = content.replace(b"\0", b"").decode("latin-1")
    # Of random bytes a few in a row are printable now and then.
    enough = min(_PRINTABLE_CHARACTERS, 0.7 * len(text))
    yield from (part for part in _PRINTABLE.findall(text) if len(part) >= enough)
