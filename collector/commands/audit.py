"""`limen audit`: the audit log of a running collector, read, and checked from outside it."""

import argparse
import json
import sys
from typing import Any

from collector.commands.asking import add_collector, collector_of
from collector.commands.files import heads_of, verifier_of

_MOST_LISTED = 50_000


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `audit` with its sub-commands."""
    audit = commands.add_parser("audit", help="read and check the audit log")
    actions = audit.add_subparsers(required=True, metavar="list|verify|consistency|checkpoint|key")
    listing = actions.add_parser("list", help="the last entries")
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="how many (20)")
    listing.set_defaults(run=_list)
    verify = actions.add_parser("verify", help="the log against itself and heads kept elsewhere")
    verify.add_argument(
        "--since",
        metavar="FILE",
        help="checkpoints that were kept outside the home folder",
    )
    verify.add_argument(
        "--key", metavar="KEY", help="the log's public key as it was kept, or a file of it"
    )
    verify.set_defaults(run=_verify)
    consistency = actions.add_parser(
        "consistency", help="print what shows that the log goes on from heads kept elsewhere"
    )
    consistency.add_argument(
        "--since", required=True, metavar="FILE", help="the checkpoints that were kept"
    )
    consistency.add_argument(
        "--to", type=int, metavar="SIZE", help="entries of the log it goes on to (all there are)"
    )
    consistency.set_defaults(run=_consistency)
    checkpoint = actions.add_parser("checkpoint", help="print the signed head, to keep elsewhere")
    checkpoint.set_defaults(run=_checkpoint)
    key = actions.add_parser("key", help="print the public key, to keep elsewhere")
    key.add_argument("--pem", action="store_true", help="as openssl and others take it")
    key.set_defaults(run=_key)
    for action in (listing, verify):
        action.add_argument("--json", action="store_true", help="print JSON")
    for action in (listing, verify, consistency, checkpoint, key):
        add_collector(action)


def _list(args: argparse.Namespace) -> int:
    from collector.contract.errors import BadInput
    from collector.tlog.checkpoint import read_checkpoints

    if not 1 <= args.limit <= _MOST_LISTED:
        raise BadInput(f"--limit: a number from 1 to {_MOST_LISTED}")
    with collector_of(args) as client:
        (head,) = read_checkpoints(client.audit_checkpoint())
        table = client.audit_entries(max(0, head.size - args.limit), args.limit)
    for row in table.drop_columns(["salt", "leaf"]).to_pylist():
        if args.json:
            sys.stdout.write(json.dumps(row) + "\n")
            continue
        count = "" if row["count"] is None else f"  {row['count']:,}"
        why = f"  {row['reason']}" if row["reason"] else ""
        who = row["actor"] or "nobody named"
        sys.stdout.write(
            f"{row['number']:>6}  {_time(row['time'])}  {who:12}  {row['action']}{count}{why}"
            f"  {row['detail'] if row['detail'] != '{}' else ''}".rstrip()
            + "\n"
        )
    return 0


def _verify(args: argparse.Namespace) -> int:
    from collector.contract.audit import check_log

    kept = heads_of(args.since)
    key = str(verifier_of(args.key)) if args.key else None
    with collector_of(args) as client:
        found = check_log(client, key=key, kept=kept, told=_tell)
    if args.json:
        document: dict[str, Any] = {
            "log": found.log,
            "key": found.key,
            "entries": found.entries,
            "erased": found.erased,
            "checkpoints": len(kept),
            "good": not found.problems,
            "problems": found.problems,
        }
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        for problem in found.problems:
            sys.stdout.write(f"{problem}\n")
        if not found.problems:
            heads = f" and {len(kept):,} kept checkpoint{'s' * (len(kept) > 1)}" if kept else ""
            entries = f"{found.entries:,} entr{'y agrees' if found.entries == 1 else 'ies agree'}"
            sys.stdout.write(f"{entries} with the signed head{heads}\n")
    if found.problems:
        return 1
    if not args.since:
        sys.stderr.write(
            "limen: whoever holds the home folder could have rewritten all of it: keep heads "
            "elsewhere (limen audit checkpoint) and name them with --since\n"
        )
    if not args.key:
        sys.stderr.write(
            "limen: the key is the one that the collector says: keep `limen audit key` elsewhere "
            "and name it with --key\n"
        )
    return 0


def _tell(shown: int, of: int) -> None:
    """How far a long log is looked at."""
    from collector.contract.audit import SLICE

    if of > SLICE:
        sys.stderr.write(f"limen: {shown:,} of {of:,} entries\n")


def _consistency(args: argparse.Namespace) -> int:
    """A proof a line, for each kept head of another size than the log's."""
    from collector.tlog.checkpoint import read_checkpoints

    kept = heads_of(args.since)
    with collector_of(args) as client:
        size = args.to
        if size is None:
            (now,) = read_checkpoints(client.audit_checkpoint())
            size = now.size
        for other in sorted({head.size for head in kept} - {0, size}):
            proof = client.audit_consistency(min(other, size), max(other, size))
            sys.stdout.write(f"{proof}\n")
    return 0


def _checkpoint(args: argparse.Namespace) -> int:
    with collector_of(args) as client:
        sys.stdout.write(client.audit_checkpoint())
    return 0


def _key(args: argparse.Namespace) -> int:
    from collector.tlog.checkpoint import Verifier

    with collector_of(args) as client:
        key = client.audit_key()
    sys.stdout.write(Verifier.parse(key).pem if args.pem else key)
    return 0


def _time(ns: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(ns / 10**9, UTC):%Y-%m-%d %H:%M:%SZ}"
