"""`limen replay sweep`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from collector.contract.thresholds import written
from replay.options import add_shared, places

if TYPE_CHECKING:
    import pyarrow as pa

    from collector.contract.certificate import Certificate, Guarantee, Limits
    from collector.contract.client import LimenClient
    from collector.contract.records import ReplayRun, Sweep
    from models.registry import Registry
    from replay.in_force import InForce
    from replay.references import Reference

_SHOWN_POINTS = 12


# argparse names this type in its own annotations only.
def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `sweep`."""
    sweep = commands.add_parser("sweep", help="what every threshold would do, and which to take")
    sweep.set_defaults(run=replay_sweep)
    sweep.add_argument(
        "runs", nargs="+", metavar="RUN", help="as `limen replay run` printed it; one or more"
    )
    sweep.add_argument(
        "--reference",
        choices=("label", "audit", "cloud"),
        help="what is right: the label, the cloud's answer to random audits, or to fallbacks "
        "(label; audit of a run of --scores-only)",
    )
    sweep.add_argument(
        "--max-error", type=float, default=0.05, metavar="E", help="among device answers (0.05)"
    )
    sweep.add_argument(
        "--confidence", type=float, default=0.95, metavar="C", help="how sure of it (0.95)"
    )
    sweep.add_argument(
        "--max-cloud", type=float, metavar="S", help="share of requests that may need the cloud"
    )
    sweep.add_argument(
        "--min-offline",
        type=float,
        metavar="O",
        help="least share of requests without a network that the device answers",
    )
    sweep.add_argument(
        "--max-egress", type=float, metavar="B", help="bytes per request that may leave"
    )
    sweep.add_argument(
        "--max-egress-per-user",
        type=float,
        metavar="B",
        help="bytes per installation that may leave in the period",
    )
    sweep.add_argument(
        "--arrow", type=Path, metavar="FILE", help="write every point, not thinned, as Arrow IPC"
    )
    sweep.add_argument(
        "--certificate", type=Path, metavar="FILE", help="write what is promised, and of what"
    )
    add_shared(sweep)


def replay_sweep(args: argparse.Namespace) -> int:
    """Sweeps runs, saves and prints each. 0, or 1 where for one no threshold is recommended.

    Raises BadInput for limits outside their range, a run without saved scores, a file that cannot
    be written or is named for several runs, and LimenError and ModelError as they come.
    """
    from collector.contract.certificate import Limits
    from collector.contract.client import LimenClient
    from collector.contract.errors import BadInput

    settings, registry = places(args)
    for option, file in (("--arrow", args.arrow), ("--certificate", args.certificate)):
        if file is not None and len(args.runs) > 1:
            raise BadInput(f"{option}: a file holds one sweep; name one run")
    limits = Limits(
        max_error=args.max_error,
        confidence=args.confidence,
        max_cloud=args.max_cloud,
        min_offline=args.min_offline,
        max_egress=args.max_egress,
        max_egress_per_user=args.max_egress_per_user,
    )
    with LimenClient.of(settings) as client:
        recommended = [_swept(client, name, registry, limits, args) for name in args.runs]
    return 0 if all(recommended) else 1


def _swept(
    client: "LimenClient",
    name: str,
    registry: "Registry",
    limits: "Limits",
    args: argparse.Namespace,
) -> bool:
    """Sweeps the run called `name`, saves and prints it: whether a threshold is recommended."""
    from replay.evaluation import evaluate
    from replay.in_force import in_force_of
    from replay.sweep import sweep

    run = with_scores(client.replay(name))
    scores = client.scores(run.run)
    reference: Reference = args.reference or ("audit" if run.source == "spans" else "label")
    current = in_force_of(run, scores, registry)
    found = sweep(run, scores, reference, current=current, limits=limits)
    if args.arrow is not None:
        now = None if current is None else current.threshold
        whole = evaluate(run, scores, reference, now, limits.max_error)
        _write_arrow(whole.curve.table(), args.arrow)
    if args.certificate is not None and found.certificate is not None:
        _write_certificate(found.certificate, args.certificate)
    client.save_sweep(found)
    _write_sweep(found, run, current, as_json=args.json)
    return found.recommended is not None


def with_scores(run: "ReplayRun") -> "ReplayRun":
    """The run. Raises BadInput where no scores are saved."""
    from collector.contract.errors import BadInput

    if run.done or run.source == "spans":
        return run
    raise BadInput(
        f"run {run.run} has no saved scores: "
        + ("finish it with `limen replay run`" if run.chunks else "it found no input")
    )


def _write_arrow(points: "pa.Table", path: Path) -> None:
    """Every point as an Arrow IPC file. Raises BadInput where it cannot be written."""
    import pyarrow as pa

    try:
        with path.open("wb") as file, pa.ipc.new_file(file, points.schema) as writer:
            writer.write_table(points)
    except OSError as exc:
        raise _unwritable("--arrow", path, exc) from exc


def _write_certificate(certificate: "Certificate", path: Path) -> None:
    """As JSON. Raises BadInput where it cannot be written."""
    try:
        path.write_text(certificate.model_dump_json(indent=2) + "\n", "utf-8")
    except OSError as exc:
        raise _unwritable("--certificate", path, exc) from exc


def _unwritable(option: str, path: Path, exc: OSError) -> Exception:
    from collector.contract.errors import BadInput

    return BadInput(
        f"{option}: {path} cannot be written: {exc.strerror}; name a file in a folder of yours"
    )


def _write_sweep(
    found: "Sweep", run: "ReplayRun", current: "InForce | None", *, as_json: bool
) -> None:
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
        return
    what = "scored cases" if found.source == "inputs" else "cases scored by their phones"
    sys.stdout.write(
        f"{run.run}: {run.model}, {found.cases:,} {what}, judged by {found.reference}\n"
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
        known = point.evidence and point.error_rate is not None
        error = f"{point.error_rate:.2%}" if known else "unknown"
        egress = "unknown" if point.egress is None else f"{point.egress:,.0f}"
        sys.stdout.write(
            f"{point.threshold:9.4f}  {point.device_share:14.1%}  {error:>16}  {egress:>17}  "
            f"{named.get(point.threshold, '')}".rstrip()
            + "\n"
        )
    if found.calibration:
        whole = found.calibration[0]
        sys.stdout.write(f"Expected calibration error {whole.ece:.1%} over {whole.cases:,} cases\n")
    if found.certificate is not None and found.recommended is not None:
        for part in found.certificate.segments:
            sys.stdout.write(f"  {_segment(part)}\n")
    sys.stdout.write(f"{found.reason}\n")


def _segment(part: "Guarantee") -> str:
    name = f"{part.dimension} {part.value}"
    if part.holds:
        return f"{name}: shown by itself too"
    if part.threshold is not None:
        return f"{name}: shown from {written(part.threshold)} up only"
    more = part.more_installations
    return f"{name}: not shown" + (f", {more:,} more installations needed" if more else "")
