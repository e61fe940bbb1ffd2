"""What is more than a pattern: check digits, lengths by issuer and country, addresses that are one.

Each takes what a pattern matched and says how many of its first characters are the thing; 0: none.
"""

import ipaddress
import re
from itertools import accumulate


def whole(text: str) -> int:
    """The pattern says it all."""
    return len(text)


def _luhn(digits: str) -> bool:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + at % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


# First digits and lengths, by issuer. Diners Club issues longer ones too, which are not found: a
# number of 16 digits would be taken for a card more often.
_ISSUERS = re.compile(
    r"4\d{12}|4\d{15}|4\d{18}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|(?:6011|64[4-9]\d|65\d\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|62\d{14,17}"
)


def card(text: str) -> int:
    """A number of a card, which other groups of digits may follow."""
    groups = list(re.finditer(r"\d+", text))
    digits = "".join(group[0] for group in groups)
    counts = accumulate(len(group[0]) for group in groups)
    for count, group in reversed(list(zip(counts, groups, strict=True))):
        number = digits[:count]
        if _ISSUERS.fullmatch(number) and len(set(number)) > 1 and _luhn(number):
            return group.end()
    return 0


# Lengths by country, of the SWIFT registry.
_IBAN_SIZES = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA",
    30: "JO KW MU", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN_SIZE = {c: size for size, countries in _IBAN_SIZES.items() for c in countries.split()}


def iban(text: str) -> int:
    """An IBAN, which words may follow."""
    size = _IBAN_SIZE.get(text[:2].upper(), 0)
    places = [at for at, character in enumerate(text) if character.isalnum()][:size]
    if not size or len(places) < size:
        return 0
    plain = "".join(text[at] for at in places)
    end = places[-1] + 1
    if text[end : end + 1].isalnum():
        return 0
    number = int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4]))
    return end * (number % 97 == 1)


# Who gives out numbers of devices, by their first two digits.
_REPORTING_BODIES = re.compile(r"0\d|10|30|33|35|4[459]|5[0-4]|86|91|9[789]")


def imei(text: str) -> int:
    """One that a body of the GSMA gives out; its last digit is a check digit."""
    return len(text) * bool(_REPORTING_BODIES.match(text) and _luhn(_digits(text)))


def ssn(text: str) -> int:
    """No area is 000, 666 or from 900, no group 00, no serial number 0000."""
    digits = _digits(text)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    good = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return len(text) * good


def ipv4(text: str) -> int:
    """Any but this machine's own."""
    return len(text) * (not ipaddress.IPv4Address(text).is_loopback)


def ipv6(text: str) -> int:
    """Any but this machine's own and none. One without a digit is a name in a program."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return 0
    return len(text) * (
        not address.is_loopback and not address.is_unspecified and any(c.isdigit() for c in text)
    )


def mail(text: str) -> int:
    """`icon@2x.png` is the name of a picture, `git@github.com` nobody's address."""
    pictures = ("png", "jpg", "jpeg", "gif", "webp", "svg")
    nobody = text.lower().startswith("git@") or text.rpartition(".")[2].lower() in pictures
    return len(text) * (not nobody)


def value_of_query(text: str) -> int:
    """Whether it was not taken out yet."""
    gone = text.strip("{}") in ("", "value", "REDACTED") or text.startswith("[")
    return len(text) * (not gone)


def credential(text: str) -> int:
    """Whether something follows the word that is not a word for nothing."""
    nothing = (
        "null",
        "none",
        "nil",
        "true",
        "false",
        "undefined",
        "redacted",
        "missing",
        "required",
    )
    gone = re.fullmatch(r"\[\w+\]", text)
    return len(text) * (text.lower() not in nothing and bool(text.strip("*x.")) and not gone)


def opener(text: str) -> int:
    """A scheme of `Authorization` and what follows it, where that is no word of prose."""
    scheme, _, rest = text.partition(" ")
    words = rest.strip().replace("_", "").replace("-", "")
    return len(text) * (scheme.lower() == "bearer" or not (words.isalpha() and words.islower()))


def mac(text: str) -> int:
    """Three groups of four digits without a letter are a number."""
    return len(text) * (not text.replace(".", "").isdigit() or "." not in text)


def position(text: str) -> int:
    """Two shares or probabilities are no place."""
    return len(text) * any(abs(float(n)) >= 1 for n in re.findall(r"\d+\.\d+", text))


def national_phone(text: str) -> int:
    """As many digits as a number of a phone has."""
    return len(text) * (7 <= len(_digits(text)) <= 13)
