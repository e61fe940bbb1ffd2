"""One request under another threshold, model, network or consent."""

import json
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import limen
from collector.contract.arrow import SCORES
from collector.contract.attributes import BLOCKED_REASONS, DECISIONS, FALLBACK_REASONS
from collector.contract.client import LimenClient
from collector.contract.errors import BadInput, NotFound
from collector.contract.records import ReplayRequest, Spent
from collector.contract.what_if.records import Change, Circumstances, Observed, Outcome, Said
from collector.contract.what_if.rules import what_if
from collector.contract.what_if.words import rows
from tests.otlp import Span, consent, logged_input, now, request_span, traces
from tests.processes import running_collector
from tests.store import Store
from tests.test_departures import CLOUD, client

OTHER = "digit_reader@2"
HOUR = 3600 * 10**9


def observed(
    decision: str = "fallback", reason: str | None = "low_confidence", **facts: Any
) -> Observed:
    """A request 0.6 sure at a threshold of 0.7; keywords replace its facts."""
    by = {"accept": "device", "fallback": "cloud", "cloud": "cloud"}.get(decision)
    values: dict[str, Any] = {
        "placement": "hybrid",
        "confidence": 0.8 if decision == "accept" else 0.6,
        "threshold": 0.7,
        "network": "wifi",
        "consent": "granted",
        "cloud_label": "1" if by == "cloud" else None,
        "asked": by == "cloud",
        "sent": 400.0 if by == "cloud" else 0.0,
        "usual": 380.0,
        "consent_needed": True,
        "way_out": True,
    } | facts
    said = Said(model="digit_reader@1", label="7", confidence=values.pop("confidence"))
    decides = {n: values.pop(n) for n in ("placement", "threshold", "network", "consent")}
    answer = {"device": "7", "cloud": values["cloud_label"]}.get(by or "")
    return Observed(
        span_id="01" * 8,
        feature="image_classify",
        release="2.4.0",
        circumstances=Circumstances(said=said, **decides),
        outcome=Outcome(
            decision=decision, reason=None if decision in ("accept", "cloud") else reason,
            answered_by=by, answer=answer, sent=values.pop("sent"),
        ),
        **values,
    )  # fmt: skip


FELL_BACK, ACCEPTED = observed(), observed("accept")
BLOCKED = observed("blocked", "offline", network="unavailable")


