"""`limen replay compare`: two models, or two runtimes, on the same inputs."""

import argparse
import sys
from typing import TYPE_CHECKING

from collector.contract.thresholds import written
from replay.options import add_shared, places

if TYPE_CHECKING:
    from collector.contract.client import LimenClient
    from collector.contract.records import ChangedAnswer, Comparison, ReplayRun
    from models.registry import Registry

_SEGMENTS = 8


# argparse names this type in its own annotations only.
def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the sub-command."""
    command = commands.add_parser("compare", help="which answers change between two runs")
    command.set_defaults(run=replay_compare)
    command.add_argument("first", metavar="RUN", help="as `limen replay run` printed it")
    command.add_argument("second", metavar="OTHER", help="a run of another model or runtime")
    command.add_argument(
        "--threshold", type=float, metavar="T", help="what is accepted (the one in force)"
    )
    command.add_argument(
        "--examples", type=int, default=5, metavar="N", help="of changed answers (5, at most 100)"
    )
    command.add_argument(
        "--open", metavar="REASON", help="show the inputs of the examples, too; audited"
    )
    add_shared(command)


def replay_compare(args: argparse.Namespace) -> int:
    """Compares and prints. 0, or 1 where no case was scored by both.

    Raises BadInput for runs that cannot be compared and numbers out of range, and LimenError and
    ModelError as they come.
    """
    from collector.contract.client import LimenClient
    from collector.contract.errors import BadInput
    from replay.comparison import check, compare
    from replay.in_force import in_force_of

    if not 0 <= args.examples <= 100:
        raise BadInput(f"--examples {args.examples}: between 0 and 100 can be shown")
    if args.threshold is not None and not 0 <= args.threshold <= 1:
        raise BadInput(f"--threshold {args.threshold:g} is not between 0 and 1")
    settings, registry = places(args)
    with LimenClient.of(settings) as client:
        first, second = client.replay(args.first), client.replay(args.second)
        check(first, second)
        saved = client.scores(first.run), client.scores(second.run)
        threshold = args.threshold
        if threshold is None:
            current = in_force_of(first, saved[0], registry)
            threshold = None if current is None else current.threshold
        found = compare(first, second, saved, threshold=threshold, examples=args.examples)
        if args.json:
            sys.stdout.write(found.model_dump_json() + "\n")
        else:
            inputs = {}
            if args.open is not None:
                inputs = _opened(client, found, args.open, first, registry)
            _print(found, first, second, inputs)
    return 0 if found.cases else 1


def _opened(
    client: "LimenClient", found: "Comparison", reason: str, run: "ReplayRun", registry: "Registry"
) -> dict[int, str]:
    """The inputs of the examples as a terminal shows them, by case; none where the role forbids."""
    from collector.contract.errors import Forbidden
    from replay.show_input import shown

    cases = [example.case for example in found.examples]
    if not cases:
        return {}
    spec = registry.get(run.model).card.input
    try:
        opened = client.open_cases(run.run, cases, reason)
    except Forbidden as exc:
        sys.stderr.write(f"limen: the inputs stay closed, labels alone are shown: {exc}\n")
        return {}
    return {
        row["case"]: row["failure"] or shown(row["input"], spec)
        for row in opened.select(["case", "input", "failure"]).to_pylist()
    }


def _print(
    found: "Comparison", first: "ReplayRun", second: "ReplayRun", inputs: dict[int, str]
) -> None:
    for name, run in (("A", first), ("B", second)):
        sys.stdout.write(f"{name}  {run.run}: {run.model} on {run.runtime} {run.runtime_version}\n")
    if not found.cases:
        sys.stdout.write(
            "No input was scored by both: replay one period through both (--from, --to).\n"
        )
        return
    lines = [
        f"{found.changed:,} of {found.cases:,} answers change ({found.changed / found.cases:.2%})"
    ]
    if found.labelled:
        lines.append(
            f"of {found.labelled:,} with a label {found.corrected:,} become right, "
            f"{found.broken:,} wrong"
        )
    if found.threshold is not None:
        lines.append(
            f"at {written(found.threshold)} B accepts {found.newly_accepted:,} that A does not, "
            f"A {found.newly_declined:,} that B does not"
        )
    lines.append(f"confidence differs by at most {found.apart:.3g} in 95 % of them")
    for name, only in (("A", found.only_first), ("B", found.only_second)):
        if only:
            lines.append(f"{only:,} were scored in {name} alone and are left out")
    sys.stdout.write("".join(f"  {line}\n" for line in lines))
    if not found.changed:
        return
    sys.stdout.write("Where most changes:\n")
    for part in found.segments[:_SEGMENTS]:
        sys.stdout.write(f"  {part.share:7.2%} of {part.cases:7,}  {part.dimension} {part.value}\n")
    if found.examples:
        sys.stdout.write("Of which both were surest:\n")
    for example in found.examples:
        _print_example(example, inputs.get(example.case))


def _print_example(example: "ChangedAnswer", shown: str | None) -> None:
    truth = "" if example.truth is None else f", labelled {example.truth}"
    where = ", ".join(
        part for part in (example.device_model, example.os, example.release) if part is not None
    )
    sys.stdout.write(
        f"  input {example.case}: A {example.first} ({example.first_confidence:.3f}), "
        f"B {example.second} ({example.second_confidence:.3f}){truth}; {where}\n"
    )
    for line in (shown or "").splitlines():
        sys.stdout.write(f"    {line}\n")
