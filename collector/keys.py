"""Secrets of an installation of Limen: outside the database, readable by its owner only."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from collector.contract.errors import StoreUnusable

_MASTER_BYTES = 32

# What stands in the folder of keys.
KEY_FILES = ("master.key", "periods.json", "inputs.json", "tokens.json")


class Keys:
    """Keys derived from one master secret (HKDF-SHA-256, RFC 5869), one per purpose."""

    def __init__(self, master: bytes) -> None:
        self._master = master

    def __repr__(self) -> str:
        return "Keys(…)"

    @classmethod
    def make(cls, home: Path) -> None:
        """Makes the keys of a `home` that has none yet. Raises StoreUnusable."""
        if not master_key(home).exists():
            cls.renew(home)

    @classmethod
    def renew(cls, home: Path) -> None:
        """Makes the keys of `home` anew: the old ones are gone. Raises StoreUnusable."""
        path = master_key(home)
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(path, secrets.token_bytes(_MASTER_BYTES))
        except OSError as exc:
            raise StoreUnusable(f"{path} cannot be written: {exc.strerror}") from exc

    @property
    def mark(self) -> str:
        """Tells this master secret from any other, and nothing else of it."""
        return self.derive("mark")[:16].hex()

    @classmethod
    def at(cls, home: Path) -> "Keys":
        """The keys of `home`. Raises StoreUnusable."""
        path = master_key(home)
        if not path.exists():
            raise StoreUnusable(
                f"{path} is missing: restore it from a backup. With another key every "
                "installation would look like a new one"
            )
        try:
            master = path.read_bytes()
        except OSError as exc:
            raise StoreUnusable(f"{path} cannot be read: {exc.strerror}") from exc
        if len(master) != _MASTER_BYTES:
            raise StoreUnusable(f"{path} is damaged: restore it from a backup")
        return cls(master)

    def derive(self, purpose: str, *, salt: bytes | None = None) -> bytes:
        """32 bytes for `purpose`, which nobody can make again without the `salt`."""
        return HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose.encode()).derive(
            self._master
        )


def master_key(home: Path) -> Path:
    """Where the master secret of `home` is; it is made at the first start."""
    return home / "keys" / "master.key"


def periods_file(home: Path) -> Path:
    """Where the secrets of the periods of `home` are."""
    return home / "keys" / "periods.json"


def write_private(path: Path, content: bytes) -> None:
    """Writes `path` (mode 0600) so that after a crash it is the old or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(fresh, path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Makes the content of a file durable, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
