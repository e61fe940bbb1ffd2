"""`limen models list`, `verify` and `add`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models import add_command

if TYPE_CHECKING:
    from models.registry import Model, Registry

_COLUMNS = ("model", "feature", "size", "threshold", "runtimes", "accuracy", "licence")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether one model is what its card says and runs; `runtime` is None where none was tried."""

    model: str
    runtime: str | None
    good: bool
    detail: str


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `models` with its sub-commands; each sets `run`, which returns the exit code."""
    parser = subparsers.add_parser("models", help="the models here: list, verify or add to them")
    commands = parser.add_subparsers(
        dest="models_command", required=True, metavar="list|verify|add"
    )
    listing = commands.add_parser("list", help="every model and what its card says")
    listing.set_defaults(run=list_models)
    verifying = commands.add_parser(
        "verify", help="check every digest and size budget, and run every model once"
    )
    verifying.set_defaults(run=verify_models)
    add_command.register(commands)
    for command in commands.choices.values():
        # Settings say where data is, and who may read them knows this default by its name.
        command.set_defaults(default_home=None)
        command.add_argument(
            "--home", type=Path, metavar="DIR", help="Limen's data; your models are in DIR/models"
        )
        command.add_argument("--json", action="store_true", help="print JSON")


def list_models(args: argparse.Namespace) -> int:
    """Prints every card. 0, or 2 where a card is not valid."""
    from models.errors import ModelError

    try:
        cards = _registry(args).cards()
    except ModelError as exc:
        return _refuse(exc)
    if args.json:
        _write_json([asdict(card) for card in cards])
        return 0
    rows = [
        (
            card.reference,
            card.feature,
            f"{card.size / 1000:.1f} kB",
            f"{card.threshold:.2f}",
            ", ".join(card.runtimes),
            ", ".join(f"{name} {value:.1%}" for name, value in card.accuracy.items()),
            card.licence,
        )
        for card in cards
    ]
    _write_table(_COLUMNS, rows)
    return 0


def verify_models(args: argparse.Namespace) -> int:
    """Prints one verdict per model and runtime. 0, 1 where one is bad, 2 for a wrong home."""
    from models.errors import ModelError

    try:
        registry = _registry(args)
    except ModelError as exc:
        return _refuse(exc)
    verdicts = [
        verdict for reference in registry.references() for verdict in _verdicts(registry, reference)
    ]
    if args.json:
        _write_json([asdict(verdict) for verdict in verdicts])
    else:
        _write_table(
            ("model", "runtime", "", "detail"),
            [
                (found.model, found.runtime or "–", "good" if found.good else "BAD", found.detail)
                for found in verdicts
            ],
        )
    return 0 if all(verdict.good for verdict in verdicts) else 1


def _verdicts(registry: "Registry", reference: str) -> list[Verdict]:
    from models.errors import ModelError
    from models.interpreters import available_runtimes

    try:
        model = registry.get(reference)
        model.artifact()
    except ModelError as exc:
        return [Verdict(model=reference, runtime=None, good=False, detail=str(exc))]
    runtimes = [name for name in available_runtimes() if name in model.card.runtimes]
    if not runtimes:
        detail = f"digest and budget hold; {' and '.join(model.card.runtimes)} cannot run here"
        return [Verdict(model=reference, runtime=None, good=True, detail=detail)]
    return [_smoke_run(model, runtime) for runtime in runtimes]


def _smoke_run(model: "Model", runtime: str) -> Verdict:
    from models.errors import ModelError
    from models.smoke import smoke_run

    try:
        interpreter = smoke_run(model, runtime)
    except ModelError as exc:
        return Verdict(model=model.reference, runtime=runtime, good=False, detail=str(exc))
    detail = f"{model.card.digest[:19]}…, runs on {runtime} {interpreter.version}"
    return Verdict(model=model.reference, runtime=runtime, good=True, detail=detail)


def _registry(args: argparse.Namespace) -> "Registry":
    from models.errors import ModelNotFound
    from models.registry import Registry

    if args.home is not None and not args.home.is_dir():
        raise ModelNotFound(
            f"There is no folder {args.home}: give --home the folder of Limen's data."
        )
    home = args.home or args.default_home
    return Registry.bundled() if home is None else Registry.bundled(home / "models")


def _refuse(error: Exception) -> int:
    sys.stderr.write(f"limen: {error}\n")
    return 2


def _write_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _write_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    for row in [head, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
