"""Records are made of what was seen; what nobody can see comes from the policy, or is missing."""

import csv
import io
import plistlib
from pathlib import Path

import pytest
import yaml

from collector.contract.errors import BadInput
from collector.contract.processing import ARTICLES, FORMATS, LOGGED_INPUTS, Activity
from collector.store.compliance import Scope
from collector.tlog.entries import Entry
from limen import main
from tests.declarations import TYPE
from tests.otlp import PHONE, logged_input, now, request_span, traces
from tests.processes import RunningCollector
from tests.store import POLICY, Store, policy_from
from tests.test_compliance import IPHONE, send

CONTROLLER = """
[controller]
name = "Example Ltd"
contact = "privacy@example.com"
joint_controllers = ["Example GmbH"]
representative = "Example EU"
dpo = "dpo@example.com"
data_subjects = ["customers"]
security = "=encrypted at rest"
"""
ABROAD = """
[[hosts]]
match = "*.example.net"
owner = "Elsewhere Inc"
role = "third_party"
country = "US"
mechanism = "scc_2021_914"
safeguards = "TIA 7"
kept_days = 14
[[hosts]]
match = "bare.example.net"
country = "BR"
[[hosts]]
match = "near.example.org"
owner = "Near"
role = "processor"
country = "FR"
retained = false
"""
FULL = POLICY.replace(
    "[features.image_classify]", "[features.image_classify]\ndescription = 'Digits'"
)


def rich(tmp_path: Path) -> Store:
    first, second = FULL.split("[[hosts]]", 1)
    text = f"{first}{CONTROLLER}{ABROAD}[[hosts]]{second}"
    return Store(tmp_path, policy_from(text, tmp_path))


def by_recipient(activities: list[Activity]) -> dict[str | None, Activity]:
    return {one.recipient: one for one in activities}


def test_the_record_is_what_was_seen_and_says_what_is_missing(store: Store) -> None:
    send(store)
    send(store, limen_purpose="analytics")
    store.take(
        traces(request_span("accept", limen_feature="barcode_scan", start=now()), resource=PHONE)
    )
    record = store.records.article30(Scope())
    assert record.missing == tuple(
        f"controller.{name}" for name in ("name", "contact", "dpo", "data_subjects", "security")
    )
    found = [one for one in record.activities if one.recipient == "api.example.com"]
    assert {one.purpose for one in found} == {"app_functionality", "analytics"}
    seen = next(one for one in found if one.purpose == "app_functionality")
    assert (seen.owner, seen.role, seen.basis) == ("Example Ltd", "first_party", "unknown")
    assert (seen.declared, seen.count, seen.categories) == (True, 1, ("image",))
    assert seen.missing == (
        "features.image_classify.description",
        "hosts.api.example.com.country",
        "hosts.api.example.com.kept_days",
    )
    recipients = by_recipient(list(record.activities))
    assert recipients[None].feature == "barcode_scan" and recipients[None].count == 1
    own = recipients["telemetry"]
    assert (own.owner, own.kept_days, own.missing) == ("Limen", store.policy.retention_days, ())


