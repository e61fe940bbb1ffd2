"""The simulated fleet: what it does, what it counts, and what its telemetry says of it."""

import itertools
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from collector.contract.attributes import (
    CONSENT_EVENT,
    CONSENT_STATE,
    DECISION,
    FEATURE,
    INPUT_EVENT,
    INSTALLATION,
    LABEL_TRUTH,
    LAUNCH,
)
from collector.contract.policy_file import read_policy
from demo import strays
from demo.device_model import DeviceModels
from demo.features import FEATURES, Feature
from demo.fleet import POLICY_FILE, Fleet
from demo.installations import HISTORY_SECONDS, population
from demo.releases import NEW_RELEASE, OLD_RELEASE
from demo.schedule import installations_for, shares, week
from demo.transfers import Sender
from demo.wire import wire
from models.interpreters import available_runtimes
from models.training.barcodes import FORMATS
from models.training.documents import KINDS
from tests.test_cloud import SEED, RunningCloud, running_cloud, samples

REQUESTS = 2_400
PHONES = 300
TRUTHS = {
    "image_classify": "[0-9]",
    "doc_classify": "|".join(KINDS),
    "barcode_scan": f"({'|'.join(FORMATS)})-[a-p]{{8}}",
    "next_word": "[a-z]+",
}


@dataclass
class Kept:
    """Where the telemetry of a test's fleet goes: the spans in memory, whole."""

    spans: list[ReadableSpan] = field(default_factory=list)
    records: list[ReadableLogRecord] = field(default_factory=list)

    def send(self, spans: Sequence[ReadableSpan], records: Sequence[ReadableLogRecord]) -> None:
        self.spans += spans
        self.records += records

    def called(self, event: str) -> list[ReadableLogRecord]:
        return [record for record in self.records if record.log_record.event_name == event]

    def of(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.spans if span.kind is kind]


@dataclass(frozen=True)
class History:
    """One fleet that has lived its week, with the cloud's own account of it."""

    ledger: dict[str, Any]
    kept: Kept
    received: dict[str, dict[str, int]]
    cloud_spans: tuple[ReadableSpan, ...]
    began: int


def live(cloud: RunningCloud, requests: int = REQUESTS) -> History:
    kept = Kept()
    before = cloud.received()
    began = time.time_ns()
    with closing(Sender(cloud.url)) as sender:
        fleet = Fleet(seed=SEED, requests=requests, sender=sender, samples=samples())
        fleet.live_through_history(kept, lambda made: None)
    received = {
        host: {name: count - before.get(host, {}).get(name, 0) for name, count in counts.items()}
        for host, counts in cloud.received().items()
    }
    return History(fleet.ledger.record(), kept, received, cloud.spans(), began)


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud() as running:
        yield running


@pytest.fixture(scope="module")
def history(cloud: RunningCloud) -> History:
    return live(cloud)


def said(span: ReadableSpan, column: str) -> Any:
    """The value of the attribute that the contract keeps in `column`."""
    (name,) = wire(**{column: ""})
    assert span.attributes is not None
    return span.attributes.get(name)


def arriving(ledger: dict[str, Any], name: str) -> int:
    return sum(
        account["counted"][name] - account["lost"][name]
        for release in ledger["releases"].values()
        for account in release["features"].values()
    )


def total(account: dict[str, Any], host: str, name: str) -> int:
    return sum(sent[name] for causes in account.get(host, {}).values() for sent in causes.values())


def asking(span: ReadableSpan) -> bool:
    """Whether it is the call itself, and not the chat around it."""
    return said(span, "http_request_body_size") is not None


def test_the_same_seed_makes_the_same_phones() -> None:
    assert population(50, 1) == population(50, 1)
    assert population(50, 1) != population(50, 2)


def test_a_larger_fleet_has_the_smaller_one_in_it() -> None:
    assert population(80, SEED)[:50] == population(50, SEED)


def test_old_android_runs_the_old_runtime_and_one_device_its_gpu() -> None:
    phones = population(PHONES, SEED)
    old = [p for p in phones if p.device.os == "Android" and int(p.os_version) <= 13]
    expected = "tflite" if "tflite" in available_runtimes() else "litert"
    assert {p.runtime for p in old} == {expected}
    assert {p.runtime for p in phones if p not in old} == {"litert"}
    assert len({p.device.identifier for p in phones if p.device.delegate == "gpu"}) == 1


