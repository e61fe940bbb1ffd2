"""What the detectors find, what they let pass, and what they see through."""

import base64
import random
import re
import subprocess
import sys
from urllib.parse import quote

import pyarrow as pa
import pytest

from collector.contract.policy import Policy
from collector.detect import Detectors, detectors
from collector.detect.kinds import Kind
from tests.otlp import Span, traces
from tests.test_architecture import ROOT
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
        "efficientnet_lite0_int8", "java.net.SocketTimeoutException", "std::vector abc::def",
        "sk-learn-classifier-of-documents-v2", "token classification_of_documents",
        "basic authentication_required", "password: required", "lat=12.345 ms", "git@github.com",
        "2024.1125.1230", "on build 10.0.2.15", "1/2 of 3/4", "13/11/2025 12:30:45",
        "timeout at api.example.com", "look_at_this.file", "000012345678", "12:30, 12:45, 13:15",
        "cookie: required", "C:\\models\\100.tflite", "tokens=512", "map pin: none",
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
        base64.b64encode(base64.b64encode(MAIL.encode())).decode(),
        base64.b64encode(quote(quote(MAIL)).encode()).decode(),
        base64.b64encode(MAIL.encode("utf-16le")).decode(),
        quote(base64.b64encode(MAIL.encode()).decode()),
        "id-" + base64.b64encode(MAIL.encode()).decode(),
        " ".join(MAIL),
        MAIL.replace("@", " (at) ").replace(".", " [dot] "),
        MAIL.replace("@", " @ "),
        MAIL.replace("@", "&commat;"),
        MAIL.replace("@", "\\\\u0040"),
        MAIL.replace("@", "\\x40"),
        MAIL.replace("@", "\\U00000040"),
        MAIL.replace("@", "\\100"),
        MAIL.replace("@", "%u0040"),
        MAIL.replace("@", "=40"),
        MAIL.replace("@", "+AEA-"),
        MAIL.replace("@", "_at_"),
        MAIL.replace("@", "-at-").replace(".", "-dot-"),
        MAIL.replace("@", " at ").replace(".", " dot "),
        base64.b32encode(MAIL.encode()).decode(),
        base64.b32encode(MAIL.encode()).decode().lower().rstrip("="),
        MAIL.encode().hex(" "),
        MAIL.encode().hex(":"),
        "\0".join(MAIL),
        "\x7f".join(MAIL),
        "\n".join(MAIL),
        "".join(chr(0xE0000 + ord(c)) for c in MAIL),
    ],
)
def test_what_is_hidden_is_found_and_its_text_dropped(hidden: str) -> None:
    assert scanned(f"mail {hidden} now") == (None, {"email"})


@pytest.mark.parametrize(
    "text", ["x_at_" + "a-dot-" * 340, "x at " + "-" * 2000, " " * 2000 + "at"]
)
def test_signs_in_a_row_are_read_in_a_few_ways(text: str) -> None:
    """In every way that they could be read it would never end."""
    assert scanned(f"{text}!") == (f"{text}!", set())


def test_digits_of_any_script_and_with_nothing_between_them_are_digits() -> None:
    for zero in ("\u0660", "\uff10"):
        card = "".join(chr(ord(zero) + int(c)) for c in "4111111111111111")
        assert scanned(f"paid by {card}") == (None, {"card"})
    assert scanned("\u2060".join("4111111111111111")) == (None, {"card"})
    assert scanned("\ufe0f\u20e3".join("4111111111111111 ")) == (None, {"card"})
    assert scanned("\u2779" + "\u2776" * 15) == (None, {"card"})
    for between in ("\u2013", "\u2212", "\u00a0", "\ue000", "\u0336"):
        assert scanned(between.join(["4111", *["1111"] * 3])) == (None, {"card"})


def test_text_that_is_encoded_more_often_than_can_be_read_is_dropped() -> None:
    text = "50%25 off"
    for _ in range(10):
        text = quote(text)
    assert scanned(text) == (None, {"error"})
    assert scanned("50%25 off") == ("50%25 off", set())


