"""strace on Limen's processes: faults put in their way, and what they ask of the system.

https://man7.org/linux/man-pages/man1/strace.1.html, "Tampering". A call that is counted is counted
in each thread apart.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

INSTALL = "no strace on this machine; install it: sudo apt-get install strace"
RENAME = "?rename,?renameat,?renameat2"
UNLINK = "?unlink,?unlinkat"
# What tells an address.
REACHING = "connect,sendto,sendmsg,sendmmsg"
# Where a thread wakes the event loop, which then answers.
WAKE = Path("anon_inode:[eventfd]")

_ADDRESS = re.compile(
    r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"'
)
_NAMES = 53
_RESOLVER = re.compile(r'sun_path=@?"[^"]*resolve')


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


def observed(log: Path, program: Sequence[str], calls: str = REACHING) -> list[str]:
    """`program`, and whatever it starts, with its `calls` written to `log`."""
    # As a child of the program, which so gets the signals meant for it.
    options = ["-D", "-f", "-y", "--seccomp-bpf", "-o", str(log), "-e", f"trace={calls}"]
    return ["strace", *options, *program]


def beyond(log: Path) -> list[str]:
    """The calls in `log` that reach for another machine, or ask for the address of a name."""
    return [line for line in log.read_text("utf-8", "replace").splitlines() if _is_beyond(line)]


def _is_beyond(line: str) -> bool:
    if _RESOLVER.search(line):
        return True
    if (found := _ADDRESS.search(line)) is None:
        return False
    address = ip_address(found[2])
    address = getattr(address, "ipv4_mapped", None) or address
    return not address.is_loopback or int(found[1]) == _NAMES
