"""`limen compliance`: declared held against observed, and what is said of what that finds."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from collector.commands.asking import add_collector, collector_of

if TYPE_CHECKING:
    from collector.contract.compliance import Check, Coverage, Finding

_MARKS = {"error": "✗", "warning": "!", "note": "·"}


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the commands."""
    compliance = commands.add_parser("compliance", help="hold what left against what was declared")
    actions = compliance.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="find what goes against what was declared")
    check.add_argument("--release", metavar="R", help="one release of the app")
    check.add_argument("--app", metavar="A", help="one app (service.name)")
    check.add_argument("--environment", metavar="E", help="one environment")
    _common(check)
    check.set_defaults(run=_check)
    judge = actions.add_parser("judge", help="say what is the matter with a finding")
    judge.add_argument("finding", metavar="FINDING", help="its id, as `check` shows it")
    judge.add_argument("word", choices=("accepted_risk", "false_positive", "open"))
    judge.add_argument("--who", required=True, metavar="NAME", help="who decided it")
    judge.add_argument("--why", required=True, metavar="TEXT")
    judge.add_argument("--until", metavar="T", help="RFC 3339; from then on it is open again")
    # `--from` and `--to` are those of the check that shows it.
    _common(judge, until=False)
    judge.set_defaults(run=_judge)


def _common(parser: argparse.ArgumentParser, *, until: bool = True) -> None:
    parser.add_argument("--from", dest="since", metavar="T", help="RFC 3339 or -30d (default)")
    if until:
        parser.add_argument("--to", dest="to", metavar="T", help="likewise (now)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_collector(parser)


def _check(args: argparse.Namespace) -> int:
    """0, or 1 where an error stands that nobody accepted.

    Raises NotFound where nothing was seen, so that nothing passes unseen.
    """
    from collector.contract.errors import BadInput

    with collector_of(args) as client:
        found = client.check(
            args.since,
            args.to,
            app=args.app,
            environment=args.environment,
            release=args.release,
        )
    if found.passed and not found.coverage:
        raise BadInput("nothing of that was seen in this period: there is nothing to pass")
    if args.json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _in_words(found))
    return 0 if found.passed else 1


def _judge(args: argparse.Namespace) -> int:
    """0. Raises NotFound where no check of the period shows the finding."""
    from collector.contract.compliance import Judgement

    said = Judgement(word=args.word, who=args.who, why=args.why, until=args.until)
    with collector_of(args) as client:
        kept = client.judge(args.finding, said, args.since)
    if args.json:
        sys.stdout.write(kept.model_dump_json() + "\n")
    else:
        until = f" until {_second(kept.until)}" if kept.until else ""
        sys.stdout.write(
            f"{args.finding} is {kept.word.replace('_', ' ')}{until}, said {kept.who}\n"
        )
    return 0


def _in_words(check: "Check") -> Iterator[str]:
    from collector.contract.compliance import CODES

    held = ["the policy", *check.declarations]
    period = f"from {_second(check.since)} to {_second(check.until)}"
    yield f"Policy {check.policy}, {period}, against {', '.join(held)}."
    for covered in check.coverage:
        yield from _covered(covered)
    for finding in check.findings:
        yield f"{_MARKS[finding.level]} {finding.code}  {finding.subject}  [{finding.id}]"
        of = " ".join(part for part in (finding.app, finding.release, finding.feature) if part)
        against = f"{finding.source}, {of}" if of else finding.source
        yield f"    {CODES[finding.code]} ({against}): {finding.rule}"
        yield from _evidence(finding)
    errors = sum(one.level == "error" and one.stands for one in check.findings)
    yield "passed: no error stands" if check.passed else f"failed: {errors} errors stand"


def _covered(covered: "Coverage") -> Iterator[str]:
    share = covered.completeness
    arrived = "an unknown share" if share is None else f"{share:.1%}"
    yield (
        f"{covered.app} {covered.release}: {covered.requests:,} requests in "
        f"{covered.sessions_in_words} sessions of {covered.installations_in_words} installations, "
        f"{arrived} of those made arrived; {covered.departures:,} departures: "
        f"{covered.declared:,} declared, {covered.undeclared:,} not, "
        f"{covered.undecided:,} cannot be told"
    )


def _evidence(finding: "Finding") -> Iterator[str]:
    if finding.count:
        size = "" if finding.bytes is None else f", {finding.bytes:,} bytes"
        seen = f"from {_second(finding.first_seen)} to {_second(finding.last_seen)}"
        yield f"    {finding.count:,} times{size}, {seen}"
    if finding.traces:
        yield f"    traces {' '.join(finding.traces)}"
    if verdict := finding.verdict:
        until = f" until {_second(verdict.until)}" if verdict.until else ""
        over = "" if verdict.holds else " (over)"
        word = verdict.word.replace("_", " ")
        yield f"    {word}{until}{over}: {verdict.who}, {_second(verdict.at)}: {verdict.why}"


def _second(time: str | None) -> str:
    """An RFC 3339 time in UTC, to the second."""
    return "unknown" if time is None else f"{time[:19]}Z"
