"""`limen models add`."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.proposal import Proposal, Wanted

# Of `ModelCard` and `Wanted`, named here so that help needs no import of them.
_OUTPUTS = ("probabilities", "logits", "independent", "binary")
_METHODS = ("max_softmax", "margin", "entropy")
_DTYPES = ("uint8", "int8", "int32", "int64", "float32")


# argparse names this type in its own annotations only.
def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `add`, whose `run` returns the exit code."""
    add = commands.add_parser(
        "add",
        help="register a model of your own",
        description="Registers a file as a model of yours. What the file says of itself "
        "(signature, metadata, packed labels) is taken from it, the rest is proposed and said.",
    )
    add.set_defaults(run=add_model)
    add.add_argument("file", type=Path, metavar="FILE", help=".tflite, .mlmodel or .mlpackage")
    add.add_argument("--name", required=True, metavar="N")
    add.add_argument("--version", required=True, metavar="V")
    add.add_argument("--feature", required=True, metavar="F", help="as apps send limen.feature")
    labels = add.add_mutually_exclusive_group()
    labels.add_argument("--labels", metavar="a,b,…", help="one for each score, in their order")
    labels.add_argument("--labels-file", type=Path, metavar="FILE", help="likewise, one a line")
    add.add_argument("--output", choices=_OUTPUTS, help="what its scores are")
    add.add_argument("--confidence-method", choices=_METHODS, default="max_softmax")
    add.add_argument("--threshold", type=float, default=0.7, metavar="T", help="on phones (0.7)")
    add.add_argument("--raw", choices=_DTYPES, help="the type of the values that apps log")
    add.add_argument("--scale", type=float, metavar="S", help="the model sees value × S + O")
    add.add_argument("--offset", type=float, metavar="O")
    text = add.add_mutually_exclusive_group()
    text.add_argument(
        "--ngrams", metavar="3,4", help="it takes texts, as hashed runs of so many bytes"
    )
    text.add_argument(
        "--last-words", action="store_true", help="it takes texts, as their last words"
    )
    add.add_argument(
        "--size-budget", type=int, metavar="BYTES", help="allow a larger file (10,000,000)"
    )
    add.add_argument("--training-data", metavar="TEXT", help="what it was made from")
    add.add_argument("--licence", metavar="TEXT")


def add_model(args: argparse.Namespace) -> int:
    """Registers a model and prints its card. 0; raises ModelError."""
    from models import adding
    from models.errors import BadCard
    from models.registry import Registry

    home = args.home or args.default_home
    if home is None:
        raise BadCard("--home: name the folder of Limen's data, your models are in its models.")
    root = home / "models"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        proposal = adding.add_model(args.file, _wanted(args), Registry.bundled(root), root)
    except OSError as exc:
        raise BadCard(
            f"{exc.filename2 or exc.filename} cannot be written ({exc.strerror}): "
            "make room for it, or name another --home."
        ) from exc
    if args.json:
        card = asdict(proposal.card) | {"notes": proposal.notes}
        sys.stdout.write(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    else:
        _write(proposal, root)
    return 0


def _wanted(args: argparse.Namespace) -> "Wanted":
    from models.card import DEFAULT_SIZE_BUDGET
    from models.proposal import Wanted

    same = (
        *("name", "version", "feature", "output", "confidence_method", "threshold", "raw"),
        *("scale", "offset", "last_words", "training_data", "licence"),
    )
    given: dict[str, Any] = {key: getattr(args, key) for key in same}
    return Wanted(
        **given,
        labels=_labels(args),
        ngrams=_sizes(args.ngrams) if args.ngrams else None,
        size_budget=DEFAULT_SIZE_BUDGET if args.size_budget is None else args.size_budget,
    )


def _labels(args: argparse.Namespace) -> tuple[str, ...] | None:
    from models.errors import BadCard

    if args.labels:
        return tuple(label.strip() for label in args.labels.split(","))
    if args.labels_file is None:
        return None
    try:
        return tuple(args.labels_file.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as exc:
        raise BadCard(
            f"--labels-file: {args.labels_file} cannot be read as UTF-8 text: name another file."
        ) from exc


def _sizes(text: str) -> tuple[int, ...]:
    from models.errors import BadCard

    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError as exc:
        raise BadCard("--ngrams: write the lengths as in 3,4.") from exc


def _write(proposal: "Proposal", root: Path) -> None:
    card = proposal.card
    shown = ", ".join(card.labels[:5]) or "not stated"
    more = f" … ({len(card.labels)} in all)" if len(card.labels) > 5 else ""
    runs = card.runtimes != ("coreml",)
    spec = {key: value for key, value in asdict(card.input).items() if key != "kind"}
    lines = (
        f"{card.reference} is registered: {root / card.name / card.version}",
        f"  {card.size:,} bytes, {card.digest[:19]}…, for {', '.join(card.runtimes)}",
        f"  takes {card.input.kind} ({', '.join(f'{k} {v}' for k, v in spec.items())}), "
        f"prepared by {card.preprocessing.kind}",
        f"  gives {card.output} of the labels: {shown}{more}",
        *(f"  {note}" for note in proposal.notes),
        "What is wrong of that is corrected in its card.toml.",
        *[f"Next: limen replay run --feature {card.feature} --model {card.reference}"][:runs],
    )
    sys.stdout.write("\n".join(lines) + "\n")
