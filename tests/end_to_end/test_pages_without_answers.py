"""What pages show where there is no data yet, none that fits, or nobody to ask."""

from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest
from playwright.sync_api import Browser, expect

from dashboard.commands import free_port
from dashboard.views.registry import VIEWS
from tests.end_to_end.browser import Reader, no_error
from tests.end_to_end.processes import dashboard
from tests.otlp import now, request_span, traces
from tests.processes import RunningCollector, running_collector

pytestmark = pytest.mark.end_to_end

DAY_NS = 24 * 3600 * 10**9
REST = [view for view in VIEWS[1:] if not view.empty]


def send_request(collector: RunningCollector, days_old: int, **resource: str) -> None:
    """One request of an app of one's own, under what its resource says of it."""
    about = {"service.name": "my-app", **{k.replace("_", "."): v for k, v in resource.items()}}
    request = traces(request_span(start=now() - days_old * DAY_NS), resource=about)
    collector.post(request.SerializeToString()).raise_for_status()


def test_without_data_each_page_says_how_to_send_some_and_with_the_first_it_opens_by_itself(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        running_collector(tmp_path) as running,
        dashboard(running.api) as url,
        Reader(browser, url) as reader,
    ):
        page = reader.open("/")
        empty = page.locator(".limen-empty")
        page = reader.follow("Declarations", "/declarations")
        expect(empty).to_contain_text("No declarations yet")
        for view in REST:
            page = reader.follow(view.title, f"/{view.path}")
            expect(empty).to_contain_text("Waiting for the first traces")
            expect(page.get_by_text("OTLPSpanExporter(endpoint=")).to_be_visible()
            no_error(reader)
        page = reader.follow("Overview", "/")
        expect(empty).to_contain_text("Waiting for the first traces")

        send_request(running, 0)
        # It names no environment, and is seen at once all the same.
        expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        reader.settle()
        assert reader.tile("Requests") == "1"
        page = reader.open("/?environment=production")
        expect(empty).to_contain_text("No requests in this selection")
        page.get_by_role("button", name="Reset the filters").click()
        expect(page.locator('[data-testid="stMetric"]').first).to_be_visible()
        assert reader.tile("Requests") == "1"

        running.process.send_signal(SIGSTOP)
        page.locator(".st-key-refresh button").first.click()
        expect(page.get_by_test_id("stSpinner")).to_have_text("The collector is asked")
        running.process.send_signal(SIGCONT)
        expect(page.get_by_test_id("stSpinner")).to_have_count(0)
        assert reader.tile("Requests") == "1"
        assert reader.complaints == []


def test_a_reset_goes_back_to_production_where_the_default_period_has_it(
    browser: Browser, tmp_path: Path
) -> None:
    with running_collector(tmp_path) as running, dashboard(running.api) as url:
        send_request(running, 3, deployment_environment_name="production")
        send_request(running, 0, deployment_environment_name="staging")
        with Reader(browser, url) as reader:
            page = reader.open("/?period=24+hours")
            assert reader.tile("Requests") == "1"
            expect(page.get_by_text("Last 24 hours", exact=True)).to_be_visible()
            page = reader.open("/?period=24+hours&environment=production")
            page.get_by_role("button", name="Reset the filters").click()
            seen = page.get_by_text("Last 7 days · Environment production", exact=True)
            expect(seen).to_be_visible()
            assert reader.complaints == []


def test_where_no_collector_answers_each_page_says_how_to_start_one(browser: Browser) -> None:
    nobody = f"http://127.0.0.1:{free_port('127.0.0.1', 0)}"
    with dashboard(nobody) as url, dashboard(url) as misled:
        with Reader(browser, misled) as reader:
            box = reader.open("/").locator(".limen-error")
            expect(box).to_contain_text(f"What answers at {url} is no collector's query API")
            assert reader.complaints == []
        with Reader(browser, url) as reader:
            page = reader.open("/")
            for view in (*REST, VIEWS[0]):
                box = page.locator(".limen-error")
                expect(box).to_contain_text(f"No collector answers at {nobody}")
                expect(page.locator('[data-testid="stException"]')).to_have_count(0)
                page = reader.follow(view.title, "/" if view is VIEWS[0] else f"/{view.path}")
            assert reader.complaints == []
