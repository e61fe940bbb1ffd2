"""The kinds of things that detectors find: a pattern each, and where it has one its check digit.

The patterns are in the subset that RE2 and Python share. Group 1, where there is one, is the thing.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass


def _luhn(digits: str) -> bool:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + at % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


# First digits and lengths, by issuer.
_ISSUERS = re.compile(
    r"4\d{12}|4\d{15}|4\d{18}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|(?:6011|64[4-9]\d|65\d\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|3(?:0[0-5]|[689]\d)\d{11,16}|62\d{14,17}"
)


def _card(text: str) -> bool:
    digits = _digits(text)
    return bool(_ISSUERS.fullmatch(digits)) and len(set(digits)) > 1 and _luhn(digits)


# Lengths by country, of the SWIFT registry.
_IBAN_SIZES = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA",
    30: "JO KW MU", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN_SIZE = {c: size for size, countries in _IBAN_SIZES.items() for c in countries.split()}


def _iban(text: str) -> bool:
    plain = text.replace(" ", "")
    size = _IBAN_SIZE.get(plain[:2], 0)
    # Words may follow it.
    if not size or len(plain) < size:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:size] + plain[:4])) % 97 == 1


def _imei(text: str) -> bool:
    return _luhn(_digits(text))


def _ipv4(text: str) -> bool:
    return not ipaddress.IPv4Address(text).is_loopback


def _ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return not address.is_loopback and not address.is_unspecified


def _mail(text: str) -> bool:
    # `icon@2x.png` is the name of a picture.
    return text.rpartition(".")[2].lower() not in ("png", "jpg", "jpeg", "gif", "webp", "svg")


def _query(text: str) -> bool:
    """Whether a query has values that were not taken out of it."""
    values = (part.partition("=")[2] for part in text[1:].split("&"))
    return any(value.strip("{}") not in ("", "value", "REDACTED") for value in values)


def _position(text: str) -> bool:
    # Two shares or probabilities are no place.
    return any(abs(float(number)) >= 1 for number in re.findall(r"\d+\.\d+", text))


def _any(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """What a detector finds. `check` says whether a match is one."""

    name: str
    pattern: str
    check: Callable[[str], bool] = _any


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_HEX2 = r"[0-9A-Fa-f]{2}"

# In this order: what opens something first, then what is somebody's.
KINDS = (
    Kind(
        "private_key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
        r"(?:[A-Za-z0-9+/=\s]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|[\s\S]*)",
    ),
    Kind("jwt", r"(?i:\beyJ[a-z0-9_\-]{8,}\.[a-z0-9_\-]{8,}(?:\.[a-z0-9_\-]*){1,3})"),
    Kind("authorization", r"(?i:\b(?:bearer|basic|digest|token)\s+[A-Za-z0-9\-._~+/]{16,}=*)"),
    Kind("aws_access_key", r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}\b"),
    Kind("google_api_key", r"(?i:\bAIza[0-9a-z_\-]{35})"),
    Kind("github_token", r"(?i:\b(?:gh[pousr]_[0-9a-z]{36,251}|github_pat_[0-9a-z_]{82})\b)"),
    Kind(
        "slack_token",
        r"(?i:\b(?:xox[abeoprs]-[0-9a-z\-]{10,}|xapp-\d-[a-z0-9]+-\d+-[a-z0-9]+))",
    ),
    Kind(
        "ai_key",
        r"(?i:\bsk-(?:ant-[a-z0-9]+-|proj-|svcacct-|admin-)?[a-z0-9_\-]{20,}|\bhf_[a-z]{30,}\b)",
    ),
    Kind("stripe_key", r"(?i:\b(?:sk|rk)_(?:test|live|prod)_[a-z0-9]{10,99}\b)"),
    Kind("url_password", r"(?i:\b[a-z][a-z0-9+.\-]{1,15}://[^\s/@?#]*:[^\s/@?#]+@)"),
    Kind("url_query", r"(?i:\b[a-z][a-z0-9+.\-]{1,15}://[^\s\"'<>?#]+(\?[^\s\"'<>#]+))", _query),
    Kind(
        "email",
        r"(?i:\b[a-z0-9._%+\-]{1,64}(?:@|%40)(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+"
        r"[a-z]{2,63}\b)",
        _mail,
    ),
    Kind("card", r"(?:^|[^\d.])(\d(?:[ \-]?\d){11,18})(?:[^\d]|$)", _card),
    Kind(
        "iban",
        r"(?:^|[^A-Za-z0-9])([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)"
        r"(?:[^A-Za-z0-9]|$)",
        _iban,
    ),
    Kind("imei", r"(?:^|[^\d.])(\d{15}|\d{2}[ \-]\d{6}[ \-]\d{6}[ \-]\d)(?:\D|$)", _imei),
    Kind("phone", r"(?:^|[^\w+])(\+[1-9](?:[ .\-/()]{0,2}\d){6,14})(?:\D|$)"),
    Kind(
        "phone",
        r"(?:^|[^\w.\-])(\([2-9]\d{2}\) ?[2-9]\d{2}[ .\-]\d{4}|[2-9]\d{2}-[2-9]\d{2}-\d{4}"
        r"|[2-9]\d{2}\.[2-9]\d{2}\.\d{4})(?:[^\w\-]|$)",
    ),
    Kind("ssn", r"(?:^|[^\d\-])([0-8]\d{2}-\d{2}-\d{4})(?:[^\d\-]|$)"),
    Kind(
        "mac",
        rf"(?:^|[^0-9A-Fa-f:\-])((?:{_HEX2}:){{5}}{_HEX2}|(?:{_HEX2}-){{5}}{_HEX2}"
        r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?:[^0-9A-Fa-f:\-]|$)",
    ),
    Kind(
        "uuid",
        r"(?i:\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)",
    ),
    Kind(
        "position",
        r"(?:^|[^\d.\-+])([\-+]?(?:[1-8]?\d\.\d{3,}|90\.0+)\s{0,2}[,; ]\s{0,2}"
        r"[\-+]?(?:(?:1[0-7]\d|[1-9]?\d)\.\d{3,}|180\.0+))(?:[^\d.]|\.(?:\D|$)|$)",
        _position,
    ),
    Kind(
        "ipv4",
        rf"(?:^|[^\d.])({_OCTET}(?:\.{_OCTET}){{3}})(?:[^\d.]|\.(?:\D|$)|$)",
        _ipv4,
    ),
    Kind(
        "ipv6",
        r"(?i:(?:^|[^0-9a-z:.])((?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}"
        r"|(?:\d{1,3}\.){3}\d{1,3})?)(?:[^0-9a-z:]|$))",
        _ipv6,
    ),
)

# What stands in everything that a kind finds, for RE2, which makes its automaton anew for each
# column: short, and therefore in more than what they find.
SUSPICIOUS = (
    r"@|%40|://|(?i:eyJ|bearer|basic|digest|token|AIza|gh[pousr]_|github_pat_|xox|xapp-|sk-|hf_"
    r"|[sr]k_)|-----BEGIN|A[KSB3C][IT]?[A-Z]|[A-Z]{2}\d\d|\d(?:[ .\-/()]{0,2}\d){6}"
    r"|[0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-]|[0-9A-Fa-f]{4}[.\-][0-9A-Fa-f]{4}[.\-]|:[0-9A-Fa-f]{0,4}:"
    r"|\d\.\d{3,}\s{0,2}[,; ]|\d\.\d{1,3}\.\d{1,3}\.\d"
)
