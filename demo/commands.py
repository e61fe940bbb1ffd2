"""`limen demo`: the whole product at work on simulated phones."""

import argparse
import json
import logging
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from collector.contract.config import load_settings
from collector.contract.errors import BadInput

if TYPE_CHECKING:
    from demo.show import Options, Show
    from demo.summary import Summary

_INTERRUPTED = 130
_FREE = "127.0.0.1:0"


# argparse names this type in its own annotations only.
def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `demo`; it sets `run`, which returns the exit code."""
    parser = subparsers.add_parser(
        "demo",
        help="the product at work on simulated phones with real models",
        description="Starts a collector, a cloud, a dashboard and a fleet of simulated phones "
        "that run real models on real inputs; Ctrl-C ends all of it.",
    )
    parser.set_defaults(run=demo)
    parser.add_argument(
        "--once",
        action="store_true",
        help="no dashboard: one history, a replay of each feature, a summary",
    )
    parser.add_argument("--json", action="store_true", help="with --once: the summary as JSON")
    parser.add_argument("--requests", type=int, default=12_000, metavar="N", help="(12000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="(1)")
    parser.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="keep the data here; emptied first where a demo made it (a temporary folder)",
    )
    parser.add_argument("--http", metavar="H:P", help="where the collector takes OTLP over HTTP")
    parser.add_argument("--grpc", metavar="H:P", help="where the collector takes OTLP over gRPC")
    parser.add_argument("--api", metavar="H:P", help="where the collector answers questions")
    parser.add_argument("--dashboard", metavar="H:P", help="where the dashboard is")


def demo(args: argparse.Namespace) -> int:
    """Runs the demo. 0, or 130 where Ctrl-C cut `--once` short. Raises LimenError, ModelError."""
    _need_extra()
    from demo.show import Show

    options = _options(args)
    signal.signal(signal.SIGTERM, _interrupt)
    # An upload that fails is told in one sentence by the uploader.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    try:
        with Show(options) as show:
            if not args.once:
                _run_on(show)
            _write_summary(_once(show), as_json=args.json)
            return 0
    except KeyboardInterrupt:
        return _INTERRUPTED if args.once else 0


def _need_extra() -> None:
    for module in ("faker", "PIL", "sklearn", "opentelemetry.exporter.otlp.proto.http"):
        try:
            # Looked for, not loaded: the cloud's process needs some of them, this one does not.
            missing = None if find_spec(module) else module
        except ModuleNotFoundError as exc:
            missing = exc.name
        if missing:
            raise BadInput(
                f"the demo needs {missing}, which is missing here: "
                "install it with `pip install 'limen[demo]'`"
            )


def _once(show: "Show") -> "Summary":
    from demo.features import FEATURES
    from demo.releases import OLD_RELEASE

    show.history()
    replayed = show.replays(
        [(one, one.models[OLD_RELEASE]) for one in FEATURES.values() if one.models]
    )
    return show.summary(replayed, show.sweeps([(one, "label") for one in replayed]))


def _run_on(show: "Show") -> NoReturn:
    from demo.features import FEATURES
    from demo.show import REFERENCES

    dashboard = show.start_dashboard()
    sys.stdout.write(f"Dashboard: {dashboard}\nThe phones' last seven days arrive there now.\n")
    sys.stdout.flush()
    fleet = show.history()
    asked = [
        (one, model) for one in FEATURES.values() for model in dict.fromkeys(one.models.values())
    ]
    # The page shows the latest run first: the one of the first feature's model.
    replayed = show.replays(asked[::-1])
    # That feature is judged in every way; of the others the labels' say is enough.
    show.sweeps(
        [
            (one, reference)
            for one in replayed
            for reference in (REFERENCES if one.feature is replayed[-1].feature else ["label"])
        ]
    )
    sys.stdout.write(
        f"Dashboard: {dashboard}\nQuery API: {show.api_url}\nOTLP over HTTP: {show.otlp_url}\n"
        "The phones go on. Ctrl-C ends all of it.\n"
    )
    sys.stdout.flush()
    show.live_on(fleet)


def _options(args: argparse.Namespace) -> "Options":
    from demo.show import Options

    if args.requests < 1:
        raise BadInput(f"--requests {args.requests}: at least 1 is needed")
    if args.seed < 0:
        raise BadInput(f"--seed {args.seed}: a seed is 0 or more")
    if args.json and not args.once:
        raise BadInput("--json goes with --once: without it the demo has no summary")
    default = _FREE if args.once else None
    settings = load_settings(
        {
            "http": args.http or default,
            "grpc": args.grpc or default,
            "api": args.api or default,
            "dashboard": args.dashboard,
        }
    )
    return Options(
        requests=args.requests,
        seed=args.seed,
        home=args.home,
        http=settings.http,
        grpc=settings.grpc,
        api=settings.api,
        dashboard=settings.dashboard,
    )


def _write_summary(summary: "Summary", *, as_json: bool) -> None:
    from dataclasses import asdict

    found = asdict(summary)
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    features = found.pop("features")
    for name, value in found.items():
        sys.stdout.write(f"{name.replace('_', ' '):22}{_shown(value)}\n")
    for feature in features:
        sys.stdout.write(f"\n{feature.pop('feature')}\n")
        for name, value in feature.items():
            sys.stdout.write(f"  {name.replace('_', ' '):22}{_shown(value)}\n")


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
