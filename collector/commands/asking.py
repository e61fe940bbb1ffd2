"""What a command needs that asks a running collector."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.contract.client import LimenClient


def add_collector(command: argparse.ArgumentParser) -> None:
    """Lets `command` name the collector, and who asks it."""
    command.add_argument("--api", dest="api_url", metavar="URL", help="of a running collector")
    command.add_argument("--token", metavar="TOKEN", help="for it (better: LIMEN_TOKEN)")


def collector_of(args: argparse.Namespace) -> "LimenClient":
    """A client of the collector that was named, else of the one in the settings."""
    from collector.contract.client import LimenClient
    from collector.contract.config import load_settings

    return LimenClient.of(load_settings({"api_url": args.api_url, "token": args.token}))


def conditions(flag: str, asked: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The values that each dimension may have, from `DIMENSION=VALUE`. Raises BadInput."""
    from collector.contract.errors import BadInput

    found: dict[str, tuple[str, ...]] = {}
    for condition in asked:
        name, equals, value = condition.partition("=")
        if not equals:
            raise BadInput(f"{flag} {condition}: write DIMENSION=VALUE")
        found[name] = (*found.get(name, ()), value)
    return found


def say_part(done: int, more: int, size: int) -> None:
    """How much of a file has come: every tenth of the way, and not for less than 64 MiB."""
    step = max(size // 10, 64 * 2**20)
    if done // step > (done - more) // step:
        sys.stderr.write(f"limen: {mib(done)} of {mib(size)}\n")


def mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