def test_the_policy_fills_the_gaps_and_transfers_name_their_article(tmp_path: Path) -> None:
    with rich(tmp_path) as store:
        send(store)
        for host in ("eu.example.net", "bare.example.net", "near.example.org"):
            send(store, server_address=host)
        record = store.records.article30(Scope())
        assert (record.missing, record.name) == ((), "Example Ltd")
        found = by_recipient(list(record.activities))
        named = found["*.example.net"]
        assert (named.basis, named.article, named.safeguards) == ("named", "46(2)(c)", "TIA 7")
        assert (named.kept_days, named.declared, named.missing) == (14, False, ())
        # The one that fits best says its country, and the other all else, its mechanism included.
        assert (found["bare.example.net"].country, found["bare.example.net"].basis) == (
            "BR",
            "named",
        )
        near = found["near.example.org"]
        assert (near.basis, near.kept_days, near.missing) == ("in_eea", 0, ())
        assert {one.recipient for one in record.transfers} == {
            "api.example.com",
            "bare.example.net",
            "*.example.net",
        }

        page = store.records.written("article30", "html", Scope(), None).decode()
        assert "Digits" in page and "customers" in page and "http" not in page
        sheet = store.records.written("article30", "csv", Scope(), None).decode()
        rows = list(csv.DictReader(io.StringIO(sheet)))
        assert {row["security measures (g)"] for row in rows} == {"'=encrypted at rest"}
        assert all(row["controller (a)"] == "Example Ltd, privacy@example.com" for row in rows)
        transfers = store.records.written("transfers", "csv", Scope(), None).decode()
        (eu,) = [r for r in csv.DictReader(io.StringIO(transfers)) if "*." in r["recipient (d)"]]
        assert eu["on the basis of (e)"] == (
            "standard contractual clauses (EU) 2021/914, Art. 46(2)(c)"
        )
        assert eu["time limit (f)"] == "14 days"
        (api,) = [r for r in csv.DictReader(io.StringIO(transfers)) if "api." in r["recipient (d)"]]
        assert api["third country (e)"] == api["time limit (f)"] == "MISSING"
        assert [one.action for one in exported(store)] == ["data exported"] * 3


def exported(store: Store) -> list[Entry]:
    table = store.audit_log.entries(0, 100).drop_columns("leaf").to_pylist()
    return [one for row in table if (one := Entry(**row)).action == "data exported"]


def test_logged_inputs_are_processing_of_their_own(store: Store) -> None:
    send(store)
    for app, body in (("fieldnotes", b"one"), ("fieldnotes", b"two"), ("other", b"three")):
        asked = request_span()
        resource = {**PHONE, "service.name": app}
        store.take(traces(asked, resource=resource), logged_input(asked, body, resource=resource))
    found = [
        one
        for one in store.records.article30(Scope(app="fieldnotes")).activities
        if one.recipient == LOGGED_INPUTS
    ]
    (kept,) = found
    assert (kept.feature, kept.purpose, kept.categories) == (
        "image_classify", "analytics", ("image",)
    )  # fmt: skip
    assert (kept.count, kept.declared, kept.kept_days) == (2, True, store.policy.input_days)
    assert kept.basis is None and kept.missing == ("features.image_classify.description",)
    sheet = store.records.written("article30", "csv", Scope(), None).decode()
    rows = [row for row in csv.DictReader(io.StringIO(sheet)) if "logged" in row["recipient (d)"]]
    assert [row["app"] for row in rows] == ["fieldnotes", "other"]
    assert "logged_inputs" in store.records.written("fides", "yaml", Scope(), None).decode()


def test_a_third_country_without_a_mechanism_is_missing_it(tmp_path: Path) -> None:
    hosts = '[[hosts]]\nmatch = "far.example"\ncountry = "US"\n'
    late = 'mechanism = "derogation_compelling_li"\n'
    for extra, missing in (("", "mechanism"), (late, "safeguards")):
        home = tmp_path / missing
        home.mkdir()
        with Store(home, policy_from(POLICY + hosts + extra, home)) as store:
            send(store, server_address="far.example")
            far = by_recipient(list(store.records.article30(Scope()).activities))["far.example"]
            assert f"hosts.far.example.{missing}" in far.missing


def test_every_mechanism_of_a_policy_has_its_article() -> None:
    from collector.contract.policy import _MECHANISMS

    assert set(_MECHANISMS) == set(ARTICLES)


@pytest.mark.parametrize("kind", ["play", "apple"])
def test_what_is_proposed_declares_what_was_seen(store: Store, kind: str) -> None:
    phone = IPHONE if kind == "apple" else {**PHONE, "os.name": "Android"}
    send(store, phone)
    send(
        store,
        phone,
        limen_purpose="analytics",
        limen_data_categories=["location_precise", "text_prompt"],
    )
    form = FORMATS[kind][0]
    content = store.records.written(kind, form, Scope(), None)
    name = "PrivacyInfo.xcprivacy" if kind == "apple" else "data_safety.csv"
    kept = store.declarations.add(name, content, app="fieldnotes")
    assert kept.declaration.problems == () and kept.declaration.rows.unknown == 0
    assert {c for one in kept.declaration.types for c in one.categories} >= {
        "image",
        "location_precise",
        "text_prompt",
        "diagnostics_other",
    }
    found = store.compliance.check(Scope()).findings
    assert [f for f in found if f.source == kind and f.level != "note"] == []


