"""strace on a running collector: faults put in its way, and what it asks of the system.

https://man7.org/linux/man-pages/man1/strace.1.html, "Tampering". A call that is counted is counted
in each thread apart.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL = "no strace on this machine; install it: sudo apt-get install strace"
RENAME = "?rename,?renameat,?renameat2"
UNLINK = "?unlink,?unlinkat"
# Where a thread wakes the event loop, which then answers.
WAKE = Path("anon_inode:[eventfd]")


def executable() -> str | None:
    return shutil.which("strace")


def tampering(calls: str, what: str, *paths: Path) -> list[str]:
    """Options that do `what` to `calls` on `paths`: `signal=SIGKILL:when=3`, `error=EIO`."""
    only = [option for path in paths for option in ("-P", str(path))]
    return ["-e", f"trace={calls}", "-e", f"inject={calls}:{what}", *only]


@contextmanager
def attached(pid: int, log: Path, options: list[str]) -> Iterator[None]:
    """strace follows the process with `options` while the block runs, and writes to `log`."""
    command = ["strace", "-f", "-y", "-o", str(log), *options, "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        assert "attached" in said, said
        try:
            yield
        finally:
            if strace.poll() is None:
                strace.terminate()
            strace.communicate()
