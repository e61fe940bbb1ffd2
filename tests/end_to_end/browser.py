"""A real Chromium that looks at a dashboard, and keeps what it must not see."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    TimeoutError,
    expect,
    sync_playwright,
)

from dashboard.theme import TITLE_ROOM

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "no Chromium on this machine; install one: apt-get install --yes chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Windows on one dashboard, or on several, share what their process has read and compiled.
    "--process-per-site",
)
DESKTOP = (1440, 900)
PHONE = (390, 844)
WAIT_MS = 90_000

# Streamlit's page looks for its server below the page's own path first, then at the root.
_LOOKING = re.compile(r"/[A-Z]?[a-z-]+/_stcore/(health|host-config)$")


class NoChromium(Exception):
    """There is no Chromium here; the message says how there will be."""


def executable() -> str | None:
    """The Chromium of this machine, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Raises NoChromium."""
    path = executable()
    if path is None:
        raise NoChromium(INSTALL)
    with sync_playwright() as playwright:
        # A page is as slow as the machine; what never comes is noticed all the same.
        expect.set_options(timeout=WAIT_MS)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        browser.new_context()
        yield browser
        browser.close()


class Reader:
    """A window on the dashboard at `base`, in a session of the dashboard of its own.

    Windows are one person's: they share what a browser keeps of the dashboard's scripts, which
    take longer to read than a page to draw, and cookies. Who is `apart` shares with nobody.
    """

    def __init__(
        self,
        browser: Browser,
        base: str,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        apart: bool = False,
    ) -> None:
        self.base = base
        self.complaints: list[str] = []
        self._windows = ExitStack()
        context = browser.contexts[0]
        if apart:
            context = self._windows.enter_context(browser.new_context())
        elif not context.pages:
            # It stays open, and with it the process of all windows.
            context.new_page().goto(f"{base}/_stcore/health")
        self.page: Page = self._windows.enter_context(context.new_page())
        self.page.set_default_timeout(WAIT_MS)
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        # What moves is drawn again and again.
        self.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._windows.close()

    def open(self, path: str) -> Page:
        """The page at `path`, drawn to its end."""
        self.page.goto(self.base + path)
        self.settle()
        return self.page

    def follow(self, title: str, path: str) -> Page:
        """The page called `title` by its link in the navigation, drawn to its end."""
        links = self.page.get_by_test_id("stSidebarNav")
        links.get_by_role("link", name=title, exact=True).click()
        self.page.wait_for_url(re.compile(rf"{re.escape(self.base + path)}(\?|$)"))
        self.settle()
        return self.page

    def darken_and_narrow(self) -> None:
        """Asserts that the page as it stands is whole on a phone in the dark too."""
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        self.settle()
        no_error(self)
        assert self.page.evaluate("document.scrollingElement.scrollWidth") <= PHONE[0]
        # A legend of several lines is not cut off with the title of its figure.
        above = self.page.locator("[data-testid=stPlotlyChart] .legend").evaluate_all(
            "(legends, room) => legends.map(one => one.getBoundingClientRect().top - room"
            " - one.closest('[data-testid=stPlotlyChart]').getBoundingClientRect().top)",
            TITLE_ROOM,
        )
        assert not [top for top in above if top < -1], above
        # Nor does one below its figure lie on the name of the axis.
        across = self.page.locator("[data-testid=stPlotlyChart]:has(.xtitle) .legend").evaluate_all(
            "legends => legends.filter(one => {"
            "const {top, bottom} = one.getBoundingClientRect();"
            "const plot = one.closest('[data-testid=stPlotlyChart]');"
            "const name = plot.querySelector('.xtitle').getBoundingClientRect();"
            "return top < name.bottom - 1 && name.top + 1 < bottom"
            "}).map(one => one.textContent)"
        )
        assert across == []

    def settle(self) -> None:
        """Returns when the page has a title, nothing runs and every chart is drawn."""
        self.page.wait_for_selector("h1, .limen-error, .limen-empty")
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('[class*=st-key-chart-]')]"
            ".every(chart => chart.offsetParent === null || chart.querySelector('.main-svg'))"
        )

    def tables_fit(self) -> None:
        """Returns when every table is drawn and none has to be scrolled sideways."""
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-testid=stDataFrame]')].every(table => {"
            "const room = table.querySelector('.dvn-scroller');"
            "return !table.checkVisibility() || room && room.scrollWidth <= room.clientWidth + 1"
            "})"
        )

    def choose(self, label: str, option: str) -> None:
        """Picks from a list. A script that runs meanwhile closes it: it is opened again."""
        wanted = self.page.get_by_role("option", name=option)
        for last in (False,) * 9 + (True,):
            self.page.get_by_role("combobox", name=label).click()
            try:
                return wanted.click(timeout=WAIT_MS / 10)
            except TimeoutError:
                if last:
                    raise
                self.page.keyboard.press("Escape")

    def tile(self, title: str) -> str:
        """The headline number under `title`."""
        tile = self.page.locator('[data-testid="stMetric"]', has_text=title)
        return tile.locator('[data-testid="stMetricValue"]').inner_text().strip()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _LOOKING.search(message.location["url"]):
            self.complaints.append(f"console: {message.text} ({message.location['url']})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")


def no_error(reader: Reader) -> None:
    """Asserts that the page shows none."""
    for box in ('[data-testid="stException"]', ".limen-error"):
        expect(reader.page.locator(box)).to_have_count(0)
