"""Declarations of stores and phones: every row is accounted for, what is wrong is found or said."""

from pathlib import Path

import pytest

from collector.contract.attributes import CATEGORIES, PURPOSES
from collector.contract.declarations import Declaration
from collector.contract.errors import BadInput, TooLarge
from collector.contract.vocabulary import vocabulary
from collector.declarations import LARGEST_BYTES, read_declaration
from limen import main
from tests.declarations import HEADER, TYPE, data_safety, manifest, network, play_type, report

REAL = Path(__file__).parents[2] / "shared" / "declarations"
needs_real = pytest.mark.skipif(not REAL.exists(), reason="real declarations are not beside this")


def problems(declaration: Declaration) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in declaration.problems]


def deep(levels: int) -> bytes:
    """A manifest that says a key twice, and deeply."""
    nested = b"<array>" * levels + b"</array>" * levels
    twice = b"<key>Deep</key><true/><key>Deep</key>" + nested
    return manifest().replace(b"</dict>\n</plist>", twice + b"</dict>\n</plist>")


@pytest.mark.parametrize("binary", [False, True])
def test_a_manifest_says_which_data_for_which_purposes(binary: bool) -> None:
    content = manifest(
        {"PhotosorVideos": ["AppFunctionality"], "CrashData": ["Analytics", "AppFunctionality"]},
        {"NSPrivacyTracking": True, "NSPrivacyTrackingDomains": ["Ads.Example.com"]},
        binary=binary,
    )
    found = read_declaration("PrivacyInfo.xcprivacy", content)
    assert found.kind == "apple" and found.problems == ()
    assert found.rows.total == found.rows.answered == 4
    photos, crashes = found.types
    assert (photos.type, photos.categories) == ("PhotosorVideos", ("image", "video"))
    assert crashes.purposes == ("Analytics", "AppFunctionality")
    assert (found.tracking, found.tracking_domains) == (True, ("ads.example.com",))


def test_a_word_apple_does_not_have_declares_nothing_and_is_found() -> None:
    content = manifest(
        {"Photos": ["AppFunctionality"], "Name": ["App functionality"]}, {"Extra": 1}
    )
    found = read_declaration("a", content)
    assert problems(found) == [
        ("UNKNOWN_ENUM_VALUE", "Extra"),
        ("UNKNOWN_ENUM_VALUE", f"{TYPE}s[0].{TYPE}"),
        ("UNKNOWN_ENUM_VALUE", f"{TYPE}s[1].{TYPE}Purposes"),
    ]
    assert [(one.type, one.purposes) for one in found.types] == [("Name", ())]
    assert (found.rows.answered, found.rows.unknown) == (2, 2)
    assert "did you mean" in found.problems[1].what


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"NSPrivacyTracking": True}, "NSPrivacyTracking"),
        ({"NSPrivacyTrackingDomains": ["ads.example.com"]}, "NSPrivacyTrackingDomains"),
        ({f"{TYPE}s": [{TYPE: f"{TYPE}Name"}] * 2}, f"{TYPE}s[1]"),
        ({f"{TYPE}s": [{TYPE: f"{TYPE}Name", f"{TYPE}Tracking": True}]}, "NSPrivacyTracking"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_found(more: dict[str, object], where: str) -> None:
    found = read_declaration("a", manifest(None, more))
    assert problems(found) == [("DECLARATIONS_DISAGREE", where)]


def test_a_key_that_stands_twice_is_found_where_it_says_different_things() -> None:
    text = manifest().decode()
    twice = "<key>NSPrivacyTracking</key><{}/>\n</dict>\n</plist>"
    same = text.replace("</dict>\n</plist>", twice.format("false"))
    other = text.replace("</dict>\n</plist>", twice.format("true"))
    assert read_declaration("a", same.encode()).problems == ()
    assert ("DECLARATIONS_DISAGREE", "NSPrivacyTracking") in problems(
        read_declaration("a", other.encode())
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (manifest().replace(b"</dict>", b"</dixt>", 1), "line .* is not XML"),
        (manifest().replace(b"<false/>", b"<fals/>"), "line 9: up to it a key lacks its value"),
        (manifest(binary=True)[:40], "no property list"),
        (b"bplist00", "no property list"),
        (b"<html></html>", "no property list"),
        (b'<plist version="1.0"><array/></plist>', "not a dictionary"),
        (
            manifest(None, {"NSPrivacyTracking": "no"}),
            "NSPrivacyTracking is neither true nor false",
        ),
        (
            manifest(None, {"NSPrivacyTrackingDomains": "a.b"}),
            "NSPrivacyTrackingDomains is not an array",
        ),
        (manifest(None, {f"{TYPE}s": ["Name"]}), r"Types\[0\] is not a dictionary"),
        (
            manifest(None, {f"{TYPE}s": [{TYPE: f"{TYPE}Name", f"{TYPE}Linked": 1}]}),
            r"Types\[0\]\.NSPrivacyCollectedDataTypeLinked is neither",
        ),
        (
            b'<!DOCTYPE p [<!ENTITY a "b">]><plist version="1.0"><dict/></plist>',
            "no property list",
        ),
        (
            manifest(None, {"NSPrivacyTrackingDomains": ["a\x85b"]}, binary=True),
            r"NSPrivacyTrackingDomains\[0\] is not a string on one line",
        ),
        (deep(100_000), "Deep is nested too deeply"),
        (b"just some words", "neither a PrivacyInfo.xcprivacy"),
        (b" \n", "it is empty"),
        (b"PK\x03\x04../PrivacyInfo.xcprivacy", "is an archive"),
    ],
)
def test_what_is_no_manifest_is_refused_with_what_and_where(content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=f"^my file: .*{said}"):
        read_declaration("my file", content)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge, match="at most"):
        read_declaration("a", b"<" * (LARGEST_BYTES + 1))


