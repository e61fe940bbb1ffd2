"""`limen evidence`: a pack that shows what left and what was found, made and checked."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.commands.asking import add_collector, collector_of
from collector.commands.files import heads_of, proofs_of, verifier_of, write_new

if TYPE_CHECKING:
    from collector.evidence.verify import Verified


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `evidence`, and `verify` below it."""
    evidence = commands.add_parser("evidence", help="make a pack of evidence, or check one")
    evidence.add_argument("--out", type=Path, metavar="FILE", help="where to write it; asked for")
    evidence.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -90d (-30d)")
    evidence.add_argument("--to", dest="to", metavar="T", help="likewise (now)")
    evidence.add_argument("--app", metavar="A", help="one app (service.name)")
    evidence.add_argument("--environment", metavar="E", help="one environment")
    evidence.add_argument("--release", metavar="R", help="one release of the app")
    add_collector(evidence)
    evidence.set_defaults(run=_make)
    actions = evidence.add_subparsers(metavar="verify")
    verify = actions.add_parser("verify", help="check FILE, without a collector")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument(
        "--key", metavar="KEY", help="the log's public key as it was kept, or a file of it"
    )
    verify.add_argument(
        "--since", metavar="FILE", help="checkpoints that were kept before the pack was made"
    )
    verify.add_argument(
        "--proofs", metavar="FILE", help="what `limen audit consistency` printed for other heads"
    )
    verify.set_defaults(run=_verify)
    for command in (evidence, verify):
        command.add_argument("--json", action="store_true", help="print JSON")


def _make(args: argparse.Namespace) -> int:
    from collector.contract.errors import BadInput
    from collector.evidence.verify import verify_pack

    if args.out is None:
        raise BadInput("--out FILE: say where to write the pack")
    with collector_of(args) as client:
        pack = client.evidence(
            args.since,
            args.to,
            app=args.app,
            environment=args.environment,
            release=args.release,
        )
    write_new(args.out, pack)
    made = verify_pack(pack, None)
    if args.json:
        sys.stdout.write(json.dumps({"file": str(args.out), **_said(made)}) + "\n")
    else:
        sys.stdout.write(f"{args.out}: {len(pack):,} bytes\n{_in_words(made)}\n")
    return 0


def _verify(args: argparse.Namespace) -> int:
    """0 where everything holds and the key is the one given; else 1."""
    from collector.contract.errors import BadInput
    from collector.evidence.archive import LARGEST
    from collector.evidence.verify import verify_pack

    try:
        if args.file.stat().st_size > LARGEST:
            raise BadInput(f"{args.file} is larger than any pack: {LARGEST:,} bytes")
        content = args.file.read_bytes()
    except OSError as exc:
        raise BadInput(f"{args.file} cannot be read: {exc.strerror}") from None
    key = verifier_of(args.key) if args.key else None
    found = verify_pack(content, key, heads_of(args.since), proofs_of(args.proofs))
    good = not found.problems and key is not None
    if args.json:
        sys.stdout.write(json.dumps({"file": str(args.file), "good": good, **_said(found)}) + "\n")
    elif found.problems:
        sys.stdout.writelines(f"{problem}\n" for problem in found.problems)
    else:
        sys.stdout.write(f"{_in_words(found)}\n")
    if found.problems:
        return 1
    if key is None:
        sys.stderr.write(
            f"limen: it agrees with itself, and is signed with {found.key}: anybody can make such "
            "a file. Get the key from whoever runs the collector, and name it with --key\n"
        )
    if not args.since:
        sys.stderr.write(
            "limen: whoever holds the home folder could have written all of it: name heads that "
            "were kept elsewhere with --since\n"
        )
    if found.older:
        sys.stderr.write(
            f"limen: {found.older:,} of the kept heads are older than the pack's part of the log, "
            "and nothing shows that it goes on from them. Whoever may ask the collector gets that "
            f"by `limen audit consistency --since {args.since} --to {found.size} > proofs.jsonl`: "
            "name the file with --proofs\n"
        )
    return 0 if good else 1


def _said(found: "Verified") -> dict[str, Any]:
    return {
        "problems": list(found.problems),
        "key": None if found.key is None else str(found.key),
        "entries": found.entries,
        "older_heads": found.older,
        "facts": None if found.facts is None else found.facts.model_dump(mode="json"),
    }


def _in_words(found: "Verified") -> str:
    facts = found.facts
    assert facts is not None
    return (
        f"from {facts.since} to {facts.until}, policy {facts.policy}: {facts.departures:,} "
        f"departures in {facts.flows:,} flows, {facts.findings:,} findings, "
        f"{facts.errors_standing:,} errors stand; every file is what was signed, and so are "
        f"{found.entries:,} entries of the log"
    )
