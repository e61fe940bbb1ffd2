"""The bytes of a model, a file or a folder of files, with the size and digest a card states."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from models.errors import CorruptModel, ModelNotFound


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """`files` by their path within the folder; of a model that is one file, by the empty path."""

    files: Mapping[str, bytes] = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(len(content) for content in self.files.values())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, or of what `sha256sum` prints of all files, sorted by path."""
        digests = {name: hashlib.sha256(content) for name, content in self.files.items()}
        if list(digests) == [""]:
            return f"sha256:{digests[''].hexdigest()}"
        lines = "".join(f"{digests[name].hexdigest()}  {name}\n" for name in sorted(digests))
        return f"sha256:{hashlib.sha256(lines.encode('utf-8')).hexdigest()}"

    def write(self, path: Path) -> None:
        """The file, or the folder with its files, at `path`, where nothing is yet."""
        for name, content in self.files.items():
            place = path / name if name else path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def size_of(path: Path, where: str) -> int:
    """Bytes of a file, or of all files of a folder, without reading them.

    Raises ModelNotFound, and CorruptModel for a link within a folder; both call it `where`.
    """
    return sum(_stat_size(file, where) for file in _files(path, where).values())


def read_artifact(path: Path, where: str) -> Artifact:
    """Reads a model into memory. Raises as `size_of` does."""
    found = {}
    for name, file in _files(path, where).items():
        try:
            found[name] = file.read_bytes()
        except OSError as exc:
            raise _unreadable(where, exc) from exc
    return Artifact(files=found)


def _files(path: Path, where: str) -> dict[str, Path]:
    if not path.is_dir():
        return {"": path}
    found = {}
    for file in path.rglob("*"):
        name = file.relative_to(path).as_posix()
        if file.is_symlink():
            raise CorruptModel(f"{where} holds a link, {name}: replace it with the file itself.")
        if file.is_file():
            found[name] = file
    if not found:
        raise ModelNotFound(f"{where} is an empty folder: name a model's file or package.")
    return found


def _stat_size(file: Path, where: str) -> int:
    try:
        return file.stat().st_size
    except OSError as exc:
        raise _unreadable(where, exc) from exc


def _unreadable(where: str, error: OSError) -> ModelNotFound:
    reason = error.strerror or type(error).__name__
    return ModelNotFound(f"{where} cannot be read ({reason}): restore the file or name another.")