CUT = {
    "4111111111111111 5555555555554444": "[card] [card]",
    "203.0.113.7,203.0.113.8,203.0.113.9": "[ipv4],[ipv4],[ipv4]",
    "order 12 4111111111111111 and 3": "order 12 [card] and 3",
    "1234567890123456 4111111111111111": "1234567890123456 [card]",
    "DE89370400440532013000 DE89370400440532013000": "[iban] [iban]",
    "ES91 2100 0418 4502 0005 1332 THEN": "[iban] THEN",
    "4111.1111.1111.1111": "[card]",
    "4111, 1111, 1111, 1111": "[card]",
    "4111/1111/1111/1111": "[card]",
    "4111\t1111\t1111\t1111": "[card]",
    "DE89_3704_0044_0532_0130_00": "[iban]",
    "DE89\n3704\n0044\n0532\n0130\n00": "[iban]",
    "call 0049 151 12345678": "call [phone]",
    "+49 (0) 151 12345678": "[phone]",
    "ada@[203.0.113.7], ada(home)@example.com": "[email], [email]",
    "Cookie: a=1; jwt=secret two": "Cookie: [credential]",
    "Authorization: Negotiate YIIGhgYJ": "Authorization: [credential]",
    '{"password": "two words"}': '{"password": "[credential]"}',
    '{\\"password\\":\\"hunter two\\"}': '{\\"password\\":\\"[credential]\\"}',
    "pwd=hunter, otp: 123456": "pwd=[credential], otp: [credential]",
    "in /home/ada/models": "in /home/[user_folder]/models",
    'mail "ada lovelace"@example.com or j\u00fcrgen@m\u00fcller.de.': "mail [email] or [email].",
    "GET /search?q=ada&lang=de": "GET /search?q=[url_query]&lang=[url_query]",
    "at https://ada:pw@example.org/a?x": "at https://[url_password]@example.org/a?[url_query]",
    "https://example.org/cb#access_token=abc": "https://example.org/cb#[url_query]",
    "https://example.org/users/1234567": "https://example.org/users/[url_id]",
    "in C:\\Users\\ada\\models": "in C:\\Users\\[user_folder]\\models",
    "lat=52.520008 lon=13.404954": "lat=[position] lon=[position]",
    "call 0171 1234567": "call [phone]",
    "version 1.2.3.4 at 203.0.113.7": "version 1.2.3.4 at [ipv4]",
    "::ffff:203.0.113.7": "[ipv6]",
    "password=hunter, api_key: a1b2c3d4": "password=[credential], api_key: [credential]",
    "mail " + "\u200b".join(MAIL): "mail [email]",
    "npm_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8": "[vendor_token]",
    "eyJhbGciOiJkaXIifQ..c2VjcmV0.c2VjcmV0c2VjcmV0.dGFn": "[jwt]",
}


@pytest.mark.parametrize("text", CUT)
def test_each_is_cut_out_wherever_it_stands(text: str) -> None:
    assert scanned(text)[0] == CUT[text]


def test_a_column_of_many_values_is_looked_at_as_a_few_are() -> None:
    texts = [*FOUND.values(), *CUT, *map(quote, FOUND.values()), "step 3 of 7"] * 3
    scan = Detectors().scan(pa.array([*texts, None]), "note")
    assert scan.values.to_pylist() == [scanned(text)[0] for text in texts] + [None]


def test_nothing_is_found_in_what_is_left() -> None:
    rng = random.Random(1)
    parts = [*FOUND.values(), *CUT, "step 3", "phone", "version", "lat", "ssn", "12", "%41", "a"]
    between = ["", " ", ",", "/", "-", "=", ": ", "&", "?", ".", "@", "\n", '"']
    texts = [
        "".join(rng.choice(parts) + rng.choice(between) for _ in range(rng.randrange(2, 6)))
        for _ in range(3_000)
    ]
    kept = Detectors().scan(pa.array(texts), "note").values.drop_null()
    assert len(kept) > 1_000
    again = Detectors().scan(kept, "note")
    assert {name: kept.filter(pa.array(hit)) for name, hit in again.found.items()} == {}
    assert again.values == kept