@pytest.mark.parametrize(
    "content",
    [
        manifest({f"Wrong{n}": ["Analytics"] for n in range(2_000)}),
        manifest({"Name": [f"Wrong{n}" for n in range(2_000)]}),
        data_safety(*(f"WRONG_{n},,true" for n in range(2_000))),
        report(network("a.example"), *({"type": f"wrong {n}"} for n in range(2_000))),
    ],
)
def test_a_file_of_which_hardly_anything_is_known_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"more than 1,000 things are wrong .* the file you meant"):
        read_declaration("a", content)


@pytest.mark.parametrize(
    "header", [HEADER, HEADER.replace("Response ID (machine", "Response (machine")]
)
def test_a_form_is_read_by_its_ids_whatever_the_labels_say(header: str) -> None:
    rows = [
        "PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA,,TRUE",
        "PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT,,false",
        "PSL_DATA_COLLECTION_USER_REQUEST_DELETE,,",
        "PSL_ACM_SPECIFY,,by post",
        *play_type(
            "PHOTOS_AND_VIDEOS",
            "PSL_PHOTOS",
            "PSL_APP_FUNCTIONALITY",
            shared=True,
            ephemeral="true",
            control="OPTIONAL",
        ),
        "PSL_DATA_TYPES_PERSONAL,PSL_NAME,",
    ]
    found = read_declaration("data_safety.csv", data_safety(*rows, header=header))
    assert found.kind == "play" and found.problems == ()
    assert (found.collects, found.encrypted) == (True, False)
    assert (found.rows.answered, found.rows.unanswered, found.rows.unknown) == (10, 2, 0)
    (photos,) = found.types
    assert photos == photos.model_copy(
        update={
            "categories": ("image",),
            "collected": True,
            "shared": True,
            "ephemeral": True,
            "optional": True,
            "purposes": ("PSL_APP_FUNCTIONALITY",),
            "sharing_purposes": ("PSL_APP_FUNCTIONALITY",),
        }
    )


