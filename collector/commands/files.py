"""Files that commands read and write: keys and heads that were kept, and what is handed out."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.tlog.checkpoint import Checkpoint, Verifier
    from collector.tlog.consistency import Proofs


def verifier_of(given: str) -> "Verifier":
    """The public key that was `given`: itself, or its file. Raises BadInput."""
    from collector.tlog.checkpoint import Verifier

    return Verifier.parse(read_text(given) if "+" not in given else given)


def heads_of(given: str | None) -> "list[Checkpoint]":
    """The checkpoints in the file of `--since`. Raises BadInput."""
    from collector.contract.errors import BadInput
    from collector.tlog.checkpoint import read_kept

    if given is None:
        return []
    try:
        return read_kept(read_text(given))
    except BadInput as exc:
        raise BadInput(f"--since {given}: {exc}") from None


def proofs_of(given: str | None) -> "Proofs":
    """The proofs in the file of `--proofs`. Raises BadInput."""
    from collector.contract.errors import BadInput
    from collector.tlog.consistency import read_proofs

    if given is None:
        return {}
    try:
        return read_proofs(read_text(given))
    except BadInput as exc:
        raise BadInput(f"--proofs {given}: {exc}") from None


def read_text(name: str) -> str:
    """The text of a file, `-` for standard input. Raises BadInput."""
    from collector.contract.errors import BadInput

    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no text"
        raise BadInput(f"{name} cannot be read: {reason}") from None


def write_new(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Writes the file of `--out`, for this user alone, whole or not at all. Raises BadInput where
    there is one."""
    from collector.contract.errors import BadInput

    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        raise BadInput(f"--out {path} cannot be written: {exc.strerror}") from exc
    try:
        with open(handle, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
    except BaseException as exc:
        path.unlink()
        if isinstance(exc, OSError):
            raise BadInput(f"--out {path} cannot be written: {exc.strerror}") from exc
        raise
