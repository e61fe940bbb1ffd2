"""`limen policy suggest`: a draft of a policy from what a running collector saw."""

import argparse
import sys


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command below `limen policy`."""
    suggest = actions.add_parser("suggest", help="draft a policy from what apps sent")
    suggest.add_argument("--json", action="store_true", help="print JSON")
    suggest.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -7d (default)")
    suggest.add_argument("--to", dest="until", metavar="T")
    suggest.add_argument("--api", dest="api_url", metavar="URL", help="of a running collector")
    suggest.add_argument("--token", metavar="TOKEN", help="for it (better: LIMEN_TOKEN)")
    suggest.set_defaults(run=_suggest)


def _suggest(args: argparse.Namespace) -> int:
    """0, or 1 where there is nothing to suggest."""
    from collector.contract.client import LimenClient
    from collector.contract.config import load_settings

    settings = load_settings({"api_url": args.api_url, "token": args.token})
    with LimenClient.of(settings) as client:
        found = client.suggestion(args.since, args.until)
    sys.stdout.write(f"{found.model_dump_json(indent=2)}\n" if args.json else found.toml)
    return 0 if found.attributes or found.features else 1
