"""`limen policy reload`: a running collector reads its policy again."""

import argparse
import sys


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command below `limen policy`."""
    reload = actions.add_parser("reload", help="have a running collector read its policy again")
    reload.add_argument("--json", action="store_true", help="print JSON")
    reload.add_argument("--api", dest="api_url", metavar="URL", help="of a running collector")
    reload.add_argument("--token", metavar="TOKEN", help="for it (better: LIMEN_TOKEN)")
    reload.set_defaults(run=_reload)


def _reload(args: argparse.Namespace) -> int:
    """0. Raises BadInput, in the collector's words, where the policy before stays in force."""
    from collector.contract.client import LimenClient
    from collector.contract.config import load_settings

    settings = load_settings({"api_url": args.api_url, "token": args.token})
    with LimenClient.of(settings) as client:
        done = client.reload_policy()
    if args.json:
        sys.stdout.write(done.model_dump_json() + "\n")
    else:
        before = f"replaces {done.replaced}" if done.replaced else "was in force already"
        sys.stdout.write(f"policy {done.version} {before}; SHA-256 {done.digest}\n")
    return 0
