"""Access: everything that is held about one installation and nothing of others, to be read."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.commands.person import as_page, as_text
from collector.compliance.text import WIDTH
from collector.contract.attributes import INSTALLATION
from collector.contract.persons import AccessReport
from collector.store.compliance import Scope
from collector.store.rollups import Rollups
from limen import main
from tests.otlp import PHONE, consent, logged_input, request_span, traces
from tests.processes import running_collector
from tests.store import Store, policy_from

MINE, OTHER = {**PHONE, INSTALLATION: "mine-3f1c"}, {**PHONE, INSTALLATION: "other"}
BODY = b"what a model was given"


def fill(store: Store) -> None:
    for resource, label in ((MINE, "receipt"), (OTHER, "passport")):
        asked = request_span(
            "fallback", limen_output_label=label, limen_fallback_reason="low_confidence"
        )
        call = asked.child(
            "CLIENT", server_address="api.example.com", http_request_body_size=512,
            limen_purpose="app_functionality", limen_consent_state="granted",
            limen_data_categories="photos",
        )  # fmt: skip
        cloud = call.child("SERVER", limen_output_label=label)
        store.take(
            traces(asked, call, request_span(), resource=resource),
            traces(cloud, resource={"service.name": "cloud"}),
            logged_input(asked, BODY, resource=resource),
        )


@pytest.fixture
def filled(store: Store) -> Iterator[Store]:
    fill(store)
    yield store


def report(store: Store, identifier: str = "mine-3f1c", *, contents: bool = False) -> AccessReport:
    return store.access.report(identifier, store.policy, "token-1", contents=contents)


@pytest.mark.parametrize("rolled_up", [False, True])
def test_it_is_all_of_one_installation_and_nothing_of_another(
    filled: Store, *, rolled_up: bool
) -> None:
    if rolled_up:
        Rollups(filled.database).run()
    found = report(filled)
    assert len(found.spans) == 4 and len(found.requests) == 2 and len(found.inputs) == 1
    assert {row["decision"] for row in found.requests} == {"fallback", "accept"}
    (left,) = found.departures
    assert (left["destination"], left["owner"], left["role"]) == (
        "api.example.com", "Example Ltd", "first_party",
    )  # fmt: skip
    assert (left["bytes"], left["consent"], left["cause"]) == (512, "granted", "fallback")
    assert len(found.exports) == 2 and {row["app"] for row in found.exports} == {"fieldnotes"}
    everything = found.model_dump_json()
    assert "receipt" in everything and "passport" not in everything
    pseudonyms = [one.hex() for _, one in filled.pseudonyms.all(INSTALLATION, "mine-3f1c")]
    assert not [one for one in pseudonyms if one in everything]


def test_contents_are_opened_only_when_asked_for_and_that_is_logged(filled: Store) -> None:
    assert "content" not in report(filled).inputs[0]
    (opened,) = report(filled, contents=True).inputs
    assert base64.b64decode(opened["content"]) == BODY and opened["failure"] is None
    rows = filled.rows("select * from audit where action = 'access reported' order by number")
    assert [row["actor"] for row in rows] == ["token-1"] * 2
    assert [json.loads(row["detail"]) for row in rows] == [
        {"inputs_opened": 0}, {"inputs_opened": 1},
    ]  # fmt: skip
    assert "mine" not in str(rows)


def test_a_person_reads_what_ran_where_what_left_and_why(filled: Store) -> None:
    found = report(filled)
    for made in (as_text(found), as_page(found)):
        for words in (
            "The app asked a model 2 times: 1 answered on the phone, 1 in the cloud, 0 not at all.",
            "Data left, or was passed on, once: 512 bytes.", "Kept inputs: 1; records in all: 4.",
            "image classify · fieldnotes 2.4.0", "on the phone", "in the cloud",
            "the phone passed it on: it was not sure enough",
            "to api.example.com (Example Ltd, first party) · in eu-west-1 · for app functionality",
            "deleted 30 days after", "the phone could not answer by itself", "512",
        ):  # fmt: skip
            assert words.replace("'", "&#x27;") in made or words in made, words


def test_no_line_is_too_long_to_print_and_no_word_is_lost(filled: Store) -> None:
    found = report(filled)
    long = {"output_label": "label upon label " * 20, "feature": "f" * 230, "model": "m" * 40}
    found = found.model_copy(
        update={"requests": [dict(found.requests[0]) | long], "features": {"f" * 230: "says " * 60}}
    )
    made = as_text(found)
    assert max(map(len, made.splitlines())) <= WIDTH
    assert made.count("says") == 60 and made.count("upon") == 20
    assert sum(line.count("f" * 50) for line in made.splitlines()) >= 3


def test_it_says_what_left_against_consent_or_undeclared_and_who_answers_for_it(
    tmp_path: Path,
) -> None:
    words = """
