"""`limen declaration`: what a team declared to app stores, read and checked."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.asking import add_collector, collector_of

if TYPE_CHECKING:
    from collector.contract.declarations import Declaration


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    declaration = commands.add_parser("declaration", help="read what was declared to app stores")
    actions = declaration.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="say what FILE declares, and what is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument(
        "--bundle", metavar="ID", help="what is meant, of a report of several apps or of systems"
    )
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)
    add = actions.add_parser("add", help="hold what leaves against FILE from now on")
    add.add_argument("file", type=Path, metavar="FILE")
    add.add_argument("--app", required=True, metavar="A", help="whose it is (service.name)")
    add.add_argument("--release", metavar="R", help="of one release only")
    add.add_argument(
        "--bundle", metavar="ID", help="what is meant, of a report of several apps or of systems"
    )
    add.set_defaults(run=_add)
    shown = actions.add_parser("list", help="what a collector holds departures against")
    shown.set_defaults(run=_list)
    remove = actions.add_parser("remove", help="take a declaration back")
    remove.add_argument("id", metavar="ID")
    remove.set_defaults(run=_remove)
    for one in (add, shown, remove):
        one.add_argument("--json", action="store_true", help="print JSON")
        add_collector(one)


def _check(args: argparse.Namespace) -> int:
    """0, or 1 where something is wrong in it. Raises BadInput where it cannot be read."""
    from collector.declarations import read_declaration

    found = read_declaration(args.file.name, _read(args.file), args.bundle)
    if args.json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _in_words(found))
    return 1 if found.problems else 0


def _add(args: argparse.Namespace) -> int:
    """0, or 1 where something is wrong in it; it is kept all the same."""
    content = _read(args.file)
    with collector_of(args) as client:
        kept = client.declare(
            args.file.name, content, app=args.app, release=args.release, bundle=args.bundle
        )
    if args.json:
        sys.stdout.write(kept.model_dump_json(indent=2) + "\n")
    else:
        sys.stdout.write(f"{kept.id}\n")
        sys.stdout.writelines(f"{line}\n" for line in _in_words(kept.declaration))
    return 1 if kept.declaration.problems else 0


def _list(args: argparse.Namespace) -> int:
    with collector_of(args) as client:
        found = client.declarations()
    if args.json:
        sys.stdout.write(json.dumps([one.model_dump() for one in found], indent=2) + "\n")
        return 0
    if not found:
        sys.stderr.write("limen: none yet: limen declaration add FILE --app APP\n")
    for one in found:
        of = f"{one.app} {one.release or '(every release)'}"
        sys.stdout.write(f"{one.id}  {one.declaration.kind:6}  {of}  {one.declaration.name}\n")
    return 0


def _remove(args: argparse.Namespace) -> int:
    with collector_of(args) as client:
        client.withdraw(args.id)
    if args.json:
        sys.stdout.write(json.dumps({"removed": args.id}) + "\n")
    return 0


def _read(path: Path) -> bytes:
    """The content of `path`. Raises BadInput."""
    from collector.contract.errors import BadInput

    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}") from None


def _in_words(found: "Declaration") -> Iterator[str]:
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
