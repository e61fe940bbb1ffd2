"""`limen access`: everything held about one installation, as a report a person can read."""

import argparse
import json
import sys
from pathlib import Path

from collector.commands.asking import add_collector, collector_of
from collector.commands.files import write_new
from collector.commands.identifier import add_identifier, read_identifier


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    access = commands.add_parser(
        "access", help="everything held about an installation (GDPR, Art. 15)"
    )
    add_identifier(access)
    access.add_argument(
        "--out", type=Path, metavar="FILE", help="a page to send or print, not there yet"
    )
    access.add_argument(
        "--contents", action="store_true", help="its logged inputs too, opened; with --json"
    )
    access.add_argument("--json", action="store_true", help="print all of it as JSON")
    add_collector(access)
    access.set_defaults(run=_access)


def _access(args: argparse.Namespace) -> int:
    from collector.commands.person import as_page, as_text
    from collector.contract.errors import BadInput

    if args.contents and not args.json:
        raise BadInput("--contents goes with --json: inputs may be pictures or sound")
    with collector_of(args) as client:
        report = client.access(read_identifier(args.installation), contents=args.contents)
    if args.json:
        sys.stdout.write(json.dumps(report.model_dump()) + "\n")
    elif args.out is None:
        sys.stdout.write(as_text(report))
    else:
        write_new(args.out, as_page(report).encode())
    return 0 if report.spans or report.consents or report.inputs or report.exports else 1
