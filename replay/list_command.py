"""`limen replay list`: every run there is."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from replay.options import add_shared, places

if TYPE_CHECKING:
    from collector.contract.records import ReplayRun


# argparse names this type in its own annotations only.
def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the sub-command."""
    command = commands.add_parser("list", help="every run there is, newest first")
    command.set_defaults(run=replay_list)
    add_shared(command)


def replay_list(args: argparse.Namespace) -> int:
    """Prints a run a line. 0; raises LimenError as it comes."""
    from collector.contract.client import LimenClient

    settings, _ = places(args)
    with LimenClient.of(settings) as client:
        runs = client.replays()
    if args.json:
        sys.stdout.write(json.dumps([run.model_dump() for run in runs]) + "\n")
        return 0
    if not runs:
        sys.stderr.write("limen: none yet: limen replay run --feature F --model NAME@VERSION\n")
    for run in runs:
        sys.stdout.write(
            f"{run.run}  {run.created[:16]}Z  {run.feature:16}  {run.model:20}  {_state(run)}\n"
        )
    return 0


def _state(run: "ReplayRun") -> str:
    if run.source == "spans":
        return "scores on spans"
    failed = f", {run.failed:,} failed" if run.failed else ""
    return f"{run.runtime}  {run.inputs:,} of {run.cases:,} inputs{failed}"
