"""`limen replay run --scores-only`: no input at all, the scores that phones put on their spans."""

import argparse
import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from replay.options import places

if TYPE_CHECKING:
    from collector.contract.records import ReplayRun

# What a run has where its runtime would be.
PHONES = "phones"


def replay_scores(args: argparse.Namespace) -> int:
    """Makes the run and prints it. 0, or 1 where no span has a score.

    Raises BadInput for a model that is registered here for another feature or a runtime, and
    LimenError as it comes. The model need not be registered.
    """
    from collector.contract.client import LimenClient
    from collector.contract.errors import BadInput
    from collector.contract.records import ReplayRequest
    from models.errors import ModelNotFound

    settings, registry = places(args)
    if args.runtime is not None:
        raise BadInput(f"--runtime {args.runtime}: with --scores-only nothing is run; leave it out")
    with suppress(ModelNotFound):
        card = registry.get(args.model).card
        if card.feature != args.feature:
            raise BadInput(f"--model: {args.model} is for the feature {card.feature}")
    request = ReplayRequest.model_validate(
        {
            "feature": args.feature,
            "model": args.model,
            "model_digest": "",
            "runtime": PHONES,
            "runtime_version": "",
            "from": args.since,
            "to": args.until,
            "source": "spans",
        }
    )
    with LimenClient.of(settings) as client:
        run = client.create_replay(request)
        scores = client.scores(run.run)
    without = scores["confidence"].null_count
    scored = len(scores) - without
    (_print_json if args.json else _print)(run, scored, without)
    return 0 if scored else 1


def _print_json(run: "ReplayRun", scored: int, without: int) -> None:
    answer = {
        "run": run.run,
        "feature": run.feature,
        "model": run.model,
        "runtime": run.runtime,
        "inputs": scored,
        "failed": without,
        "seconds": 0.0,
        "inputs_per_second": None,
        "fidelity": None,
        "source": run.source,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def _print(run: "ReplayRun", scored: int, without: int) -> None:
    if not scored:
        sys.stdout.write(
            f"No request of {run.feature} by {run.model} had its confidence (limen.confidence, "
            f"limen.model.name, limen.model.version) on its span from {run.since[:16]}Z to "
            f"{run.until[:16]}Z: choose another --from\n"
        )
        return
    sys.stdout.write(
        f"{run.run}: the scores of {scored:,} requests of {run.feature} by {run.model}, from "
        f"their spans alone; {without:,} more have none. No input was stored or opened.\n"
        f"Next: limen replay sweep {run.run}\n"
    )
