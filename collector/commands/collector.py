"""`limen collector`: takes traces in and answers questions."""

import argparse
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    collector = commands.add_parser("collector", help="take traces in and answer questions")
    collector.add_argument("--home", type=Path, metavar="DIR", help="where data and keys live")
    collector.add_argument("--http", metavar="HOST:PORT", help="OTLP over HTTP (127.0.0.1:4318)")
    collector.add_argument("--grpc", metavar="HOST:PORT", help="OTLP over gRPC (127.0.0.1:4317)")
    collector.add_argument("--api", metavar="HOST:PORT", help="query API (127.0.0.1:4320)")
    collector.add_argument(
        "--policy", type=Path, metavar="FILE", help="policy.toml in DIR; default: the built-in one"
    )
    collector.set_defaults(run=_collector)


def _collector(args: argparse.Namespace) -> int:
    # Arrow would load it at the first list it is given: 0.3 s and 40 MB for nothing.
    sys.meta_path.insert(0, _WithoutPandas())
    from collector.contract.config import load_settings
    from collector.server.run import run_collector

    flags = {name: getattr(args, name) for name in ("home", "http", "grpc", "api", "policy")}
    run_collector(load_settings(flags))
    return 0


class _WithoutPandas(MetaPathFinder):
    """Whoever asks for it is told that it is not installed; it is, for the dashboard."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)
