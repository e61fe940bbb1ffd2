"""`limen lookup`: what is stored of one installation, by its identifier, which no history keeps."""

import argparse
import json
import sys

from collector.commands.asking import add_collector, collector_of


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    lookup = commands.add_parser(
        "lookup",
        help="find an installation by its identifier, read from standard input",
        description=(
            "Finds what is stored of one installation. Its identifier is asked for, or read from "
            "standard input (limen lookup < FILE), so that no history of commands keeps it."
        ),
    )
    lookup.add_argument("--json", action="store_true", help="print JSON")
    add_collector(lookup)
    lookup.set_defaults(run=_lookup)


def _lookup(args: argparse.Namespace) -> int:
    from collector.commands.identifier import read_identifier

    identifier = read_identifier(None)
    with collector_of(args) as client:
        found = client.lookup(identifier)
    if args.json:
        sys.stdout.write(json.dumps(found.model_dump()) + "\n")
    else:
        for one in found.pseudonyms:
            stored = (
                f"{one.spans:,} spans, {one.inputs:,} inputs, {one.exports:,} exports, "
                f"received from {one.first_received} to {one.last_received}"
                if one.first_received
                else "nothing stored"
            )
            sys.stdout.write(f"{one.installation}  key {one.key_id}  {stored}\n")
    return 0 if any(one.first_received for one in found.pseudonyms) else 1
