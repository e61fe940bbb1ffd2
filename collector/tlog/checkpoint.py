"""Signed heads of a log: checkpoints and proofs as C2SP writes them down.

https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note (Ed25519) and
https://c2sp.org/tlog-proof.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from collector.contract.errors import BadInput
from collector.tlog.merkle import HASH_BYTES, Frontier

_ED25519 = b"\x01"
_ID_BYTES = 4
_DASH = "\u2014"
_PRINTED = re.compile(r"limen: |\{")
_PROOF = "c2sp.org/tlog-proof@v1"
_SIZE = re.compile("0|[1-9][0-9]{0,17}")
_NAME = re.compile(r"[^\s+]+")


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public key of a log and the name it signs under, which is the log's origin too."""

    name: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> Self:
        """Under the name that every log of Limen has by its key, and no other."""
        return cls(f"limen-audit/{sha256(key).hexdigest()[:16]}", key)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of the words `name+id+key`, or of PEM. Raises BadInput."""
        if "BEGIN PUBLIC KEY" in text:
            return cls.of(_from_pem(text))
        name, _, rest = text.strip().partition("+")
        identity, _, encoded = rest.partition("+")
        raw = _decoded(encoded)
        if raw is None or len(raw) != 1 + HASH_BYTES or raw[:1] != _ED25519:
            raise BadInput("a key is NAME+ID+KEY, as `limen audit key` prints it")
        found = cls(name, raw[1:])
        if not _NAME.fullmatch(name) or identity != found.identity.hex():
            raise BadInput("the key's id is not that of its name and key: it was changed")
        return found

    @property
    def identity(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:_ID_BYTES]

    @property
    def pem(self) -> str:
        """The key as openssl and others take it."""
        key = Ed25519PublicKey.from_public_bytes(self.key)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def __str__(self) -> str:
        key = base64.b64encode(_ED25519 + self.key).decode()
        return f"{self.name}+{self.identity.hex()}+{key}"


class Signer:
    """Signs the heads of one log with an Ed25519 key, made of `seed` (32 bytes)."""

    def __init__(self, seed: bytes) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = Verifier.of(public)

    def __repr__(self) -> str:
        return f"Signer({self.verifier})"

    def sign(self, tree: Frontier) -> str:
        """The checkpoint of a tree."""
        root = base64.b64encode(tree.root).decode()
        body = f"{self.verifier.name}\n{tree.size}\n{root}\n"
        signature = base64.b64encode(self.verifier.identity + self.key.sign(body.encode()))
        return f"{body}\n{_DASH} {self.verifier.name} {signature.decode()}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head that somebody kept; `line` is where it begins in what was read."""

    origin: str
    size: int
    root: bytes = field(repr=False)
    body: str
    signatures: tuple[tuple[str, bytes], ...] = field(repr=False)
    line: int

    def signed_by(self, verifier: Verifier) -> bool:
        key = Ed25519PublicKey.from_public_bytes(verifier.key)
        for name, raw in self.signatures:
            if name == verifier.name and raw[:_ID_BYTES] == verifier.identity:
                try:
                    key.verify(raw[_ID_BYTES:], self.body.encode())
                except InvalidSignature:
                    return False
                return True
        return False


def read_checkpoints(text: str) -> list[Checkpoint]:
    """Every checkpoint in `text`, one after another. Raises BadInput with the line."""
    found = list(_read(text.splitlines()))
    if not found:
        raise BadInput("there is no checkpoint in it")
    return found


def read_kept(text: str) -> list[Checkpoint]:
    """The same of what somebody kept: printed, pasted or typed, with space around its lines and
    the collector's own between them."""
    lines = (line.strip() for line in text.splitlines())
    # Those are emptied, and not left out: the others keep their numbers.
    return read_checkpoints("\n".join("" if _PRINTED.match(line) else line for line in lines))


def tlog_proof(number: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """What shows, without the log, that its entry `number` is under `checkpoint`."""
    hashes = "".join(base64.b64encode(one).decode() + "\n" for one in proof)
    return f"{_PROOF}\nindex {number}\n{hashes}\n{checkpoint}"


def _read(lines: Sequence[str]) -> Iterator[Checkpoint]:
    at = 0
    while at < len(lines):
        if not lines[at]:
            at += 1
            continue
        begin = at
        head = [*lines[at : at + 4], *[""] * 4]
        origin, size, root = head[0], head[1], _decoded(head[2])
        if not _SIZE.fullmatch(size) or root is None or len(root) != HASH_BYTES or head[3]:
            raise BadInput(f"line {begin + 1}: no checkpoint: origin, size, root, an empty line")
        at += 4
        signatures = []
        while at < len(lines) and lines[at].startswith(_DASH):
            words = lines[at].split(" ")
            raw = _decoded(words[-1])
            if len(words) != 3 or raw is None or len(raw) <= _ID_BYTES:
                raise BadInput(f"line {at + 1}: no signature: {_DASH} NAME BASE64")
            signatures.append((words[1], raw))
            at += 1
        if not signatures:
            raise BadInput(f"line {begin + 1}: the checkpoint is not signed")
        body = f"{origin}\n{size}\n{lines[begin + 2]}\n"
        yield Checkpoint(origin, int(size), root, body, tuple(signatures), begin + 1)


def _from_pem(text: str) -> bytes:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput(
            "it is no public key of Ed25519 in PEM, as `limen audit key --pem` prints it"
        )
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _decoded(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # One way to write it only.
    return raw if base64.b64encode(raw).decode() == text else None