def test_ordinary_telemetry_is_taken_for_something_no_more_often_than_may_be() -> None:
    command = [sys.executable, "-m", "bench.detectors", "--values", "400"]
    done = subprocess.run(command, cwd=ROOT, timeout=100, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    recall = dict(re.findall(r"^  (\S.*?\S) +(\d+\.\d)%$", done.stdout, re.MULTILINE))
    missed = {"phone national", "position, 2 decimals"}
    assert {name for name, rate in recall.items() if rate != "100.0"} == missed


def test_what_was_scanned_is_not_in_its_repr() -> None:
    assert "step" not in repr(Detectors().scan(pa.array(["step 3"]), "note"))


def test_a_broken_detector_costs_the_values_it_failed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> bool:
        raise ZeroDivisionError(text)

    kind = Kind("broken", r"\d{7}", broken)
    patterns = [(kind, re.compile(kind.pattern)), *detectors._patterns()]
    monkeypatch.setattr("collector.detect.detectors._patterns", lambda: patterns)
    scan = Detectors().scan(pa.array(["step 3", "number 1234567", MAIL]), "note")
    assert scan.values.to_pylist() == ["step 3", None, "[email]"]
    assert scan.found["error"].tolist() == [False, True, False]
    hits = Detectors().hits(pa.array(["step 3", "number 1234567"]), "note", strict=False)
    assert hits.tolist() == [False, True]
    policy = Policy(attributes={"note": "keep"})
    for name in ("note", "limen.output.label"):
        tally = redact(traces(Span(attributes={name: "number 1234567"})), policy=policy).tally
        assert tally[name, "error", "drop"] == 1


OPAQUE = (
    MAIL, "49171123456", "4111-1111-1111-1111", "aGVsbG8gd29ybGQgaGVsbG8", "A1B2C3D4E5F6G7H8",
    "deadbeefdeadbeefdeadbeef", "a1b2c3d4e5f6a7b8", "V1StGXR8_Z5jdHi6B-myT",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV", "030 1234567", "(415) 555-2671", "123-45-6789", "81.2.69.142",
    UUID, "2.5.0+4111111111111111", "1234567890123", "3c-22-fb-12-34-56",
)  # fmt: skip
NAMES = (
    "iPhone15,2", "Pixel 8 Pro", "SM-G991B", "2312DRA50G", "S921BXXU1AWLX", "Redmi Note 13 Pro+ 5G",
    "doc_classify-v3", "efficientnet_lite0_int8", "meta-llama/Llama-3.1-8B-Instruct",
    "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "claude-sonnet-4-5-20250929",
    "gemma-2b-it-q4f16_1-MLC", "mobilenet_v3_large_100_224_embedder",
    "EfficientNetLite4ImageClassifier", "qwen2.5-0.5b-instruct-q4_k_m.gguf",
    "2.5.0", "2.5.0+412", "2.5.0-rc.1", "1.2.3.4", "10.0.19045.4291", "1.0.10423", "20261101.3",
    "12345678", "202611031230", "20261103123045", "2024.11.25.1230", "1767225600", "2.5.0+a1b2c3d",
    "UP1A.231005.007", "22G86", "/v1/models/{id}", "/v2/documents:classify", "route doc_classify",
    "XNNPACK", "NNAPI", "ai-edge-litert", "SocketTimeoutException", "GHP_A1B2C3D4E5F6", "arm64-v8a",
)  # fmt: skip


@pytest.mark.parametrize("text", OPAQUE)
def test_what_nobody_can_read_is_no_name(text: str) -> None:
    assert Detectors().hits(pa.array([text]), "limen.model.name", strict=True).tolist() == [True]


@pytest.mark.parametrize("field", ["service.version", "app.build_id"])
def test_names_and_versions_pass_at_the_strictest(field: str) -> None:
    hit = Detectors().hits(pa.array(NAMES), field, strict=True).tolist()
    assert [name for name, one in zip(NAMES, hit, strict=True) if one] == []
