"""`limen policy suggest`: a draft of a policy from what a running collector saw."""

import argparse
import sys

from collector.commands.asking import add_collector, collector_of


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command below `limen policy`."""
    suggest = actions.add_parser("suggest", help="draft a policy from what apps sent")
    suggest.add_argument("--json", action="store_true", help="print JSON")
    suggest.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -7d (default)")
    suggest.add_argument("--to", dest="until", metavar="T", help="likewise (now)")
    add_collector(suggest)
    suggest.set_defaults(run=_suggest)


def _suggest(args: argparse.Namespace) -> int:
    """0, or 1 where there is nothing to suggest."""

    with collector_of(args) as client:
        found = client.suggestion(args.since, args.until)
    sys.stdout.write(f"{found.model_dump_json(indent=2)}\n" if args.json else found.toml)
    return 0 if found.attributes or found.features else 1
