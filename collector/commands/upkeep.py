"""`limen compact` and `limen backup` ask a running collector; `limen restore` needs none."""

import argparse
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.asking import add_collector, collector_of, mib, say_part

if TYPE_CHECKING:
    from collector.backup import Manifest
    from collector.contract.client import LimenClient

_LOOK_SECONDS = 1.0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    compact = commands.add_parser("compact", help="rewrite the database without deleted bytes")
    compact.add_argument(
        "--now", action="store_true", help="do it; without this, say how things stand"
    )
    compact.set_defaults(run=_compact)

    backup = commands.add_parser("backup", help="copy what a running collector holds to a file")
    backup.add_argument("out", type=Path, metavar="OUT", help="a file that is not there yet")
    backup.add_argument("--with-keys", action="store_true", help="secrets too: keep it locked up")
    backup.set_defaults(run=_backup)
    for command in (compact, backup):
        add_collector(command)

    restore = commands.add_parser("restore", help="make a home folder from a backup")
    restore.add_argument("file", type=Path, metavar="FILE", help="see `limen backup`")
    restore.add_argument("--home", type=Path, metavar="DIR", help="where data and keys will live")
    restore.set_defaults(run=_restore)
    for command in (compact, backup, restore):
        command.add_argument("--json", action="store_true", help="print JSON")


def _compact(args: argparse.Namespace) -> int:
    with collector_of(args) as client:
        if not args.now:
            state = client.upkeep()
            if args.json:
                sys.stdout.write(json.dumps(state.model_dump()) + "\n")
                return 0
            sys.stdout.write(
                f"{state.spans:,} spans in {mib(state.file_bytes)}, "
                f"{mib(state.reusable_bytes)} of it reusable; "
                f"{state.task or 'nothing'} under way\n"
            )
            return 0
        with _progress(client):
            done = client.compact()
    if args.json:
        sys.stdout.write(json.dumps(done.model_dump()) + "\n")
    else:
        sys.stdout.write(
            f"{mib(done.bytes_before)} became {mib(done.bytes_after)}: {done.spans:,} spans, "
            f"{done.seconds:.1f} s, writes waited {done.paused_seconds:.2f} s of it\n"
        )
    return 0


def _backup(args: argparse.Namespace) -> int:
    from collector.backup import check
    from collector.contract.errors import BadInput
    from collector.keys import sync

    out: Path = args.out
    part = out.with_name(out.name + ".part")
    if out.exists():
        raise BadInput(f"{out} is there already: name another file")
    try:
        part.unlink(missing_ok=True)
        with collector_of(args) as client, open(part, "xb", opener=_private) as file:
            with _progress(client):
                pieces = client.backup(keys=args.with_keys)
                chunk, size = next(pieces)
            file.write(chunk)
            for chunk, _ in pieces:
                file.write(chunk)
                say_part(file.tell(), len(chunk), size)
            file.flush()
            os.fsync(file.fileno())
        manifest = check(part)
        os.replace(part, out)
        sync(out.absolute().parent)
    except OSError as exc:
        raise BadInput(f"{out} cannot be written: {exc.strerror}") from exc
    finally:
        part.unlink(missing_ok=True)
    _say_manifest(args, out, manifest)
    return 0


def _restore(args: argparse.Namespace) -> int:
    from collector.backup import restore
    from collector.contract.config import load_settings

    home = load_settings({"home": args.home}).home
    manifest = restore(args.file, home)
    _say_manifest(args, home, manifest)
    if not manifest.with_keys:
        sys.stderr.write(
            f"limen: the backup holds no keys: copy the folder keys/ to {home / 'keys'} before "
            "the collector starts\n"
        )
    return 0


def _say_manifest(args: argparse.Namespace, where: Path, manifest: "Manifest") -> None:
    if args.json:
        sys.stdout.write(manifest.model_dump_json() + "\n")
        return
    size = sum(file.size for file in manifest.files.values())
    keys = "with keys" if manifest.with_keys else "without keys"
    sys.stdout.write(f"{where}: {mib(size)}, {keys}, as of {manifest.created.isoformat()}\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


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
