"""`limen`, its upkeep at another pace: `python -m tests.durability.paced PACE ARGUMENTS…`.

PACE is JSON with constants of modules in `collector.store`; all else is the real thing.
"""

import ctypes
import importlib
import json
import sys
from collections.abc import Mapping
from typing import NoReturn

import limen

_PR_SET_PTRACER = 0x59616D61
_ANY = ctypes.c_ulong(-1).value


def program(pace: Mapping[str, float]) -> tuple[str, ...]:
    """The command of a `limen` at this pace."""
    return (sys.executable, "-m", "tests.durability.paced", json.dumps(pace))


def main() -> NoReturn:
    for name, value in json.loads(sys.argv[1]).items():
        where, _, constant = name.partition(".")
        module = importlib.import_module(f"collector.store.{where}")
        assert hasattr(module, constant), name
        setattr(module, constant, value)
    if sys.platform == "linux":
        # Where Yama restricts tracing, the tests' strace is allowed all the same.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
    del sys.argv[1]
    limen.command()


if __name__ == "__main__":
    main()
