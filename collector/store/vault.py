"""Logged inputs, sealed (AES-256-GCM) with a key per installation that is not in the database.

The keys stand in one file, rewritten by rename before the inputs they seal are committed. Without
its key an input cannot be opened: destroying the key erases the inputs of that installation. An
installation is known by its pseudonym, so it has a key in each period of pseudonyms.
"""

import base64
import json
import secrets
import threading
from collections.abc import Collection, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.contract.errors import StoreUnusable
from collector.keys import write_private

_NONCE_BYTES = 12
# Files from before there were periods hold keys of the first one only.
_FIRST = 1

# Of each period of pseudonyms, by its key id: installation → key.
_Keys = dict[int, dict[bytes, bytes]]


class Vault:
    """Seals and opens inputs under the keys in `path`. Used from one thread at a time to seal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = _read_keys(path)
        self._unsaved = False
        self._changing = threading.Lock()

    def __repr__(self) -> str:
        return f"Vault({sum(map(len, self._keys.values()))} keys)"

    def seal(self, content: bytes, key_id: int, installation: bytes, span: bytes) -> bytes:
        """`content` sealed for `installation`, a pseudonym of the period `key_id`, and bound to the
        span it belongs to.

        `save` must succeed before what this returns is stored.
        """
        with self._changing:
            keys = self._keys.setdefault(key_id, {})
            key = keys.get(installation)
            if key is None:
                key = keys[installation] = AESGCM.generate_key(256)
                self._unsaved = True
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, content, installation + span)

    def save(self) -> None:
        """Makes new keys durable."""
        with self._changing:
            if self._unsaved:
                _write_keys(self._path, self._keys)
                self._unsaved = False

    def destroy(self, key_ids: Collection[int]) -> int:
        """Destroys the keys of periods under which nothing is sealed any more: how many."""
        with self._changing:
            kept = {key_id: keys for key_id, keys in self._keys.items() if key_id not in key_ids}
            gone = sum(map(len, self._keys.values())) - sum(map(len, kept.values()))
            if gone:
                _write_keys(self._path, kept)
                self._keys, self._unsaved = kept, False
        return gone

    def open(self, sealed: bytes, key_id: int, installation: bytes, span: bytes) -> bytes | None:
        """The content, or None where the key is gone or the seal is broken."""
        key = self._keys.get(key_id, {}).get(installation)
        if key is None:
            return None
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, body, installation + span)
        except (InvalidTag, ValueError):
            return None


def _read_keys(path: Path) -> _Keys:
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_bytes())
        if any(isinstance(value, str) for value in document.values()):
            document = {_FIRST: document}
        return {
            int(key_id): {bytes.fromhex(k): base64.b64decode(v) for k, v in keys.items()}
            for key_id, keys in document.items()
        }
    except (ValueError, TypeError, AttributeError) as exc:
        raise StoreUnusable(f"{path} is damaged: restore it from a backup") from exc


def _write_keys(path: Path, keys: Mapping[int, Mapping[bytes, bytes]]) -> None:
    document = {
        key_id: {k.hex(): base64.b64encode(v).decode() for k, v in of_period.items()}
        for key_id, of_period in keys.items()
    }
    write_private(path, json.dumps(document).encode())
