"""`limen replay` and its sub-commands."""

import argparse

from replay import (
    compare_command,
    list_command,
    run_command,
    sweep_command,
    verify_command,
)


# argparse names this type in its own annotations only.
def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `replay` with its sub-commands; each sets `run`, which returns the exit code."""
    parser = subparsers.add_parser("replay", help="logged inputs through a model, and what if")
    commands = parser.add_subparsers(
        dest="replay_command", required=True, metavar="run|list|sweep|verify|compare"
    )
    run_command.add(commands)
    list_command.add(commands)
    sweep_command.add(commands)
    verify_command.add(commands)
    compare_command.add(commands)