@pytest.mark.parametrize("requests", [1, 7, 1_999, 2_000, 12_000, 60_001])
def test_every_phone_has_a_request_and_they_add_up(requests: int) -> None:
    phones = population(installations_for(requests), SEED)
    counts = shares(phones, requests, SEED)
    assert len(phones) >= min(2_000, requests)
    assert min(counts) >= 1 and sum(counts) == requests


def test_a_week_is_in_order_and_ends_with_a_network() -> None:
    for phone in population(PHONES, SEED):
        one = week(phone, 20, SEED)
        times = [request.at for request in one.requests()]
        assert times == sorted(times) and len(times) == 20
        assert 0 <= times[0] and times[-1] <= HISTORY_SECONDS
        releases = [launch.release for launch in one.launches]
        assert releases == sorted(releases)
        assert all(window.end <= HISTORY_SECONDS for window in one.windows)
        for launch in one.launches:
            numbers = [request.sequence for request in launch.requests]
            assert numbers == list(range(len(numbers)))
        for request in one.requests():
            away = any(window.start <= request.at < window.end for window in one.windows)
            assert request.offline == away


def test_phones_move_to_the_new_release_while_the_week_goes_on() -> None:
    phones = population(2_000, SEED)
    adopted = [
        sum(phone.release(at) == NEW_RELEASE for phone in phones) / len(phones)
        for at in (0.0, HISTORY_SECONDS / 2, HISTORY_SECONDS)
    ]
    assert adopted[0] == 0
    assert adopted[0] < adopted[1] < adopted[2]
    assert 0.40 < adopted[2] < 0.50


def test_a_gpu_reads_differently_from_the_host_but_always_alike() -> None:
    models = DeviceModels()
    host = models.get("digit_reader@1", "litert", "cpu")
    gpu = models.get("digit_reader@1", "litert", "gpu")
    digits = samples()["image_classify"].take(1, range(200), [0.4] * 200)
    differing = [host.read(s.content).label != gpu.read(s.content).label for s in digits]
    assert 0.01 < np.mean(differing) < 0.3
    assert all(gpu.read(s.content) == gpu.read(s.content) for s in digits)


def test_what_arrives_is_what_was_counted_less_what_was_lost(history: History) -> None:
    spans = history.kept.of(SpanKind.INTERNAL)
    assert len(spans) == arriving(history.ledger, "requests")
    for release, feature in itertools.product((OLD_RELEASE, NEW_RELEASE), FEATURES):
        account = history.ledger["releases"][release]["features"][feature]
        own = [
            span
            for span in spans
            if span.resource.attributes["service.version"] == release
            and said(span, "feature") == feature
        ]
        expected = Counter(account["counted"]["decisions"])
        expected.subtract(account["lost"]["decisions"])
        assert Counter(str(said(span, "decision")) for span in own) == +expected
        offline = [span for span in own if said(span, "network") == "unavailable"]
        assert len(offline) == (
            account["counted"]["offline_requests"] - account["lost"]["offline_requests"]
        )
        served = sum(said(span, "decision") == "accept" for span in offline)
        assert served == account["counted"]["offline_served"] - account["lost"]["offline_served"]


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES.keys())
def test_every_feature_shows_what_can_become_of_a_request(
    history: History, feature: Feature
) -> None:
    decisions: Counter[str] = Counter()
    blocked: Counter[str] = Counter()
    inputs = 0
    for release in history.ledger["releases"].values():
        counted = release["features"][feature.name]["counted"]
        decisions += Counter(counted["decisions"])
        blocked += Counter(counted["blocked_reasons"])
        inputs += counted["inputs"]
    assert blocked["offline"] > 0
    if feature.models:
        assert decisions["accept"] > 0 and decisions["fallback"] > 0 and not decisions["cloud"]
        assert inputs > 0
    else:
        assert decisions["cloud"] > 0 and not decisions["accept"] and not decisions["fallback"]
        assert inputs == 0


def test_the_cloud_received_what_the_ledger_says_was_sent(history: History) -> None:
    sent = history.ledger["sent"]
    assert set(sent) == {"inference.example.com", "llm.example.net", "adkit.example"}
    assert set(sent["llm.example.net"]) == {"summarize", "generate"}
    assert history.received == {
        host: {
            "requests": total(sent, host, "transfers"),
            "bytes": total(sent, host, "bytes"),
        }
        for host in sent
    }


