"""`limen replay verify`: a certificate, recomputed."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from replay.options import add_shared, places


# argparse names this type in its own annotations only.
def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `verify`."""
    verify = commands.add_parser("verify", help="recompute a certificate from the saved scores")
    verify.set_defaults(run=replay_verify)
    verify.add_argument(
        "file", type=Path, metavar="CERT", help="as `limen replay sweep --certificate` wrote it"
    )
    add_shared(verify)


def replay_verify(args: argparse.Namespace) -> int:
    """Recomputes and says what differs. 0, or 1 where something does or it has expired.

    Raises BadInput for a file that is no certificate and LimenError as it comes.
    """
    from collector.contract.client import LimenClient
    from replay.certificate import read, verify
    from replay.sweep_command import with_scores

    certificate = read(args.file)
    settings, _ = places(args)
    with LimenClient.of(settings) as client:
        run = with_scores(client.replay(certificate.run))
        scores = client.scores(run.run)
    verified = verify(certificate, run, scores, datetime.now(UTC))
    good = not verified.faults and not verified.expired
    if args.json:
        answer = {"good": good, "expired": verified.expired, "faults": verified.faults}
        answer |= {"threshold": certificate.overall.threshold}
        sys.stdout.write(json.dumps(answer) + "\n")
        return 0 if good else 1
    for fault in verified.faults:
        sys.stdout.write(f"Not as stated: {fault}\n")
    if not verified.faults:
        sys.stdout.write(
            "Recomputed from the same data: every test and what follows is as stated\n"
        )
    if verified.expired:
        sys.stdout.write(f"Expired {certificate.expires}: make another from newer requests\n")
    sys.stdout.write(
        f"{certificate.model} for {certificate.feature}, {certificate.overall.reason}\n"
        f"It speaks for {certificate.speaks_for}.\n"
    )
    return 0 if good else 1
