"""`limen record`: what was seen, as the records that a controller keeps."""

import argparse
import sys
from pathlib import Path

from collector.commands.asking import add_collector, collector_of
from collector.commands.files import write_new
from collector.contract.processing import FORMATS

_HELP = {
    "article30": "the record of processing activities (GDPR, Article 30)",
    "transfers": "recipients outside the EEA, and what that rests on (Articles 44 to 49)",
    "play": "rows of Google's Data safety CSV that what was seen needs",
    "apple": "entries of a PrivacyInfo.xcprivacy that what was seen needs",
    "fides": "systems of fideslang with what they were seen to do",
}


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `record` with its kinds."""
    record = commands.add_parser("record", help="records for whoever answers for the processing")
    kinds = record.add_subparsers(required=True, metavar="|".join(FORMATS))
    for kind, forms in FORMATS.items():
        one = kinds.add_parser(kind, help=_HELP[kind], description=_HELP[kind])
        one.add_argument("--format", choices=forms, default=forms[0])
        one.add_argument("--out", type=Path, metavar="FILE", help="not there yet; else printed")
        one.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -90d (-30d)")
        one.add_argument("--to", dest="to", metavar="T", help="likewise (now)")
        one.add_argument("--app", metavar="A", help="one app (service.name)")
        one.add_argument("--environment", metavar="E", help="one environment")
        one.add_argument("--release", metavar="R", help="one release of the app")
        add_collector(one)
        one.set_defaults(run=_record, kind=kind)


def _record(args: argparse.Namespace) -> int:
    said = {"app": args.app, "environment": args.environment, "release": args.release}
    with collector_of(args) as client:
        if args.kind in ("play", "apple") and args.format != "json":
            proposal = client.proposal(args.kind, args.since, args.to, **said)
            for line in proposal.open:
                sys.stderr.write(f"limen: to be decided: {line}\n")
        content = client.record(args.kind, args.format, args.since, args.to, **said)
    if args.out is None:
        sys.stdout.write(content.decode())
    else:
        write_new(args.out, content)
    return 0