def test_the_spans_tell_the_bytes_that_were_not_lost(history: History) -> None:
    told: Counter[str] = Counter()
    for span in filter(asking, history.kept.of(SpanKind.CLIENT)):
        told[said(span, "server_address")] += said(span, "http_request_body_size")
    assert told == {
        host: counts["bytes"] - total(history.ledger["lost"], host, "bytes")
        for host, counts in history.received.items()
    }


def test_a_transfer_whose_request_was_lost_arrives_as_an_orphan(history: History) -> None:
    requests = {span.context.trace_id for span in history.kept.of(SpanKind.INTERNAL)}
    orphans = [
        span
        for span in filter(asking, history.kept.of(SpanKind.CLIENT))
        if span.context.trace_id not in requests
    ]
    orphaned = history.ledger["orphaned"]
    assert len(orphans) == sum(total(orphaned, host, "transfers") for host in orphaned) > 0


def test_gaps_in_the_sequence_are_the_losses_within_launches(history: History) -> None:
    launches: dict[Any, list[int]] = defaultdict(list)
    for span in history.kept.of(SpanKind.INTERNAL):
        resource = span.resource.attributes
        launches[resource[INSTALLATION], resource[LAUNCH]].append(said(span, "sequence"))
    missing = sum(
        after - before - 1
        for numbers in launches.values()
        for before, after in itertools.pairwise(sorted(numbers))
    )
    releases = history.ledger["releases"].values()
    lost = sum(
        account["lost"]["requests"]
        for release in releases
        for account in release["features"].values()
    )
    assert missing == sum(release["interior"] for release in releases) > 0
    assert lost == missing + sum(release["edge"] for release in releases)


def test_a_phone_without_network_sends_nothing_and_answers_when_it_is_sure(
    history: History,
) -> None:
    offline = {
        span.context.trace_id: span
        for span in history.kept.of(SpanKind.INTERNAL)
        if said(span, "network") == "unavailable"
    }
    assert offline
    assert not any(span.context.trace_id in offline for span in history.kept.of(SpanKind.CLIENT))
    for span in offline.values():
        if said(span, "decision") == "blocked":
            assert said(span, "blocked_reason") == "offline"
        elif said(span, "confidence") is not None:
            assert said(span, "confidence") >= said(span, "threshold")


def test_the_threshold_decides_by_the_policy_of_the_release(history: History) -> None:
    rules = {name: read_policy(POLICY_FILE).features[name] for name in FEATURES}
    digits = [rules["image_classify"].rule(one).threshold for one in (OLD_RELEASE, NEW_RELEASE)]
    assert digits == [0.70, 0.75]
    for span in history.kept.of(SpanKind.INTERNAL):
        release = str(span.resource.attributes["service.version"])
        assert said(span, "threshold") == rules[said(span, "feature")].rule(release).threshold
        if said(span, "confidence") is not None:
            sure = said(span, "confidence") >= said(span, "threshold")
            assert sure == (said(span, "decision") == "accept")


def test_audits_are_asked_at_random_among_the_accepted(history: History) -> None:
    spans = history.kept.of(SpanKind.INTERNAL)
    possible = [span for span in spans if said(span, "audit_probability") is not None]
    assert {said(span, "audit_probability") for span in possible} == {0.05}
    assert {said(span, "decision") for span in possible} == {"accept"}
    audited = sum(said(span, "audit_sampled") for span in possible)
    assert 0.03 < audited / len(possible) < 0.07


def test_stamps_lie_in_the_last_week_and_children_within_their_parents(history: History) -> None:
    week_ns = 7 * 86_400 * 10**9
    for span in history.kept.spans:
        assert span.start_time is not None and span.end_time is not None
        assert history.began - week_ns < span.start_time <= span.end_time < history.began
    parents = {span.context.span_id: span for span in history.kept.spans}
    children = [*history.kept.of(SpanKind.CLIENT), *history.cloud_spans]
    for span in children:
        parent = parents.get(span.parent.span_id) if span.parent else None
        if parent is not None:
            assert parent.start_time is not None and parent.end_time is not None
            assert span.start_time is not None and span.end_time is not None
            assert parent.start_time <= span.start_time <= span.end_time <= parent.end_time


def test_the_clouds_side_of_every_transfer_is_in_its_trace(history: History) -> None:
    asked = {
        span.context.span_id
        for span in filter(asking, history.kept.of(SpanKind.CLIENT))
        if said(span, "server_address") != "adkit.example"
    }
    answered = {span.parent.span_id for span in history.cloud_spans if span.parent is not None}
    assert asked <= answered


