"""`limen placement`: where each feature's inference belongs, and why."""

import argparse
import json
import sys

from collector.commands.asking import add_collector, collector_of, conditions


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    placement = commands.add_parser(
        "placement", help="device, hybrid or cloud for each feature, each reason with its number"
    )
    placement.add_argument("--feature", metavar="F", help="this one alone")
    placement.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -7d (default)")
    placement.add_argument("--to", dest="until", metavar="T", help="likewise (now)")
    placement.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="K=V",
        help="app, environment or release, and its value; again for more",
    )
    add_collector(placement)
    placement.add_argument("--json", action="store_true", help="print JSON")
    placement.set_defaults(run=_placement)


def _placement(args: argparse.Namespace) -> int:
    """0, or 1 where no placement can be advised for a feature, or there is none."""
    where = conditions("--where", args.where)
    with collector_of(args) as client:
        found = client.placement(args.feature, args.since, args.until, where)
    if args.json:
        sys.stdout.write(json.dumps({"features": [one.model_dump() for one in found]}) + "\n")
    elif not found and where:
        sys.stdout.write("No request of this selection was sent in this period.\n")
    elif not found:
        sys.stdout.write("No feature yet: no policy names one, and no request was sent.\n")
    else:
        for one in found:
            sys.stdout.write(f"{one.sentence}\n")
            for reason in one.reasons:
                mark = " " if reason.known else "?"
                sys.stdout.write(f"  {mark} {reason.factor:8} {reason.found}  [{reason.source}]\n")
            if one.next_step is not None:
                sys.stdout.write(f"  Next: {one.next_step}\n")
            sys.stdout.write("\n")
    return 0 if found and all(one.placement is not None for one in found) else 1
