"""The pictures of every page for README and docs: `python -m tests.end_to_end.pictures`.

Without --dashboard and --api a fleet lives through its week first.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from collector.contract.client import LimenClient
from collector.contract.records import Query
from tests.end_to_end.browser import DESKTOP, PHONE, Reader, chromium
from tests.end_to_end.processes import collector, dashboard, live_through
from tests.forks import ROOT

REQUESTS = 6_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dashboard", metavar="URL", help="a dashboard that runs already")
    parser.add_argument("--api", metavar="URL", help="the collector behind it")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", metavar="DIR")
    args = parser.parse_args()
    if (args.dashboard is None) != (args.api is None):
        parser.error("--dashboard and --api belong together")
    args.out.mkdir(parents=True, exist_ok=True)
    with _running(args.dashboard, args.api) as (url, api), chromium() as browser:
        for name, path in _pages(api).items():
            _take(browser, url, path, args.out / f"{name}.png", DESKTOP)
        _take(browser, url, "/", args.out / "overview-dark.png", DESKTOP, dark=True)
        _take(browser, url, "/", args.out / "overview-phone.png", PHONE)
    return 0


@contextmanager
def _running(url: str | None, api: str | None) -> Iterator[tuple[str, str]]:
    if url is not None and api is not None:
        yield url, api
        return
    with tempfile.TemporaryDirectory() as home:
        live_through(Path(home), requests=REQUESTS)
        with collector(Path(home)) as found, dashboard(found) as shown:
            yield shown, found


def _pages(api: str) -> dict[str, str]:
    return {
        "overview": "/",
        "release": "/release",
        "offline": "/offline",
        "egress": "/egress",
        "quality": "/quality",
        "findings": "/findings",
        "ledger": "/ledger",
        "declarations": "/declarations",
        "records": "/records",
        "audit": "/audit",
        "self-audit": "/self-audit",
        "requests": "/requests",
        "trace": f"/requests?trace={_telling_trace(api)}",
        "thresholds": "/thresholds",
        "placement": "/placement",
    }


def _telling_trace(api: str) -> str:
    """A fallback with a departure that no policy declares, else the newest fallback."""
    query = Query(metric="requests", where={"decision": ("fallback",)})
    with LimenClient(api) as client:
        found: list[str] = [row["trace_id"] for row in client.metric(query).records()]
        for trace_id in found:
            if any(d["declared"] is False for d in client.trace(trace_id)["departures"]):
                return trace_id
    return found[0]


def _take(
    browser: Browser,
    url: str,
    path: str,
    out: Path,
    size: tuple[int, int],
    *,
    dark: bool = False,
) -> None:
    with Reader(browser, url, size=size, dark=dark) as reader:
        page = reader.open(path)
        page.wait_for_timeout(1_500)  # the charts move into place
        page.screenshot(path=out)
        if reader.complaints:
            raise SystemExit(f"{path}: {'; '.join(reader.complaints)}")
    with Image.open(out) as picture:
        picture.convert("RGB").save(out, optimize=True)
    sys.stdout.write(f"{out} {out.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    raise SystemExit(main())
