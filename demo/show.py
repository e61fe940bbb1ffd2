"""The demo from beginning to end: the processes, the fleet, the replays."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from collector.contract.client import LimenClient
from collector.contract.config import Address
from collector.contract.errors import LimenError
from demo.features import Feature
from demo.fleet import POLICY_FILE, Fleet
from demo.home import LEDGER, demo_home
from demo.processes import Process, Processes
from demo.samples import all_samples
from demo.summary import Replayed, Summary, summarise
from demo.telemetry import APP
from demo.transfers import Sender
from demo.uploads import Uploader

DECLARATIONS = Path(__file__).parent / "declarations"
REFERENCES = ("label", "audit", "cloud")

_FLUSH_SECONDS = 60.0
_DASHBOARD_SECONDS = 60.0
_SECONDS_BETWEEN = 0.3
_HANDED_OVER = 200
_AT_A_TIME = 2
_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may choose; `home` None: a temporary one."""

    requests: int
    seed: int
    home: Path | None
    http: Address
    grpc: Address
    api: Address
    dashboard: Address


class Show:
    """A running collector and cloud; leaving it ends them and whatever was started since."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._stack = ExitStack()
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        with self._stack as stack:
            self._home = stack.enter_context(demo_home(self._options.home))
            self._processes = stack.enter_context(Processes())
            collector = self._start_collector()
            self.otlp_url: str = collector["http"]
            self.api_url: str = collector["api"]
            self._cloud = self._start_cloud()
            self._client = stack.enter_context(LimenClient(self.api_url))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def start_dashboard(self) -> str:
        """Its address, once it answers. Raises LimenError."""
        address = self._options.dashboard
        dashboard = self._processes.start(
            *("dashboard", "limen", "dashboard", "--api", self.api_url),
            *("--host", address.host, "--port", str(address.port)),
        )
        try:
            found = _ADDRESS.search(dashboard.first_line())
        except LimenError as exc:
            raise type(exc)(f"{exc} (of `limen demo`: --dashboard HOST:PORT)") from exc
        assert found is not None
        _wait_for(found[0], dashboard)
        return found[0]

    def history(self) -> Fleet:
        """The week of every phone, all of it committed when this returns."""
        requests, seed = self._options.requests, self._options.seed
        # The cloud learns meanwhile.
        samples = all_samples(seed)
        self._cloud_url: str = self._cloud.ready()["url"]
        sender = self._stack.enter_context(closing(Sender(self._cloud_url)))
        fleet = Fleet(seed=seed, requests=requests, sender=sender, samples=samples)
        with (
            Uploader(self.otlp_url, hold=_HANDED_OVER) as uploader,
            _bar("Requests", requests) as bar,
        ):
            fleet.live_through_history(uploader, bar.advance)
        self._flush_cloud()
        self._declare()
        self._keep_ledger(fleet)
        return fleet

    def live_on(self, fleet: Fleet) -> NoReturn:
        """Requests of today until Ctrl-C, which goes through."""
        try:
            with Uploader(self.otlp_url, hold=1) as uploader:
                fleet.live_on(uploader, _SECONDS_BETWEEN)
        finally:
            self._keep_ledger(fleet)

    def replays(self, asked: Sequence[tuple[Feature, str]]) -> list[Replayed]:
        """The logged inputs of features through models, in the order asked."""
        commands = [
            ("replay", "limen", "replay", "run", "--feature", feature.name, "--model", model)
            for feature, model in asked
        ]
        answers = self._ask(commands)
        return [
            Replayed(feature=feature, run=answer["run"], inputs=answer["inputs"])
            for (feature, _), (answer,) in zip(asked, answers, strict=True)
        ]

    def sweeps(self, asked: Sequence[tuple[Replayed, str]]) -> list[dict[str, Any]]:
        """What `limen replay sweep` says of runs by a reference, in the order asked.

        The error that may be is that of the feature; one command takes the runs of the same.
        """
        alike: dict[tuple[str, float], list[str]] = {}
        for replayed, reference in asked:
            alike.setdefault((reference, replayed.feature.max_error), []).append(replayed.run)
        answers = self._ask(
            [
                (
                    *("sweep", "limen", "replay", "sweep", *runs, "--reference", reference),
                    *("--max-error", str(error)),
                )
                for (reference, error), runs in alike.items()
            ]
        )
        found = {(one["run"], one["reference"]): one for several in answers for one in several}
        return [found[replayed.run, reference] for replayed, reference in asked]

    def summary(self, replayed: Sequence[Replayed], sweeps: Sequence[dict[str, Any]]) -> Summary:
        return summarise(
            self._client,
            replayed,
            sweeps,
            seconds=time.monotonic() - self._began,
            ledger=self._home / LEDGER if self._options.home else None,
        )

    def _start_collector(self) -> dict[str, Any]:
        return self._processes.start(
            *("collector", "limen", "collector", "--home", str(self._home)),
            *("--http", str(self._options.http), "--grpc", str(self._options.grpc)),
            *("--api", str(self._options.api)),
            *("--policy", str(POLICY_FILE)),
        ).ready()

    def _start_cloud(self) -> Process:
        seed = str(self._options.seed)
        return self._processes.start("cloud", "demo.cloud", "--otlp", self.otlp_url, "--seed", seed)

    def _ask(self, commands: Sequence[tuple[str, ...]]) -> list[list[dict[str, Any]]]:
        """The lines of JSON that commands print, some of them at a time."""
        places = ("--home", str(self._home), "--api", self.api_url, "--json")
        answers = []
        for first in range(0, len(commands), _AT_A_TIME):
            running = [
                self._processes.start(*command, *places)
                for command in commands[first : first + _AT_A_TIME]
            ]
            answers += [process.answers() for process in running]
        return answers

    def _flush_cloud(self) -> None:
        answer = httpx.post(
            f"{self._cloud_url}/_demo/flush", timeout=_FLUSH_SECONDS, trust_env=False
        )
        if not answer.is_success:
            raise LimenError(
                f"the collector at {self.otlp_url} did not take the cloud's telemetry; "
                "start the demo again"
            )

    def _declare(self) -> None:
        """What the app's team told both app stores."""
        for file in sorted(DECLARATIONS.iterdir()):
            self._client.declare(file.name, file.read_bytes(), app=APP)

    def _keep_ledger(self, fleet: Fleet) -> None:
        received = httpx.get(f"{self._cloud_url}/_demo/received", trust_env=False).json()
        record = fleet.ledger.record() | {"received": received}
        (self._home / LEDGER).write_text(json.dumps(record, indent=2) + "\n", "utf-8")


class _Bar:
    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=total)

    def advance(self, steps: int) -> None:
        self._progress.advance(self._task, steps)


@contextmanager
def _bar(title: str, total: int) -> Iterator[_Bar]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        yield _Bar(progress, title, total)


def _wait_for(url: str, dashboard: Process) -> None:
    deadline = time.monotonic() + _DASHBOARD_SECONDS
    with httpx.Client(trust_env=False) as asking:
        while time.monotonic() < deadline:
            dashboard.check()
            try:
                if asking.get(f"{url}/_stcore/health").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise LimenError(f"the dashboard does not answer at {url}: try again")
