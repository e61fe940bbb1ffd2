"""Erases one installation (GDPR, Art. 17): every trace that holds a span of it, its inputs, what
models said of them, and what was noted of its requests.

Nothing of it can be asked for once the last transaction is through: there are several where its
traces lie so scattered that to delete them at once does not fit into memory. Its bytes are gone
from the file with the next compaction.
"""

import json
import logging
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import ATTRIBUTES, INSTALLATION
from collector.contract.errors import NotFound, Overloaded
from collector.contract.persons import Erased
from collector.metrics.sources import COUNTED
from collector.persons.pseudonyms import Pseudonyms
from collector.persons.tombstones import Tombstone, Tombstones
from collector.store.database import PERSON_SECONDS, Database
from collector.store.queries import query
from collector.store.reader import rfc3339
from collector.store.rollups import CLOCKS, SUMMED, remove_gone
from collector.store.settling import MADE, unsettle
from collector.store.transaction import Transaction
from collector.store.unsealed import EVER
from collector.store.vault import Vault

# A part of an erasure deletes spans in about so many row groups. Each that loses a row keeps 256 KB
# in memory until the next checkpoint (measured, DuckDB 2.0), and those of what left come on top.
PART_GROUPS, GROUP_ROWS = 100, 122_880
# Of its traces, and of itself; in an order in which each statement still finds what it asks for.
_OF_TRACES = {"sweeps": "erase_sweeps", "span_facts": "erase_span_facts"}
_OF_IT = {
    "replay_scores": "erase_replay_scores",
    "input_pieces": "erase_input_pieces",
    "inputs": "erase_inputs",
    "consents": "erase_consents",
}
# The tables that hold something of one installation; a test asks it of every table.
ERASED = frozenset(
    (
        *_OF_TRACES,
        *_OF_IT,
        "replay_chunks",
        "batches",
        "forwarding",
        "rollup_departures",
        "rollup_dirty",
        *(f"rollup_{table}" for table in (*COUNTED, *SUMMED, *CLOCKS)),
        "rollup_runs",
        "rollup_gaps",
        "rollup_restated",
        *(f"told_{table}" for table in MADE),
        "told_dirty",
    )
)
_NAMES = [attribute.name for attribute in ATTRIBUTES]

_log = logging.getLogger("limen")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """All `spans` of some `traces`, what is rolled up of what left in them and the `counts` that
    rollups of requests lose with them; by the transaction `newest`, as the database was `moved`
    last."""

    newest: int
    moved: tuple[int, int]
    traces: list[bytes] = field(repr=False)
    spans: pa.Table = field(repr=False)
    departures: pa.Table = field(repr=False)
    counts: Mapping[str, pa.Table] = field(repr=False)


@dataclass(slots=True)
class _Gone:
    """What was `deleted` by now, rows by table, once that has `begun`; how many of the spans were
    `forwarded`, and when (ns) the first of all was received."""

    begun: bool = False
    deleted: Counter[str] = field(default_factory=Counter)
    traces: int = 0
    forwarded: int = 0
    since: int | None = None


