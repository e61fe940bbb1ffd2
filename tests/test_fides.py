"""Systems of fideslang are read as declarations, held against what left, and written of it."""

from typing import Any

import pytest
import yaml

from collector.contract.errors import BadInput
from collector.contract.vocabulary import vocabulary
from collector.declarations import read_declaration
from collector.store.compliance import Scope
from tests.otlp import PHONE
from tests.store import Store
from tests.test_compliance import send, told

MANIFEST = """\
# What the app does.
system:
  - fides_key: fieldnotes
    name: Fieldnotes
    system_type: Application
    privacy_declarations:
      - name: Reading digits
        data_categories: [user.content, user.contact.email]
        data_use: essential.service.operations
        data_subjects: [customer]
      - name: Statistics
        data_categories: [user.telemetry, user.device.model_of_ours]
        data_use: analytics
        data_shared_with_third_parties: true
"""
SECOND = "  - {fides_key: other, system_type: Service, privacy_declarations: []}\n"


def read(text: str, key: str | None = None) -> Any:
    return read_declaration("systems.yml", text.encode(), key)


def test_a_system_is_read_and_every_row_accounted_for() -> None:
    found = read(MANIFEST)
    assert (found.kind, found.problems) == ("fides", ())
    assert (found.rows.answered, found.rows.unknown) == (2, 0)
    types = {one.type: one for one in found.types}
    # What a team added below a category stands for that.
    assert types.keys() == {"user.content", "user.contact.email", "user.telemetry", "user.device"}
    assert set(types["user.content"].categories) >= {"image", "text_prompt", "document"}
    assert types["user.contact.email"].categories == ("email",)
    assert types["user.telemetry"].shared and types["user.telemetry"].purposes == ("analytics",)
    assert read(MANIFEST + SECOND, "fieldnotes") == found
    assert read(MANIFEST.replace("# What", "---\n# What")) == found


def test_unknown_words_declare_nothing_and_are_findings() -> None:
    text = MANIFEST.replace("user.content,", "usr.content,").replace("analytics", "analitics")
    found = read(text)
    assert [(one.code, one.where) for one in found.problems] == [
        (
            "UNKNOWN_ENUM_VALUE",
            "system fieldnotes, privacy_declarations[0].data_categories",
        ),
        ("UNKNOWN_ENUM_VALUE", "system fieldnotes, privacy_declarations[1].data_use"),
    ]
    assert "usr.content" in found.problems[0].what
    assert found.rows.unknown == 1 and {t.type for t in found.types} == {"user.contact.email"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("system:\n  - [", "line 2 is not YAML"),
        ("system:\n  - !!python/object:os.system {}\n", "line 2 is not YAML"),
        ("system: &a\n  - fides_key: x\n    privacy_declarations: *a\n", r"line 3: references"),
        ("system: {}\n", "no list of systems"),
        ("dataset: []\n", "no list of systems"),
        ("system: [{name: x}]\n", r"system\[0\] has no fides_key"),
        ("system: [{fides_key: x, privacy_declarations: 7}]\n", "is a list of declarations"),
        (
            "system: [{fides_key: x, privacy_declarations: [{data_use: collect, "
            "data_categories: user}]}]\n",
            r"privacy_declarations\[0\]\.data_categories is a list",
        ),
        (MANIFEST + SECOND, "say with bundle which system is meant: fieldnotes, other"),
        ("system: [{fides_key: x, since: 2026-99-99}]\n", "value that cannot be read"),
        ("system:\n" + "#" * 2**20, "at most 1,048,576 bytes"),
    ],
)
def test_what_is_no_system_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=rf"systems\.yml: .*{said}"):
        read(text)


def test_what_left_is_held_against_it(store: Store) -> None:
    send(store)
    store.declarations.add("systems.yml", MANIFEST.encode(), app="fieldnotes")
    assert fides(store) == []
    send(store, limen_purpose="third_party_advertising")
    send(store, limen_data_categories=["payment"])
    assert fides(store) == [
        ("UNDECLARED_CATEGORY", "payment: api.example.com", "fides"),
        (
            "UNDECLARED_PURPOSE",
            "third_party_advertising of image: api.example.com",
            "fides",
        ),
    ]


def fides(store: Store) -> list[tuple[str, str, str]]:
    findings = store.compliance.check(Scope()).findings
    return told([one for one in findings if one.source == "fides"])


def test_what_was_seen_is_written_as_systems_that_declare_it(store: Store) -> None:
    send(store)
    send(store, limen_data_categories=["document"], limen_purpose="analytics")
    send(store, {**PHONE, "service.name": "other"}, limen_data_categories=["payment"])
    content = store.records.written("fides", "yaml", Scope(), None)
    systems = {one["fides_key"]: one for one in yaml.safe_load(content)["system"]}
    assert systems.keys() == {"fieldnotes", "other", "api.example.com", "telemetry"}
    (first, *_) = systems["fieldnotes"]["privacy_declarations"][::-1]
    assert set(systems["fieldnotes"]["privacy_declarations"][0]) >= {"data_use", "egress"}
    assert first["data_use"] in vocabulary()["fides_uses"]
    sent = {one["fides_key"]: one for one in systems["fieldnotes"]["egress"]}
    assert sent["api.example.com"]["data_categories"] == ["user.content", "user.content.private"]
    assert [one["fides_key"] for one in systems["api.example.com"]["ingress"]] == [
        "fieldnotes",
        "other",
    ]
    for app in ("fieldnotes", "other"):
        read_back = store.declarations.add("systems.yml", content, app=app, bundle=app)
        assert read_back.declaration.problems == ()
    assert fides(store) == []


def test_every_word_of_fideslang_that_ours_are_called_by_is_one() -> None:
    found = vocabulary()
    for name, known in (("categories", "fides_categories"), ("purposes", "fides_uses")):
        for ours, words in found[name].items():
            assert set(words["fides"]) <= set(found[known]), ours
