"""Secrets of every kind, valid and each distinct, and the ways in which one can be written."""

import base64
import json
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

DIGITS = string.digits
SMALL = string.ascii_lowercase + string.digits
BOTH = string.ascii_letters + string.digits
BASE32 = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Secret:
    """`text` as somebody would write it; `marks`, of at least 8 characters, may be found nowhere.

    A detector leaves a kind in its place, so a mark is the part that tells one from another.
    """

    text: str
    marks: tuple[str, ...]


def _of(*marks: str, text: str = "") -> Secret:
    return Secret(text or marks[0], marks)


def _word(rng: Random, size: int, letters: str = BOTH) -> str:
    return "".join(rng.choices(letters, k=size))


def _luhn(digits: str) -> str:
    """`digits` with their check digit."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if at % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return digits + str(-total % 10)


def _fours(text: str, mark: str) -> str:
    return mark.join(text[at : at + 4] for at in range(0, len(text), 4))


def _email(rng: Random) -> Secret:
    name = _word(rng, 9, string.ascii_lowercase)
    return _of(name, text=f"{name}@mail.example.org")


def _card(rng: Random) -> str:
    return _luhn("4" + _word(rng, 14, DIGITS))


def _iban(rng: Random) -> str:
    account = "37040044" + _word(rng, 10, DIGITS)
    # D = 13, E = 14.
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _phone(rng: Random) -> str:
    return "151" + str(rng.randrange(10_000_000, 99_999_999))


def _north_american(rng: Random) -> Secret:
    exchange, line = rng.randrange(220, 999), rng.randrange(1000, 9999)
    exchange += exchange % 100 == 11
    return _of(f"415-{exchange}-{line}")


def _ssn(rng: Random) -> Secret:
    return _of(f"{rng.randrange(100, 600)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}")


def _encoded(document: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _jwt(rng: Random) -> Secret:
    payload, signature = _encoded({"sub": _word(rng, 12)}), _word(rng, 43)
    # The payload's first characters are those of {"sub":
    marks = payload[12:], signature
    return _of(*marks, text=f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{payload}.{signature}")


def _basic(rng: Random) -> Secret:
    words = base64.b64encode(f"{_word(rng, 8)}:{_word(rng, 9)}".encode()).decode()
    return _of(words, text=f"Basic {words}")


def _token(prefix: str, size: int, letters: str = BOTH) -> Callable[[Random], Secret]:
    def make(rng: Random) -> Secret:
        word = _word(rng, size, letters)
        return _of(word, text=prefix + word)

    return make


def _pem(rng: Random) -> Secret:
    lines = [_word(rng, 64) for _ in range(2)]
    edge = "-----{} RSA PRIVATE KEY-----"
    return _of(*lines, text="\n".join([edge.format("BEGIN"), *lines, edge.format("END")]))


def _gps(rng: Random) -> Secret:
    # As a phone gives them; with six decimals a latency in an answer is one now and then.
    latitude, longitude = f"{rng.uniform(40, 60):.9f}", f"{rng.uniform(10, 30):.9f}"
    return _of(latitude, longitude, text=f"{latitude}, {longitude}")


def _mac(mark: str) -> Callable[[Random], Secret]:
    def make(rng: Random) -> Secret:
        return _of(rng.randbytes(6).hex(mark))

    return make


def _imei(rng: Random) -> str:
    return _luhn("35" + _word(rng, 12, DIGITS))


def _uuid(rng: Random) -> Secret:
    raw = rng.randbytes(16).hex()
    return _of(f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}")


def _query(rng: Random) -> Secret:
    one, other = _word(rng, 12), _word(rng, 10)
    return _of(one, other, text=f"https://cdn.example.org/a?sig={one}&u={other}")


def _userinfo(rng: Random) -> Secret:
    word = _word(rng, 12)
    return _of(word, text=f"https://ada:{word}@db.example.org/")


def _ipv4(rng: Random) -> Secret:
    return _of(".".join(str(rng.randrange(130, 220)) for _ in range(4)))


def _ipv6(rng: Random) -> Secret:
    return _of("2a02:" + ":".join(f"{rng.randrange(0x1000, 0xFFFF):x}" for _ in range(7)))


def _name(rng: Random) -> Secret:
    def part(size: int) -> str:
        return "".join(rng.choice("bdfgklmnprstv") + rng.choice("aeiou") for _ in range(size))

    family = part(5).capitalize()
    return _of(family, text=f"{part(3).capitalize()} {family}")


def _national(rng: Random) -> Secret:
    return _of(f"0151 {_phone(rng)[3:]}")


def _address(rng: Random) -> Secret:
    street = "".join(rng.choice("bdfgklmnprstv") + rng.choice("aeiou") for _ in range(5))
    return _of(street.capitalize(), text=f"{street.capitalize()} Street {rng.randrange(1, 99)}")


KINDS: Mapping[str, Callable[[Random], Secret]] = {
    "email": _email,
    "phone": lambda rng: _of(f"49{(number := _phone(rng))}", number, text=f"+49{number}"),
    "phone spaced": lambda rng: _of(text := f"49 151 {_phone(rng)[3:]}", text=f"+{text}"),
    "phone american": _north_american,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "card": lambda rng: _of(_card(rng)),
    "card spaced": lambda rng: _of(_fours(_card(rng), " ")),
    "card dashed": lambda rng: _of(_fours(_card(rng), "-")),
    "iban": lambda rng: _of(_iban(rng)),
    "iban spaced": lambda rng: _of(_fours(_iban(rng), " ")),
    "ssn": _ssn,
    "jwt": _jwt,
    "bearer": _token("Bearer ", 32),
    "basic": _basic,
    "aws": _token("AKIA", 16, BASE32),
    "google": _token("AIza", 35),
    "github": _token("ghp_", 36),
    "github pat": _token("github_pat_", 82),
    "slack": _token("xoxb-", 24),
    "openai": _token("sk-proj-", 48),
    "anthropic": _token("sk-ant-api03-", 80),
    "huggingface": _token("hf_", 34, string.ascii_letters),
    "stripe": _token("sk_live_", 24),
    "pem": _pem,
    "gps": _gps,
    "mac": _mac(":"),
    "mac dashed": _mac("-"),
    "imei": lambda rng: _of(_imei(rng)),
    "uuid": _uuid,
    "url query": _query,
    "url userinfo": _userinfo,
    "name": _name,
    "phone national": _national,
    "address": _address,
}

# The words that stand before such a value in a text, or in its key.
CONTEXT: Mapping[str, str] = {
    "ssn": "social security number",
    "gps": "location",
    "imei": "imei",
    "uuid": "advertising id",
    "ipv4": "client ip",
    "card": "card number",
    "phone american": "phone",
}

INVISIBLE = "\u200b"


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def percent(text: str) -> str:
    return quote(text, safe="")


def escaped(text: str) -> str:
    return "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text)


# Unpadded and of the URL-safe alphabet, so that it fits the grammar of names and labels too.
def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


EVASIONS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "percent": percent,
    "escaped": escaped,
    "base64": _base64,
    "hex": lambda text: text.encode().hex(),
    "full width": full_width,
    "zero width": lambda text: INVISIBLE.join(text),
    "upper": str.upper,
    "base64 padded": lambda text: base64.b64encode(text.encode()).decode(),
}
