"""`limen policy reload`: a running collector reads its policy again."""

import argparse
import sys

from collector.commands.asking import add_collector, collector_of


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command below `limen policy`."""
    reload = actions.add_parser("reload", help="have a running collector read its policy again")
    reload.add_argument("--json", action="store_true", help="print JSON")
    add_collector(reload)
    reload.set_defaults(run=_reload)


def _reload(args: argparse.Namespace) -> int:
    """0. Raises BadInput, in the collector's words, where the policy before stays in force."""

    with collector_of(args) as client:
        done = client.reload_policy()
    if args.json:
        sys.stdout.write(done.model_dump_json() + "\n")
    else:
        before = f"replaces {done.replaced}" if done.replaced else "was in force already"
        sys.stdout.write(f"policy {done.version} {before}; SHA-256 {done.digest}\n")
    return 0
