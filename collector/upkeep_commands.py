"""`limen compact`: asks a running collector for upkeep, and shows how far it is."""

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.contract.client import LimenClient

_LOOK_SECONDS = 1.0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    compact = commands.add_parser("compact", help="rewrite the database without deleted bytes")
    compact.add_argument(
        "--now", action="store_true", help="do it; without this, say how things stand"
    )
    compact.set_defaults(run=_compact)
    compact.add_argument("--json", action="store_true", help="print JSON")
    compact.add_argument("--api", dest="api_url", metavar="URL", help="of a running collector")
    compact.add_argument("--token", metavar="TOKEN", help="for it (better: LIMEN_TOKEN)")


def _compact(args: argparse.Namespace) -> int:
    with _client(args) as client:
        if not args.now:
            state = client.upkeep()
            if args.json:
                sys.stdout.write(json.dumps(state.model_dump()) + "\n")
                return 0
            sys.stdout.write(
                f"{state.spans:,} spans in {_mib(state.file_bytes)}, "
                f"{_mib(state.reusable_bytes)} of it reusable; "
                f"{state.task or 'nothing'} under way\n"
            )
            return 0
        with _progress(client):
            done = client.compact()
    if args.json:
        sys.stdout.write(json.dumps(done.model_dump()) + "\n")
    else:
        sys.stdout.write(
            f"{_mib(done.bytes_before)} became {_mib(done.bytes_after)}: {done.spans:,} spans, "
            f"{done.seconds:.1f} s, writes waited {done.paused_seconds:.2f} s of it\n"
        )
    return 0


def _client(args: argparse.Namespace) -> "LimenClient":
    from collector.contract.client import LimenClient
    from collector.contract.config import load_settings

    return LimenClient.of(load_settings({"api_url": args.api_url, "token": args.token}))


@contextmanager
def _progress(client: "LimenClient") -> Iterator[None]:
    """Says on standard error how far the copy is while the block runs."""
    from collector.contract.errors import LimenError

    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            with suppress(LimenError):
                state = client.upkeep()
                if state.copied_spans is not None:
                    sys.stderr.write(f"limen: {state.copied_spans:,} of {state.spans:,} spans\n")

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
