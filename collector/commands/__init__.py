"""The collector's sub-commands, a file each."""

import argparse

from collector.commands import (
    audit,
    collector,
    declaration,
    erase,
    lookup,
    metric,
    policy,
    token,
    upkeep,
)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds them all."""
    for command in (audit, collector, metric, token, upkeep, lookup, erase, policy, declaration):
        command.register(commands)