@pytest.mark.parametrize(
    ("request_", "change", "decision", "reason", "answer", "sent"),
    [
        pytest.param(FELL_BACK, {"threshold": 0.6}, "accept", None, "7", 0, id="at-its-confidence"),
        pytest.param(
            FELL_BACK, {"threshold": 0.61}, "fallback", "low_confidence", "1", 400, id="above-it"
        ),
        pytest.param(
            FELL_BACK, {"network": "unavailable"}, "blocked", "offline", None, 0,
            id="off",
        ),
        pytest.param(
            FELL_BACK, {"network": "unavailable", "threshold": 0.5}, "accept", None, "7", 0,
            id="off-but-sure-enough",
        ),
        pytest.param(
            FELL_BACK, {"network": "cell"}, "fallback", "low_confidence", "1", 400,
            id="c",
        ),
        pytest.param(FELL_BACK, {"consent": "denied"}, "blocked", "consent", None, 0, id="denied"),
        pytest.param(
            observed(consent_needed=False), {"consent": "withdrawn"}, "fallback", "low_confidence",
            "1", 400, id="consent-is-not-asked-for",
        ),
        pytest.param(
            observed(consent_needed=None, way_out=None), {"consent": "denied"}, None, None, None,
            None, id="no-policy",
        ),
        pytest.param(
            ACCEPTED, {"threshold": 0.9}, "fallback", "low_confidence", None, 380,
            id="up",
        ),
        pytest.param(
            observed("accept", asked=True, cloud_label="1", sent=390.0), {"threshold": 0.9},
            "fallback", "low_confidence", "1", 390, id="audited",
        ),
        pytest.param(
            observed("accept", usual=None), {"threshold": 0.9}, "fallback",
            "low_confidence", None, None, id="nobody-asked-the-cloud-yet",
        ),
        pytest.param(
            observed("accept", consent=None), {"threshold": 0.9}, None, None, None, None,
            id="consent-unknown",
        ),
        pytest.param(
            observed("accept", consent=None), {"threshold": 0.9, "consent": "granted"}, "fallback",
            "low_confidence", None, 380, id="consent-said",
        ),
        pytest.param(
            observed("accept", network=None), {"threshold": 0.9}, None, None, None, None,
            id="network-unknown",
        ),
        pytest.param(
            observed("accept", way_out=False), {"threshold": 0.9}, "blocked", "policy", None, 0,
            id="no-way-out",
        ),
        pytest.param(
            observed("accept", placement="device"), {"threshold": 0.9}, "blocked", "policy", None,
            0,
            id="device-alone",
        ),
        pytest.param(ACCEPTED, {"network": "unavailable"}, "accept", None, "7", 0, id="needs-none"),
        pytest.param(
            BLOCKED, {"network": "wifi"}, "fallback", "low_confidence", None, 380,
            id="on",
        ),
        pytest.param(BLOCKED, {"consent": "denied"}, "blocked", "offline", None, 0, id="still-off"),
        pytest.param(
            BLOCKED, {"network": "wifi", "consent": "denied"}, "blocked", "consent", None, 0,
            id="on-but-denied",
        ),
        pytest.param(
            observed("blocked", "consent", consent="denied"), {"consent": "granted"}, "fallback",
            "low_confidence", None, 380, id="granted",
        ),
        pytest.param(
            observed("blocked", "quota"), {"network": "cell"}, "blocked", "quota", None, 0,
            id="a-quota-stays",
        ),
        pytest.param(
            observed("blocked", "cloud_error", sent=54.0), {"threshold": 0.9}, "blocked",
            "cloud_error", None, 54, id="it-was-tried",
        ),
        pytest.param(
            observed("blocked", "cloud_error", sent=54.0), {"consent": "denied"}, "blocked",
            "consent", None, 0, id="it-would-not-have-been-tried",
        ),
        pytest.param(
            observed("blocked", "quota"), {"threshold": 0.5}, "accept", None, "7", 0,
            id="quota-past",
        ),
        pytest.param(
            observed("fallback", "user"), {"threshold": 0.1}, "fallback", "user", "1", 400,
            id="the-person-wanted-it",
        ),
        pytest.param(
            observed("fallback", "load_error", confidence=None), {"threshold": 0.1}, "fallback",
            "load_error", "1", 400, id="no-threshold-loads-a-model",
        ),
        pytest.param(
            observed("fallback", "load_error", confidence=None), {"model": OTHER}, "accept", None,
            "9", 0, id="another-model-loads",
        ),
        pytest.param(
            observed("fallback", "thermal"), {"model": OTHER}, None, None, None, None,
            id="a-host-knows-no-heat",
        ),
        pytest.param(FELL_BACK, {"model": OTHER}, "accept", None, "9", 0, id="another-model"),
        pytest.param(
            FELL_BACK, {"model": OTHER, "threshold": 0.95}, "fallback", "low_confidence", "1", 400,
            id="another-model-and-threshold",
        ),
        pytest.param(FELL_BACK, {"model": "gone@1"}, None, None, None, None, id="no-replay-by-it"),
        pytest.param(
            observed(threshold=None), {"model": OTHER}, None, None, None, None, id="no-threshold"
        ),
        pytest.param(
            observed("cloud", placement="cloud"), {"network": "unavailable"}, "blocked", "offline",
            None, 0, id="planned-for-the-cloud",
        ),
        pytest.param(
            observed("cloud", placement="cloud"), {"threshold": 0.1}, "cloud", None, "1", 400,
            id="planned-whatever-the-threshold",
        ),
        pytest.param(
            observed("error", "out_of_memory"), {"threshold": 0.1}, "error", "out_of_memory", None,
            0, id="an-error",
        ),
        pytest.param(
            observed("error", "out_of_memory"), {"model": OTHER}, None, None, None, None,
            id="an-error-with-another-model",
        ),
    ],
)  # fmt: skip
def test_the_rules_decide(
    request_: Observed,
    change: dict[str, Any],
    decision: str | None,
    reason: str | None,
    answer: str | None,
    sent: float | None,
) -> None:
    replayed = {OTHER: Said(model=OTHER, label="9", confidence=0.9)}
    found = what_if(request_, Change(**change), replayed)
    would = found.would
    assert (would.decision, would.reason, would.answer, would.sent) == (
        decision, reason, answer, sent,
    )  # fmt: skip
    assert would.estimated == (sent == 380)
    assert found.did == request_.outcome
    assert found.models == (OTHER,)
    assert ("is unknown: " in found.sentence) == (decision is None)
    assert len(rows(found)) == 10


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("reason", sorted({*FALLBACK_REASONS, *BLOCKED_REASONS}))
@pytest.mark.parametrize("facts", [{}, {"consent": None, "network": None}, {"threshold": 0.1}])
def test_nothing_changed_is_what_happened(
    decision: str, reason: str, facts: dict[str, Any]
) -> None:
    request = observed(decision, reason, **facts)
    same = request.circumstances
    for change in (
        Change(),
        Change(threshold=same.threshold, network=same.network, consent=same.consent),
        Change(model=same.said.model),
    ):
        found = what_if(request, change, {})
        assert (found.would, found.would_be) == (found.did, found.was)
        assert found.sentence.startswith("As it was: ")


