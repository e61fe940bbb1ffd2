"""What whoever is on call does, and what a reviewer drills into, in a real browser: on a collector
that holds little and all of it known."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from collector.contract.records import Answer, Query
from dashboard import sentences
from tests.end_to_end.browser import PHONE, Reader, no_error
from tests.end_to_end.processes import dashboard
from tests.otlp import PHONE as RESOURCE
from tests.otlp import Span, fresh_id, now, request_span, traces
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY
from tests.test_departures import CLOUD, client

pytestmark = pytest.mark.end_to_end

MS = 10**6
OWNER = "phone-of-ada-7d1e"
MARKUP = "<b>Ada</b> **7**"
RIBBON = "image_classify → analytics → adkit.example"
Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Watched:
    """A dashboard on a collector; `trace` is a call by a clock an hour behind, with an orphan."""

    url: str
    collector: RunningCollector
    trace: str

    def ask(self, metric: str, *by: str, where: Values, selected: Values | None = None) -> Answer:
        asked = Query(metric=metric, by=by, where=where, selected=selected or {})
        with self.collector.client() as client:
            return client.metric(asked)


def resource(installation: str, release: str = "2.5.0", model: str = "Pixel 8") -> dict[str, str]:
    about = {"app.installation.id": installation, "service.version": release}
    return {**RESOURCE, **about, "device.model.identifier": model}


def send(running: RunningCollector, *spans: Span, **about: str) -> None:
    body = traces(*spans, resource=resource(**about))
    running.post(body.SerializeToString()).raise_for_status()


def send_fleet(running: RunningCollector) -> None:
    """Forty phones: what fails is one model's; 2.5.0 sends to a host that 2.4.0 does not."""
    for n in range(40):
        release = "2.5.0" if n % 2 else "2.4.0"
        model = "Pixel 6" if n < 10 else "Pixel 8"
        if n < 10:
            send(running, request_span("error"), installation=f"p{n}", release=release, model=model)
            continue
        request = request_span("fallback", limen_fallback_reason="low_confidence")
        sent = [client(request)]
        if n % 2:
            sent.append(client(request, server_address="adkit.example", limen_purpose="analytics"))
        about = {"installation": f"p{n}", "release": release, "model": model}
        send(running, request, *sent, **about)


def send_skewed(running: RunningCollector) -> str:
    request = request_span("fallback", limen_output_label=MARKUP, start=now() - 60_000 * MS)
    call = client(request)
    call.duration = 100 * MS
    served = call.child("SERVER")
    served.start, served.duration = call.start + 3_600_020 * MS, 60 * MS
    orphan = Span(trace_id=request.trace_id, parent=fresh_id(8), start=request.start)
    running.post(traces(served, resource=CLOUD).SerializeToString()).raise_for_status()
    send(running, request, call, orphan, installation=OWNER)
    send(running, request_span("accept"), installation=OWNER)
    return request.trace_id.hex()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    home = tmp_path_factory.mktemp("watched")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(home) as running, dashboard(running.api) as url:
        send_fleet(running)
        yield Watched(url, running, send_skewed(running))


@pytest.fixture
def reader(browser: Browser, watched: Watched) -> Iterator[Reader]:
    """On a phone in the dark, where everything must be whole too."""
    with Reader(browser, watched.url, size=PHONE, dark=True) as found:
        yield found
        no_error(found)
        assert found.page.evaluate("document.scrollingElement.scrollWidth") <= PHONE[0]
        assert found.complaints == []


def test_what_is_different_in_the_failing_ones_is_what_the_collector_says(
    reader: Reader, watched: Watched
) -> None:
    page = reader.open("/requests?show=What+is+different")
    failing = {"decision": ("blocked", "error")}
    rows = watched.ask(
        "differences", where={"environment": ("production",)}, selected=failing
    ).records()
    device = [row for row in rows if row["dimension"] == "device_model"]
    assert (device[0]["value"], device[0]["share_selected"]) == ("Pixel 6", 1.0)
    (said,) = sentences.differences({"device_model": device})
    expect(page.locator(".limen-notice")).to_contain_text(said)
    selected = re.compile("^Selected: decision blocked or error, 10 requests.")
    expect(page.get_by_text(selected)).to_be_visible()


