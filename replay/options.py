"""What the sub-commands of `limen replay` have in common on the command line."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.contract.config import Settings
    from models.registry import Registry


def add_shared(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--home", type=Path, metavar="DIR", help="Limen's data; your models are in DIR/models"
    )
    command.add_argument("--api", metavar="URL", help="the collector's query API")
    command.add_argument("--token", metavar="TOKEN", help="for it (better: LIMEN_TOKEN)")
    command.add_argument("--json", action="store_true", help="print JSON")


def places(args: argparse.Namespace) -> "tuple[Settings, Registry]":
    """The settings that the arguments name, and the models here. Raises BadInput."""
    from collector.contract.config import load_settings
    from models.registry import Registry

    settings = load_settings({"home": args.home, "api_url": args.api, "token": args.token})
    return settings, Registry.bundled(settings.home / "models")