class Erasure:
    """Of `database`, where installations are known by `pseudonyms` and their inputs are sealed in
    `vault`. One at a time, and only while nothing else deletes or copies."""

    def __init__(
        self,
        database: Database,
        pseudonyms: Pseudonyms,
        tombstones: Tombstones,
        vault: Vault,
    ) -> None:
        self._database, self._pseudonyms = database, pseudonyms
        self._tombstones, self._vault = tombstones, vault

    def run(self, identifier: str, token: str | None, facts: dict[str, Any]) -> Erased:
        """Erases the installation whose `app.installation.id` this is, asked for by `token`.

        `facts` go on the receipt. What is sent of it from now on is refused, and what was on its
        way too. Raises Overloaded: what is erased by then stays so, in the first part nothing, and
        to ask again erases the rest.
        """
        made = [pseudonym for _, pseudonym in self._pseudonyms.all(INSTALLATION, identifier)]
        gone = _Gone()
        try:
            receipt = self._erase(identifier, made, gone, token, facts)
        except Overloaded as exc:
            if not gone.begun:
                raise
            raise Overloaded(
                "a part of it is erased, and nothing of it is taken in any more; ask again for the "
                f"rest: {exc}"
            ) from exc
        try:
            self._vault.destroy(made)
        except OSError as exc:
            raise Overloaded(
                f"the installation is erased, but not the keys of its inputs, which are deleted: "
                f"{exc.strerror}; the next run of retention destroys them"
            ) from exc
        told = ", ".join(f"{count:,} {table}" for table, count in gone.deleted.items())
        _log.info("erasure: receipt %s, rows deleted: %s", receipt, told)
        return self.receipt(receipt)

    def _erase(
        self,
        identifier: str,
        made: Sequence[bytes],
        gone: _Gone,
        token: str | None,
        facts: Mapping[str, Any],
    ) -> str:
        """Erases it part by part, each in a transaction, and adds up what is `gone`; the receipt's
        name."""
        parts = self._find(made)
        while True:
            with self._database.write() as transaction:
                if not self._stands(transaction, made, parts[0]):
                    # Nobody writes meanwhile; and once it is refused, nothing came.
                    again = parts[0] if gone.begun else None
                    parts = [*self._find(made, again), *(parts[1:] if again else ())]
                if not gone.begun:
                    traces = [trace for part in parts for trace in part.traces]
                    self._refuse(transaction, identifier, traces, made)
                part = parts.pop(0)
                self._delete(transaction, made, part, gone)
                if not parts:
                    return self._close(transaction, made, gone, token, facts)
                # Whatever becomes of the rest.
                count = len(part.traces)
                transaction.note("part of an installation erased", by=token, count=count)
            gone.begun = True
            with suppress(Overloaded):
                self._database.checkpoint()

    def receipt(self, name: str) -> Erased:
        """The receipt of this name as it stands by now. Raises NotFound."""
        for one in self._receipts(name):
            return one
        raise NotFound("there is no erasure with this receipt; see GET /api/erasures")

    def receipts(self) -> list[Erased]:
        """Every receipt, newest first."""
        return list(self._receipts(None))

    def _receipts(self, name: str | None) -> Iterator[Erased]:
        for row in self._database.read(query("erasures"), {"receipt": name}).to_pylist():
            gone = row["bytes_gone"]
            yield Erased(
                receipt=row["receipt"],
                unreachable=rfc3339(row["unreachable"]),
                bytes_gone=None if gone is None else rfc3339(gone),
                **json.loads(row["document"]),
            )

    def _find(self, pseudonyms: Sequence[bytes], again: _Part | None = None) -> list[_Part]:
        """What is stored of it, before anybody has to wait for it, in parts, of which there is at
        least one; `again`: what is in that part by now."""
        moved = self._database.moved
        of_it = {"pseudonyms": pseudonyms}
        with self._database.snapshot(PERSON_SECONDS) as read:
            newest = read(query("newest_stored"), {}).column("number")[0].as_py()
            if again is None:
                traces, bounds = read(query("erased_traces"), of_it)["trace_id"].to_pylist(), EVER
            else:
                traces, bounds = again.traces, _bounds(again.spans)
            parted = {"groups": PART_GROUPS, "group_rows": GROUP_ROWS}
            read(query("keep_traced_spans"), {**of_it, **bounds, **parted, "traces": traces})
            parts = read(query("erased_parts"), {"traces": traces}).to_pylist()
            found = []
            for row in parts or [{"part": 0, "traces": []}]:
                part = {"part": row["part"]}
                read(query("keep_erased_places"), part)
                read(query("keep_erased_requests"), {})
                found.append(
                    _Part(
                        newest=newest,
                        moved=moved,
                        traces=row["traces"],
                        spans=read(query("traced_spans"), part),
                        departures=read(query("erased_departures"), {**part, **bounds}),
                        counts={
                            table: read(query("subtract_erased").replace("{table}", table), {})
                            for table in COUNTED
                        },
                    )
                )
            return found

    def _stands(self, transaction: Transaction, pseudonyms: Sequence[bytes], part: _Part) -> bool:
        """Whether that is all there is of it, and where it was."""
        of_it = {"after": part.newest, "pseudonyms": pseudonyms, "traces": part.traces}
        [[came]] = transaction.ask("came_since", **of_it)
        return not came and self._database.moved == part.moved

    def _delete(
        self, transaction: Transaction, pseudonyms: Sequence[bytes], part: _Part, gone: _Gone
    ) -> None:
        """Deletes the traces of a `part` in `transaction`, and adds to what is `gone`."""
        _name(transaction, "erased_installations", "installation", pseudonyms, pa.binary())
        numbers = [number for (number,) in transaction.ask("erased_inputs")]
        _name(transaction, "erased_inputs", "number", numbers, pa.int64())
        transaction.name(erased_spans=part.spans, erased_departures=part.departures)
        transaction.run("keep_known")
        transaction.run("keep_erased_sweeps")
        [[since]] = transaction.ask("erased_since")
        [[forwarded]] = transaction.ask("erased_forwarded")
        transaction.run("mark_erased_sweeps", at=time.time_ns())
        unsettle(transaction, "unsettle_erased")
        for table, counted in part.counts.items():
            transaction.name(fresh=counted)
            transaction.run_for(table, "insert_counts")
        transaction.run("erase_served")
        transaction.run("dirty_erased")
        transaction.run("keep_erased_departures")
        gone.deleted.update({table: _rows(transaction, name) for table, name in _OF_TRACES.items()})
        remove_gone(transaction)
        for name in ("forget_untraced", "forget_erased"):
            transaction.run(name)
        gone.traces += len(part.traces)
        gone.forwarded += forwarded
        gone.since = min((one for one in (gone.since, since) if one is not None), default=None)

    def _close(
        self,
        transaction: Transaction,
        pseudonyms: Sequence[bytes],
        gone: _Gone,
        token: str | None,
        facts: Mapping[str, Any],
    ) -> str:
        """Deletes what is not in traces, once these are `gone`; the receipt's name."""
        since = {"since": gone.since}
        backups = [] if gone.since is None else transaction.ask("backups_since", **since)
        exports = [] if gone.since is None else transaction.ask("exports_since", **since)
        for name in ("erase_from_chunks", "erase_runs", "erase_restated", "erase_phones"):
            transaction.run(name)
        gone.deleted.update({table: _rows(transaction, name) for table, name in _OF_IT.items()})
        fields = [*_NAMES, *(field for (field,) in transaction.ask("standing_fields"))]
        releases = [release for (release,) in transaction.ask("standing_releases")]
        transaction.run("erase_from_findings", fields=fields, releases=releases)
        notes = _rows(transaction, "erase_batches") + _rows(transaction, "erase_from_batches")
        gone.deleted["batches"] = notes
        for commit, span, start in transaction.ask("find_forwarded"):
            place = {"commit_number": commit, "span_id": span, "start_time": start}
            transaction.run("forget_forwarded")
            transaction.run("insert_forwarded", **place)
        transaction.forget(
            "erased_installations", "erased_inputs", "erased_spans", "erased_departures", "fresh"
        )
        document = {
            **facts,
            "deleted": gone.deleted,
            "traces": gone.traces,
            "forwarded_spans": gone.forwarded,
            "backups": [rfc3339(made) for (made,) in backups],
            "exports": [f"{what} of {rfc3339(made)}" for what, made in exports],
            "keys_destroyed": self._vault.count(pseudonyms),
        }
        if (known := self._pseudonyms.attributable_since) is not None:
            document["attributable_since"] = rfc3339(known)
        now, receipt = time.time_ns(), secrets.token_hex(8)
        transaction.run(
            "insert_erasure", receipt=receipt, unreachable=now, document=json.dumps(document)
        )
        count = gone.deleted.total()
        transaction.note("installation erased", by=token, time=now, count=count, receipt=receipt)
        return receipt

    def _refuse(
        self,
        transaction: Transaction,
        identifier: str,
        traces: Sequence[bytes],
        pseudonyms: Sequence[bytes],
    ) -> None:
        stones = [self._tombstones.installation(identifier), *self._tombstones.traces(traces)]
        marks = pa.table(
            {
                "mark": pa.array([stone.mark for stone in stones], pa.binary()),
                "sieve": pa.array([stone.sieve for stone in stones], pa.uint32()),
                "time": pa.repeat(time.time_ns(), len(stones)),
            }
        )
        transaction.name(fresh=marks)
        transaction.run("insert_tombstones")
        # What was prepared until then still has its pseudonym, and is refused by that.
        transaction.afterwards(lambda: self._tombstones.add(stones, pseudonyms))


def stored_tombstones(database: Database) -> list[Tombstone]:
    """Those of every erasure."""
    rows = database.read(query("tombstones")).to_pylist()
    return [Tombstone(row["mark"], row["sieve"]) for row in rows]


def _bounds(spans: pa.Table) -> dict[str, int]:
    """Between when (ns) these are: [from, to)."""
    ends = pc.min_max(spans.column("time")).as_py()
    return {"from": ends["min"], "to": ends["max"] + 1}


def _name(
    transaction: Transaction, table: str, column: str, values: Sequence[Any], kind: pa.DataType
) -> None:
    transaction.name(**{table: pa.table({column: pa.array(values, kind)})})


def _rows(transaction: Transaction, name: str) -> int:
    [[count]] = transaction.ask(name)
    return int(count)
