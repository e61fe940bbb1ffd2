"""`limen collector`: takes traces in and answers questions."""

import argparse
from pathlib import Path


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
    from collector.contract.config import load_settings
    from collector.server.start import prepare

    flags = {name: getattr(args, name) for name in ("home", "http", "grpc", "api", "policy")}
    start = prepare(load_settings(flags))
    from collector.server.run import run_collector

    run_collector(start)
    return 0
