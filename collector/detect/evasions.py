"""Text as it reads once what hides something in it is undone: encodings, characters that look like
others or like nothing, letters set apart.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

# What may hide something, for RE2. The groups of four are base64 of printable ASCII, those of eight
# base32, which few words are two times in a row; the pairs are hexadecimal of it.
_FOUR = r"(?:[I-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_\-])"
_EIGHT = (
    r"(?:[e-p][abefijmnqruvyz45][a-z2-7][c-hs-x][acegikmoqsuwy246][i-z2-7][bcdjklrstz23][a-z2-7])"
)
HIDING = (
    r"%[0-9A-Fa-fu]{2}|\\[uUx/0-7]|&#|&[A-Za-z]{2,8};|[^\t\n\r -~]"
    r"|\s@|@\s|=40|\+A[C-H][A-Za-z0-9+/]"
    r"|(?i:[\[({] ?(?:at|dot) ?[\])}]|[_\-*]at[_\-*]+[a-z0-9]|\sat\s+\S+\s+dot\s)"
    r"|(?:\S\s{1,3}){6}|(?:[2-7][0-9A-Fa-f][ :\-]?){6}"
    rf"|{_FOUR}{{2}}|(?i:{_EIGHT}{{2}})|[A-Za-z0-9+/_\-]{{40}}"
)
# Base64 of sixteen printable characters of ASCII.
ENCODED_TEXT = rf"{_FOUR}{{5}}"

# Text that is encoded more often, or in more ways, has something to hide.
_TIMES = 5
_READINGS = 20

_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{8,}")
_BASE32 = re.compile(r"[A-Z2-7]{16,}|[a-z2-7]{16,}")
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/]{16})\\?[\r\n]+(?=[A-Za-z0-9+/=]{4})")
_HEX = re.compile(
    r"(?:[0-9A-Fa-f]{2}){6,}|[0-9A-Fa-f]{2}([ :\-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4,}"
)
_ESCAPED = re.compile(
    r"(?:\\+(?:u|U0{0,4})|%u)([0-9A-Fa-f]{4})|\\+u\{([0-9A-Fa-f]{1,6})\}|\\+x([0-9A-Fa-f]{2})|=(40)"
    r"|\\([2-7][0-9A-Fa-f])(?![0-9A-Fa-f]) ?"
)
_OCTAL = re.compile(r"\\([0-7]{3})")
_UTF7 = re.compile(r"\+(A[C-H][A-Za-z0-9+/]+)-?")
_PRINTABLE = re.compile(r"[ -~\s]{6,}")
_PRINTABLE_CHARACTERS = 10
_APART = re.compile(r"(?<!\S)\S(?:\s{1,3}\S){5,}(?!\S)")
_BRACKETED = re.compile(r"\s*[\[({] ?(at|dot) ?[\])}]\s*", re.IGNORECASE)
# An `at` between signs needs a domain behind it, one between spaces a `dot`: prose has the others.
# The first is looked for where each `dot` is a dot: a sign may be part of a domain too, so that
# both at once could be tried in more ways than anybody waits for.
_DOT = r"[\s_\-*]+dot[\s_\-*]+"
_SPELT_DOT = re.compile(rf"(?<![\s_\-*]){_DOT}", re.IGNORECASE)
_AT_IN_SIGNS = re.compile(
    r"(?<![_\-*])[_\-*]+at[_\-*]+"
    r"(?=(?:[a-z0-9\-]+\.)+(?:com|org|net|edu|gov|info|[a-z]{2})\b)",
    re.IGNORECASE,
)
_AT_IN_SPACES = re.compile(rf"(?<!\s)\s+at\s+(?=\S*?[^\s_\-*]{_DOT}\S)", re.IGNORECASE)
_AT = re.compile(r"\s*@\s*")

# Letters that are drawn as nothing, and are no format characters: joiners, fillers, selectors.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Format, private, unassigned, halves of pairs, marks.
_NOTHING = ("Cf", "Co", "Cn", "Cs", "Mn", "Me", "Mc")


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
        text = "".join(map(_like_ascii, text))
    text = unquote(html.unescape(_CONTROL.sub("", text).replace("\\/", "/")))
    text = _ESCAPED.sub(_unescaped, _OCTAL.sub(lambda match: chr(int(match[1], 8)), text))
    return _WRAPPED.sub("", text)


def _like_ascii(character: str) -> str:
    """The character of ASCII that `character` looks like, nothing if it looks like nothing."""
    if character.isascii():
        return character
    # A second ASCII, of characters that nobody sees.
    if "\U000e0020" <= character <= "\U000e007e":
        return chr(ord(character) - 0xE0000)
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category in _NOTHING:
        return ""
    return "-" if category == "Pd" or character == "\u2212" else character


def _unescaped(match: re.Match[str]) -> str:
    number = int(next(group for group in match.groups() if group), 16)
    return chr(number) if number < 0x110000 else ""


def _closed(text: str) -> str:
    """Without the spaces between letters set apart and around `@`, and with `@` and `.` for their
    words."""
    text = _APART.sub(lambda match: re.sub(r"\s", "", match[0]), text)
    text = _BRACKETED.sub(lambda match: "@" if match[1].lower() == "at" else ".", text)
    spelt = _AT_IN_SPACES.sub("@", text)
    dotted = _SPELT_DOT.sub(".", spelt)
    whole = _AT_IN_SIGNS.sub("@", dotted)
    if spelt != text or whole != dotted:
        text = whole
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
    for run in _BASE32.findall(text):
        for start in range(8):
            # Eight characters hold five bytes.
            part = run[start:].upper()
            part = part[: len(part) - (len(part) % 8 in (1, 3, 6))]
            yield from _texts(base64.b32decode(part + "=" * (-len(part) % 8)))
    for match in _HEX.finditer(text):
        yield from _texts(bytes.fromhex(re.sub(r"[ :\-]", "", match[0])))
    if _UTF7.search(text):
        yield _UTF7.sub(_of_utf7, text)


def _of_utf7(match: re.Match[str]) -> str:
    coded = match[1][: len(match[1]) - (len(match[1]) % 4 == 1)]
    return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be", "ignore")


def _texts(content: bytes) -> Iterator[str]:
    # UTF-16 of ASCII is ASCII with zeros between.
    text = content.replace(b"\0", b"").decode("latin-1")
    # Of random bytes a few in a row are printable now and then.
    enough = min(_PRINTABLE_CHARACTERS, 0.7 * len(text))
    yield from (part for part in _PRINTABLE.findall(text) if len(part) >= enough)
