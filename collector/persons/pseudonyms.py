"""Pseudonyms: keyed hashes of identifiers, under a key per purpose and period.

The purpose is the attribute's name, so that one identifier in two attributes cannot be linked. A
period lasts as long as what is stored under it. Each has a random secret of its own, in one file
outside the database: without it the master secret makes none of its keys again.
"""

import base64
import hmac
import secrets
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError, model_validator

from collector.contract.attributes import INSTALLATION
from collector.contract.errors import StoreUnusable
from collector.decode import Indices
from collector.keys import Keys, periods_file, write_private
from collector.persons.tombstones import ERASED, Tombstones

DAY_NS = 24 * 3600 * 10**9
PSEUDONYM_BYTES = 16

_SECRET_BYTES = 32


class Period(BaseModel):
    """When it began (ns, received), and its secret; or its only key, for all purposes, where it is
    from before there were periods."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    key_id: int = Field(ge=1)
    since: int = Field(ge=0)
    secret: Base64Bytes | None = Field(default=None, repr=False)
    key: Base64Bytes | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if [len(some) for some in (self.secret, self.key) if some is not None] != [_SECRET_BYTES]:
            raise ValueError("a period has either a secret or a key, of 32 bytes")
        return self


class _File(BaseModel):
    """The periods, and the mark of the master secret they go with; None: it is to be made anew."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    master: str | None
    periods: tuple[Period, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for before, after in pairwise(self.periods):
            if not (before.key_id < after.key_id and before.since < after.since):
                raise ValueError("the periods are not in order")
        return self


class PeriodKey:
    """The keys of one period: HKDF-SHA-256 of the master secret, salted with the period's own."""

    def __init__(self, keys: Keys, period: Period) -> None:
        self.key_id = period.key_id
        self._keys, self._period = keys, period
        self._derived: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"PeriodKey({self.key_id})"

    def pseudonym(self, purpose: str, identifier: str) -> bytes:
        """HMAC-SHA-256 of an identifier, truncated to 128 bits."""
        key = self._derived.get(purpose)
        if key is None:
            key = self._derived[purpose] = self._derive(purpose)
        return hmac.digest(key, identifier.encode(), "sha256")[:PSEUDONYM_BYTES]

    def _derive(self, purpose: str) -> bytes:
        if self._period.key is not None:
            return self._period.key
        info = f"pseudonym|{purpose}|{self.key_id}"
        return self._keys.derive(info, salt=self._period.secret)


@dataclass(frozen=True, slots=True)
class RowKeys:
    """The keys of some rows. `of_row` (int64 [rows]) says which of `keys`; None: all the first.

    An installation that `tombstones` know has ERASED for a pseudonym.
    """

    keys: Sequence[PeriodKey]
    of_row: Indices | None = field(default=None, repr=False)
    tombstones: Tombstones | None = None

    def take(self, rows: Indices) -> "RowKeys":
        """The keys of the rows at these places; at -1, which is no row, any."""
        if self.of_row is None:
            return self
        return RowKeys(self.keys, np.append(self.of_row, 0)[rows], self.tombstones)

    def ids(self, rows: int) -> pa.Array:
        """The id of each row's key (int32 [rows])."""
        ids = pa.array([key.key_id for key in self.keys], pa.int32())
        return pa.repeat(ids[0], rows) if self.of_row is None else ids.take(pa.array(self.of_row))

    def hash(self, purpose: str, text: pa.StringArray) -> pa.BinaryArray:
        """The pseudonym of each row's identifier; null where there is none."""
        encoded = text.dictionary_encode()
        identifiers = encoded.dictionary.to_pylist()
        erased: set[str] = set()
        if self.tombstones and purpose == INSTALLATION:
            erased = self.tombstones.erased(identifiers)

        def pseudonym(key: PeriodKey, one: str | None) -> bytes | None:
            return ERASED if one in erased else key.pseudonym(purpose, one) if one else None

        columns = [
            pa.array([pseudonym(key, one) for one in identifiers], pa.binary()).take(
                encoded.indices
            )
            for key in self.keys
        ]
        return columns[0] if self.of_row is None else pc.choose(pa.array(self.of_row), *columns)


class Pseudonyms:
    """The periods of a home whose keys are not destroyed. Read by any thread, changed by one."""

    def __init__(
        self,
        keys: Keys,
        path: Path,
        periods: Sequence[Period],
        tombstones: Tombstones | None = None,
    ) -> None:
        self._keys, self._path, self._tombstones = keys, path, tombstones
        self._set(periods)

    def __repr__(self) -> str:
        return f"Pseudonyms({len(self._periods)} periods)"

    @classmethod
    def make(cls, home: Path, now: int, *, from_before: bool = False) -> None:
        """Begins the first period of a `home` that has none. Raises StoreUnusable.

        `from_before`: what is stored there has one key, made of the master secret alone. It becomes
        that of the first period, whose age is not known.
        """
        path = periods_file(home)
        if path.exists():
            return
        keys = Keys.at(home)
        try:
            if from_before:
                key = base64.b64encode(keys.derive("pseudonym|installation"))
                first = Period.model_validate({"key_id": 1, "since": 0, "key": key})
                _write(path, None, [first])
            else:
                _write(path, keys.mark, [_begin(1, now - now % DAY_NS)])
        except OSError as exc:
            raise StoreUnusable(f"{path} cannot be written: {exc.strerror}") from exc

    @staticmethod
    def renew_master(home: Path) -> None:
        """Makes the master secret of a home from before there were periods anew, once: from the old
        one its first key could be made again after it is destroyed. Raises StoreUnusable.

        Only once its database is brought forward: the Limen before would use the new one.
        """
        path = periods_file(home)
        found = _read(path)
        if found.master is None:
            Keys.renew(home)
            try:
                _write(path, Keys.at(home).mark, found.periods)
            except OSError as exc:
                raise StoreUnusable(f"{path} cannot be written: {exc.strerror}") from exc

    @classmethod
    def at(cls, home: Path, keys: Keys, tombstones: Tombstones | None = None) -> "Pseudonyms":
        """Those of `home`, but for installations that `tombstones` know. Raises StoreUnusable."""
        path = periods_file(home)
        found = _read(path)
        if found.master != keys.mark:
            raise StoreUnusable(
                f"{path} goes with another master.key: restore both from the same backup. With "
                "other keys every installation would look like a new one"
            )
        return cls(keys, path, found.periods, tombstones)

    def refuse_newer(self, key_id: int) -> None:
        """Raises StoreUnusable where the database has rows of a key that never was in the file."""
        if key_id > self._periods[-1].key_id:
            raise StoreUnusable(
                f"{self._path} is older than the database, which has rows of key {key_id}: restore "
                "the one that was kept last, or a database as old as it"
            )

    @property
    def periods(self) -> Sequence[Period]:
        """From the oldest to the one in force, or to come."""
        return self._periods

    @property
    def attributable_since(self) -> int | None:
        """When the oldest key that is left began (ns, received); None where none is destroyed."""
        oldest = self._periods[0]
        return oldest.since if oldest.key_id > 1 else None

    def rows(self, received: Indices) -> RowKeys:
        """The keys of what was received at these times (ns, int64 [rows]).

        What is older than every period, because a clock was set back, has the oldest.
        """
        since, keys = self._live
        low, high = (_at(since, int(received[at])) for at in (received.argmin(), received.argmax()))
        if low == high:
            return RowKeys(keys[low : low + 1], None, self._tombstones)
        places = np.maximum(np.searchsorted(since, received, side="right") - 1, 0)
        return RowKeys(keys, places, self._tombstones)

    def all(self, purpose: str, identifier: str) -> list[tuple[int, bytes]]:
        """(key id, pseudonym) of an identifier under every key there is, the oldest first."""
        return [(key.key_id, key.pseudonym(purpose, identifier)) for key in self._live[1]]

    def begin_next(self, now: int, days: int) -> Period | None:
        """Makes the next period durable a day before the last is `days` old; None before that.

        It begins at a midnight (UTC) that is still to come: nothing that was received has its key
        chosen yet, and no day has two keys. One that was made by a clock far ahead of `now` is
        the next again, or the last would go on until then.
        """
        so_far, ahead = self._periods, None
        if len(so_far) > 1 and so_far[-1].since > now + DAY_NS:
            so_far, ahead = so_far[:-1], so_far[-1]
        last = so_far[-1]
        due = last.since + days * DAY_NS
        if now < due - DAY_NS:
            return None
        since = max(due, now - now % DAY_NS + DAY_NS)
        if ahead:
            following = ahead.model_copy(update={"since": since})
        else:
            following = _begin(last.key_id + 1, since)
        self._change((*so_far, following))
        return following

    def ended(self, before: int) -> Sequence[Period]:
        """The periods that ended `before` a time or at it."""
        ends = [following.since for following in self._periods[1:]]
        return [p for p, end in zip(self._periods, ends, strict=False) if end <= before]

    def destroy(self, gone: Sequence[Period]) -> None:
        """Lets go of the secrets of these periods: the others stay as they are."""
        self._change([period for period in self._periods if period not in gone])

    def _change(self, periods: Sequence[Period]) -> None:
        _write(self._path, self._keys.mark, periods)
        self._set(periods)

    def _set(self, periods: Sequence[Period]) -> None:
        self._periods = tuple(periods)
        keys = [PeriodKey(self._keys, period) for period in periods]
        # One name for both: other threads read it meanwhile.
        self._live = [period.since for period in periods], keys


def _at(since: Sequence[int], received: int) -> int:
    return max(bisect_right(since, received) - 1, 0)


def _begin(key_id: int, since: int) -> Period:
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES))
    return Period.model_validate({"key_id": key_id, "since": since, "secret": secret})


def _read(path: Path) -> _File:
    try:
        return _File.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise StoreUnusable(
            f"{path} is missing: restore it from a backup. With other keys every installation "
            "would look like a new one"
        ) from None
    except OSError as exc:
        raise StoreUnusable(f"{path} cannot be read: {exc.strerror}") from exc
    except ValidationError:
        raise StoreUnusable(f"{path} is damaged: restore it from a backup") from None


def _write(path: Path, master: str | None, periods: Sequence[Period]) -> None:
    document = _File(master=master, periods=tuple(periods))
    write_private(path, document.model_dump_json(indent=2, exclude_defaults=True).encode() + b"\n")
