"""`limen erase`: all of one installation is deleted, and what is sent of it later refused."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from collector.commands.asking import add_collector, collector_of
from collector.commands.identifier import add_identifier, read_identifier

if TYPE_CHECKING:
    from collector.contract.persons import Erased


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    erase = commands.add_parser("erase", help="erase an installation (GDPR, Art. 17)")
    add_identifier(erase)
    erase.add_argument(
        "--now", action="store_true", help="to the last byte; else with the next compaction"
    )
    erase.add_argument(
        "--receipt", metavar="ID", help="erase nothing: how an erasure stands by now"
    )
    erase.add_argument("--json", action="store_true", help="print JSON")
    add_collector(erase)
    erase.set_defaults(run=_erase)


def _erase(args: argparse.Namespace) -> int:
    from collector.contract.errors import BadInput

    with collector_of(args) as client:
        if args.receipt:
            found = [one for one in client.erasures() if one.receipt == args.receipt]
            if not found:
                raise BadInput(f"--receipt {args.receipt}: there is no such receipt")
            done = found[0]
        else:
            done = client.erase(read_identifier(args.installation), now=args.now)
    if args.json:
        sys.stdout.write(json.dumps(done.model_dump()) + "\n")
    else:
        sys.stdout.write(_told(done))
    if not sum(done.deleted.values()):
        sys.stderr.write("limen: nothing was stored of it; what is sent of it later is refused\n")
    return 0


def _told(done: "Erased") -> str:
    rows = ", ".join(f"{count:,} {table}" for table, count in done.deleted.items())
    due = f"due {done.bytes_gone_due}" if done.bytes_gone_due else "due when compacted: --now"
    lines = [
        ("receipt", done.receipt),
        ("unreachable", f"since {done.unreachable}"),
        ("no byte left", f"since {done.bytes_gone}" if done.bytes_gone else due),
        ("deleted rows", f"{rows}; of {done.traces:,} traces"),
        ("keys destroyed", f"{done.keys_destroyed:,}"),
    ]
    if done.forwarded_spans:
        where = done.forwarded_to or "a backend that is not set any more (forward_url)"
        lines.append(("out of reach", f"{done.forwarded_spans:,} spans passed on to {where}"))
    for backup in done.backups:
        lines.append(("out of reach", f"the backup of {backup}: delete it"))
    for export in done.exports:
        lines.append(("out of reach", f"{export}, which was handed out and may name its traces"))
    if done.attributable_since:
        what = f"what was received before {done.attributable_since}: its keys are destroyed, and"
        lines.append(("out of reach", f"{what} nobody can tell whose it was (Art. 11 GDPR)"))
    return "".join(f"{name:15} {said}\n" for name, said in lines)
