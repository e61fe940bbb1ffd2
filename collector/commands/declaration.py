"""`limen declaration`: what a team declared to app stores, read and checked."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.contract.declarations import Declaration


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    declaration = commands.add_parser("declaration", help="read what was declared to app stores")
    actions = declaration.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="say what FILE declares, and what is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--bundle", metavar="ID", help="the app meant, of a report of several")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)


def _check(args: argparse.Namespace) -> int:
    """0, or 1 where something is wrong in it. Raises BadInput where it cannot be read."""
    from collector.declarations import read_declaration

    found = read_declaration(args.file.name, read_file(args.file), args.bundle)
    if args.json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in in_words(found))
    return 1 if found.problems else 0


def read_file(path: Path) -> bytes:
    """The content of `path`. Raises BadInput."""
    from collector.contract.errors import BadInput

    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}") from None


def in_words(found: "Declaration") -> Iterator[str]:
    """What it declares, and what is wrong with it."""
    from collector.contract.declarations import KINDS

    rows = found.rows
    yield (
        f"{found.name}: {KINDS[found.kind]}, {rows.total} rows: {rows.answered} answered, "
        f"{rows.unanswered} open, {rows.unknown} unknown"
    )
    for one in found.types:
        how = [
            word
            for word, holds in (
                ("collected", one.collected),
                ("shared", one.shared),
                ("in memory only", one.ephemeral),
                ("optional", one.optional),
                ("tracking", one.tracking),
                ("linked to the user", one.linked),
            )
            if holds
        ]
        purposes = dict.fromkeys((*one.purposes, *one.sharing_purposes))
        why = f", for {', '.join(purposes)}" if purposes else ""
        yield f"  {one.type} ({', '.join(one.categories)}): {', '.join(how) or 'nothing'}{why}"
    yield from (f"  {domain}: tracking" for domain in found.tracking_domains)
    for host in found.hosts:
        yield f"  {host.host}: {host.hits:,} times, from {host.first_seen} to {host.last_seen}"
    for problem in found.problems:
        yield f"  {problem.code} at {problem.where}: {problem.what}"