NAME = play_type("PERSONAL", "PSL_NAME", "PSL_ANALYTICS")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["PSL_DATA_TYPES_PERSONAL,PSL_EMAIL_ADDRESS,true"], ("UNKNOWN_ENUM_VALUE", "line 2")),
        (["DATA_SAFETY_ENCRYPTED_IN_TRANSIT,,true"], ("UNKNOWN_ENUM_VALUE", "line 2")),
        (["PSL_DATA_TYPES_PERSONAL,PSL_NAME,yes"], ("UNKNOWN_ENUM_VALUE", "line 2")),
        (NAME[1:], ("DECLARATIONS_DISAGREE", "PSL_NAME")),
        (NAME[:1], ("DECLARATIONS_DISAGREE", "PSL_NAME")),
        (
            [*NAME, NAME[2].replace("COLLECTION_PURPOSE", "SHARING_PURPOSE")],
            ("DECLARATIONS_DISAGREE", "PSL_NAME"),
        ),
        (
            [
                *play_type("PERSONAL", "PSL_NAME", control="OPTIONAL"),
                *play_type("PERSONAL", "PSL_NAME", control="REQUIRED"),
            ],
            ("DECLARATIONS_DISAGREE", "PSL_NAME"),
        ),
        (
            ["PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA,,false", *NAME],
            ("DECLARATIONS_DISAGREE", "PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA"),
        ),
        (
            [
                "PSL_SUPPORT_DATA_DELETION_BY_USER,DATA_DELETION_YES,true",
                "PSL_DATA_DELETION_URL,,",
            ],
            ("DECLARATIONS_DISAGREE", "PSL_DATA_DELETION_URL"),
        ),
        (
            ["PSL_UPI_BADGE_OPT_IN,,true", "PSL_UPI_BADGE_OPT_IN,,false"],
            ("DECLARATIONS_DISAGREE", "line 3"),
        ),
    ],
)
def test_a_form_that_is_wrong_yields_exactly_what_is_wrong(
    rows: list[str], expected: tuple[str, str]
) -> None:
    found = read_declaration("a", data_safety(*rows))
    assert problems(found) == [expected]
    assert found.rows.total == len(rows)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b,c\n1,2,3\n", "column 1 is a, not Question ID"),
        (HEADER.replace("Response value", "Value").encode(), "column 3 is Value"),
        (HEADER.rpartition(",")[0].encode(), "column 5 is missing"),
        (f"{HEADER},more\n".encode(), "6 columns"),
        (f"{HEADER}\na,b,c\n".encode(), "line 2 has 3 columns"),
        (f'{HEADER}\nPSL_NAME,,true,"'.encode(), "line 2 is not CSV"),
        (f"{HEADER}\n".encode() + b"\xff,,,,", "line 2 is not UTF-8"),
    ],
)
def test_what_is_no_form_is_refused_with_its_line_or_column(content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_declaration("a", content)


def test_a_report_gives_the_hosts_of_one_app_and_nothing_of_any_other() -> None:
    access = {"type": "access", "category": "photos", "timeStamp": "2026-11-20T08:00:00Z"}
    content = report(
        network("Api.Example.com", hits=2),
        network("api.example.com", timeStamp="2026-11-22T08:00:00.000+01:00"),
        network("secret.example.net", bundle="com.other.app"),
        access,
        {"type": "weather"},
    )
    found = read_declaration("report.ndjson", content, "com.example.notes")
    (host,) = found.hosts
    assert (host.host, host.hits) == ("api.example.com", 3)
    assert (host.first_seen, host.last_seen) == (
        "2026-11-20T07:00:00.000Z",
        "2026-11-22T07:00:00.000Z",
    )
    assert (found.rows.answered, found.rows.unanswered, found.rows.unknown) == (2, 2, 1)
    assert problems(found) == [("UNKNOWN_ENUM_VALUE", "line 5")]
    assert "secret" not in found.model_dump_json()


def test_a_report_of_one_app_needs_no_name_and_one_of_several_does() -> None:
    assert read_declaration("a", report(network("a.example"))).hosts[0].host == "a.example"
    with pytest.raises(BadInput, match="2 apps used the network"):
        read_declaration("a", report(network("a.example"), network("b.example", bundle="b")))
    with pytest.raises(BadInput, match="only of a report"):
        read_declaration("a", manifest(), "com.example.notes")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b'{"type": "networkActivity", "dom', "line 2 is not JSON"),
        (b"[1]", "line 2 is not an object"),
        (report(network("", hits=1)), "line 2 names no domain"),
        (report(network("a.example", hits="many")), "line 2: hits is not a count"),
        (report(network("a.example", hits=2**80)), "line 2: hits is not a count"),
        (report(network("a\ud800.example")), "line 2 names no domain"),
        (report(network("a\x1b[2J.example")), "line 2 names no domain"),
        (report(network("a.example", timeStamp="today")), "line 2: timeStamp is not a time"),
        (
            report(network("a.example", timeStamp="0001-01-01T00:00:00+14:00")),
            "line 2: timeStamp is not a time",
        ),
    ],
)
def test_a_broken_line_of_a_report_is_refused_with_its_number(broken: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_declaration("a", report(network("a.example")) + broken)


def test_the_command_says_what_a_file_declares_and_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "PrivacyInfo.xcprivacy"
    path.write_bytes(manifest({"Name": ["Analytics"]}))
    assert main(["declaration", "check", str(path)]) == 0
    assert "Name (name): collected, for Analytics" in capsys.readouterr().out
    path.write_bytes(manifest({"Nam": ["Analytics"]}))
    assert main(["declaration", "check", str(path)]) == 1
    assert "UNKNOWN_ENUM_VALUE at" in capsys.readouterr().out
    assert main(["declaration", "check", str(path), "--json"]) == 1
    said = Declaration.model_validate_json(capsys.readouterr().out)
    assert said == read_declaration(path.name, path.read_bytes())
    assert main(["declaration", "check", str(tmp_path / "none")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_each_category_and_purpose_of_ours_maps_to_words_the_stores_have() -> None:
    found = vocabulary()
    play = {one for types in found["play_types"].values() for one in types}
    assert found["categories"].keys() == set(CATEGORIES) - {"unknown"}
    assert found["purposes"].keys() == set(PURPOSES)
    for words in found["categories"].values():
        assert set(words["apple"]) <= set(found["apple_types"]) and set(words["play"]) <= play
    purposes = set(found["play_usage"]["DATA_USAGE_COLLECTION_PURPOSE"])
    for words in found["purposes"].values():
        assert set(words["apple"]) <= set(found["apple_purposes"])
        assert set(words["play"]) <= purposes
    # The form's rows: general questions, types, and nineteen of each type.
    general = sum(len(responses) or 1 for responses in found["play_general"].values())
    usage = sum(len(responses) or 1 for responses in found["play_usage"].values())
    assert (general, len(play), usage, len(found["apple_types"])) == (22, 38, 19, 35)


@needs_real
def test_real_declarations_parse_completely() -> None:
    form = read_declaration("form", (REAL / "geojournal_data_safety.csv").read_bytes())
    assert (form.rows.answered, form.rows.unanswered, form.rows.unknown) == (46, 736, 0)
    assert form.problems == () and (form.collects, form.encrypted) == (True, True)
    assert [one.type for one in form.types if one.optional] == [
        "PSL_APPROX_LOCATION",
        "PSL_PRECISE_LOCATION",
        "PSL_EMAIL",
        "PSL_USER_ACCOUNT",
        "PSL_PHOTOS",
    ]
    sdk = read_declaration("sdk", (REAL / "countly_sdk.xcprivacy").read_bytes())
    assert [one.type for one in sdk.types] == ["PerformanceData", "CrashData", "DeviceID"]
    assert (sdk.rows.answered, sdk.rows.total, sdk.problems) == (6, 6, ())
    app = read_declaration("app", (REAL / "tickdose.xcprivacy").read_bytes())
    assert [one.type for one in app.types] == ["UserID"]
    assert {(one.code, one.where) for one in app.problems} == {
        ("UNKNOWN_ENUM_VALUE", "NSPrivacyUsedAPIs"),
        ("UNKNOWN_ENUM_VALUE", f"{TYPE}s[0].{TYPE}"),
        ("UNKNOWN_ENUM_VALUE", f"{TYPE}s[2].{TYPE}"),
    }
    assert (app.rows.answered, app.rows.unknown) == (4, 3)
