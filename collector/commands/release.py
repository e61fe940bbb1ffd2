"""`limen release`: one release held against another, what changed and why."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from collector.commands.asking import add_collector, collector_of, conditions

if TYPE_CHECKING:
    from collector.contract.releases import Comparison

_SURE = ("better", "same")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    release = commands.add_parser(
        "release", help="a release held against the one before it: what changed, and why"
    )
    release.add_argument("release", nargs="?", metavar="RELEASE", help="the newest unless said")
    release.add_argument("--against", metavar="RELEASE", help="the one before it unless said")
    release.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -7d (default)")
    release.add_argument("--to", dest="until", metavar="T", help="likewise (now)")
    release.add_argument(
        "--where", action="append", default=[], metavar="K=V", help="a dimension and its value"
    )
    add_collector(release)
    release.add_argument("--json", action="store_true", help="print JSON")
    release.set_defaults(run=_release)


def _release(args: argparse.Namespace) -> int:
    """0 where every rate is better or as before, else 1."""
    where = conditions("--where", args.where)
    with collector_of(args) as client:
        found = client.compare(args.release, args.against, args.since, args.until, where)
    if args.json:
        sys.stdout.write(json.dumps(found.model_dump()) + "\n")
    else:
        _write(found)
    return 0 if all(rate.finding in _SURE for rate in found.rates) else 1


def _write(found: "Comparison") -> None:
    from collector.contract.releases import points

    sys.stdout.write(f"{found.sentence}\n\n")
    head = ("", found.against, found.release, "change", "95 %", "")
    lines = [
        (
            rate.name.replace("_", " "),
            _percent(rate.before.rate),
            _percent(rate.after.rate),
            points(rate.change),
            "unknown" if rate.low is None else f"[{points(rate.low)}, {points(rate.high)}]",
            rate.finding,
        )
        for rate in found.rates
    ]
    for line in (head, *lines):
        name, *rest = line
        sys.stdout.write(f"  {name:17}{''.join(f'{word:>16}' for word in rest)}".rstrip() + "\n")
    if found.sample:
        sys.stdout.write(f"\n{found.sample}\n")
    if found.split is None:
        return
    sys.stdout.write("\nWhy the fallback rate moved, in points:\n")
    for part in found.split.parts:
        note = f"  ({part.unsure})" if part.unsure else ""
        name = part.factor.replace("_", " ")
        sys.stdout.write(f"  {part.kind:10} {name:20} {points(part.change):>6}{note}\n")
    sys.stdout.write(f"  {'':10} {'together':20} {points(found.split.change):>6}\n")


def _percent(rate: float | None) -> str:
    return "unknown" if rate is None else f"{rate:.1%}"
