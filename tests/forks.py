"""Processes forked from one that has imported what they need.

Most of what a start takes is importing: a hundred and fifty collectors are started, and a dozen
dashboards, each kind from a process of its own.
"""

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import TimeoutExpired
from types import ModuleType
from typing import TextIO
from unittest.mock import patch

ROOT = Path(__file__).parent.parent
# What each kind has imported.
COLLECTORS, DASHBOARDS = "tests.imported", "tests.imported_pages"


class Forked:
    """`python -m WORDS`, with what tests ask of a `subprocess.Popen`."""

    def __init__(
        self,
        words: Sequence[str],
        cwd: Path | None,
        env: Mapping[str, str],
        imported: str = COLLECTORS,
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        (out, out_there), (err, err_there) = context.Pipe(duplex=False), context.Pipe(duplex=False)
        self._process = context.Process(
            target=_run,
            args=(words, str(cwd or Path.cwd()), dict(env), out_there, err_there),
            daemon=True,
        )
        main = sys.modules["__main__"]
        # Else what stands there, an app that AppTest ran last say, is run in the process too.
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            # Python has one such server for itself.
            with patch.object(forkserver, "connect_to_new_process", _server(imported)):
                self._process.start()
        finally:
            sys.modules["__main__"] = main
        out_there.close()
        err_there.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.stdout, self.stderr = _text(out), _text(err)

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.stderr.close()
        self._process.join()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        if (code := self.poll()) is None:
            raise TimeoutExpired(self._process.name, timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _server(imported: str) -> Callable[[Sequence[int]], tuple[int, int]]:
    """What starts a process where `imported` is imported."""
    server = forkserver.ForkServer()
    server.set_forkserver_preload([imported])
    with patch.dict(os.environ, {"PYTHONPATH": str(ROOT)}):
        server.ensure_running()
    start: Callable[[Sequence[int]], tuple[int, int]] = server.connect_to_new_process
    return start


def _text(end: Connection) -> TextIO:
    """What is written to the other end."""
    text = os.fdopen(os.dup(end.fileno()), encoding="utf-8")
    end.close()
    return text


def _run(
    words: Sequence[str], cwd: str, env: Mapping[str, str], out: Connection, err: Connection
) -> None:
    for end, number in (out, 1), (err, 2):
        os.dup2(end.fileno(), number)
        end.close()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)