@pytest.mark.parametrize(
    ("request_", "change", "sentence"),
    [
        (
            FELL_BACK, {"threshold": 0.5},
            'With a threshold of 0.500 (it was 0.700), the device would have answered "7" (0.600 '
            "is not below 0.500), instead of this: the device asked the cloud (low confidence), "
            'which said "1". 400 B fewer would have left for the cloud.',
        ),
        (
            ACCEPTED, {"threshold": 0.9, "network": "cell"},
            "With a threshold of 0.900 (it was 0.700) and network cell (it was network wifi), the "
            "device would have asked the cloud, whose answer is unknown (0.800 is below 0.900), "
            'instead of this: the device answered "7". About 380 B more would have left for the '
            "cloud.",
        ),
        (
            ACCEPTED, {"network": "unavailable"},
            "With no network (it was network wifi), nothing would have been different: the device "
            'answered "7" (the device had its answer).',
        ),
        (
            BLOCKED, {"threshold": 0.5},
            'With a threshold of 0.500 (it was 0.700), the device would have answered "7" (0.600 '
            "is not below 0.500), instead of this: no answer was possible, offline. Nothing, as it "
            "was, would have left for the cloud.",
        ),
        (
            observed("accept", consent=None), {"threshold": 0.9},
            "With a threshold of 0.900 (it was 0.700), what would have happened is unknown: the "
            "policy asks for consent, and its state is unknown.",
        ),
    ],
)  # fmt: skip
def test_it_is_said_in_a_sentence(
    request_: Observed, change: dict[str, Any], sentence: str
) -> None:
    assert what_if(request_, Change(**change), {}).sentence == sentence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threshold": 1.5}, "threshold: 1.5 is not between 0 and 1"),
        ({"network": "tin-can"}, "network is one of wifi, cell, wired, unavailable"),
        ({"consent": "unknown"}, "consent is one of granted, denied"),
    ],
)
def test_what_no_request_can_be_in_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Change(**change).checked()


def fell_back(label: str = "1", **more: Any) -> tuple[Span, Span, Span]:
    """A request, its send and the cloud's side of it."""
    facts = {"limen_confidence": 0.6, "limen_threshold": 0.7, "limen_output_label": "7"} | more
    request = request_span("fallback", limen_fallback_reason="low_confidence", **facts)
    sent = client(request)
    return request, sent, sent.child("SERVER", limen_output_label=label)


def asked(store: Store, request: Span, **change: Any) -> Any:
    (found,) = store.what_ifs.ask(request.trace_id.hex(), Change(**change))
    return found


def test_a_stored_fallback_would_have_been_answered_by_the_device(store: Store) -> None:
    request, sent, served = fell_back()
    thumbnail = client(request, server_address="adkit.example", http_request_body_size=9)
    store.take(traces(request, sent, thumbnail), traces(served, resource=CLOUD))
    found = asked(store, request, threshold=0.5)
    assert (found.did.answer, found.did.sent) == ("1", 100)
    assert (found.would.decision, found.would.answer, found.would.sent) == ("accept", "7", 0)
    assert found.was.consent == "granted"
    assert asked(store, request, consent="withdrawn").would.reason == "consent"


def test_of_what_was_never_sent_the_mean_of_the_others_is_an_estimate(store: Store) -> None:
    for size in (100, 200):
        request, sent, served = fell_back()
        sent.attributes = {**sent.attributes, "http.request.body.size": size}
        store.take(traces(request, sent), traces(served, resource=CLOUD))
    alone = request_span("accept", limen_confidence=0.8, limen_threshold=0.7)
    store.take(traces(alone))
    found = asked(store, alone, threshold=0.9)
    assert (found.would.decision, found.would.sent, found.would.estimated) == (
        "fallback",
        150,
        True,
    )
    assert found.was.consent == "granted", "as the same phone stated it last"


