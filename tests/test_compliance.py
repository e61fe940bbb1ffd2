"""Declared against observed: each thing that goes against what was declared is one finding."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.compliance.export import as_csv
from collector.contract.compliance import CODES, Check, Finding, Judgement
from collector.contract.errors import BadInput, NotFound
from collector.contract.records import Query
from collector.store.compliance import Scope
from limen import main
from tests.declarations import data_safety, manifest, network, play_type, report
from tests.otlp import PHONE, consent, now, request_span, traces
from tests.processes import RunningCollector
from tests.store import POLICY, Store, policy_from
from tests.test_departures import CLOUD, client

HOUR = 3600 * 10**9
IPHONE = {**PHONE, "os.name": "iOS"}
# What declares the app as the policy does, and Limen's own telemetry.
TELEMETRY = play_type("APP_PERFORMANCE", "PSL_OTHER_PERFORMANCE", "PSL_ANALYTICS")
IMAGES = ("PHOTOS_AND_VIDEOS", "PSL_PHOTOS", "PSL_APP_FUNCTIONALITY")
PHOTOS = play_type(*IMAGES)
DIAGNOSTICS = {"OtherDiagnosticData": ["Analytics"]}


def send(store: Store, resource: dict[str, Any] | None = None, **more: Any) -> str:
    """One departure; its trace."""
    request = request_span("fallback", start=now())
    served = more.pop("served", None)
    sent = client(request, **more)
    store.take(traces(request, sent, resource=resource or PHONE))
    if served is not None:
        answer = sent.child("SERVER", **served)
        store.take(traces(answer, resource=CLOUD))
    return request.trace_id.hex()


def found(store: Store, **scope: Any) -> list[Finding]:
    return [f for f in store.compliance.check(Scope(**scope)).findings if f.level != "note"]


def told(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(f.code, f.subject, f.source) for f in findings]


def test_what_is_declared_passes_and_says_how_much_was_seen(store: Store) -> None:
    send(store)
    check = store.compliance.check(Scope(release="2.4.0"))
    assert check.passed and check.findings == []
    (seen,) = check.coverage
    assert (seen.requests, seen.departures, seen.declared) == (1, 1, 1)
    assert seen.features == {"image_classify": 1}
    # 2.5.0 stands in the policy.
    assert check.releases_known == 2


def test_a_release_that_was_not_seen_cannot_pass(store: Store) -> None:
    send(store)
    with pytest.raises(NotFound, match="nothing of that release was seen"):
        store.compliance.check(Scope(release="9.9.9"))


def test_an_undeclared_host_is_a_finding_with_its_evidence(store: Store) -> None:
    send(store)
    trace = send(store, {**PHONE, "service.version": "2.5.0"}, server_address="adkit.example")
    assert store.compliance.check(Scope(release="2.4.0")).passed
    check = store.compliance.check(Scope(release="2.5.0"))
    (finding,) = [one for one in check.findings if one.level == "error"]
    assert not check.passed
    assert finding == finding.model_copy(
        update={
            "code": "UNDECLARED_HOST",
            "app": "fieldnotes",
            "release": "2.5.0",
            "feature": "image_classify",
            "subject": "adkit.example",
            "source": "policy",
            "count": 1,
            "bytes": 100,
            "traces": (trace,),
            "verdict": None,
        }
    )
    assert finding.first_seen == finding.last_seen is not None


RULES = """
version = "1"
[[hosts]]
match = "api.example.com"
role = "processor"
country = "US"
[[hosts]]
match = "eu.example.com"
role = "third_party"
country = "DE"
retained = false
[features.image_classify]
placement = "device"
categories = ["image", "location_coarse"]
[[features.image_classify.egress]]
host = "eu.example.com"
purpose = "app_functionality"
consent = "granted"
region = "eu-west-1"
categories = ["image", "location_coarse"]
retained = false
notice = "2"
[[features.image_classify.egress]]
host = "role.example.com"
purpose = "analytics"
"""
EU = {"server_address": "eu.example.com", "limen_egress_region": "eu-west-1"}
ON_DEVICE = ("ON_DEVICE_CLAIM_CONTRADICTED", "eu.example.com")
CONSENT = "app_functionality: eu.example.com"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"limen_purpose": "analytics"}, [("UNDECLARED_PURPOSE", "analytics: eu.example.com")]),
        (
            {"limen_data_categories": ["image", "name"]},
            [("UNDECLARED_CATEGORY", "name: eu.example.com")],
        ),
        (
            {"limen_data_categories": ["location_precise"]},
            [("PRECISION_EXCEEDS_DECLARED", "location_precise: eu.example.com")],
        ),
        (
            {"limen_egress_region": "us-east-1"},
            [("UNDECLARED_REGION", "us-east-1: eu.example.com")],
        ),
        (
            {"served": {"limen_retained": True}},
            [("EPHEMERAL_CLAIM_CONTRADICTED", "eu.example.com")],
        ),
        ({"limen_consent_state": "denied"}, [("CONSENT_MISSING", CONSENT)]),
        ({"limen_consent_state": "not_required"}, [("CONSENT_MISSING", CONSENT)]),
        ({"limen_consent_state": "withdrawn"}, [("CONSENT_WITHDRAWN", CONSENT)]),
        ({"limen_consent_state": None}, []),
        ({"limen_consent_version": "1"}, [("CONSENT_STALE_NOTICE", CONSENT)]),
        ({"limen_consent_version": "10"}, []),
        ({"served": {"http_request_body_size": 90}}, [("BYTES_DISAGREE", "eu.example.com")]),
    ],
)
def test_each_condition_that_is_missed_is_a_finding_of_its_own(
    tmp_path: Path, more: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    with Store(tmp_path, policy_from(RULES, tmp_path)) as store:
        send(store, **{**EU, **more})
        findings = [(one.code, one.subject) for one in found(store)]
    # What matters most comes first.
    assert findings == sorted([ON_DEVICE, *expected], key=lambda one: list(CODES).index(one[0]))


def test_a_transfer_to_a_third_country_needs_a_mechanism(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(RULES, tmp_path)) as store:
        send(store)
        assert ("TRANSFER_WITHOUT_MECHANISM", "api.example.com", "policy") in told(found(store))
    text = RULES.replace('country = "US"', 'country = "US"\nmechanism = "scc_2021_914"')
    with Store(tmp_path, policy_from(text.replace('"1"', '"2"', 1), tmp_path)) as store:
        codes = [one.code for one in found(store)]
        assert codes and "TRANSFER_WITHOUT_MECHANISM" not in codes


@pytest.mark.parametrize(
    ("history", "purpose", "expected"),
    [
        ([("granted", -2)], "app_functionality", []),
        ([("granted", 1)], "app_functionality", ["CONSENT_MISSING"]),
        ([("granted", -2), ("withdrawn", -1)], "app_functionality", ["CONSENT_WITHDRAWN"]),
        ([("granted", -2), ("withdrawn", 1)], "app_functionality", []),
        ([("granted", -2)], "analytics", ["CONSENT_MISSING"]),
        ([], "app_functionality", []),
    ],
)
def test_the_history_shows_what_was_sent_without_consent(
    store: Store, history: list[tuple[str, int]], purpose: str, expected: list[str]
) -> None:
    start = now() - 5 * HOUR
    request = request_span("fallback", start=start)
    store.take(traces(request, client(request, limen_consent_state=None)))
    for state, hours in history:
        store.take(consent(state, start + hours * HOUR, purpose=purpose))
    assert [one.code for one in found(store)] == expected


def test_what_the_policy_lets_leave_and_nobody_saw_leave_is_a_note(store: Store) -> None:
    store.take(traces(request_span()))
    check = store.compliance.check(Scope())
    (note,) = check.findings
    assert (note.code, note.level, note.subject) == (
        "DECLARED_NOT_OBSERVED",
        "note",
        "app_functionality: api.example.com",
    )
    assert "absence in a sample is no proof" in note.rule and check.passed


@pytest.mark.parametrize(
    ("rows", "more", "expected"),
    [
        ([*PHOTOS], {}, []),
        ([], {}, ["DECLARATIONS_DISAGREE image", "UNDECLARED_CATEGORY image: api.example.com"]),
        (
            play_type("PHOTOS_AND_VIDEOS", "PSL_PHOTOS", "PSL_ANALYTICS"),
            {},
            ["UNDECLARED_PURPOSE app_functionality of image: api.example.com"],
        ),
        (
            play_type(*IMAGES, ephemeral="true"),
            {"served": {"limen_retained": True}},
            ["EPHEMERAL_CLAIM_CONTRADICTED image: api.example.com"],
        ),
        (
            play_type(
                "PHOTOS_AND_VIDEOS", "PSL_PHOTOS", "PSL_APP_FUNCTIONALITY", control="OPTIONAL"
            ),
            {"limen_consent_state": "denied"},
            [
                "CONSENT_MISSING app_functionality: api.example.com",
                "OPTIONAL_CLAIM_CONTRADICTED image: api.example.com",
            ],
        ),
        (
            ["PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT,,true", *PHOTOS],
            {"server_port": 80},
            ["ENCRYPTION_CLAIM_CONTRADICTED api.example.com"],
        ),
    ],
)
def test_a_form_of_google_is_held_against_what_left(
    store: Store, rows: list[str], more: dict[str, Any], expected: list[str]
) -> None:
    send(store, **more)
    store.declarations.add("form", data_safety(*rows, *TELEMETRY), app="fieldnotes")
    assert sorted(f"{one.code} {one.subject}" for one in found(store)) == expected


def test_what_a_third_party_gets_must_be_declared_as_shared(tmp_path: Path) -> None:
    text = POLICY.replace('"first_party"', '"third_party"')
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        send(store)
        kept = store.declarations.add("form", data_safety(*PHOTOS, *TELEMETRY), app="fieldnotes")
        assert told(found(store)) == [
            ("UNDECLARED_SHARING", "image: api.example.com", "play"),
        ]
        store.declarations.remove(kept.id)
        shared = play_type(*IMAGES, shared=True)
        store.declarations.add("form", data_safety(*shared, *TELEMETRY), app="fieldnotes")
        assert found(store) == []


@pytest.mark.parametrize(
    ("types", "kept", "expected"),
    [
        ({"PhotosorVideos": ["AppFunctionality"]}, True, []),
        ({}, False, []),
        ({}, True, [("error", "UNDECLARED_CATEGORY")]),
        ({}, None, [("warning", "UNDECLARED_CATEGORY")]),
        ({"PhotosorVideos": ["Analytics"]}, True, [("error", "UNDECLARED_PURPOSE")]),
    ],
)
def test_apple_counts_what_is_kept(
    store: Store, types: dict[str, Any], kept: bool | None, expected: list[tuple[str, str]]
) -> None:
    send(store, IPHONE, served=None if kept is None else {"limen_retained": kept})
    store.declarations.add("a", manifest({**types, **DIAGNOSTICS}), app="fieldnotes")
    own = [one for one in found(store) if one.code != "DECLARATIONS_DISAGREE"]
    assert [(one.level, one.code) for one in own] == expected


def test_an_app_and_its_sdks_declare_together_and_each_store_its_own_phones(store: Store) -> None:
    send(store, IPHONE, served={"limen_retained": True})
    store.declarations.add("app", manifest(DIAGNOSTICS), app="fieldnotes")
    assert "UNDECLARED_CATEGORY" in [one.code for one in found(store)]
    sdk = manifest({"PhotosorVideos": ["AppFunctionality"]}, binary=True)
    store.declarations.add("sdk", sdk, app="fieldnotes")
    assert found(store) == []
    # No Android phone was seen: what Google's form lacks cannot show.
    store.declarations.add("form", data_safety(*TELEMETRY), app="fieldnotes", release="2.4.0")
    assert {one.code for one in found(store)} == {"DECLARATIONS_DISAGREE"}
    # Another release of another app is no business of this one.
    store.declarations.add("form", data_safety(), app="other")
    assert len(store.declarations.all()) == 4


def test_a_tracking_domain_needs_consent(store: Store) -> None:
    tracking = {"NSPrivacyTracking": True, "NSPrivacyTrackingDomains": ["t.api.example.com"]}
    tracked = manifest(
        {"PhotosorVideos": ["AppFunctionality"], **DIAGNOSTICS},
        {**tracking, "NSPrivacyTrackingDomains": ["example.com"]},
    )
    store.declarations.add("a", tracked, app="fieldnotes")
    send(store, IPHONE)
    assert found(store) == []
    send(store, IPHONE, limen_consent_state="denied")
    assert "TRACKING_DOMAIN_WITHOUT_CONSENT" in [one.code for one in found(store)]


def test_ios_is_a_second_witness_of_hosts(store: Store) -> None:
    send(store, IPHONE)
    seen = [network("api.example.com"), network("a.b.tracker.example", hits=7)]
    store.declarations.add("report", report(*seen), app="fieldnotes")
    (finding,) = found(store)
    assert (finding.code, finding.level, finding.subject, finding.source) == (
        "UNDECLARED_HOST",
        "warning",
        "tracker.example",
        "report",
    )
    assert "7 times" in finding.rule


def test_declarations_that_contradict_each_other_are_found(store: Store) -> None:
    send(store, IPHONE, served={"limen_retained": False})
    store.declarations.add(
        "a", manifest({"Name": ["Analytics"], "PhotosorVideos": []}), app="fieldnotes"
    )
    email = play_type("PERSONAL", "PSL_EMAIL", "PSL_ANALYTICS")
    store.declarations.add("form", data_safety(*email, *PHOTOS), app="fieldnotes")
    disagree = [one for one in found(store) if one.code == "DECLARATIONS_DISAGREE"]
    assert [(one.subject, one.source) for one in disagree] == [
        ("Name", "play"),
        ("PSL_EMAIL", "apple"),
    ]


def test_a_wrong_declaration_yields_exactly_its_errors(store: Store) -> None:
    send(store)
    rows = [*PHOTOS, *TELEMETRY, "PSL_DATA_TYPES_PERSONAL,PSL_USER_IDS,true"]
    store.declarations.add("form", data_safety(*rows), app="fieldnotes")
    (finding,) = found(store)
    assert (finding.code, finding.subject, finding.level) == (
        "UNKNOWN_ENUM_VALUE",
        "form: line 8",
        "error",
    )


def test_what_the_door_finds_is_a_finding_of_the_release(store: Store) -> None:
    request = request_span()
    request.attributes = {**request.attributes, "gen_ai.input.messages": "a prompt"}
    store.take(traces(request), traces(request_span(), resource={**PHONE, "service.version": "3"}))
    (finding,) = found(store)
    assert (finding.code, finding.release, finding.source, finding.count) == (
        "CONTENT_IN_TELEMETRY",
        "2.4.0",
        "door",
        1,
    )
    assert store.compliance.check(Scope(release="3")).passed


def test_telemetry_that_is_kept_too_long_is_found(store: Store) -> None:
    store.take(traces(request_span()), received=now() - 33 * 24 * HOUR)
    assert [one.code for one in found(store)] == ["RETENTION_EXCEEDED"]


def test_a_verdict_ends_a_finding_until_its_time_and_shows_in_every_export(store: Store) -> None:
    send(store, server_address="adkit.example")
    (finding,) = found(store)
    scope = Scope()
    said = Judgement(word="accepted_risk", who="Ada", why="=until the SDK is out", until=None)
    store.compliance.judge(finding.id, said, scope, "token-1")
    check = store.compliance.check(scope)
    (accepted,) = [one for one in check.findings if one.level == "error"]
    assert check.passed and accepted.verdict is not None and not accepted.stands
    assert (accepted.verdict.who, accepted.verdict.token) == ("Ada", "token-1")
    rows = list(csv.DictReader(io.StringIO(as_csv(check), newline="")))
    assert [row["verdict_word"] for row in rows if row["id"] == finding.id] == ["accepted_risk"]
    # No spreadsheet runs it.
    assert [row["verdict_why"] for row in rows if row["id"] == finding.id] == [
        "'=until the SDK is out"
    ]
    store.compliance.judge(finding.id, said.model_copy(update={"word": "open"}), scope, None)
    assert not store.compliance.check(scope).passed
    with pytest.raises(BadInput, match="past"):
        over = said.model_copy(update={"until": "2026-01-01T00:00:00Z"})
        store.compliance.judge(finding.id, over, scope, None)
    with pytest.raises(NotFound, match="no finding"):
        store.compliance.judge("0123456789abcdef", said, scope, None)
    entries = store.rows("select action from audit where action = 'finding judged'")
    assert len(entries) == 2


def test_a_verdict_that_is_over_no_longer_counts(store: Store) -> None:
    send(store, server_address="adkit.example")
    (finding,) = found(store)
    said = Judgement(word="false_positive", who="Ada", why="a test", until=None)
    store.compliance.judge(finding.id, said, Scope(), None)
    store.database._write_cursor.execute("update verdicts set until = 1")
    check = store.compliance.check(Scope())
    assert not check.passed
    assert [one.verdict.holds for one in check.findings if one.verdict] == [False]


def test_a_declaration_is_kept_once_and_what_cannot_be_read_is_not(store: Store) -> None:
    first = store.declarations.add("form", data_safety(*PHOTOS), app="fieldnotes")
    assert store.declarations.add("again", data_safety(*PHOTOS), app="fieldnotes") == first
    with pytest.raises(BadInput, match="form: column 1"):
        store.declarations.add("form", b"a,b\n", app="fieldnotes")
    with pytest.raises(NotFound, match="no such declaration"):
        store.declarations.remove("nope")
    store.declarations.remove(first.id)
    assert store.declarations.all() == []
    actions = [row["action"] for row in store.rows("select action from audit order by number")]
    assert actions[-2:] == ["declaration added", "declaration removed"]


def test_the_commands_hold_what_left_against_what_was_declared(
    collector: RunningCollector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def limen(*words: str) -> tuple[int, str]:
        code = main([*words, "--api", collector.api])
        return code, capsys.readouterr().out

    good, bad = request_span("fallback"), request_span("fallback")
    collector.post(traces(good, client(good)).SerializeToString())
    late = {**PHONE, "service.version": "2.5.0"}
    collector.post(
        traces(bad, client(bad, server_address="adkit.example"), resource=late).SerializeToString()
    )
    assert limen("compliance", "check", "--release", "2.4.0")[0] == 0
    assert limen("compliance", "check", "--app", "misspelt") == (2, "")
    code, said = limen("compliance", "check", "--release", "2.5.0")
    assert code == 1 and bad.trace_id.hex() in said and "UNDECLARED_HOST  adkit.example" in said
    code, said = limen("compliance", "check", "--release", "2.5.0", "--json")
    check = Check.model_validate_json(said)
    (finding,) = [one for one in check.findings if one.level == "error"]
    judged = ("compliance", "judge", finding.id, "accepted_risk", "--who", "Ada", "--why", "known")
    until = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
    assert limen(*judged, "--until", until)[0] == 0
    code, said = limen("compliance", "check", "--release", "2.5.0")
    assert code == 0 and f"accepted risk until {until}: Ada" in said
    path = tmp_path / "PrivacyInfo.xcprivacy"
    path.write_bytes(manifest({"Name": ["Analytics"]}))
    code, said = limen("declaration", "add", str(path), "--app", "fieldnotes")
    assert code == 0
    added = said.split()[0]
    assert added in limen("declaration", "list")[1]
    with collector.client() as asking:
        with pytest.raises(BadInput, match="app is the app's service.name"):
            asking.declare("a", path.read_bytes(), app="=cmd")
        with pytest.raises(BadInput, match="not XML"):
            asking.declare("a", b"<plist", app="fieldnotes")
        ledger = asking.metric(Query(metric="ledger"))
        assert {row["destination"] for row in ledger.records()} >= {"adkit.example", "telemetry"}
    assert limen("declaration", "remove", added)[0] == 0
    assert limen("declaration", "list")[1] == ""
    assert main(["compliance", "check", "--release", "9", "--api", collector.api]) == 2
    assert "nothing of that release was seen" in capsys.readouterr().err


def test_every_code_is_documented() -> None:
    text = (Path(__file__).parent.parent / "docs" / "compliance.md").read_text("utf-8")
    for code in CODES:
        assert f"`{code}`" in text, code
