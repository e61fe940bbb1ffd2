"""Tokens by role: made once, kept as hashes in a file of the home folder, watched while it changes.

A token is 256 random bits, so one SHA-256 is hash enough: there is nothing to guess.
"""

import fcntl
import hmac
import logging
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from collector.contract.errors import BadInput, StoreUnusable, TokensUnreadable
from collector.keys import master_key, write_private
from collector.permissions.roles import Role

_ID_DIGITS = 12
# Whoever wrote this schema or a later one made a file of tokens first.
_SINCE_SCHEMA = 3
_log = logging.getLogger("limen")


class Token(BaseModel):
    """What is kept of a token. A revoked one stays, so that revoking the last opens nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    role: Role
    name: str = Field(max_length=100)
    created: AwareDatetime
    revoked: AwareDatetime | None = None
    sha256: str = Field(pattern="^[0-9a-f]{64}$", repr=False)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read of the file when it had `stamp`; None where it could not be read."""

    stamp: tuple[int, ...] | None
    tokens: tuple[Token, ...] | None


class Tokens:
    """The tokens of a home as its file has them at the moment of each question."""

    def __init__(self, home: Path) -> None:
        self._path = _place(home)
        self._kept: _Kept | None = None

    @classmethod
    def at(cls, home: Path, database: Path) -> "Tokens":
        """The tokens of `home`, where `database` is. Raises StoreUnusable.

        The file is made at the first start, or that of a Limen which kept none before: one that was
        deleted later must not open the doors.
        """
        path = _place(home)
        with _usable(home):
            fresh = not database.exists() and not master_key(home).exists()
            if not path.exists() and (fresh or _is_from_before(database)):
                _write(path, ())
        read_tokens(home)
        return cls(home)

    def all(self) -> tuple[Token, ...]:
        """Every token, revoked ones too. Raises TokensUnreadable; the reason is logged once."""
        stamp = _stamp(self._path)
        kept = self._kept
        if kept is None or kept.stamp != stamp:
            kept = self._kept = _Kept(stamp, self._read())
        if kept.tokens is None:
            raise TokensUnreadable
        return kept.tokens

    @property
    def readable(self) -> bool:
        """Whether the file is there and whole."""
        try:
            self.all()
        except TokensUnreadable:
            return False
        return True

    def _read(self) -> tuple[Token, ...] | None:
        try:
            return _parse(self._path)
        except StoreUnusable as exc:
            _log.error("%s; until then nothing that may need a token is answered", exc)
            return None


def find_token(tokens: Sequence[Token], presented: str) -> Token | None:
    """The one of `tokens` that was `presented` and is in force; equally long whichever it is."""
    digest = _digest(presented)
    found: Token | None = None
    for token in tokens:
        same = hmac.compare_digest(token.sha256, digest)
        found = token if same and token.revoked is None else found
    return found


def read_tokens(home: Path) -> tuple[Token, ...]:
    """The tokens of `home`. Raises StoreUnusable where the file is missing or damaged."""
    return _parse(_place(home))


def create_token(home: Path, role: Role, name: str) -> tuple[Token, str]:
    """A new token, and its words, which are kept nowhere. Raises BadInput and StoreUnusable."""
    if len(name) > 100 or not name.isprintable():
        raise BadInput("--name: at most 100 characters that can be printed")
    words = f"limen_{role}_{secrets.token_urlsafe(32)}"
    digest = _digest(words)
    token = Token(id=digest[:_ID_DIGITS], role=role, name=name, created=_now(), sha256=digest)
    path = _place(home)
    with _usable(home), _alone(path):
        _write(path, (*(_parse(path) if path.exists() else ()), token))
    return token, words


def revoke_token(home: Path, identifier: str) -> Token:
    """Ends the token with this id. Raises BadInput where there is none in force."""
    path = _place(home)
    with _usable(home), _alone(path):
        tokens = {token.id: token for token in _parse(path)}
        found = tokens.get(identifier)
        if found is None or found.revoked is not None:
            raise BadInput(f"there is no token {identifier!r} in force: see `limen token list`")
        revoked = found.model_copy(update={"revoked": _now()})
        _write(path, tuple((tokens | {identifier: revoked}).values()))
    return revoked


def _is_from_before(database: Path) -> bool:
    """Whether no Limen that keeps tokens ever opened this database."""
    from collector.store.opening import stored_version

    version = stored_version(database)
    return version is not None and version < _SINCE_SCHEMA


def _place(home: Path) -> Path:
    return home / "keys" / "tokens.json"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _digest(words: str) -> str:
    return sha256(words.encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _parse(path: Path) -> tuple[Token, ...]:
    try:
        return _File.model_validate_json(path.read_bytes()).tokens
    except FileNotFoundError as exc:
        raise StoreUnusable(
            f"{path} is missing: restore it from a backup, or make a first token with "
            f"`limen token create --role admin --home {path.parent.parent}`"
        ) from exc
    except OSError as exc:
        raise StoreUnusable(
            f"{path} cannot be read: {exc.strerror}; it must belong to the user who runs Limen"
        ) from exc
    except ValidationError:
        raise StoreUnusable(
            f"{path} is damaged: restore it from a backup, or delete it and make tokens anew"
        ) from None


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    write_private(path, _File(tokens=tokens).model_dump_json(indent=2).encode() + b"\n")


@contextmanager
def _usable(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StoreUnusable(
            f"{home} cannot be used: {exc.strerror}; it must belong to the user who runs Limen"
        ) from exc


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process changes the file meanwhile."""
    # Those that `parents` makes have the mode that the system gives them.
    path.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
