"""Logged inputs, sealed (AES-256-GCM) with a key per installation that is not in the database.

The keys stand in one file, rewritten by rename before the inputs they seal are committed. Without
its key an input cannot be opened: destroying the key erases the inputs of that installation. An
installation is known by its pseudonym, so it has a key in each period of pseudonyms.
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.contract.errors import StoreUnusable
from collector.keys import write_private

_NONCE_BYTES = 12
# What was sealed this long ago is committed, or never will be.
_COMMITTED_SECONDS = 3600.0


KEY_GONE = (
    "the input no longer decrypts: the key of its installation is not in keys/inputs.json, as "
    "after an erasure, or a restore without the keys"
)
GONE = "the input is gone: it has expired or was erased while the replay ran"
SEAL_BROKEN = (
    "the input no longer decrypts: what is stored of it is damaged, or was sealed under another key"
)


class Opened(NamedTuple):
    """What an input holds, or why it could not be opened; the other is None."""

    content: bytes | None
    failure: str | None


class Vault:
    """Seals and opens inputs under the keys in `path`. Used from one thread at a time to seal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = _read_keys(path)
        self._unsaved = False
        # By installation, when something was last sealed for it (monotonic).
        self._sealed: dict[bytes, float] = {}
        self._destroyed: set[bytes] = set()
        self._changing = threading.Lock()

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} keys)"

    def seal(self, content: bytes, installation: bytes, span: bytes) -> bytes:
        """`content` sealed for `installation`, bound to the span it belongs to.

        `save` must succeed before what this returns is stored.
        """
        with self._changing:
            self._sealed[installation] = time.monotonic()
            key = self._keys.get(installation)
            if installation in self._destroyed:
                # On its way when it was erased: it is sealed, and never stored.
                key = AESGCM.generate_key(256)
            elif key is None:
                key = self._keys[installation] = AESGCM.generate_key(256)
                self._unsaved = True
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, content, installation + span)

    def save(self) -> None:
        """Makes new keys durable."""
        with self._changing:
            if self._unsaved:
                _write_keys(self._path, self._keys)
                self._unsaved = False

    def prune(self, stored: Collection[bytes]) -> int:
        """Destroys the keys of all but the installations of which inputs are `stored`, or are about
        to be: how many."""
        with self._changing:
            since = time.monotonic() - _COMMITTED_SECONDS
            self._sealed = {one: at for one, at in self._sealed.items() if at > since}
            needed = self._sealed.keys() | set(stored)
            kept = {one: key for one, key in self._keys.items() if one in needed}
            gone = len(self._keys) - len(kept)
            if gone:
                _write_keys(self._path, kept)
                self._keys, self._unsaved = kept, False
        return gone

    def count(self, installations: Iterable[bytes]) -> int:
        """How many of `installations` have a key."""
        return sum(one in self._keys for one in installations)

    def destroy(self, installations: Collection[bytes]) -> None:
        """Destroys the keys of `installations`, for good: none is made for them again."""
        with self._changing:
            self._destroyed |= set(installations)
            kept = {one: key for one, key in self._keys.items() if one not in self._destroyed}
            if len(kept) < len(self._keys):
                _write_keys(self._path, kept)
                self._keys, self._unsaved = kept, False

    def open(self, sealed: bytes, installation: bytes, span: bytes) -> "Opened":
        """The content, or why there is none."""
        key = self._keys.get(installation)
        if key is None:
            return Opened(None, KEY_GONE)
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return Opened(AESGCM(key).decrypt(nonce, body, installation + span), None)
        except (InvalidTag, ValueError):
            return Opened(None, SEAL_BROKEN)


def _read_keys(path: Path) -> dict[bytes, bytes]:
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_bytes())
        return {bytes.fromhex(k): base64.b64decode(v) for k, v in document.items()}
    except (ValueError, TypeError, AttributeError) as exc:
        raise StoreUnusable(f"{path} is damaged: restore it from a backup") from exc


def _write_keys(path: Path, keys: dict[bytes, bytes]) -> None:
    document = {k.hex(): base64.b64encode(v).decode() for k, v in keys.items()}
    write_private(path, json.dumps(document).encode())
