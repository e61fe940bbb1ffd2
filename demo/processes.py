"""The processes of a demo: started, waited for until they are ready, and stopped together."""

import json
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Self

from collector.contract.errors import LimenError

_ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


class Process:
    """One `python -m …` of ours. Ctrl-C of the terminal does not reach it: its parent stops it."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )

    def first_line(self) -> str:
        """What it says when it is ready. Raises LimenError with its own words where it ended."""
        output = self._process.stdout
        assert output is not None
        if not select.select([output], [], [], _READY_SECONDS)[0]:
            raise LimenError(
                f"the {self.name} was not ready after {_READY_SECONDS:.0f} s: try again when the "
                "machine has less to do"
            )
        line = output.readline()
        if not line:
            self._process.wait(_STOP_SECONDS)
            raise self._failure()
        return line.decode()

    def ready(self) -> dict[str, Any]:
        """The line of JSON it prints when it is ready. Raises LimenError."""
        found: dict[str, Any] = json.loads(self.first_line())
        return found

    def answers(self) -> list[dict[str, Any]]:
        """The lines of JSON it prints before it ends with 0, or 1 for no. Raises LimenError."""
        output, _ = self._process.communicate()
        if self._process.returncode not in (0, 1):
            raise self._failure()
        try:
            return [json.loads(line) for line in output.splitlines()]
        except ValueError:
            raise self._failure() from None

    def check(self) -> None:
        """Raises LimenError where it has ended by itself."""
        if self._process.poll() is not None:
            raise self._failure()

    def stop(self) -> None:
        """Asks it to end, and makes it where it does not."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _failure(self) -> LimenError:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        said = [line.removeprefix("limen: ") for line in lines if line.startswith("limen: ")]
        last = [line for line in lines if line.strip()]
        return LimenError(
            said[-1]
            if said
            else f"the {self.name} ended: {last[-1] if last else 'it said nothing'}"
        )


class Processes:
    """All processes of one demo; the last to start is the first to stop."""

    def __init__(self) -> None:
        self._running: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A second Ctrl-C must not leave a process behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        for process in reversed(self._running):
            process.stop()
        signal.signal(signal.SIGINT, before)

    def start(self, name: str, *arguments: str) -> Process:
        process = Process(name, arguments)
        self._running.append(process)
        return process
