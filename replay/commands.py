"""`limen replay run` and `limen replay sweep`."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from collector.contract.client import LimenClient
    from collector.contract.config import Settings
    from collector.contract.records import ReplayRun, Sweep
    from models.card import ModelCard
    from models.interpreters import Interpreter
    from models.registry import Registry
    from replay.fidelity import Agreement
    from replay.in_force import InForce
    from replay.runner import ChunkDone

_SHOWN_POINTS = 12


# argparse names this type in its own annotations only.
def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `replay` with its sub-commands; each sets `run`, which returns the exit code."""
    parser = subparsers.add_parser("replay", help="logged inputs through a model, and what if")
    commands = parser.add_subparsers(dest="replay_command", required=True, metavar="run|sweep")
    _add_run(commands)
    _add_sweep(commands)


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="put logged inputs through a model once; resumable")
    run.set_defaults(run=replay_run)
    run.add_argument("--feature", required=True, metavar="F", help="whose logged inputs")
    run.add_argument("--model", required=True, metavar="NAME@VERSION", help="see `limen models`")
    run.add_argument("--runtime", choices=("litert", "tflite"), default="litert")
    run.add_argument(
        "--from", dest="since", default="-30d", metavar="T", help="RFC 3339 or as -7d (-30d)"
    )
    run.add_argument(
        "--to",
        dest="until",
        metavar="T",
        help="likewise (ten minutes ahead of now, as phones' clocks may run ahead)",
    )
    _add_shared(run)


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
    _add_shared(sweep)


def _add_shared(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--home", type=Path, metavar="DIR", help="Limen's data; your models are in DIR/models"
    )
    command.add_argument("--api", metavar="URL", help="the collector's query API")
    command.add_argument("--token", metavar="TOKEN", help="for it (better: LIMEN_TOKEN)")
    command.add_argument("--json", action="store_true", help="print JSON")


def replay_run(args: argparse.Namespace) -> int:
    """Replays and prints the run. 0, or 1 where there was no input.

    Raises BadInput for a model of another feature, and LimenError and ModelError as they come.
    """
    from collector.contract.client import LimenClient
    from collector.contract.errors import BadInput
    from collector.contract.records import ReplayRequest
    from models.interpreters import open_interpreter

    settings, registry = _places(args)
    model = registry.get(args.model)
    if model.card.feature != args.feature:
        fitting = ", ".join(m.reference for m in registry.for_feature(args.feature)) or "none"
        raise BadInput(
            f"--model: {args.model} is for the feature {model.card.feature}, not {args.feature}; "
            f"models for {args.feature}: {fitting}"
        )
    interpreter = open_interpreter(model, args.runtime)
    request = ReplayRequest.model_validate(
        {
            "feature": args.feature,
            "model": model.reference,
            "model_digest": model.card.digest,
            "runtime": args.runtime,
            "runtime_version": interpreter.version,
            "from": args.since,
            "to": args.until,
        }
    )
    with LimenClient.of(settings) as client:
        run = client.create_replay(request)
        found = _replayed(client, run, model.card, interpreter, args.json)
        run = client.replay(run.run)
    _write_run(run, found, as_json=args.json)
    return 0 if run.inputs else 1


def _replayed(
    client: "LimenClient",
    run: "ReplayRun",
    card: "ModelCard",
    interpreter: "Interpreter",
    as_json: bool,
) -> "Sequence[Agreement]":
    """Replays what the run lacks, and how the whole run agrees with its phones."""
    from replay.fidelity import agreements
    from replay.runner import run_chunks, total

    steps = run_chunks(client, run, card, interpreter)
    outcome = total(steps if as_json or not sys.stderr.isatty() else _with_bar(steps, run))
    if not run.done:
        return outcome.agreements
    scores = client.scores(run.run)
    return agreements(scores, scores, run.model_digest)


def _with_bar(steps: "Iterator[ChunkDone]", run: "ReplayRun") -> "Iterator[ChunkDone]":
    """The steps, with a bar on standard error that tells the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("chunks, left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        title = f"{run.feature} through {run.model}"
        task = progress.add_task(title, total=len(run.chunks), completed=len(run.done))
        for step in steps:
            progress.advance(task)
            yield step


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

    settings, registry = _places(args)
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


def _places(args: argparse.Namespace) -> "tuple[Settings, Registry]":
    from collector.contract.config import load_settings
    from models.registry import Registry

    settings = load_settings({"home": args.home, "api_url": args.api, "token": args.token})
    return settings, Registry.bundled(settings.home / "models")


def _write_run(run: "ReplayRun", found: "Sequence[Agreement]", *, as_json: bool) -> None:
    from replay.fidelity import fidelity

    if as_json:
        answer = {
            "run": run.run,
            "feature": run.feature,
            "model": run.model,
            "runtime": run.runtime,
            "inputs": run.inputs,
            "failed": run.failed,
            "seconds": run.seconds,
            "inputs_per_second": run.inputs / run.seconds if run.seconds else None,
            "fidelity": fidelity(found),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        return
    if not run.inputs:
        sys.stdout.write(
            f"No input of {run.feature} was logged from {run.since[:16]}Z to {run.until[:16]}Z: "
            "choose another --from, or let the policy log inputs (log_inputs) where users "
            "consent.\n"
        )
        return
    sys.stdout.write(
        f"{run.run}: {run.inputs:,} inputs of {run.feature} through {run.model} on {run.runtime} "
        f"{run.runtime_version} in {run.seconds:.2f} s, {run.failed:,} failed\n"
    )
    for part in found:
        sys.stdout.write(
            f"  {part.share:.1%} of {part.cases:,} answers by phones on {part.segment} "
            "with this model are the same here\n"
        )
    sys.stdout.write(f"Next: limen replay sweep {run.run}\n")


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
