"""The collector's sub-commands, a file each."""

import argparse

from collector.commands import collector, declaration, erase, lookup, metric, policy, token, upkeep


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds them all."""
    for command in (collector, metric, token, upkeep, lookup, erase, policy, declaration):
        command.register(commands)
