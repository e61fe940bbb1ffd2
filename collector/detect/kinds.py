"""The kinds of things that detectors find: a pattern each, a check where there is one, and what
must stand beside it where too much else looks like it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from collector.detect import checks


@dataclass(frozen=True, slots=True)
class Kind:
    """What a detector finds.

    `pattern` is Python's, with ASCII classes; group 1, where there is one, is the thing. `check`
    takes it and says how many of its first characters are. `beside` must match the name of the
    attribute, or end somewhere in the BESIDE characters before. `unless` takes the thing and both
    and says where it is something else.
    """

    name: str
    pattern: str
    check: Callable[[str], int] = checks.whole
    beside: re.Pattern[str] | None = None
    unless: Callable[[str, str], bool] | None = None


BESIDE = 24

_VERSION = re.compile(r"version|release|build|revision|sdk|firmware|\bv$", re.IGNORECASE)


def _is_version(address: str, beside: str) -> bool:
    """Whether four small numbers are rather a version than an address."""
    major, *rest = (int(part) for part in address.split("."))
    small = major <= 40 and sum(part > 99 for part in rest) <= 1
    return small and bool(_VERSION.search(beside))


_PHONE_WORDS = re.compile(
    r"(?:^|[^a-z])(?:tel(?:efono?|ephone)?|(?:tele)?phone(?:[ _\-.]?(?:number|no))?|mobile|msisdn"
    r"|call(?:ed|er|ing)?|sms|fax|cell|whatsapp|handy|rufnummer)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_SSN_WORDS = re.compile(r"(?:^|[^a-z])(?:ssn|social.?security)", re.IGNORECASE)
_COORDINATE_WORDS = re.compile(
    r"(?:^|[^a-z])(?:lat(?:itude)?|lng|lon(?:g|gitude)?)(?:[^a-z]|$)", re.I
)

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_HEX2 = r"[0-9A-Fa-f]{2}"
# Digits within a longer hexadecimal number are no number.
_NOT_IN_HEX = r"(?<![\d.])(?<![0-9A-Fa-f]{6})(?<!\b[A-Fa-f])"
_NOT_BEFORE_HEX = r"(?!\d|[0-9A-Fa-f]{6}|[A-Fa-f]\b)"
# Any letter but those of ASCII, and what is drawn as nothing between letters.
_OTHER = r"\u00A1-\uFEFE\U00010000-\U0010FFFF"
_LETTER = rf"a-z0-9{_OTHER}"
_DOMAIN = (
    rf"(?:[{_LETTER}](?:[{_LETTER}\-]{{0,61}}[{_LETTER}])?\.)+"
    rf"(?:xn--[a-z0-9\-]+|[a-z{_OTHER}]{{2,63}})(?![{_LETTER}])"
)
_SCHEME = r"\b[a-z][a-z0-9+.\-]{1,15}://"
_SECRET_WORDS = (
    r"(?:passw(?:or)?d|passwort|passphrase|passcode|\bpwd|secret"
    r"|(?:secret|private|access|account)[_\-]?key|api[_\-]?key"
    r"|(?:access|refresh|auth|id|session|csrf|xsrf|push|device)[_\-]?token|\btoken(?==)"
    r"|sess(?:ion)?[_\-]?id|(?:set-)?cookie|authorization)"
)
_VALUE = r"[^\s\"'&,;\[\](){}<>\\]"
# Of the key in JSON, within a string of JSON too.
_QUOTE = r"\\*[\"']"

# In this order: what opens something first, then what is somebody's. The prefixes of tokens are
# those that their makers document, as gitleaks collects them.
KINDS = (
    Kind(
        "private_key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
        r"(?:[A-Za-z0-9+/=\s]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|[\s\S]*)",
    ),
    Kind(
        "authorization",
        r"(?i:\b(?:bearer|basic|digest|token)\s+[A-Za-z0-9\-._~+/]{16,}=*)",
        checks.opener,
    ),
    Kind(
        "jwt",
        r"(?i:\beyJ[a-z0-9_\-]{8,}\.(?:[a-z0-9_\-]{8,}|\.[a-z0-9_\-]{8,})(?:\.[a-z0-9_\-]*){0,3})",
    ),
    Kind("aws_access_key", r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}\b"),
    Kind("google_api_key", r"(?i:\bAIza[0-9a-z_\-]{35})"),
    Kind("github_token", r"(?i:\b(?:gh[pousr]_[0-9a-z]{36,251}|github_pat_[0-9a-z_]{82})\b)"),
    Kind(
        "slack_token",
        r"(?i:\b(?:xox[abeoprs]-[0-9a-z\-]{10,}|xapp-\d-[a-z0-9]+-\d+-[a-z0-9]+))",
    ),
    Kind(
        "ai_key",
        r"(?i:\bsk-(?:(?:ant-[a-z0-9]+|proj|svcacct|admin|or-v1)-[a-z0-9_\-]{20,}|[a-z0-9]{20,})"
        r"|\bhf_[a-z]{30,}\b)",
    ),
    Kind("stripe_key", r"(?i:\b(?:sk|rk)_(?:test|live|prod)_[a-z0-9]{10,99}\b)"),
    Kind(
        "vendor_token",
        r"(?i:\b(?:glpat-[a-z0-9_\-]{20,}|npm_[a-z0-9]{36}\b|pypi-[a-z0-9_\-]{50,}"
        r"|SG\.[a-z0-9_\-]{16,}\.[a-z0-9_\-]{16,}|ya29\.[a-z0-9_\-]{20,}|GOCSPX-[a-z0-9_\-]{20,}"
        r"|(?:shp(?:at|ca|pa|ss)|dop_v1)_[a-f0-9]{32,}))",
    ),
    Kind(
        "credential",
        rf"(?i:cookie|authorization)(?:{_QUOTE})?\s{{0,2}}[:=]\s{{0,2}}(?:{_QUOTE})?"
        r"([^\r\n\"'\\]*[\dA-Z_+/=!$%#][^\r\n\"'\\]{3,})",
        checks.credential,
    ),
    Kind(
        "credential",
        rf"(?i:{_SECRET_WORDS})(?:(?:{_QUOTE})?\s{{0,2}}(?:=>?|:)\s{{0,2}}{_QUOTE}([^\r\n\"'\\]{{4,}})"
        rf"|(?:(?:{_QUOTE})?\s{{0,2}}=|{_QUOTE}\s{{0,2}}:)\s{{0,2}}({_VALUE}{{4,}})"
        rf"|:\s{{0,2}}({_VALUE}*[\dA-Z_+/=!$%#]{_VALUE}{{3,}}))",
        checks.credential,
    ),
    Kind("credential", r"(?i:\b(?:pin|otp|cv[vc]2?)[\"']?\s?[:=]\s?[\"']?)(\d{3,8})(?!\d|\.\d)"),
    Kind("url_password", rf"(?i:{_SCHEME}([^\s/@?#\[\]]+)@)"),
    Kind("url_query", r"[?&][\w.\-%\[\]]{1,64}=([^&\s\"'<>#]+)", checks.value_of_query),
    Kind(
        "url_query",
        rf"(?i:{_SCHEME}[^\s\"'<>?#]+\?([^\s\"'<>#=&]+)(?=[&#\s]|$))",
        checks.value_of_query,
    ),
    Kind(
        "url_query",
        rf"(?i:{_SCHEME}[^\s\"'<>#]+#([^\s\"'<>]+))",
        checks.value_of_query,
    ),
    Kind(
        "uuid",
        r"(?i:\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)",
    ),
    Kind("url_id", r"(?<=/)(?:\d{5,}|(?i:[0-9a-f]{16,}))(?=[/?#\s\"'),;\]>}]|$)"),
    Kind("user_folder", r"(?:/(?:Users|home)/|[A-Za-z]:\\{1,2}Users\\{1,2})([^/\\\s\"'\[{<]+)"),
    Kind(
        "email",
        rf"(?i:(?:\b[{_LETTER}._%+\-]{{1,64}}|\"[^\"@]{{1,64}}\")(?:\([^()@]{{0,32}}\))?(?:@|%40)"
        rf"(?:{_DOMAIN}|\[[a-z0-9.:]{{3,45}}\]))",
        checks.mail,
    ),
    Kind(
        "iban",
        r"(?i:(?<![a-z0-9])[a-z]{2}\d{2}(?:[\s.\-_/]?[a-z0-9]{4}){2,7}(?:[\s.\-_/]?[a-z0-9]{1,3})?"
        r"(?![a-z0-9]))",
        checks.iban,
    ),
    Kind(
        "card",
        rf"{_NOT_IN_HEX}(?:\d(?:[ \-_]{{0,2}}\d){{11,18}}|\d{{4}}(?:[.,:;/|\s]\s?\d{{4}}){{3}})"
        rf"{_NOT_BEFORE_HEX}",
        checks.card,
    ),
    Kind(
        "imei",
        rf"{_NOT_IN_HEX}(?:\d{{15}}|\d{{2}}[ \-]\d{{6}}[ \-]\d{{6}}[ \-]\d){_NOT_BEFORE_HEX}",
        checks.imei,
    ),
    Kind("phone", r"(?<![\w+])\+[1-9](?:[ .\-/()]{0,3}\d){6,14}(?!\d)"),
    Kind("phone", r"(?<![\w.+\-:])00[ \-]?[1-9](?:[ .\-/()]{0,3}\d){8,13}(?![\w.]?\w)"),
    Kind(
        "phone",
        r"(?<![\w.\-])(?:\([2-9]\d{2}\) ?[2-9]\d{2}[ .\-]\d{4}|[2-9]\d{2}-[2-9]\d{2}-\d{4}"
        r"|[2-9]\d{2}\.[2-9]\d{2}\.\d{4})(?![\w\-])",
    ),
    Kind("ssn", r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])", checks.ssn),
    Kind("ssn", r"(?<![\d\-])\d{3} ?\d{2} ?\d{4}(?![\d\-])", checks.ssn, _SSN_WORDS),
    Kind(
        "phone",
        r"(?<![\w.+\-])\(?\d(?:[ .\-/()]{0,2}\d){6,12}(?![\w.]?\w)",
        checks.national_phone,
        _PHONE_WORDS,
    ),
    Kind(
        "mac",
        rf"(?<![0-9A-Fa-f:\-])(?:(?:{_HEX2}:){{5}}{_HEX2}|(?:{_HEX2}-){{5}}{_HEX2}"
        r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Fa-f:\-])",
        checks.mac,
    ),
    Kind(
        "position",
        r"(?<![\d.\-+])[\-+]?(?:[1-8]?\d\.\d{3,}|90\.0+)\s{0,2}[,; ]\s{0,2}"
        r"[\-+]?(?:(?:1[0-7]\d|[1-9]?\d)\.\d{3,}|180\.0+)(?!\d|\.\d)",
        checks.position,
    ),
    Kind(
        "position",
        r"(?<![\d.])[\-+]?\d{1,3}\.\d{3,}(?!\d|\.\d|\s?[mµn]?s\b)",
        beside=_COORDINATE_WORDS,
    ),
    Kind(
        "ipv6",
        r"(?i:(?<![0-9a-z:.])(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4})?(?![0-9a-z:]))",
        checks.ipv6,
    ),
    Kind(
        "ipv4",
        rf"(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?!\d|\.\d)",
        checks.ipv4,
        unless=_is_version,
    ),
)

# What stands in everything that a kind finds, for RE2, which makes its automaton anew for each
# column: short, and therefore in more than what they find.
SUSPICIOUS = (
    r"@|%40|://|(?i:eyJ|bearer|basic|digest|token|AIza|gh[pousr]_|github_pat_|xox|xapp-|sk-|hf_"
    r"|[sr]k_|passw|passphrase|secret|_?key|cookie|authoriz|glpat-|npm_|pypi-|sg\.|ya29|gocspx"
    r"|shp|dop_v1)|-----BEGIN|A[KSB3C][IT]?[A-Z]|\d(?:[\s.,:;|\-/()_]{0,3}\d){6}|[?&][\w.\-%\[\]]+="
    r"|[A-Za-z]{2}\d\d[\s.\-_/]?[A-Za-z0-9]{4}[\s.\-_/]?[A-Za-z0-9]{4}|/\d{5}|/[0-9a-fA-F]{16}"
    r"|[/\\](?:Users|home)[/\\]|(?i:pwd|sess(?:ion)?[_\-]?id|(?:pin|otp|cv[vc]2?)[\"']?\s?[:=])"
    r"|[0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-]|[0-9A-Fa-f]{4}[.\-][0-9A-Fa-f]{4}[.\-]"
    r"|:[0-9A-Fa-f]{0,4}:|\d\.\d{3}|\d\.\d{1,3}\.\d{1,3}\.\d"
)
