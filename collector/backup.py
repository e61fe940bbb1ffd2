"""Backups: a copy of the database, and the keys where asked, in one tar file with their digests.

The file is a plain tar: `manifest.json` first, then what it names. It is made as it is sent, and
checked as it is read, in bounded memory.
"""

import io
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from collector.contract.about import limen_version
from collector.contract.config import DATABASE
from collector.contract.errors import BadInput, StoreUnusable
from collector.keys import KEY_FILES, sync
from collector.store.maintenance import Maintenance
from collector.store.schema import VERSION

_MANIFEST = "manifest.json"
_CHUNK = 2**20
_MANIFEST_BYTES = 2**16


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds, by path below the home folder. Sizes are bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal[1] = 1
    limen: str
    schema_version: int
    created: datetime
    files: dict[str, _File]

    @property
    def with_keys(self) -> bool:
        """Whether the keys are in it."""
        return len(self.files) > 1


class Archive:
    """A backup about to be sent: `size` bytes in `chunks`."""

    def __init__(self, files: dict[str, IO[bytes]]) -> None:
        facts = {name: _File(size=_size(f), sha256=_digest(f)) for name, f in files.items()}
        manifest = Manifest(
            limen=limen_version(),
            schema_version=VERSION,
            created=datetime.now(UTC).replace(microsecond=0),
            files=facts,
        )
        first = manifest.model_dump_json(indent=2).encode() + b"\n"
        self._members: dict[str, tuple[IO[bytes], int]] = {
            _MANIFEST: (io.BytesIO(first), len(first))
        }
        self._members |= {name: (f, facts[name].size) for name, f in files.items()}

    @property
    def size(self) -> int:
        """Bytes of the whole tar file."""
        blocks = sum(1 + -(-size // tarfile.BLOCKSIZE) for _, size in self._members.values())
        return (blocks + 2) * tarfile.BLOCKSIZE

    def chunks(self) -> Iterator[bytes]:
        """The tar file, piece by piece."""
        for name, (file, size) in self._members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = size, 0o600, int(time.time())
            yield member.tobuf(tarfile.GNU_FORMAT)
            while chunk := file.read(_CHUNK):
                yield chunk
            yield bytes(-size % tarfile.BLOCKSIZE)
            file.close()
        yield bytes(2 * tarfile.BLOCKSIZE)


class Backups:
    """Makes backups of the collector that runs on `home`."""

    def __init__(self, maintenance: Maintenance, home: Path) -> None:
        self._maintenance, self._home = maintenance, home

    def make(self, *, keys: bool, token: str | None = None) -> Archive:
        """Everything acknowledged so far, asked for by `token`. Raises Overloaded where it could
        not be made."""
        files: dict[str, IO[bytes]] = {
            DATABASE: self._maintenance.backup(time.time_ns(), keys=keys, token=token)
        }
        if keys:
            # After the database: what it holds was sealed with keys that were saved before.
            for name in KEY_FILES:
                path = self._home / "keys" / name
                if path.exists():
                    files[f"keys/{name}"] = io.BytesIO(path.read_bytes())
        return Archive(files)


def check(file: Path) -> Manifest:
    """What is in the backup `file`, every byte of it read. Raises BadInput and StoreUnusable."""
    return _read(file, lambda _: None)


def restore(file: Path, home: Path) -> Manifest:
    """Makes `home` what it was when the backup `file` was made.

    Raises BadInput where something is there already or the file is not whole, StoreUnusable where
    a newer Limen made it. The database gets its name last: until then nothing starts on it.
    """
    parts = home / "restore.part"
    try:
        # A log without its database too: it would be replayed into the restored one.
        for path in (home / DATABASE, *home.glob(f"{DATABASE}.*")):
            _refuse_to_overwrite(path)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(parts, ignore_errors=True)

        def place(name: str) -> Path:
            path = parts / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return path

        manifest = _read(file, place)
        for name in manifest.files:
            _refuse_to_overwrite(home / name)
        for name in sorted(manifest.files, key=lambda name: name == DATABASE):
            (home / name).parent.mkdir(exist_ok=True, mode=0o700)
            os.replace(parts / name, home / name)
            sync((home / name).parent)
    except OSError as exc:
        raise StoreUnusable(f"{home} cannot be written: {exc.strerror}") from exc
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return manifest


def _read(file: Path, place: Callable[[str], Path | None]) -> Manifest:
    """Reads a backup whole, writes each file where `place` says, and checks it."""
    try:
        with tarfile.open(file, "r|") as tar:
            manifest = _manifest(file, tar)
            for name, facts in manifest.files.items():
                member = tar.next()
                content = member and member.name == name and tar.extractfile(member)
                if not content or not _same(content, facts, place(name)):
                    raise BadInput(f"{file}: {name} is damaged in it: take another backup")
    except FileNotFoundError:
        raise BadInput(f"{file}: no such backup") from None
    except (tarfile.TarError, ValidationError, EOFError) as exc:
        raise BadInput(f"{file} is not a whole backup of Limen: take another") from exc
    return manifest


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    content = member and member.name == _MANIFEST and tar.extractfile(member)
    if not content:
        raise BadInput(f"{file} is not a backup of Limen: there is no {_MANIFEST} in it")
    manifest = Manifest.model_validate_json(content.read(_MANIFEST_BYTES))
    if manifest.schema_version > VERSION:
        raise StoreUnusable(
            f"{file} has schema {manifest.schema_version} and this Limen reads up to {VERSION}: "
            f"install Limen {manifest.limen} or a newer one"
        )
    if not manifest.files.keys() <= {DATABASE, *(f"keys/{name}" for name in KEY_FILES)}:
        raise BadInput(f"{file} is not a backup of Limen: it holds other files")
    return manifest


def _same(content: IO[bytes], facts: _File, path: Path | None) -> bool:
    """Whether `content` is what `facts` say; it is written to `path` where there is one."""
    digest, size = sha256(), 0
    sink = open(os.devnull, "wb") if path is None else path.open("wb")
    with sink:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
        if path is not None:
            path.chmod(0o600)
            os.fsync(sink.fileno())
    return (size, digest.hexdigest()) == (facts.size, facts.sha256)


def _refuse_to_overwrite(path: Path) -> None:
    if path.exists():
        raise BadInput(f"{path} is there already: restore into a folder without it")


def _size(file: IO[bytes]) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _digest(file: IO[bytes]) -> str:
    digest = sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
