"""Text that may hold anything: what the detectors find in it is not kept, and is counted."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from collector.contract.policy import Policy
from collector.detect import Detectors, Scan
from collector.redaction.screen import Screen
from tests.otlp import Span, traces
from tests.test_redact import kept, redact

MAIL = "ada.lovelace@example.com"
KEY = "AKIAIOSFODNN7REALKEY"
NOTE = Policy(attributes={"note": "keep", "url.full": "keep", "http.route": "keep"})


class Broken(Detectors):
    """Detectors that fail on whatever they are shown."""

    def scan(self, values: pa.StringArray, field: str) -> Scan:
        raise RuntimeError("the detector is broken")

    def hits(self, values: pa.StringArray, field: str, *, strict: bool) -> Any:
        raise RuntimeError("the detector is broken")


def done(attributes: dict[str, Any], detectors: Detectors | None = None) -> dict[str, int]:
    """What was done to the values of one span, by action and detector."""
    request = traces(Span(attributes=attributes), resource={})
    tally = redact(request, policy=NOTE, detectors=detectors).tally
    (name,) = attributes
    return {f"{a} {d}": n for (field, d, a), n in tally.items() if field == name and n}


def test_what_is_found_in_kept_text_is_cut_out_and_counted() -> None:
    text = kept("note", f"mail {MAIL} now", NOTE)
    assert text.startswith("mail [") and text.endswith("] now") and "ada" not in text
    found = done({"note": f"mail {MAIL} now"})
    assert found.pop("keep policy") == 1
    assert [(by.split()[0], n) for by, n in found.items()] == [("mask", 1)]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        (["a", 2, True], "a, 2, true"),
        ([], None),
        (["a", ["b"]], None),
        (["a", b"b"], None),
        (b"bytes", None),
        ({"a": "map"}, None),
        ("x" * 256, "x" * 256),
        ("x " * 150, "x " * 128),
        ("x " * 1500, None),
        (["x " * 100] * 3, ("x " * 100 + ", ") + "x " * 27),
    ],
)
def test_lists_are_kept_item_by_item_and_maps_and_bytes_are_not(raw: Any, stored: Any) -> None:
    assert kept("note", raw, NOTE) == stored
    if stored is None and raw:
        assert sum(n for by, n in done({"note": raw}).items() if by.startswith("drop")) == 1


def test_what_is_found_in_an_item_of_a_list_is_cut_out() -> None:
    text = kept("note", ["first", MAIL], NOTE)
    assert text.startswith("first, [") and "ada" not in text


@pytest.mark.parametrize(
    "items",
    [list(MAIL), MAIL.partition("@"), list("4111111111111111"), [4111, 1111, 1111, 1111]],
)
def test_what_the_items_of_a_list_are_together_is_looked_at_too(items: Sequence[Any]) -> None:
    assert kept("note", list(items), NOTE) is None
    assert sum(n for by, n in done({"note": list(items)}).items() if by.startswith("drop")) == 1


@pytest.mark.parametrize("number", [4111111111111111, 4111111111111111.0])
def test_a_number_is_looked_at_as_its_digits(number: float) -> None:
    assert kept("note", number, NOTE) == "[card]"


def test_half_of_what_is_found_does_not_survive_the_limit() -> None:
    text = kept("note", "x " * 122 + MAIL, NOTE)
    assert "ada" not in text and len(text) <= 256


def test_urls_are_cleaned_by_rule_before_they_are_looked_at() -> None:
    url = f"https://ada:pw@api.example.com/users/471108?mail={MAIL}"
    assert kept("url.full", url, NOTE) == "https://example.com/users/{id}?mail={value}"
    assert kept("http.route", "/users/471108", NOTE) == "/users/{id}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limen.output.label", KEY),
        ("service.name", KEY),
        ("service.version", KEY),
        ("device.model.name", "356938035643809 4111111111111111"),
        ("error.type", KEY),
        ("os.name", f"x-{KEY}"),
        ("limen.scores.labels", ["a", KEY]),
        ("limen.scores.labels", f"a,{KEY}"),
        ("server.address", "4111111111111111.com"),
        ("deployment.environment.name", KEY),
    ],
)
def test_a_name_or_label_in_which_something_is_found_is_dropped_and_counted(
    name: str, value: Any
) -> None:
    assert kept(name, value) is None
    (by,) = done({name: value})
    assert by.startswith("drop ") and by != "drop form"


def test_a_part_of_a_route_in_which_something_is_found_becomes_an_id() -> None:
    assert kept("url.template", f"/keys/{KEY}/rotate") == "/keys/{id}/rotate"
    request = traces(Span(name=f"GET /keys/{KEY}"), Span(name=KEY))
    assert redact(request).rows.column("name").to_pylist() == ["GET /keys/{id}", None]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device.model.identifier", "SM-S918B"),
        ("device.model.identifier", "iPhone15,2"),
        ("device.model.name", "Galaxy S23 Ultra"),
        ("os.version", "14.4.1"),
        ("service.version", "2.5.0+20261101"),
        ("service.version", "12.4.0.2304"),
        ("app.build_id", "1042317"),
        ("gen_ai.request.model", "gpt-4o-mini-2024-07-18"),
        ("gen_ai.request.model", "meta-llama/Llama-3.1-8B-Instruct"),
        ("limen.model.name", "efficientnet_lite0_int8"),
        ("limen.threshold.version", "2026-10-01.3"),
        ("error.type", "java.net.SocketTimeoutException"),
        ("error.type", "500"),
        ("limen.egress.processor", "Example Cloud EU"),
        ("limen.egress.region", "eu-west-1"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("limen.output.label", "golden_retriever"),
    ],
)
def test_what_real_apps_send_is_kept(name: str, value: str) -> None:
    assert kept(name, value) == value


@pytest.mark.parametrize(
    "attributes",
    [
        {"note": "an ordinary note"},
        {"note": ["an ordinary", "note"]},
        {"limen.output.label": "7"},
        {"server.address": "api.example.com"},
        {"url.template": "/v1/classify"},
        {"limen.scores.labels": ["7", "1"]},
    ],
)
def test_a_broken_detector_drops_what_it_should_have_looked_at(attributes: dict[str, Any]) -> None:
    request = traces(Span(attributes=attributes, name="route scan"), resource={})
    redacted = redact(request, policy=NOTE, detectors=Broken())
    assert done(attributes, Broken()) == {"drop error": 1}
    assert redacted.rows.column("name").to_pylist() == [None]
    # Numbers and enumerations ask no detector.
    fine = traces(Span(attributes={"limen.decision": "accept", "limen.confidence": 0.5}))
    row = redact(fine, detectors=Broken()).rows.to_pylist()[0]
    assert (row["decision"], row["confidence"], row["app"]) == ("accept", 0.5, None)


def test_a_detector_that_works_again_is_asked_again() -> None:
    class Once(Detectors):
        broken = True

        def hits(self, values: pa.StringArray, field: str, *, strict: bool) -> Any:
            if self.broken:
                raise RuntimeError("the detector is broken")
            return super().hits(values, field, strict=strict)

    detectors = Once()
    screen = Screen(detectors)
    assert screen.verdicts(["scan"], "limen.feature") == [(None, (("error", "drop"),))]
    detectors.broken = False
    assert screen.verdicts(["scan"], "limen.feature") == [("scan", ())]


def test_what_a_collector_in_front_redacted_is_tallied() -> None:
    debug = {
        "redaction.redacted.keys": "user.name,user.email,secret of ada",
        "redaction.redacted.count": 3,
        "redaction.masked.keys": "note",
        "redaction.masked.count": 1,
    }
    info = {"redaction.redacted.count": 4, "redaction.ignored.count": 2}
    tally = redact(traces(Span(attributes=debug), Span(attributes=info), resource=info)).tally
    assert {
        (field, action): n for (field, detector, action), n in tally.items()
        if detector == "upstream"
    } == {
        ("user.name", "drop"): 1,
        ("user.email", "drop"): 1,
        ("(unclean key)", "drop"): 1,
        ("note", "mask"): 1,
        ("(attributes)", "drop"): 4 + 4,
        ("(attributes)", "keep"): 2 + 2,
    }  # fmt: skip
    assert tally["(unnamed attributes)", "allowlist", "drop"] == 0
    assert tally.findings == []
