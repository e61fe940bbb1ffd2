"""The front door: the `limen` command. Each package brings its own sub-commands."""

import argparse
import gc
import importlib
import os
import resource
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.metadata import version
from typing import NoReturn

PACKAGES = ("demo", "dashboard", "collector", "models", "replay")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    limen = argparse.ArgumentParser(
        prog="limen",
        description="Privacy-aware observability for AI that runs partly on the phone.",
    )
    limen.add_argument("--version", action="version", version=f"Limen {version('limen')}")
    commands = limen.add_subparsers(required=True, metavar="COMMAND")
    for package in PACKAGES:
        importlib.import_module(f"{package}.commands").register(commands)
    return limen


def _joined(argv: Sequence[str]) -> list[str]:
    """`argv` with a relative time tied to its flag: argparse takes `-7d` alone for a flag."""
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] in ("--from", "--to") and word.startswith("-"):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


class _LeftOut(MetaPathFinder):
    """Hides what the libraries of the commands import if it is there, and no command needs.

    pyarrow looks for pandas with the first array, httpx for pygments: half a second of a start and
    30 MB. The dashboard, which shows pandas' tables, is a process of its own.
    """

    def find_spec(self, name: str, *_: object) -> None:
        if name in ("pandas", "pygments"):
            raise ModuleNotFoundError(f"{name} is left out", name=name)


def command() -> NoReturn:
    """The process `limen`."""
    start_light()
    sys.exit(main())


def start_light() -> None:
    """For a process that is Limen's alone, before it imports more."""
    # What a start makes stays: looking through it again and again takes a tenth of the start.
    gc.set_threshold(50_000)
    sys.meta_path.insert(0, _LeftOut())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. 0 good, 1 the answer is no, 2 bad usage or input."""
    from collector.contract.config import load_settings
    from collector.contract.errors import LimenError
    from models.errors import ModelError

    _leave_no_core()
    args = parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    try:
        if "default_home" in args:
            args.default_home = load_settings({}).home
        code: int = args.run(args)
        sys.stdout.flush()
    except (LimenError, ModelError) as exc:
        sys.stderr.write(f"limen: {exc}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever reads has seen enough: `limen … | head`. Nothing is left to be flushed at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _leave_no_core() -> None:
    """A core dump would write what is in memory to the disk: bodies, identifiers, keys."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    # Zero bytes would be no limit where Linux pipes dumps to a program; one byte is.
    resource.setrlimit(resource.RLIMIT_CORE, (0 if hard == 0 else 1, hard))


if __name__ == "__main__":
    command()