def test_an_installation_is_found_by_its_identifier_which_stays_nowhere_and_followed_live(
    browser: Browser, reader: Reader, watched: Watched
) -> None:
    page = reader.open("/requests?live=true")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_placeholder("Its identifier in the app").fill(OWNER)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    page.wait_for_url("**/requests?*pseudonym=*")
    expect(page.get_by_text("The newest 2", exact=True)).to_be_visible()
    assert OWNER not in page.content() and OWNER not in page.url
    asked = page.get_by_text("and again every 5 seconds")
    before = asked.inner_text()
    send(watched.collector, request_span("accept"), installation=OWNER)
    expect(page.get_by_text("The newest 3", exact=True)).to_be_visible()
    expect(asked).not_to_have_text(before)
    with Reader(browser, watched.url) as other:
        other.open(page.url.removeprefix(watched.url))
        expect(other.page.get_by_text("The newest 3", exact=True)).to_be_visible()
    page.get_by_placeholder("Its identifier in the app").fill("phone-of-nobody")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.locator(".limen-notice")).to_contain_text("Nothing is stored of this installation")
    with watched.collector.client() as client:
        entries = client.audit_entries(0, 100)
    assert entries.column("action").to_pylist().count("installation looked up") == 2
    assert OWNER not in str(entries.to_pylist())


def test_a_row_is_what_it_shows_whatever_arrived_since(
    browser: Browser, reader: Reader, watched: Watched
) -> None:
    def arrive() -> None:
        """One more, of which every window is told when it asks next."""
        request = request_span("fallback", limen_fallback_reason="low_confidence")
        send(watched.collector, request, client(request), installation="p0")
        with Reader(browser, watched.url) as other:
            other.open("/").locator(".st-key-refresh button").first.click()
            other.settle()

    production = {"environment": ("production",)}
    page = reader.open("/requests")
    (newest, *_) = watched.ask("requests", where=production).records()
    arrive()
    page.get_by_test_id("stDataFrame").click(position={"x": 18, "y": 53})
    page.wait_for_url(f"**/*trace={newest['trace_id']}*")

    page = reader.open("/ledger")
    left = watched.ask("ledger", where=production).records()
    newest = next(row for row in left if row["trace_id"])
    departure = page.locator(".st-key-departure")
    arrive()
    page.get_by_test_id("stDataFrame").click(position={"x": 18, "y": 53})
    expect(departure).to_contain_text(newest["trace_id"])
    chosen = page.locator("[role=row][aria-selected=true]")
    expect(chosen).to_have_attribute("aria-rowindex", "3")
    page.get_by_test_id("stDataFrame").click(position={"x": 18, "y": 53 + 35})
    expect(departure).to_have_count(0)


def test_a_trace_shows_its_clocks_its_orphans_and_what_the_installation_asked_besides(
    reader: Reader, watched: Watched
) -> None:
    page = reader.open(f"/requests?trace={watched.trace}")
    expect(page.get_by_text("The phone's clock was 60.0 min (± 20 ms) behind")).to_be_visible()
    charts = page.locator('[data-testid="stPlotlyChart"]')
    for words in (
        "its parent did not arrive",
        "The same by the phone's clock",
        "the cloud's clock",
    ):
        expect(charts.first).to_contain_text(words)
    expect(charts.nth(1)).to_contain_text("In the cloud")
    with watched.collector.client() as client:
        (neighbour, *_) = client.trace(watched.trace)["neighbours"]
    grid = page.locator('[data-testid="stDataFrame"]').last
    grid.scroll_into_view_if_needed()
    grid.click(position={"x": 18, "y": 53})
    page.wait_for_url(f"**/*trace={neighbour['trace_id']}*")
    reader.settle()
    page.get_by_role("button", name="As curl").click()
    expect(page.get_by_text("Authorization: Bearer $LIMEN_TOKEN")).to_be_visible()


def test_a_link_to_a_ribbon_shows_the_ledger_rows_behind_it(
    reader: Reader, watched: Watched
) -> None:
    page = reader.open(f"/egress?side=Purpose&ribbon={quote(RIBBON)}")
    where = {"destination": ("adkit.example",), "purpose": ("analytics",)}
    rows = watched.ask("ledger", where=where).rows
    (ribbon,) = watched.ask("flows", "purpose", where=where).records()
    assert len(rows) == ribbon["transfers"] == 15
    expect(page.get_by_text("The newest 15, one row each.")).to_be_visible()


def test_what_a_release_added_is_said_with_what_it_rests_on(
    reader: Reader, watched: Watched
) -> None:
    page = reader.open("/egress")
    rows = watched.ask(
        "flow_changes",
        where={"release": ("2.5.0", "2.4.0"), "environment": ("production",)},
        selected={"release": ("2.5.0",)},
    ).records()
    (added,) = [row for row in rows if row["change"] == "added"]
    box = page.locator(".limen-notice", has_text="Only 2.5.0 sends")
    expect(box).to_contain_text(sentences.flow_change(added))
    expect(page.get_by_text("2.5.0 sends all that 2.4.0 did.")).to_be_visible()
    page.get_by_role("radio", name="Passed on by a back end").click()
    expect(page.get_by_text("No back end passed anything on")).to_be_visible()
