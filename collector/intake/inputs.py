"""Log records: consented inputs are sealed, entries of the history of consent taken, the rest is
counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import (
    BY_NAME,
    CONSENT_EVENT,
    CONSENT_STATE,
    CONSENT_VERSION,
    FEATURE,
    INPUT_DIGEST_NAME,
    INPUT_EVENT,
    INPUT_KIND,
    INSTALLATION,
    LABEL,
    LABEL_TRUTH,
    PURPOSE,
    Attribute,
    Loose,
)
from collector.contract.policy import Policy
from collector.decode import Decoded, Indices
from collector.intake.consents import INCOMPLETE, complete, consent_events, consent_table
from collector.persons.tombstones import ERASED
from collector.redact import Redacted, Redactor
from collector.redaction.fields import log_strings
from collector.redaction.index import plain
from collector.redaction.tally import Tally
from collector.store.vault import Vault

_SOURCE = tuple(
    BY_NAME[name]
    for name in ("service.name", "service.version", "deployment.environment.name", INSTALLATION)
)
_SOURCE_COLUMNS = (*(a.column for a in _SOURCE if a.column), "key_id")
_FACTS = tuple(
    BY_NAME[name]
    for name in (
        FEATURE, INPUT_KIND, INPUT_DIGEST_NAME, CONSENT_STATE, CONSENT_VERSION, PURPOSE,
    )
)  # fmt: skip
_TRUTH = Attribute(LABEL_TRUTH, "truth", Loose(LABEL))
_NAMES = frozenset(a.name for a in (*_SOURCE, *_FACTS, _TRUTH))

# Why an input is not stored, in the order it is asked.
REASONS = ("not an input", "no request", "erased", "no consent", "policy", "size")
# What becomes of an entry of the history, beyond the reasons and of an input that is kept.
_KEPT, _CONSENT, _INCOMPLETE = range(len(REASONS), len(REASONS) + 3)


@dataclass(frozen=True, slots=True)
class Logged:
    """The log records of a group: what the store writes of them, and how many others were dropped
    by reason."""

    redacted: Redacted
    inputs: pa.Table | None = field(repr=False)
    consents: pa.Table | None = field(repr=False)
    reasons: Mapping[str, int]


class InputSealer:
    """Takes consented inputs out of log records, seals them and gives them `numbers`; takes the
    history of consent too.

    `key` (32 bytes) draws which of the inputs stay where there are too many to keep.
    """

    def __init__(
        self, policy: Policy, redactor: Redactor, vault: Vault, numbers: Iterator[int], key: bytes
    ) -> None:
        rules = {n: {r.log_inputs for r in f.rules()} for n, f in policy.features.items()}
        self._logging = [name for name, logs in rules.items() if logs == {True}]
        self._by_release = {n: policy.features[n] for n, logs in rules.items() if len(logs) > 1}
        self._size_cap = policy.input_size_cap
        self._redactor, self._vault, self._numbers = redactor, vault, numbers
        self._key = key

    def seal(self, decoded: Decoded, received: Indices) -> Logged:
        """What is kept of `decoded`; `received` (ns, int64 [requests]) when each arrived."""
        tally = Tally()
        # A record speaks for itself: a consent that only its resource states is none.
        index = self._redactor.index(decoded, "log", received)
        columns = self._redactor.attributes(index, _SOURCE, tally, inherit=True)
        columns |= self._redactor.attributes(index, (*_FACTS, _TRUTH), tally, inherit=False)
        columns = {n: plain(c) for n, c in columns.items()} | {"key_id": index.key_ids()}
        ids = self._redactor.ids(decoded.records, tally)
        columns |= {"trace_id": ids.trace, "span_id": ids.span}
        reason = self._judge(decoded.records, columns, ids.good)
        kept = np.flatnonzero(reason == _KEPT)
        bodies = log_strings(decoded, kept, tally)
        self._redactor.account(decoded, index, _NAMES, columns, tally, bodies)
        counts = np.bincount(reason, minlength=_INCOMPLETE + 1).tolist()
        found = {name: count for name, count in zip(REASONS, counts, strict=False) if count}
        tally.update({(INPUT_EVENT, name, "drop"): count for name, count in found.items()})
        if incomplete := counts[_INCOMPLETE]:
            found[INCOMPLETE] = incomplete
            tally[CONSENT_EVENT, INCOMPLETE, "drop"] = incomplete
        dropped = decoded.request[(reason < _KEPT) | (reason == _INCOMPLETE)]
        redacted = Redacted(
            rows=pa.table({name: columns[name] for name in _SOURCE_COLUMNS}),
            request=decoded.request,
            rejected=np.bincount(dropped, minlength=len(received)),
            tally=tally,
            policy_version=self._redactor.policy_version,
        )
        consents = consent_table(decoded, columns, np.flatnonzero(reason == _CONSENT), received)
        return Logged(redacted, self._table(decoded, columns, kept, received), consents, found)

    def _judge(
        self, records: pa.StructArray, columns: dict[str, pa.Array], linked: npt.NDArray[np.bool_]
    ) -> Indices:
        """For each record the index of the first of REASONS that holds, _KEPT where none does; of
        the history of consent _CONSENT or _INCOMPLETE."""
        size = pc.coalesce(
            pc.binary_length(records.field("body").field("bytes_value")),
            pc.binary_length(records.field("body").field("string_value")),
            pa.scalar(0, pa.int32()),
        )
        consented = pc.equal(columns["consent_state"], "granted")
        allowed = self._allowed(columns["feature"], columns["release"])
        checks = (
            pc.equal(records.field("event_name"), INPUT_EVENT),
            pc.and_(pa.array(linked), columns["installation"].is_valid()),
            pc.not_equal(columns["installation"], pa.scalar(ERASED)),
            consented,
            allowed,
            pc.and_(pc.greater(size, 0), pc.less_equal(size, self._size_cap)),
        )
        reason = np.full(len(records), len(REASONS), dtype=np.int64)
        for number in reversed(range(len(REASONS))):
            holds = pc.fill_null(checks[number], False).to_numpy(zero_copy_only=False)
            reason[~holds] = number
        history = consent_events(records)
        reason[history] = np.where(complete(columns), _CONSENT, _INCOMPLETE)[history]
        gone = pc.fill_null(pc.equal(columns["installation"], pa.scalar(ERASED)), False)
        reason[history & gone.to_numpy(zero_copy_only=False)] = REASONS.index("erased")
        return reason

    def _allowed(self, features: pa.Array, releases: pa.Array) -> pa.Array:
        """Whether the policy that each record's release shipped under lets its feature log."""
        allowed = pc.is_in(features, value_set=pa.array(self._logging, pa.string()))
        for name, feature in self._by_release.items():
            own = pc.equal(features, name)
            sent = pc.unique(releases.filter(own)).to_pylist()
            logging = pa.array([one for one in sent if feature.rule(one).log_inputs], pa.string())
            allowed = pc.or_(allowed, pc.and_(own, pc.is_in(releases, value_set=logging)))
        return allowed

    def _table(
        self, decoded: Decoded, columns: dict[str, pa.Array], kept: Indices, received: Indices
    ) -> pa.Table | None:
        if not len(kept):
            return None
        at = pa.array(kept)
        records = decoded.records
        body = records.field("body")
        content = pc.coalesce(
            body.field("bytes_value").take(at),
            body.field("string_value").take(at).cast(pa.binary()),
        )
        installation, span = columns["installation"].take(at), columns["span_id"].take(at)
        sealed = [
            self._vault.seal(*one)
            for one in zip(
                *(column.to_pylist() for column in (content, installation, span)), strict=True
            )
        ]
        self._vault.save()
        trace = columns["trace_id"].take(at)
        names = zip(trace.to_pylist(), span.to_pylist(), strict=True)
        return pa.table(
            {
                "number": pa.array(islice(self._numbers, len(kept)), pa.int64()),
                "draw": pa.array([_draw(self._key, t + s) for t, s in names], pa.float64()),
                "trace_id": trace,
                "span_id": span,
                "installation": installation,
                "key_id": columns["key_id"].take(at),
                "feature": columns["feature"].take(at),
                "kind": columns["input_kind"].take(at),
                "digest": columns["input_digest"].take(at),
                "truth": columns["truth"].take(at),
                "size": pc.binary_length(content).cast(pa.int64()),
                "received_time": pa.array(received[decoded.request[kept]]),
                "sealed": pa.array(sealed, pa.binary()),
            }
        )


def _draw(key: bytes, name: bytes) -> float:
    """A number in [0, 1), the same when an input is sent again; a random one without the key."""
    digest = blake2b(name, key=key, digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2.0**53
