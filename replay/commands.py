"""`limen replay`: its sub-commands, and `sweep`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from replay import compare_command, run_command
from replay.options import add_shared, places

if TYPE_CHECKING:
    import pyarrow as pa

    from collector.contract.records import ReplayRun, Sweep
    from replay.in_force import InForce

_SHOWN_POINTS = 12


# argparse names this type in its own annotations only.
def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `replay` with its sub-commands; each sets `run`, which returns the exit code."""
    parser = subparsers.add_parser("replay", help="logged inputs through a model, and what if")
    commands = parser.add_subparsers(
        dest="replay_command", required=True, metavar="run|sweep|compare"
    )
    run_command.add(commands)
    _add_sweep(commands)
    compare_command.add(commands)


def _add_sweep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sweep = commands.add_parser("sweep", help="what every threshold would do, and which to take")
    sweep.set_defaults(run=replay_sweep)
    sweep.add_argument("run_id", metavar="RUN", help="as `limen replay run` printed it")
    sweep.add_argument(
        "--reference",
        choices=("label", "audit", "cloud"),
        default="label",
        help="what is right: the label, the cloud's answer to random audits, or to fallbacks",
    )
    sweep.add_argument(
        "--max-error", type=float, default=0.05, metavar="E", help="among device answers (0.05)"
    )
    sweep.add_argument(
        "--confidence", type=float, default=0.95, metavar="C", help="how sure of it (0.95)"
    )
    sweep.add_argument(
        "--max-egress", type=float, metavar="B", help="bytes per request that may leave"
    )
    sweep.add_argument(
        "--min-offline", type=float, metavar="O", help="least share the device answers itself"
    )
    sweep.add_argument(
        "--arrow", type=Path, metavar="FILE", help="write every point, not thinned, as Arrow IPC"
    )
    add_shared(sweep)


def replay_sweep(args: argparse.Namespace) -> int:
    """Sweeps a run, saves and prints it. 0, or 1 where no threshold is recommended.

    Raises BadInput for limits outside their range, a run without saved scores and a file that
    cannot be written, and LimenError and ModelError as they come.
    """
    from collector.contract.client import LimenClient
    from collector.contract.errors import BadInput
    from models.errors import ModelNotFound
    from replay.in_force import in_force
    from replay.recommendation import Limits
    from replay.sweep import all_points, sweep

    settings, registry = places(args)
    limits = Limits(
        max_error=args.max_error,
        confidence=args.confidence,
        max_egress=args.max_egress,
        min_offline=args.min_offline,
    )
    with LimenClient.of(settings) as client:
        run = client.replay(args.run_id)
        if not run.done:
            raise BadInput(
                f"run {run.run} has no saved scores: "
                + ("finish it with `limen replay run`" if run.chunks else "it found no input")
            )
        try:
            card = registry.get(run.model).card.threshold
        except ModelNotFound:
            card = None
        scores = client.scores(run.run)
        current = in_force(scores, run.model_digest, card)
        found = sweep(run.run, scores, args.reference, current=current, limits=limits)
        if args.arrow is not None:
            _write_arrow(all_points(scores, args.reference), args.arrow)
        client.save_sweep(found)
    _write_sweep(found, run, current, as_json=args.json)
    return 0 if found.recommended is not None else 1


def _write_arrow(points: "pa.Table", path: Path) -> None:
    """Every point as an Arrow IPC file. Raises BadInput where it cannot be written."""
    import pyarrow as pa

    from collector.contract.errors import BadInput

    try:
        with path.open("wb") as file, pa.ipc.new_file(file, points.schema) as writer:
            writer.write_table(points)
    except OSError as exc:
        raise BadInput(
            f"--arrow: {path} cannot be written: {exc.strerror}; name a file in a folder of yours"
        ) from exc


def _write_sweep(
    found: "Sweep", run: "ReplayRun", current: "InForce | None", *, as_json: bool
) -> None:
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
        return
    sys.stdout.write(
        f"{run.run}: {run.model}, {found.cases:,} scored cases, judged by {found.reference}\n"
    )
    if found.points:
        sys.stdout.write("threshold  device answers  error among them  bytes per request\n")
    named: dict[float, str] = {}
    if current is not None:
        named[current.threshold] = current.mark
    if found.recommended is not None:
        named[found.recommended.threshold] = "recommended"
    step = max(1, len(found.points) // _SHOWN_POINTS)
    for place, point in enumerate(found.points):
        if place % step and point.threshold not in named:
            continue
        error = "unknown" if point.error_rate is None else f"{point.error_rate:.2%}"
        egress = "unknown" if point.egress is None else f"{point.egress:,.0f}"
        sys.stdout.write(
            f"{point.threshold:9.4f}  {point.device_share:14.1%}  {error:>16}  {egress:>17}  "
            f"{named.get(point.threshold, '')}".rstrip()
            + "\n"
        )
    sys.stdout.write(f"{found.reason}\n")
