"""What is said of one installation, across the query API: found, erased, reported."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class FoundPseudonym(_Record):
    """What is stored under one pseudonym of an installation, in rows; `exports` are requests that
    its SDK made. Times are None where nothing is."""

    key_id: int
    installation: str
    spans: int = 0
    inputs: int = 0
    exports: int = 0
    first_received: str | None = None
    last_received: str | None = None


class Lookup(_Record):
    """An installation under every key that there is, the oldest first."""

    pseudonyms: tuple[FoundPseudonym, ...]


class Erased(_Record):
    """The receipt of an erasure: what was deleted where, and since when. Not whose.

    Since `unreachable` no question finds it; since `bytes_gone` no byte of it is left in the home
    folder, which is due with the compaction of `bytes_gone_due` (None: only when one is asked for).
    `deleted` are rows by table. Out of reach are `backups`, by when they were made; `exports`,
    files that may name its traces, by what they are and when they were handed out; the
    `forwarded_spans` that are known to have been passed on, at the address of now; and whatever was
    received before `attributable_since` (None: ever), because the keys of its pseudonyms are
    destroyed and nobody can tell whose it was (Art. 11 GDPR).
    """

    receipt: str
    unreachable: str
    bytes_gone: str | None
    bytes_gone_due: str | None
    deleted: Mapping[str, int]
    traces: int
    keys_destroyed: int
    forwarded_spans: int
    forwarded_to: str | None
    backups: tuple[str, ...]
    exports: tuple[str, ...] = ()
    attributable_since: str | None = None


class AccessReport(_Record):
    """Everything that is held about one installation, as rows, the oldest first.

    Telemetry is kept `retention_days`, inputs at most `input_days`, by the policy of that version.
    It says who answers for it (`controller`) and what users have each of the `features` for.
    `spans` are all there are, and the whole of it; `requests` and `departures` are made of them.
    `scores` are what replays said of its inputs, by their numbers; `exports` are the requests that
    its SDK made; `consents` its history of consent. The `content` of an input is base64, where it
    was asked for.

    Copies may be elsewhere: `forwarded_spans` were passed on, by now to `forwarded_to`; `backups`,
    by when they were made; in files that may name its traces, those `handed_out`. What was received
    before `attributable_since` (None: ever) is nobody's: the keys of its pseudonyms are destroyed
    (Art. 11 GDPR).
    """

    policy: str
    retention_days: int
    input_days: int
    controller: Mapping[str, str] = {}
    features: Mapping[str, str] = {}
    forwarded_spans: int = 0
    forwarded_to: str | None = None
    backups: tuple[str, ...] = ()
    handed_out: tuple[str, ...] = ()
    attributable_since: str | None = None
    requests: Sequence[Mapping[str, Any]] = Field(repr=False)
    departures: Sequence[Mapping[str, Any]] = Field(repr=False)
    consents: Sequence[Mapping[str, Any]] = Field(repr=False)
    inputs: Sequence[Mapping[str, Any]] = Field(repr=False)
    scores: Sequence[Mapping[str, Any]] = Field(repr=False)
    exports: Sequence[Mapping[str, Any]] = Field(repr=False)
    spans: Sequence[Mapping[str, Any]] = Field(repr=False)