def test_a_chat_encloses_its_calls_and_tells_its_tokens(history: History) -> None:
    clients = history.kept.of(SpanKind.CLIENT)
    chats = {span.context.span_id: span for span in clients if not asking(span)}
    assert {said(span, "feature") for span in chats.values()} == {"summarize", "generate"}
    served = {span.parent.span_id: span for span in history.cloud_spans if span.parent is not None}
    calls: defaultdict[int, list[ReadableSpan]] = defaultdict(list)
    for span in filter(asking, clients):
        if said(span, "server_address") == "llm.example.net":
            assert span.parent is not None and span.parent.span_id in chats
            calls[span.parent.span_id].append(span)
    assert set(calls) == set(chats)
    for number, chat in chats.items():
        answered = served[calls[number][-1].context.span_id]
        for tokens in ("gen_ai_input_tokens", "gen_ai_output_tokens"):
            assert said(chat, tokens) == said(answered, tokens)
            assert (said(chat, tokens) is None) == (said(answered, "http_status") == 503)


def test_inputs_are_logged_of_phones_that_consent_only(history: History) -> None:
    consenting = {
        p.id for p in population(installations_for(REQUESTS), SEED) if p.consents_to_logging
    }
    assert len(history.kept.called(INPUT_EVENT)) == arriving(history.ledger, "inputs") > 0
    requests = {span.context.span_id: span for span in history.kept.of(SpanKind.INTERNAL)}
    for record in history.kept.called(INPUT_EVENT):
        log = record.log_record
        assert record.resource.attributes[INSTALLATION] in consenting
        assert log.attributes is not None and log.span_id is not None
        feature = FEATURES[str(log.attributes[FEATURE])]
        if feature.picture:
            assert isinstance(log.body, bytes) and len(log.body) == math.prod(feature.picture)
        else:
            assert isinstance(log.body, str)
        assert log.attributes[CONSENT_STATE] == "granted"
        assert re.fullmatch(TRUTHS[feature.name], str(log.attributes[LABEL_TRUTH]))
        request = requests[log.span_id]
        assert request.attributes is not None and DECISION in request.attributes
        (name,) = wire(input_digest="")
        assert request.attributes[name] == log.attributes[name]


def test_every_phone_tells_once_what_its_person_consented_to_before_the_week(
    history: History,
) -> None:
    purpose, state = wire(purpose="", consent_state="")
    told: defaultdict[str, dict[str, str]] = defaultdict(dict)
    records = history.kept.called(CONSENT_EVENT)
    first = min(span.start_time or 0 for span in history.kept.spans)
    for record in records:
        attributes = record.log_record.attributes or {}
        own = told[str(record.resource.attributes[INSTALLATION])]
        own[str(attributes[purpose])] = str(attributes[state])
        assert 0 < (record.log_record.timestamp or 0) < first
    expected = {
        phone.id: {
            "app_functionality": "granted",
            "analytics": "granted" if phone.consents_to_analytics else "denied",
        }
        for phone in population(installations_for(REQUESTS), SEED)
    }
    assert told == expected
    assert len(records) == 2 * len(expected)


def test_only_the_new_release_says_what_it_should_not(history: History) -> None:
    told: defaultdict[str, set[str]] = defaultdict(set)
    messages: defaultdict[str, set[bool]] = defaultdict(set)
    for span in history.kept.spans:
        assert span.attributes is not None
        release = str(span.resource.attributes["service.version"])
        told[release] |= span.attributes.keys() & {strays.SCREEN, strays.ADVERTISING_ID}
        if message := span.attributes.get(strays.ERROR_MESSAGE):
            messages[release].add("@example.com" in str(message))
    assert told == {OLD_RELEASE: set(), NEW_RELEASE: {strays.SCREEN, strays.ADVERTISING_ID}}
    assert messages == {OLD_RELEASE: {False}, NEW_RELEASE: {True}}


def test_the_same_seed_lives_the_same_week(cloud: RunningCloud) -> None:
    def facts(kept: Kept) -> list[Any]:
        return [
            (span.context.trace_id, span.context.span_id, dict(span.attributes or {}))
            for span in kept.spans
        ]

    once, again = (live(cloud, 300) for _ in range(2))
    assert again.ledger == once.ledger
    assert again.received == once.received
    assert facts(again.kept) == facts(once.kept) != []
    bodies = [record.log_record.body for record in once.kept.called(INPUT_EVENT)]
    assert [record.log_record.body for record in again.kept.called(INPUT_EVENT)] == bodies != []