def test_what_a_person_has_to_decide_is_said(store: Store) -> None:
    send(
        store, IPHONE, limen_purpose="model_training", limen_data_categories=["payment", "unknown"]
    )
    apple = store.records.proposal(Scope(), "apple")
    play = store.records.proposal(Scope(), "play")
    assert any("no known category" in one for one in apple.open)
    assert any("nobody says: if not, it is not collected" in one for one in apple.open)
    assert any(one.startswith("PaymentInfo: whether it is linked") for one in apple.open)
    # It left an iPhone: Google's form knows nothing of it but our own telemetry.
    assert [one.type for one in play.types] == ["PSL_OTHER_PERFORMANCE"]
    written = plistlib.loads(store.records.written("apple", "plist", Scope(), None))
    types = {one[TYPE]: one[f"{TYPE}Purposes"] for one in written["NSPrivacyCollectedDataTypes"]}
    assert types[f"{TYPE}PaymentInfo"] == [f"{TYPE}PurposeOther"]


def test_whether_it_is_shared_is_not_guessed(tmp_path: Path) -> None:
    hosts = '[[hosts]]\nmatch = "own.example"\nrole = "first_party"\n'
    hosts += '[[hosts]]\nmatch = "ads.example"\nrole = "third_party"\n'
    told = {"own": False, "ads": True, "strange": None}
    with Store(tmp_path, policy_from(POLICY + hosts, tmp_path)) as store:
        for name in told:
            phone = {**PHONE, "os.name": "Android", "service.name": name}
            send(store, phone, server_address=f"{name}.example", limen_data_categories=["image"])
        for name, shared in told.items():
            play = store.records.proposal(Scope(app=name), "play")
            (photos,) = [one for one in play.types if one.type == "PSL_PHOTOS"]
            assert photos.shared is shared
            open_ = [one for one in play.open if "third party" in one]
            assert open_ == (
                ["whether strange.example is a third party, which it is shared with: nobody says"]
                if shared is None else []
            )  # fmt: skip
        systems = yaml.safe_load(store.records.written("fides", "yaml", Scope(), None))["system"]
    said = {
        one["egress"][0]: one.get("data_shared_with_third_parties")
        for system in systems
        for one in system["privacy_declarations"]
    }
    assert {name: said[f"{name}.example"] for name in told} == told


def test_a_proposal_is_of_one_app(store: Store) -> None:
    with pytest.raises(BadInput, match="name one app.*none"):
        store.records.proposal(Scope(), "play")
    send(store)
    send(store, {**PHONE, "service.name": "other"})
    with pytest.raises(BadInput, match="name one app.*fieldnotes, other"):
        store.records.proposal(Scope(), "play")
    assert store.records.proposal(Scope(app="other"), "play").app == "other"


def test_records_are_written_by_command(
    collector: RunningCollector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, api = tmp_path / "record.html", ["--api", collector.api]
    assert main(["record", "article30", "--format", "html", "--out", str(page), *api]) == 0
    assert page.read_text().startswith("<!doctype html>")
    assert main(["record", "article30", "--out", str(page), *api]) == 2
    capsys.readouterr()
    assert main(["record", "transfers", "--format", "json", *api]) == 0
    assert capsys.readouterr().out == '{"transfers":[]}'
    assert main(["record", "play", *api]) == 2
    assert "name one app" in capsys.readouterr().err
    assert main(["record", "play", "--app", "fieldnotes", *api]) == 0
    assert "PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA,,false" in capsys.readouterr().out
