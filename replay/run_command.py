"""`limen replay run`: logged inputs through a model once."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from replay import scores_only
from replay.options import add_shared, places

if TYPE_CHECKING:
    from collector.contract.client import LimenClient
    from collector.contract.records import ReplayRun
    from models.card import ModelCard
    from models.interpreters import Interpreter
    from replay.fidelity import Agreement


# argparse names this type in its own annotations only.
def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the sub-command."""
    run = commands.add_parser("run", help="put logged inputs through a model once; resumable")
    run.set_defaults(run=replay_run)
    run.add_argument("--feature", required=True, metavar="F", help="whose logged inputs")
    run.add_argument("--model", required=True, metavar="NAME@VERSION", help="see `limen models`")
    run.add_argument(
        "--runtime",
        metavar="NAME",
        help="litert, tflite, … (the first of the model's card that is installed)",
    )
    run.add_argument(
        "--scores-only",
        action="store_true",
        help="no input at all: take the scores that phones put on their spans",
    )
    run.add_argument(
        "--threads", type=int, default=_cores(), metavar="N", help="of the model (all cores)"
    )
    run.add_argument(
        "--from", dest="since", default="-30d", metavar="T", help="RFC 3339 or as -7d (-30d)"
    )
    run.add_argument(
        "--to",
        dest="until",
        metavar="T",
        help="likewise (ten minutes ahead of now, as phones' clocks may run ahead)",
    )
    add_shared(run)


def replay_run(args: argparse.Namespace) -> int:
    """Replays and prints the run. 0, or 1 where there was no input.

    Raises BadInput for a model of another feature and a wrong number of threads, and LimenError
    and ModelError as they come.
    """
    from collector.contract.client import LimenClient
    from collector.contract.errors import BadInput
    from collector.contract.records import ReplayRequest
    from models.interpreters import open_interpreter

    if args.threads < 1:
        raise BadInput(f"--threads {args.threads}: at least 1 is needed")
    if args.scores_only:
        return scores_only.replay_scores(args)
    settings, registry = places(args)
    model = registry.get(args.model)
    if model.card.feature != args.feature:
        fitting = ", ".join(m.reference for m in registry.for_feature(args.feature)) or "none"
        raise BadInput(
            f"--model: {args.model} is for the feature {model.card.feature}, not {args.feature}; "
            f"models for {args.feature}: {fitting}"
        )
    interpreter = open_interpreter(model, args.runtime, args.threads)
    request = ReplayRequest.model_validate(
        {
            "feature": args.feature,
            "model": model.reference,
            "model_digest": model.card.digest,
            "runtime": interpreter.runtime,
            "runtime_version": interpreter.version,
            "from": args.since,
            "to": args.until,
        }
    )
    with LimenClient.of(settings) as client:
        run = client.create_replay(request)
        found = _replayed(client, run, model.card, interpreter, args.json)
        run = client.replay(run.run)
    (_print_json if args.json else _print)(run, found)
    return 0 if run.inputs else 1


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _replayed(
    client: "LimenClient",
    run: "ReplayRun",
    card: "ModelCard",
    interpreter: "Interpreter",
    as_json: bool,
) -> "Sequence[Agreement]":
    """Replays what the run lacks, and how the whole run agrees with its phones."""
    from replay.fidelity import agreements, merged
    from replay.runner import run_chunks

    with _bar(run, shown=not as_json and sys.stderr.isatty()) as progress:
        steps = list(run_chunks(client, run, card, interpreter, progress))
    if not run.done:
        return merged(agreement for step in steps for agreement in step.agreements)
    scores = client.scores(run.run)
    return agreements(scores, scores, run.model_digest)


@contextmanager
def _bar(run: "ReplayRun", *, shown: bool) -> Iterator[Callable[[int], None]]:
    """What is told of inputs that are scored, on standard error, with the time left."""
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
        TextColumn("inputs, left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:
        title = f"{run.feature} through {run.model}"
        task = progress.add_task(title, total=run.cases, completed=run.inputs)
        yield lambda inputs: progress.advance(task, inputs)


def _print_json(run: "ReplayRun", found: "Sequence[Agreement]") -> None:
    from replay.fidelity import fidelity

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
        "spent": run.spent.model_dump(),
        "sampled": run.sampled,
        "segments": [
            {
                "runtime": part.segment.runtime,
                "delegate": part.segment.delegate,
                "os": part.segment.os,
                "cases": part.cases,
                "agreed": part.agreed,
            }
            for part in found
        ],
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def _print(run: "ReplayRun", found: "Sequence[Agreement]") -> None:
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
    if run.sampled < 1:
        sys.stdout.write(f"  They are a random {run.sampled:.1%} of what was logged since then\n")
    if run.seconds:
        parts = ", ".join(
            f"{name} {seconds / run.seconds:.0%}"
            for name, seconds in run.spent.model_dump().items()
        )
        sys.stdout.write(f"  {run.inputs / run.seconds:,.0f} inputs/s; time went to {parts}\n")
    for part in found:
        sys.stdout.write(
            f"  {part.share:.1%} of {part.cases:,} answers by phones on {part.segment} "
            "with this model are the same here\n"
        )
    sys.stdout.write(f"Next: limen replay sweep {run.run}\n")
