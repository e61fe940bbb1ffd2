"""`limen what-if`: one request under other circumstances."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from collector.commands.asking import add_collector, collector_of

if TYPE_CHECKING:
    from collector.contract.what_if.records import WhatIf


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    asked = commands.add_parser(
        "what-if", help="one request under another threshold, model, network or consent"
    )
    asked.add_argument("trace_id", metavar="TRACE_ID", help="32 hexadecimal digits")
    asked.add_argument("--threshold", type=float, metavar="T", help="0 to 1")
    asked.add_argument("--model", metavar="NAME@V", help="one whose replay of the input is saved")
    asked.add_argument("--network", metavar="N", help="wifi, cell, wired, unavailable")
    asked.add_argument("--consent", metavar="C", help="granted, denied, withdrawn, not_required")
    add_collector(asked)
    asked.add_argument("--json", action="store_true", help="print JSON")
    asked.set_defaults(run=_what_if)


def _what_if(args: argparse.Namespace) -> int:
    """0, or 1 where it is unknown what would have happened."""
    from collector.contract.what_if.records import Change

    change = Change(
        threshold=args.threshold, model=args.model, network=args.network, consent=args.consent
    ).checked()
    with collector_of(args) as client:
        found = client.what_if(args.trace_id, change)
    if args.json:
        sys.stdout.write(json.dumps({"requests": [one.model_dump() for one in found]}) + "\n")
    else:
        for one in found:
            _write(one)
    return 1 if any(one.would.decision is None for one in found) else 0


def _write(one: "WhatIf") -> None:
    from collector.contract.what_if.words import rows

    sys.stdout.write(f"{one.feature} {one.release}: {one.sentence}\n\n")
    width = max(len(name) for name, _, _ in rows(one))
    for name, was, would in (("", "was", "would be"), *rows(one)):
        sys.stdout.write(f"  {name:{width}}  {was:24}  {would}".rstrip() + "\n")
    if one.models:
        sys.stdout.write(f"\n  --model: {', '.join(one.models)} replayed this input\n")
    sys.stdout.write("\n")
