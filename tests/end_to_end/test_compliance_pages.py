"""The reviewer's pages in a real browser, on a collector that holds little and all of it known."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from collector.contract.compliance import Finding
from collector.contract.records import Query
from collector.evidence.verify import verify_pack
from collector.tlog.checkpoint import Signer, Verifier
from collector.tlog.merkle import Frontier
from dashboard.theme import DARK, TITLE_ROOM
from tests.declarations import data_safety, play_type
from tests.end_to_end.browser import PHONE, Reader, no_error
from tests.end_to_end.processes import dashboard
from tests.otlp import PHONE as ANDROID
from tests.otlp import request_span, traces
from tests.processes import RunningCollector, running_collector, until
from tests.store import POLICY
from tests.test_compliance import IPHONE

pytestmark = pytest.mark.end_to_end

# Of the shorter kind, on its side and between margins of a centimetre, in pixels of CSS.
SHEET = 980

MARKUP = "<b>Ada</b> **says** so"


@dataclass(frozen=True)
class Reviewed:
    """A dashboard on a collector that was told of one declared departure and of one that is not."""

    url: str
    collector: RunningCollector

    def finding(self, code: str) -> Finding:
        with self.collector.client() as client:
            return next(one for one in client.check().findings if one.code == code)

    def logged(self) -> list[str]:
        """What was done, by the audit log."""
        with self.collector.client() as client:
            done: list[str] = client.audit_entries(0, 100).column("action").to_pylist()
        return done


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    home = tmp_path_factory.mktemp("reviewed")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(home) as running, dashboard(running.api) as url:
        for host, phone in (("api.example.com", IPHONE), ("adkit.example", ANDROID)):
            request = request_span("fallback", limen_fallback_reason="low_confidence")
            sent = request.child(
                "CLIENT",
                limen_feature="image_classify",
                server_address=host,
                http_request_body_size=1500,
                limen_purpose="app_functionality",
                limen_consent_state="granted",
            )
            sent.attributes = {**sent.attributes, "limen.data.categories": "image"}
            body = traces(request, sent, resource=phone).SerializeToString()
            running.post(body).raise_for_status()
        yield Reviewed(url, running)


@pytest.fixture
def reader(browser: Browser, reviewed: Reviewed) -> Iterator[Reader]:
    """On a phone in the dark, where everything must be whole too."""
    with Reader(browser, reviewed.url, size=PHONE, dark=True) as found:
        yield found
        no_error(found)
        assert found.page.evaluate("document.scrollingElement.scrollWidth") <= PHONE[0]
        cut = found.page.evaluate(
            "[...document.querySelectorAll('[data-testid=stMain] :is(button, [role=radio])')]"
            ".filter(one => one.getBoundingClientRect().right > innerWidth)"
            ".map(one => one.innerText)"
        )
        assert cut == []
        clipped = found.page.locator("[data-testid=stMain] [data-tag]").evaluate_all(
            "chips => chips.filter(chip => {"
            "const box = chip.closest('[data-rac]').getBoundingClientRect();"
            "const {right, bottom} = chip.getBoundingClientRect();"
            "const said = chip.firstElementChild;"
            "return right > box.right || bottom > box.bottom || said.scrollWidth > said.clientWidth"
            "}).map(chip => chip.innerText)"
        )
        assert clipped == []
        assert found.complaints == []


def test_a_finding_is_accepted_as_risk_and_says_so_in_the_list(
    reader: Reader, reviewed: Reviewed
) -> None:
    found = reviewed.finding("UNDECLARED_HOST")
    page = reader.open("/findings")
    expect(page.locator(".limen-notice")).to_contain_text("1 error of 2.4.0 to judge")
    card = page.locator(f".st-key-finding-{found.id}")
    expect(card).to_contain_text("Data left to a host that is not declared: adkit.example")
    card.get_by_role("button", name="Judge").click()
    form = page.locator('[data-testid="stPopoverBody"]')
    form.get_by_role("button", name="Say so").click()
    expect(form.get_by_text("Say who says it and why")).to_be_visible()
    form.get_by_label("Who").fill(MARKUP)
    form.get_by_label("Why").fill("the ad kit goes with 2.6.0")
    form.get_by_role("button", name="Say so").click()
    expect(page.locator(".limen-notice")).to_contain_text("No error stands")
    page.get_by_role("radio", name="Judged").click()
    expect(card).to_contain_text(f"Accepted risk by {MARKUP}")
    expect(card).to_contain_text("for good: the ad kit goes with 2.6.0")
    verdict = reviewed.finding("UNDECLARED_HOST").verdict
    assert verdict is not None and (verdict.word, verdict.who) == ("accepted_risk", MARKUP)
    assert "finding judged" in reviewed.logged()


def test_a_release_that_was_never_seen_passes_nothing(reader: Reader) -> None:
    for path in ("findings", "records"):
        page = reader.open(f"/{path}?release=9.9")
        expect(page.locator(".limen-empty")).to_contain_text("No requests in this selection")
        for told in (".limen-notice", ".limen-error"):
            expect(page.locator(told)).to_have_count(0)


def test_the_ledger_shows_each_departure_and_hands_it_out_as_a_file(
    reader: Reader, reviewed: Reviewed
) -> None:
    page = reader.open("/ledger?destination=adkit.example")
    expect(page.get_by_role("heading", name="1 departure")).to_be_visible()
    page.locator('[data-testid="stDataFrame"]').hover()
    expect(page.get_by_label("Download as CSV")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV", exact=True).click()
    (row,) = csv.DictReader(download.value.path().read_text("utf-8").splitlines())
    assert (row["destination"], row["bytes"], row["declared"]) == ("adkit.example", "1500", "false")
    assert "data exported" in reviewed.logged()
    page = reader.open(f"/ledger?trace={'ab' * 16}")
    expect(page.locator(".limen-empty")).to_contain_text("or erased because its person asked")
    page = reader.open(
        "/ledger?declaration=declared&declaration=unknown&destination=api.example.com"
        "&consent=granted&consent=denied&order=Largest+first"
    )
    expect(page.get_by_role("heading", name="1 departure")).to_be_visible()
    page.locator('[data-testid="stDataFrame"]').click(position={"x": 18, "y": 53})
    card = page.locator(".st-key-departure")
    expect(card).to_contain_text("image_classify → api.example.com")
    expect(card.get_by_role("link", name="Open its trace")).to_be_visible()


def test_records_are_read_on_the_page_and_a_pack_is_built_that_holds(
    reader: Reader, reviewed: Reviewed
) -> None:
    page = reader.open("/records")
    page.emulate_media(media="print")
    for whole in (".limen-notice", ".st-key-activity-0", ".limen-facts"):
        expect(page.locator(whole).first).to_have_css("break-inside", "avoid")
    page.emulate_media(media="screen")
    expect(page.locator(".limen-notice")).to_contain_text("The policy leaves")
    expect(page.get_by_text("missing: hosts.api.example.com.country")).to_be_visible()
    expect(page.get_by_text('contact = "…"')).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Page to print").click()
    assert "adkit.example" in download.value.path().read_text("utf-8")
    kinds = page.locator(".st-key-record")
    kinds.get_by_text("Transfers", exact=True).click()
    expect(page.get_by_text("(GDPR, Articles 44 to 49)")).to_be_visible()
    reader.settle()
    no_error(reader)
    for store, file in (("Google Play", "Rows as CSV"), ("Apple", "PrivacyInfo.xcprivacy")):
        kinds.get_by_text(store, exact=True).click()
        expect(page.get_by_role("button", name=file)).to_be_visible()
        reader.settle()
        expect(page.get_by_text("to decide")).to_be_visible()
        expect(page.locator('[data-testid="stDataFrame"]')).to_be_visible()
        expect(page.locator(".limen-facts")).to_contain_text("diagnostics_other to Limen's own")
        no_error(reader)
    kinds.get_by_text("Evidence pack", exact=True).click()
    page.wait_for_url("**/records?*record=Evidence+pack*")
    build = page.get_by_role("button", name="Build the pack")
    # On the light accent of the dark.
    expect(build).to_have_css("color", "rgb(18, 22, 29)")
    build.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the pack").click()
    pack = download.value.path().read_bytes()
    expect(page.locator(".st-key-pack")).to_contain_text(sha256(pack).hexdigest())
    with reviewed.collector.client() as client:
        assert verify_pack(pack, Verifier.parse(client.audit_key())).problems == ()
    assert reviewed.logged().count("data exported") >= 2


def upload(page: Page, name: str, content: bytes) -> None:
    """Chooses a file as a declaration and adds it."""
    if not page.get_by_role("button", name="Add", exact=True).is_visible():
        page.get_by_text("Add a declaration").click()
    file = page.locator('[data-testid="stFileUploader"] input[type=file]')
    file.set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})
    expect(page.get_by_text(name, exact=True).first).to_be_visible()
    page.get_by_role("button", name="Add", exact=True).click()


def test_a_declaration_is_added_held_against_what_left_and_taken_back(
    reader: Reader, reviewed: Reviewed
) -> None:
    page = reader.open("/declarations")
    expect(page.locator(".limen-empty")).to_contain_text("No declarations yet")
    upload(page, "PrivacyInfo.xcprivacy", b"<plist><dict>")
    box = page.locator(".limen-error")
    expect(box).to_contain_text("PrivacyInfo.xcprivacy was not added")
    expect(box).to_contain_text("line 1")
    rows = (*play_type("PERSONAL", "PSL_NAME", "PSL_ANALYTICS"), "PSL_NO_SUCH_QUESTION,,true")
    reader.open("/declarations")
    upload(page, "data_safety.csv", data_safety(*rows))
    with reviewed.collector.client() as client:
        until(lambda: len(client.declarations()) == 1)
        (kept,) = client.declarations()
    card = page.locator(f".st-key-declaration-{kept.id}")
    expect(card).to_contain_text(f"{len(rows)} rows: {len(rows) - 1} answered")
    expect(card).to_contain_text("1 problem in the file itself")
    (problem,) = kept.declaration.problems
    expect(card).to_contain_text(f"{problem.what} ({problem.code})")
    expect(card).to_contain_text("Differences to what was seen and declared elsewhere")
    expect(card.locator(".limen-facts").last).to_contain_text(
        "Error · image: adkit.examplePSL_PHOTOS is not declared (image_classify 2.4.0: 1 transfer)"
    )
    card.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator(".limen-empty")).to_contain_text("No declarations yet")
    assert "declaration removed" in reviewed.logged()


def test_the_audit_log_is_verified_here_against_a_head_that_was_kept(
    reader: Reader, reviewed: Reviewed
) -> None:
    with reviewed.collector.client() as client:
        assert list(client.metric_csv(Query(metric="ledger")))
    page = reader.open("/audit")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the head").click()
    head = download.value.path().read_text("utf-8")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator(".limen-notice")).to_contain_text("It agrees with itself")
    other = Signer(bytes(32))
    for name, kept, found in (
        ("kept.txt", head, "agree with the head and 1 kept head."),
        ("other.txt", other.sign(Frontier()), f"of another log: of {other.verifier.name}"),
    ):
        file = page.locator('[data-testid="stFileUploader"] input[type=file]')
        file.set_input_files({"name": name, "mimeType": "text/plain", "buffer": kept.encode()})
        expect(page.get_by_text(name, exact=True)).to_be_visible()
        page.get_by_role("button", name="Verify").click()
        expect(page.locator(".limen-notice")).to_contain_text(found)


def test_limen_says_of_itself_that_nothing_leaves_it(reader: Reader) -> None:
    page = reader.open("/self-audit")
    box = page.locator(".limen-notice")
    expect(box).to_contain_text("Retention is as promised")
    expect(box).to_contain_text("every way out is off")
    for title in ("What leaves Limen itself", "How long it is kept", "What the door looked at"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_paper_shows_a_chart_whole_legible_and_below_its_heading(
    browser: Browser, reviewed: Reviewed
) -> None:
    with Reader(browser, reviewed.url, size=(1280, 900)) as reader:
        page = reader.open("/?feature=image_classify")
        chart = page.locator(".st-key-chart-fallback-by-day")
        title, plot = chart.locator(".gtitle"), chart.get_by_test_id("stPlotlyChart")
        expect(title).to_contain_text("Fallback rate by day, a line per release")
        page.emulate_media(media="print")
        expect(title).to_be_hidden()
        tick = chart.locator(".xtick text").first
        tick.evaluate("(tick, fill) => tick.style.fill = fill", DARK.text)
        expect(tick).to_have_css("fill", "rgb(23, 32, 44)")
        expect(plot).to_have_css("clip-path", "none")
        heading = page.locator(".st-key-head-Fallback-rate-by-day")
        expect(heading).to_have_css("break-after", "avoid")
        page.emulate_media(media="screen")
        for width in (1920, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(media="screen")
            room = page.get_by_test_id("stMainBlockContainer").locator("> *")
            wide = room.evaluate("one => one.getBoundingClientRect().width")
            page.emulate_media(media="print")
            zoom = room.evaluate("one => Number(getComputedStyle(one.parentElement).zoom)")
            assert wide * zoom <= SHEET
        assert reader.complaints == []


def test_a_chart_is_taken_along_and_times_are_read_in_the_zone_of_the_link(
    browser: Browser, reviewed: Reviewed
) -> None:
    with Reader(browser, reviewed.url, size=(1280, 900)) as reader:
        page = reader.open("/?zone=Asia/Kathmandu&period=10+years&feature=image_classify")
        expect(page.get_by_role("alert")).to_contain_text("a period that is not offered")
        expect(page.get_by_test_id("stSidebar").get_by_text("+05:45")).to_be_visible()
        tops = page.locator('[data-testid="stMetric"]').evaluate_all(
            "tiles => tiles.map(tile => Math.round(tile.getBoundingClientRect().top))"
        )
        assert [tops.count(top) for top in dict.fromkeys(tops)] == [3, 3]
        chart = page.locator(".st-key-chart-fallback-by-day")
        chart.hover()
        with page.expect_download() as picture:
            chart.get_by_role("button", name="Download plot as a PNG").click()
        assert picture.value.suggested_filename == "limen-fallback-by-day.png"
        with Image.open(picture.value.path()) as taken:
            assert taken.size == (1920, 2 * (300 + TITLE_ROOM))
        title = chart.locator(".gtitle")
        expect(title).to_contain_text("Fallback rate by day, a line per release")
        expect(title).to_contain_text(
            re.compile(r"7 days until [-0-9: ]+\+05:45 · .*Feature image_c")
        )
        # The page says both itself: the title is not seen there, and nothing lies under it.
        plot = chart.get_by_test_id("stPlotlyChart")
        expect(plot).to_have_css("clip-path", f"inset({TITLE_ROOM}px 0px 0px)")
        chart.get_by_role("button", name="Fullscreen", exact=True).click()
        expect(plot).to_have_css("clip-path", "none")
        chart.get_by_role("button", name="Close fullscreen").click()
        page.locator(".st-key-head-Fallback-rate-by-day").get_by_role("button").click()
        expect(page.get_by_test_id("stPopoverBody")).to_contain_text("Fallback rate: ")
        page.keyboard.press("Escape")
        page.get_by_text("Table", exact=True).first.click()
        with page.expect_download() as table:
            page.get_by_role("button", name="Download as CSV", exact=True).first.click()
        (row,) = csv.DictReader(table.value.path().read_text("utf-8").splitlines())
        assert (row["Release"], row["Requests"]) == ("2.4.0", "2")
        page.get_by_role("link", name="Requests").click()
        page.wait_for_url("**/requests?*zone=Asia*")
        reader.settle()
        page.emulate_media(media="print")
        expect(page.get_by_test_id("stSidebar")).to_be_hidden()
        expect(page.get_by_text("Live", exact=True)).to_be_hidden()
        no_error(reader)
        assert reader.complaints == []
