"""Where a demo keeps its data: a folder of its own, never one with anything else in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.contract.errors import BadInput

MARKER = ".limen-demo"
LEDGER = "demo-ledger.json"


@contextmanager
def demo_home(path: Path | None) -> Iterator[Path]:
    """A home for one demo: `path`, or for None a temporary folder that is removed afterwards.

    The home of a former demo is emptied first. Raises BadInput where `path` holds anything else.
    """
    if path is None:
        with tempfile.TemporaryDirectory(prefix="limen-demo-") as temporary:
            yield Path(temporary)
        return
    home = path.expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise BadInput(f"{home} is not a folder: name another with --home")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    inside = list(home.iterdir())
    if inside and not (home / MARKER).is_file():
        raise BadInput(
            f"{home} is not empty and no demo made it, so it is left alone: "
            "name an empty folder with --home"
        )
    for entry in inside:
        if entry.name != MARKER:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    (home / MARKER).touch()
    yield home
