"""Every page as its reader drives it: a real fleet's data, a real collector, a real browser."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, PdfMargins, expect

from collector.contract.attributes import BLOCKED_REASONS, FALLBACK_REASONS, NETWORKS
from collector.contract.client import LimenClient
from collector.contract.placement import Advice
from collector.contract.records import Answer, Query
from collector.contract.releases import points
from dashboard import formats
from dashboard.theme import DARK
from dashboard.views.requests import WIDTHS
from demo import strays
from tests import strace
from tests.end_to_end.browser import DESKTOP, PHONE, WAIT_MS, Reader, no_error
from tests.end_to_end.conftest import Week
from tests.end_to_end.processes import collector, dashboard
from tests.processes import LIMEN

pytestmark = pytest.mark.end_to_end

# What stands on each page below its title.
CONTENT: Mapping[str, str] = {
    "Overview": "Fallback rate by day",
    "Release": "Why the fallback rate moved",
    "Offline": "Where it works offline",
    "Egress": "What left the device",
    "Data quality": "How late it arrived",
    "Requests": "Choose a row to open its trace. The download has every column.",
    "Thresholds": "About this run",
    "Placement": "The rules are in docs/placement.md.",
}
# Wider than the demo's week, so that nothing leaves the period while a test runs.
SINCE, PERIOD = "-14d", "14+days"
MARGIN: PdfMargins = {"top": "1cm", "right": "1cm", "bottom": "1cm", "left": "1cm"}


@dataclass(frozen=True)
class Shown:
    """A dashboard and the collector behind it; `reached` is whom their processes sent to, and those
    of the fleet."""

    url: str
    api: str
    reached: Sequence[Path]

    def ask(self, metric: str, *by: str, **where: str) -> Answer:
        values = {"environment": ("production",), **{k: (v,) for k, v in where.items()}}
        query = {"metric": metric, "from": SINCE, "by": by, "where": values}
        with LimenClient(self.api) as client:
            return client.metric(Query.model_validate(query))


@pytest.fixture(scope="module")
def shown(week: Week, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("shown")
    home = shutil.copytree(week.home, folder / "home")
    reached = [folder / "collector", folder / "dashboard"]
    programs = [strace.observed(log, LIMEN) if strace.executable() else LIMEN for log in reached]
    with collector(home, programs[0]) as api, dashboard(api, programs[1]) as url:
        yield Shown(url, api, [week.reached, *reached])


@pytest.fixture(scope="module")
def darkened() -> set[tuple[str, ...]]:
    """What was looked at on a phone in the dark, by its headings."""
    return set()


@pytest.fixture
def reader(browser: Browser, shown: Shown, darkened: set[tuple[str, ...]]) -> Iterator[Reader]:
    """As the page is left, it must be whole on a phone in the dark too."""
    with Reader(browser, shown.url) as found:
        yield found
        no_error(found)
        seen = tuple(found.page.get_by_role("heading").all_inner_texts())
        if seen not in darkened:
            found.darken_and_narrow()
            darkened.add(seen)
        assert found.complaints == []


def opened(reader: Reader, path: str, title: str) -> Page:
    """The page at `path` with its title and its content."""
    page = reader.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_text(CONTENT[title], exact=True)).to_be_visible()
    no_error(reader)
    reader.tables_fit()
    return page


def test_the_headline_numbers_are_the_collectors(reader: Reader, shown: Shown) -> None:
    page = opened(reader, f"/?period={PERIOD}", "Overview")
    rate = shown.ask("fallback_rate").records()[0]
    coverage = shown.ask("offline_coverage").records()[0]
    complete = shown.ask("completeness").records()[0]
    assert rate["requests"] > 1000
    assert reader.tile("Requests") == formats.count(rate["requests"])
    assert reader.tile("Fallback rate") == formats.percent(rate["fallback_rate"])
    assert reader.tile("Offline coverage") == formats.percent(coverage["offline_coverage"])
    assert reader.tile("Completeness") == formats.percent(complete["completeness"])
    interval = formats.interval(rate["fallback_low"], rate["fallback_high"])
    expect(page.get_by_text(interval, exact=True)).to_be_visible()
    # The first one is of the headline numbers.
    button = page.get_by_role("button", name="Definition").nth(1)
    button.click()
    page.emulate_media(color_scheme="dark")
    light = tuple(int(DARK.text[i : i + 2], 16) for i in (1, 3, 5))
    expect(button).to_have_css("color", f"rgb{light}")
    page.emulate_media(color_scheme="light")
    meaning = page.get_by_test_id("stPopoverBody")
    said = meaning.get_by_text("Release health: each release of the app side by side.")
    expect(said).to_be_visible()
    expect(meaning.locator("code").first).to_contain_text("select")
    page.keyboard.press("Escape")
    with LimenClient(shown.api) as client:
        found = client.compare("2.5.0", "2.4.0", SINCE, where={"environment": ("production",)})
    box = page.locator(".st-key-verdict .limen-notice")
    for clause in found.clauses:
        expect(box).to_contain_text(clause[1:])
    page.get_by_role("link", name="Why, and how sure").click()
    page.wait_for_url("**/release?*newer=2.5.0*")
    expect(box).to_contain_text(found.clauses[0][1:])
    reader.settle()


def test_the_offline_numbers_are_the_collectors(reader: Reader, shown: Shown) -> None:
    page = opened(reader, f"/offline?period={PERIOD}", "Offline")
    row = shown.ask("offline_coverage").records()[0]
    assert row["offline_requests"] > 0
    assert reader.tile("Offline requests") == formats.count(row["offline_requests"])
    assert reader.tile("Offline coverage") == formats.percent(row["offline_coverage"])
    assert reader.tile("Of attempted") == formats.percent(row["device_coverage"])
    assert reader.tile("Stranded") == formats.count(row["stranded"])
    missed = [row for row in shown.ask("offline_targets").records() if row["met"] is False]
    notice = page.locator(".limen-notice", has_text="Below the target")
    expect(notice).to_have_count(1 if missed else 0)
    for target in missed:
        expect(notice).to_contain_text(formats.percent(target["offline_coverage"]))
    page.get_by_role("tab", name="Device").click()
    for chart in ("targets", "coverage-device_model", "offline-by-threshold", "offline-hours"):
        expect(page.locator(f".st-key-chart-{chart} .main-svg").first).to_be_visible()
    for used in shown.ask("thresholds_in_use", feature="image_classify").records():
        mark = f"{formats.score(used['threshold'])}"
        expect(page.locator(".st-key-chart-offline-by-threshold")).to_contain_text(mark)
    no_error(reader)


def test_a_release_is_held_against_another_in_words_and_numbers_of_the_collector(
    reader: Reader, shown: Shown
) -> None:
    page = opened(reader, f"/release?period={PERIOD}", "Release")
    where = {"environment": ("production",)}
    with LimenClient(shown.api) as client:
        found = client.compare("2.5.0", "2.4.0", SINCE, where=where)
        back = client.compare("2.4.0", "2.5.0", SINCE, where=where)
    box, chart = page.locator(".st-key-verdict .limen-notice"), page.locator(".st-key-chart-parts")
    assert found.split is not None and back.split is not None
    for clause in found.clauses:
        expect(box).to_contain_text(clause[1:])
    for change in (*(part.change for part in found.split.parts), found.split.change):
        expect(chart).to_contain_text(points(change))
    reader.choose("Compare", "2.4.0")
    page.wait_for_url("**/release?*newer=2.4.0*")
    expect(box).to_contain_text("2.4.0 against 2.5.0")
    for clause in back.clauses:
        expect(box).to_contain_text(clause[1:])
    # Until the page is drawn to its end the chart of before may stand beside it.
    reader.settle()
    expect(chart).to_contain_text(points(back.split.change))
    opened(reader, f"/release?period={PERIOD}&feature=generate", "Release")
    expect(box).to_contain_text("too early to say")


def test_a_filter_stands_in_the_address_and_the_link_shows_the_same(
    browser: Browser, reader: Reader, shown: Shown
) -> None:
    page = reader.open(f"/?period={PERIOD}")
    reader.choose("Release", "2.5.0")
    page.wait_for_url("**/*release=2.5.0*")
    requests = formats.count(shown.ask("fallback_rate", release="2.5.0").records()[0]["requests"])
    tile = page.locator('[data-testid="stMetric"]', has_text="Requests")
    expect(tile).to_contain_text(requests)
    with Reader(browser, shown.url) as other:
        # By its name too, as the navigation writes it or not.
        for name in ("/Overview", "/overview"):
            other.open(page.url.replace(f"{shown.url}/", name))
            expect(other.page.get_by_role("dialog")).to_have_count(0)
            assert other.tile("Requests") == requests
        assert other.tile("Fallback rate") == reader.tile("Fallback rate")
        other.page.get_by_role("link", name="Offline").click()
        other.page.wait_for_url("**/offline?*release=2.5.0*")
        assert other.complaints == []


def test_a_link_whose_filter_finds_nothing_keeps_it_and_offers_the_way_out(
    reader: Reader, shown: Shown
) -> None:
    page = reader.open("/?release=%3Cb%3E9.9%3C%2Fb%3E")
    expect(page.locator(".limen-empty")).to_contain_text("No requests in this selection")
    expect(page.get_by_text("<b>9.9</b>").first).to_be_visible()
    page.get_by_role("button", name="Reset the filters").click()
    expect(page.locator('[data-testid="stMetric"]').first).to_be_visible(timeout=WAIT_MS)
    assert "release" not in page.url
    for path in (
        "/release?newer=9.9&older=2.4.0",
        "/thresholds?run=none",
        "/egress?ribbon=none",
    ):
        page = reader.open(path)
        expect(page.get_by_role("alert")).to_contain_text(re.compile("^The link asks for a "))
    reader.open("/release?newer=2.5.0&older=2.4.0")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_filters_of_one_page_are_reset_too(reader: Reader) -> None:
    page = reader.open("/requests?decision=accept&reason=offline")
    expect(page.locator(".limen-empty")).to_contain_text("No requests in this selection")
    page.get_by_role("button", name="Reset the filters").click()
    expect(page.get_by_text("Choose a row to open its trace.")).to_be_visible()
    assert "decision" not in page.url


def test_an_undeclared_flow_is_said_before_everything_else(reader: Reader, shown: Shown) -> None:
    page = opened(reader, f"/egress?period={PERIOD}", "Egress")
    undeclared = {
        row["destination"] for row in shown.ask("egress").records() if row["declared"] is False
    }
    assert undeclared == {"adkit.example"}
    box = page.locator(".limen-notice").first
    expect(box).to_contain_text("Not declared by any policy: adkit.example")
    rows = shown.ask("egress", "feature", "release", destination="adkit.example").records()
    flows = {(row["feature"], row["release"], row["category"]) for row in rows}
    title, *lines = box.inner_text().splitlines()
    assert len(rows) > len(lines) == len(flows)
    bytes_sent = formats.size(sum(row["bytes"] or 0 for row in rows))
    assert len(flows) > 1 or f"2.5.0 sent {bytes_sent} (" in lines[0]
    assert "design" not in lines[0] and "fallback" not in lines[0]
    page.get_by_role("radio", name="Consent").click()
    page.wait_for_url("**/egress?*side=Consent*")
    reader.settle()


def test_the_undeclared_host_is_a_finding_with_the_traces_that_prove_it(
    reader: Reader, shown: Shown
) -> None:
    page = reader.open(f"/findings?period={PERIOD}&release=2.5.0&feature=image_classify")
    reader.tables_fit()
    with LimenClient(shown.api) as client:
        check = client.check(SINCE)
    (found,) = [
        one
        for one in check.findings
        if (one.code, one.feature) == ("UNDECLARED_HOST", "image_classify")
    ]
    card = page.locator(f".st-key-finding-{found.id}")
    expect(card).to_contain_text("adkit.example")
    expect(card).to_contain_text(f"{found.count} transfers · {formats.size(found.bytes)}")
    expect(card.get_by_role("link")).to_have_count(len(found.traces))
    card.get_by_role("link").first.click()
    page.wait_for_url(f"**/requests?*trace={found.traces[0]}*")
    reader.settle()
    expect(page.get_by_text("adkit.example").first).to_be_visible()
    no_error(reader)


def test_data_quality_is_the_collectors_count_and_what_to_mend_comes_first(
    reader: Reader, shown: Shown
) -> None:
    """At the address that it had too."""
    page = opened(reader, f"/door?period={PERIOD}&done=Dropped", "Data quality")
    lost, arrival = shown.ask("lost_requests").records()[0], shown.ask("arrival").records()[0]
    assert reader.tile("Lost requests") == formats.count(lost["lost"])
    assert reader.tile("Losing phones") == formats.count(lost["losing"])
    assert reader.tile("Late") == formats.count(arrival["late"])
    lines = ["completeness", "arrival", "unknown-departures", "door"]
    for chart in [*lines, "lost"] if lost["lost"] else lines:
        expect(page.locator(f".st-key-chart-{chart} .main-svg").first).to_be_visible()
    skewed = shown.ask("clock_skew", "release").records()
    assert skewed and not any(row["over_1s"] for row in skewed)
    expect(page.get_by_text("Every clock that calls could measure agrees")).to_be_visible()
    with LimenClient(shown.api) as client:
        door, findings = client.metrics(
            [
                Query(metric="door", since=SINCE),
                Query(metric="findings", since=SINCE, by=("app", "release")),
            ]
        )
    done = {row["action"]: row["values"] for row in door.records()}
    for title, action in (("Kept", "keep"), ("Hashed", "hash"), ("Dropped", "drop")):
        assert reader.tile(title) == formats.count(done[action])
    found = {(row["code"], row["field"], row["release"]) for row in findings.records()}
    assert found == {
        ("HARDWARE_ID_IN_TELEMETRY", strays.ADVERTISING_ID, "2.5.0"),
        ("UNKNOWN_ATTRIBUTE", strays.SCREEN, "2.5.0"),
    }
    box = page.locator(".limen-notice")
    expect(box).to_have_count(1)
    expect(box).to_contain_text(f"fieldnotes 2.5.0: {strays.ADVERTISING_ID} (span), ")
    expect(box).to_contain_text("Take it out of the app")
    expect(page.get_by_text("limen policy suggest")).to_be_visible()
    expect(page.get_by_role("radio", name="Dropped")).to_be_checked()
    no_error(reader)


def test_a_request_opens_its_trace_what_if_answers_and_the_link_reopens_both(
    browser: Browser, reader: Reader, shown: Shown
) -> None:
    filters = f"period={PERIOD}&decision=fallback&reason=low_confidence"
    page = opened(reader, f"/requests?{filters}", "Requests")
    found = shown.ask("requests", decision="fallback", reason="low_confidence").records()
    newest = found[0]
    cut = page.locator(".limen-paper")
    expect(cut).to_be_hidden()
    page.emulate_media(media="print")
    expect(cut).to_be_visible()
    expect(cut).to_contain_text(f"those of the {formats.count(len(found))} rows that stood")
    page.emulate_media(media="screen")
    grid = page.locator('[data-testid="stDataFrame"]').first
    # Its own buttons, which come with the mouse, cover none.
    grid.hover()
    page.get_by_role("button", name=re.compile("^Fullscreen: The newest")).hover()
    for name in ("As curl", "Download as CSV"):
        assert page.get_by_role("button", name=name).evaluate(
            "button => { const { x, y, width, height } = button.getBoundingClientRect();"
            "return button.contains(document.elementFromPoint(x + width / 2, y + height / 2)) }"
        ), name
    # The grid is a canvas: the box of its first row stands below the header.
    grid.click(position={"x": 18, "y": 53})
    page.wait_for_url(f"**/*trace={newest['trace_id']}*")
    reader.settle()
    what_if = "[class*=st-key-what-if] .limen-notice"
    box = page.locator(what_if)
    expect(box).to_contain_text("As it was: the device asked the cloud")
    reader.choose("Network", "unavailable")
    expect(box).to_contain_text("no answer would have been possible, offline")
    page.wait_for_url("**/*if_network=unavailable*")
    page.get_by_role("slider", name="Threshold").press("Home")
    expect(box).to_contain_text("With a threshold of 0.000")
    expect(box).to_contain_text("the device would have answered")
    with Reader(browser, shown.url) as other:
        other.open(page.url.removeprefix(shown.url))
        expect(other.page.locator(what_if)).to_contain_text("the device would have answered")
        for window in (reader, other):
            text = window.page.locator(".limen-notice").first
            expect(text).to_contain_text("The device asked the cloud")
            expect(text).to_contain_text(formats.score(newest["confidence"]))
            chart = window.page.locator('[data-testid="stPlotlyChart"]').first
            expect(chart).to_contain_text("In the cloud")
            no_error(window)
        other.darken_and_narrow()
        assert other.complaints == []
    page.get_by_role("button", name="All requests").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    page.wait_for_url("**/requests?*decision=fallback*")
    assert "trace" not in page.url


def test_no_reason_and_no_network_is_cut_in_the_list_of_requests(reader: Reader) -> None:
    page = opened(reader, f"/requests?period={PERIOD}", "Requests")
    canvas = page.locator('[data-testid="stDataFrame"] canvas').first
    words = {"reason": (*FALLBACK_REASONS, *BLOCKED_REASONS), "network": NETWORKS}
    for column, told in words.items():
        needed = canvas.evaluate(
            """(canvas, words) => {
                const said = name => getComputedStyle(canvas).getPropertyValue(`--gdg-${name}`)
                const pen = document.createElement("canvas").getContext("2d")
                pen.font = `${said("base-font-style")} ${said("font-family")}`
                const room = 2 * parseFloat(said("cell-horizontal-padding"))
                return Math.max(...words.map(word => pen.measureText(word).width)) + room
            }""",
            told,
        )
        assert 60 < needed <= WIDTHS[column], column


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_list_is_on_the_first_sheet_of_paper_with_the_filters_that_narrow_it(
    browser: Browser, shown: Shown, size: tuple[int, int]
) -> None:
    with Reader(browser, shown.url, size=size) as reader:
        for path in ("/ledger", "/requests"):
            page = reader.open(f"{path}?period={PERIOD}")
            page.locator('[data-testid="stDataFrame"] canvas').first.wait_for()
            sheet = page.pdf(format="A4", landscape=True, margin=MARGIN)
            assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1, path
        page = reader.open(f"/requests?period={PERIOD}&decision=accept")
        page.emulate_media(media="print")
        main = page.get_by_test_id("stMainBlockContainer")
        expect(main.get_by_text("Decision", exact=True)).to_be_visible()
        expect(main.get_by_text("Reason", exact=True)).to_be_hidden()
        table = page.get_by_test_id("stElementContainer").filter(
            has=page.get_by_test_id("stDataFrame")
        )
        note = table.evaluate("one => getComputedStyle(one, '::after').content")
        assert ("narrow screen" in note) == (size == PHONE)
        assert reader.complaints == []


def test_a_trace_that_is_not_there_says_so(reader: Reader) -> None:
    page = reader.open(f"/requests?trace={'0' * 31}1")
    expect(page.locator(".limen-empty")).to_contain_text("No such trace")


def test_a_sweep_shows_what_it_rests_on_and_its_slider_changes_the_sentence_and_the_address(
    reader: Reader,
) -> None:
    page = opened(reader, f"/thresholds?period={PERIOD}&feature=image_classify", "Thresholds")
    for title in ("Certificate", "How far its confidence can be believed", "Host and phones"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_text("Expected calibration error (ECE)")).to_be_visible()
    expect(page.get_by_text("thresholds tested, highest first").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the certificate").click()
    certificate = json.loads(download.value.path().read_text("utf-8"))
    assert certificate["overall"]["tests"][0]["p_value"] >= 0
    box = page.locator(".st-key-what-changes")
    before = chosen_threshold(box)
    page.get_by_role("slider").press("ArrowRight")
    expect(box).not_to_contain_text(before)
    page.wait_for_url("**/thresholds?*threshold=*")
    after = chosen_threshold(box)
    reader.open(page.url.removeprefix(reader.base))
    expect(box).to_contain_text(after)


def test_placement_advises_what_the_api_does_of_what_the_filters_leave(
    browser: Browser, reader: Reader, shown: Shown
) -> None:
    page = opened(reader, f"/placement?period={PERIOD}", "Placement")
    every = advised(page, shown)
    reader.choose("Release", "2.5.0")
    page.wait_for_url("**/placement?*release=2.5.0*")
    of_release = advised(page, shown, release="2.5.0")
    assert of_release != every
    with Reader(browser, shown.url) as other:
        other.open(page.url.removeprefix(shown.url))
        assert advised(other.page, shown, release="2.5.0") == of_release
        other.follow("Requests", "/requests")
        assert "release=2.5.0" in other.page.url
        other.open(f"/placement?period={PERIOD}&release=2.5.0&os=%3Ci%3E")
        expect(other.page.get_by_text("Feature use: not defined by OS")).to_be_visible()
        assert other.complaints == []
    page = reader.open(f"/placement?period={PERIOD}&app=%3Cb%3E")
    expect(page.locator(".limen-empty")).to_contain_text("No features in this selection")
    page.get_by_role("button", name="Reset the filters").click()
    expect(page.locator(".limen-notice").first).to_be_visible()
    assert "app=" not in page.url


def advised(page: Page, shown: Shown, **narrowed: str) -> list[Advice]:
    """What the API advises of production and what else is `narrowed`, which the page shows too."""
    where = {name: (value,) for name, value in narrowed.items()}
    with LimenClient(shown.api) as client:
        advice = client.placement(since=SINCE, where={"environment": ("production",), **where})
    boxes = page.locator(".limen-notice")
    expect(boxes).to_have_count(len(advice))
    for place, one in enumerate(advice):
        why = one.sentence.removeprefix(f"{one.feature}: {one.open}: ")
        expect(boxes.nth(place)).to_contain_text(f"{one.feature}: {one.placement or one.open}")
        # What follows the title begins with a capital letter.
        expect(boxes.nth(place)).to_contain_text(why[1:])
        reasons = page.get_by_test_id("stExpander").nth(place)
        for reason in one.reasons:
            expect(reasons).to_contain_text(reason.found)
    return advice


def chosen_threshold(box: Locator) -> str:
    """The words that name the chosen threshold."""
    words = re.compile(r"(Raised to|Lowered to|At) \d\.\d{3,6}")
    expect(box).to_contain_text(words)
    found = words.search(box.inner_text())
    assert found is not None
    return found[0]


@pytest.mark.usefixtures("tracer")
def test_no_process_reaches_for_another_machine(reader: Reader, shown: Shown) -> None:
    """Fleet, cloud, collector, replay and dashboard, at whose pages the tests above look too."""
    reader.open("/placement")
    for calls in shown.reached:
        assert "127.0.0.1" in calls.read_text("utf-8") or calls.name == "collector"
        assert strace.beyond(calls) == []


REACHING: Mapping[str, str] = {
    "192.0.2.1": "connect(('192.0.2.1', 80))",
    "a name server": "sendto(b'', ('127.0.0.1', 53))",
    "2001:db8::1": "connect(('2001:db8::1', 80))",
}


@pytest.mark.usefixtures("tracer")
@pytest.mark.parametrize("to", REACHING)
def test_reaching_for_another_machine_is_noticed(tmp_path: Path, to: str) -> None:
    """Even where the machine has no way there; nothing is sent."""
    family = "AF_INET6" if to.startswith("2001") else "AF_INET"
    code = f"from socket import *\ntry: socket({family}, SOCK_DGRAM).{REACHING[to]}\n"
    code += "except OSError: pass"
    command = strace.observed(tmp_path / "log", [sys.executable, "-c", code])
    subprocess.run(command, check=True, capture_output=True)
    assert len(strace.beyond(tmp_path / "log")) == 1
