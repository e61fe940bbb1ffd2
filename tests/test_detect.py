"""What the detectors find, what they let pass, and what they see through."""

import base64
import re
from urllib.parse import quote

import pyarrow as pa
import pytest

from collector import detect
from collector.contract.policy import Policy
from collector.detect import Detectors
from collector.detect_kinds import Kind
from tests.otlp import Span, traces
from tests.test_redact import redact

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
MAIL = "ada.lovelace@example.com"
FOUND = {
    "email": MAIL,
    "phone": "+49 171 1234567",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "imei": "356938035643809",
    "ssn": "123-45-6789",
    "mac": "3c:22:fb:12:34:56",
    "uuid": UUID,
    "ipv4": "203.0.113.77",
    "ipv6": "2001:db8:1::7",
    "position": "52.520008, 13.404954",
    "aws_access_key": "AKIAIOSFODNN7REALKEY",
    "google_api_key": "AIza" + "Sy0aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1x2",
    "github_token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "slack_token": "xoxb-123456789012-abcdefABCDEF",
    "ai_key": "sk-proj-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9",
    "stripe_key": "sk_live_aB3dE5fG7hJ9kL1mN3",
    "authorization": "Bearer aB3dE5fG7hJ9kL1mN3pQ5",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",
    "private_key": "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
}


def scanned(text: str) -> tuple[str | None, set[str]]:
    scan = Detectors().scan(pa.array([text]), "note")
    return scan.values.to_pylist()[0], set(scan.found)


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found_is_cut_out_of_its_text(name: str) -> None:
    assert scanned(f"before {FOUND[name]} after") == (f"before [{name}] after", {name})
    assert scanned(FOUND[name]) == (f"[{name}]", {name})


@pytest.mark.parametrize(
    "text",
    [
        "step 3 of 7",
        "1700000000", "1700000000123", "1700000000123456", "1700000000123456789",
        "2024-07-18T10:00:00Z", "12:34:56", "250 300 1000",
        "0.931240, 0.051233",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "4111111111111112", "DE89370400440532013001", "12.4.0.2304", "2.5.0+20261101",
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36",
        "icon@2x.png", "git@host", "127.0.0.1", "::1", "https://example.com/x?q={value}&{value}",
        "efficientnet_lite0_int8", "java.net.SocketTimeoutException",
    ],
)  # fmt: skip
def test_what_is_nobodys_passes(text: str) -> None:
    assert scanned(text) == (text, set())


@pytest.mark.parametrize(
    "hidden",
    [
        base64.b64encode(MAIL.encode()).decode(),
        base64.urlsafe_b64encode(f"x{MAIL}".encode()).decode().rstrip("="),
        MAIL.encode().hex(),
        quote(quote(MAIL, safe=""), safe=""),
        MAIL.replace("@", "\\u0040"),
        MAIL.replace("@", "&#64;"),
        "".join(chr(ord(c) + 0xFEE0) for c in MAIL),
        "\u200b".join(MAIL),
    ],
)
def test_what_is_hidden_is_found_and_its_text_dropped(hidden: str) -> None:
    assert scanned(f"mail {hidden} now") == (None, {"email"})


def test_a_broken_detector_costs_the_values_it_failed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> bool:
        raise ZeroDivisionError(text)

    kind = Kind("broken", r"\d{7}", broken)
    patterns = [(kind, re.compile(kind.pattern)), *detect._PATTERNS]
    monkeypatch.setattr("collector.detect._PATTERNS", patterns)
    scan = Detectors().scan(pa.array(["step 3", "number 1234567", MAIL]), "note")
    assert scan.values.to_pylist() == ["step 3", None, "[email]"]
    assert scan.found["error"].tolist() == [False, True, False]
    hits = Detectors().hits(pa.array(["step 3", "number 1234567"]), "note", strict=False)
    assert hits.tolist() == [False, True]
    policy = Policy(attributes={"note": "keep"})
    for name in ("note", "limen.output.label"):
        tally = redact(traces(Span(attributes={name: "number 1234567"})), policy=policy).tally
        assert tally[name, "error", "drop"] == 1


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        (MAIL, True),
        ("49171123456", True),
        ("4111-1111-1111-1111", True),
        ("aGVsbG8gd29ybGQgaGVsbG8", True),
        ("GHP_A1B2C3D4E5F6", False),
        ("A1B2C3D4E5F6G7H8", True),
        ("deadbeefdeadbeefdeadbeef", True),
        ("efficientnet_lite0_int8", False),
        ("SocketTimeoutException", False),
        ("meta-llama/Llama-3.1-8B-Instruct", False),
        ("gpt-4o-mini-2024-07-18", False),
        ("1.0.10423", False),
        ("20261101.3", False),
    ],
)
def test_names_are_looked_at_more_strictly(text: str, hit: bool) -> None:
    assert Detectors().hits(pa.array([text]), "limen.model.name", strict=True).tolist() == [hit]
