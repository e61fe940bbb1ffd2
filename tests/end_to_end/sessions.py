"""What readers cost the dashboard: `python -m tests.end_to_end.sessions [--home FOLDER]`.

Each is a session of its own that goes through the pages and stays open; told is how soon it sees a
first figure, and how much memory the dashboard's process holds then. Without a home a fleet lives
through its week first.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.end_to_end.browser import Reader, chromium
from tests.end_to_end.processes import collector, dashboard, live_through
from tests.processes import running_collector

REQUESTS = 6_000
PAGES = ("/release", "/offline", "/egress", "/ledger", "/quality", "/requests")
FIGURE = '[data-testid="stMetricValue"]'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--sessions", type=int, default=8)
    args = parser.parse_args()
    with ExitStack() as stack:
        if args.home is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            live_through(home, requests=REQUESTS)
            api = stack.enter_context(collector(home))
        else:
            # Under its own policy: another may keep less of it.
            api = stack.enter_context(running_collector(args.home)).api
        url = stack.enter_context(dashboard(api, forked=False))
        process = _process(url)
        browser = stack.enter_context(chromium())
        _say(f"no session: {_held(process):.0f} MiB")
        for number in range(1, args.sessions + 1):
            reader = stack.enter_context(Reader(browser, url))
            began = time.perf_counter()
            reader.page.goto(url)
            reader.page.wait_for_selector(FIGURE)
            first = time.perf_counter() - began
            for path in PAGES:
                reader.open(path)
            _say(f"session {number}: a first figure after {first:.1f} s; {_held(process):.0f} MiB")


def _process(url: str) -> Path:
    """Of the dashboard at `url`, what the system tells."""
    port = f"--server.port={url.rpartition(':')[2]}".encode()
    lines = {
        path.parent: path.read_bytes().split(b"\0") for path in Path("/proc").glob("[0-9]*/cmdline")
    }
    (found,) = (process for process, line in lines.items() if port in line)
    return found


def _held(process: Path) -> float:
    """Memory it is resident with, in MiB."""
    status = (process / "status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