@pytest.mark.parametrize(
    ("history", "sent", "expected"),
    [
        pytest.param([("denied", -2)], None, "denied", id="the-history-alone"),
        pytest.param([("granted", -2), ("withdrawn", -1)], None, "withdrawn", id="the-newest"),
        pytest.param([("granted", -2), ("denied", 1)], None, "granted", id="of-its-own-time"),
        pytest.param([("granted", 1)], None, None, id="only-later"),
        pytest.param([("withdrawn", -1)], ("granted", -2), "withdrawn", id="after-the-send"),
        pytest.param([("granted", -2)], ("denied", -1), "denied", id="the-send-permits-less"),
    ],
)
def test_where_nothing_left_consent_is_that_of_the_history(
    store: Store, history: list[tuple[str, int]], sent: tuple[str, int] | None, expected: str | None
) -> None:
    start = now() - 10 * HOUR
    alone = request_span("accept", start=start, limen_confidence=0.8, limen_threshold=0.7)
    store.take(traces(alone), *(consent(state, start + at * HOUR) for state, at in history))
    store.take(consent("not_required", start - HOUR, purpose="analytics"))
    if sent is not None:
        other = request_span("fallback", start=start + sent[1] * HOUR)
        store.take(traces(other, client(other, limen_consent_state=sent[0])))
    assert asked(store, alone).was.consent == expected


def test_without_another_send_bytes_and_consent_stay_unknown(store: Store) -> None:
    alone = request_span("accept", limen_confidence=0.8, limen_threshold=0.7)
    store.take(traces(alone))
    assert asked(store, alone, threshold=0.9).would.decision is None
    found = asked(store, alone, threshold=0.9, consent="granted")
    assert (found.would.decision, found.would.sent) == ("fallback", None)


def test_another_models_answer_comes_from_its_saved_replay_and_opens_no_input(
    store: Store,
) -> None:
    request, sent, served = fell_back()
    store.take(traces(request, sent), traces(served, resource=CLOUD))
    store.take(logged_input(request, b"picture"))
    with pytest.raises(BadInput, match="no replay of this request by that one is saved"):
        asked(store, request, model=OTHER)
    before = store.rows("select count(*) as n from audit")
    for confidence, label in ((0.3, "4"), (0.9, "9")):
        save_replay(store, label, confidence)
    found = asked(store, request, model=OTHER)
    assert found.models == (OTHER,)
    assert (found.would.decision, found.would.answer) == ("accept", "9"), "the newest run's"
    assert store.rows("select count(*) as n from audit") == before


def save_replay(store: Store, label: str, confidence: float) -> None:
    asked_for = ReplayRequest(
        feature="image_classify",
        model=OTHER,
        model_digest="sha256:" + "ab" * 32,
        runtime="litert",
        runtime_version="2",
    )
    run = store.replays.create(asked_for)
    (number,) = [row["number"] for row in store.rows("select number from inputs")]
    scores = pa.table(
        [[number], [label], [confidence], [[confidence]], pa.array([None], pa.string())],
        schema=SCORES,
    )
    store.replays.save_chunk(run.run, run.chunks[0], scores, Spent())


def test_a_trace_without_a_request_says_so(store: Store) -> None:
    lone = Span(name="sync")
    store.take(traces(lone))
    with pytest.raises(NotFound, match="holds no request"):
        asked(store, lone)


def test_the_api_and_the_command_answer_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request, sent, served = fell_back()
    trace = request.trace_id.hex()
    with running_collector(tmp_path) as running:
        for sending in (traces(request, sent), traces(served, resource=CLOUD)):
            httpx.post(
                f"{running.http}/v1/traces",
                content=sending.SerializeToString(),
                headers={"content-type": "application/x-protobuf"},
            ).raise_for_status()
        with LimenClient(running.api) as api:
            (found,) = api.what_if(trace, Change(threshold=0.5))
            for wrong in ("?colour=blue", "?threshold=high", "?network=tin-can", "?model=x@1"):
                url = f"{running.api}/api/traces/{trace}/what-if{wrong}"
                assert httpx.get(url).status_code == 400, wrong
        place = ("--api", running.api)
        assert limen.main(["what-if", trace, "--threshold", "0.5", "--json", *place]) == 0
        assert json.loads(capsys.readouterr().out)["requests"] == [found.model_dump(mode="json")]
        assert limen.main(["what-if", trace, "--consent", "denied", *place]) == 1
        out = capsys.readouterr().out
        assert "no policy says whether the feature needs consent" in out
        assert limen.main(["what-if", trace, "--threshold", "7", *place]) == 2
