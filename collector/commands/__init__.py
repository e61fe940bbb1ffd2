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
    collector,
    token,
    metric,
    release,
    what_if,
    placement,
    policy,
    declaration,
    compliance,
    record,
    evidence,
    audit,
    lookup,
    access,
    erase,
    upkeep,
)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds them all, in the order that help shows them."""
    for command in _COMMANDS:
        command.register(commands)