[controller]
name = "Example Ltd"
contact = "privacy@example.com"
[features.image_classify]
description = "Reading digits"
[[hosts]]
match = "adkit.example"
country = "US"
"""
    with Store(tmp_path, policy_from(f'version = "1"\n{words}', tmp_path)) as store:
        asked = request_span("fallback")
        refused = asked.child(
            "CLIENT", server_address="adkit.example", limen_consent_state="denied",
            limen_purpose="analytics",
        )  # fmt: skip
        store.take(traces(asked, refused, resource=MINE))
        made = as_text(report(store))
    for said in (
        "Of this once although consent to it was denied or withdrawn.",
        "to adkit.example · in US · for analytics", "nobody declared it",
        "and 1 of unknown size", "image classify (Reading digits)",
        "Who answers for it: controller: Example Ltd · contact: privacy@example.com.",
    ):  # fmt: skip
        assert said in made, said


def test_it_says_where_copies_are_and_what_is_not_in_it(filled: Store) -> None:
    filled.evidence.make(Scope(), None)
    with filled.database.write() as transaction:
        transaction.note("backup", count=1)
    found = filled.access.report(
        "mine-3f1c", filled.policy, None, contents=False, forwarded_to="otel.example:4318"
    )
    assert len(found.backups) == 1 and [one[:8] for one in found.handed_out] == ["evidence"]
    said = as_text(found)
    for words in (
        "otel.example:4318", "file of evidence", "backup", "What is not in this report",
        "replaced by a keyed hash", "The kept inputs themselves",
    ):  # fmt: skip
        assert words in said, words
    nobody = report(filled, "nobody")
    assert nobody.backups == nobody.handed_out == ()


def test_what_apps_sent_is_no_part_of_the_page(filled: Store) -> None:
    row: dict[str, Any] = dict(report(filled).requests[0]) | {"output_label": "<script>x"}
    made = as_page(report(filled).model_copy(update={"requests": [row]}))
    assert "<script" not in made and "&lt;script&gt;x" in made


def test_the_history_of_consent_is_in_it(filled: Store) -> None:
    mine = {"app.installation.id": "mine-3f1c"}
    filled.take(consent("granted", 1, mine, version="7"), consent("denied", 2))
    found = report(filled)
    assert [(row["purpose"], row["state"], row["version"]) for row in found.consents] == [
        ("app_functionality", "granted", "7")
    ]
    assert "granted" in as_text(found) and "What was consented to" in as_page(found)


def test_nobody_is_a_report_without_anything(filled: Store) -> None:
    found = report(filled, "nobody")
    assert not found.spans and not found.exports
    assert as_text(found).count("(nothing)") == 8


def test_the_commands_write_a_page_and_erase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, home = tmp_path / "report.html", tmp_path / "home"
    home.mkdir()
    with Store(home) as store:
        fill(store)
    with running_collector(home) as running:
        words = ["mine-3f1c", "--api", running.api]
        assert main(["access", *words, "--out", str(page)]) == 0
        assert page.read_text().startswith("<!doctype html>") and page.stat().st_mode & 0o077 == 0
        assert main(["access", *words, "--out", str(page)]) == 2
        assert "cannot be written" in capsys.readouterr().err
        assert main(["access", *words, "--contents"]) == 2
        capsys.readouterr()
        assert main(["access", *words, "--json", "--contents"]) == 0
        assert base64.b64decode(json.loads(capsys.readouterr().out)["inputs"][0]["content"]) == BODY
        assert main(["erase", *words, "--now", "--json"]) == 0
        receipt = json.loads(capsys.readouterr().out)
        assert receipt["bytes_gone"] > receipt["unreachable"] and receipt["traces"] == 2
        assert main(["erase", *words[1:], "--receipt", receipt["receipt"]]) == 0
        told = capsys.readouterr().out
        assert f"no byte left    since {receipt['bytes_gone']}" in told and "4 span_facts" in told
        assert main(["erase", *words[1:], "--receipt", "none"]) == 2
        assert main(["access", *words]) == 1
        assert main(["erase", *words]) == 0
        assert "nothing was stored of it" in capsys.readouterr().err
