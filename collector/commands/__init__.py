"""The collector's sub-commands, a file each."""

import argparse

from collector.commands import (
    access,
    audit,
    collector,
    compliance,
    declaration,
    erase,
    evidence,
    lookup,
    metric,
    placement,
    policy,
    record,
    release,
    token,
    upkeep,
    what_if,
)

_COMMANDS = (
    access,
    audit,
    collector,
    metric,
    what_if,
    placement,
    release,
    token,
    upkeep,
    lookup,
    erase,
    policy,
    declaration,
    compliance,
    record,
    evidence,
)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds them all."""
    for command in _COMMANDS:
        command.register(commands)
