"""Erases one installation (GDPR, Art. 17): every trace that holds a span of it, its inputs, what
models said of them, and what was noted of its requests.

Nothing of it can be asked for once the transaction is through. Its bytes are gone from the file
with the next compaction.
"""

import json
import logging
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from collector.contract.attributes import ATTRIBUTES, INSTALLATION
from collector.contract.errors import NotFound, Overloaded
from collector.contract.persons import Erased
from collector.persons.pseudonyms import Pseudonyms
from collector.persons.tombstones import Tombstone, Tombstones
from collector.store.database import PERSON_SECONDS, Database
from collector.store.queries import query
from collector.store.reader import rfc3339
from collector.store.rollups import CLOCKS, COUNTED, SUMMED, remove_gone
from collector.store.settling import MADE, unsettle
from collector.store.transaction import Transaction
from collector.store.vault import Vault

# In an order in which each statement still finds what it asks for.
_DELETED = {
    "sweeps": "erase_sweeps",
    "replay_scores": "erase_replay_scores",
    "input_pieces": "erase_input_pieces",
    "inputs": "erase_inputs",
    "consents": "erase_consents",
    "span_facts": "erase_span_facts",
}
# The tables that hold something of one installation; a test asks it of every table.
ERASED = frozenset(
    (
        *_DELETED,
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
class _Found:
    """All `spans` of some `traces`, what is rolled up of what left in them and the `counts` that
    rollups of requests lose with them; by the transaction `newest`, as the database was `moved`
    last."""

    newest: int
    moved: tuple[int, int]
    traces: list[bytes] = field(repr=False)
    spans: pa.Table = field(repr=False)
    departures: pa.Table = field(repr=False)
    counts: Mapping[str, pa.Table] = field(repr=False)


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
        way too. Raises Overloaded: nothing is erased then.
        """
        made = [pseudonym for _, pseudonym in self._pseudonyms.all(INSTALLATION, identifier)]
        found = self._find(made)
        with self._database.write() as transaction:
            document = facts | self._delete(transaction, identifier, made, found)
            document["keys_destroyed"] = self._vault.count(made)
            if (since := self._pseudonyms.attributable_since) is not None:
                document["attributable_since"] = rfc3339(since)
            now = time.time_ns()
            receipt = secrets.token_hex(8)
            transaction.run(
                "insert_erasure",
                receipt=receipt,
                unreachable=now,
                document=json.dumps(document),
            )
            transaction.note(
                "installation erased",
                by=token,
                time=now,
                count=sum(document["deleted"].values()),
                receipt=receipt,
            )
        try:
            self._vault.destroy(made)
        except OSError as exc:
            raise Overloaded(
                f"the installation is erased, but not the keys of its inputs, which are deleted: "
                f"{exc.strerror}; the next run of retention destroys them"
            ) from exc
        gone = ", ".join(f"{count:,} {table}" for table, count in document["deleted"].items())
        _log.info("erasure: receipt %s, rows deleted: %s", receipt, gone)
        return self.receipt(receipt)

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

    def _find(self, pseudonyms: Sequence[bytes]) -> "_Found":
        """What is stored of it, before anybody has to wait for it."""
        moved = self._database.moved
        with self._database.snapshot(PERSON_SECONDS) as read:
            newest = read(query("newest_stored"), {}).column("number")[0].as_py()
            of_it = {"pseudonyms": pseudonyms}
            traces = read(query("erased_traces"), of_it).column("trace_id").to_pylist()
            read(query("keep_traced_spans"), of_it | {"traces": traces})
            read(query("keep_erased_places"), {})
            read(query("keep_erased_requests"), {})
            return _Found(
                newest=newest,
                moved=moved,
                traces=traces,
                spans=read(query("traced_spans"), {}),
                departures=read(query("erased_departures"), {}),
                counts={
                    table: read(query("subtract_erased").replace("{table}", table), {})
                    for table in COUNTED
                },
            )

    def _stands(
        self, transaction: Transaction, pseudonyms: Sequence[bytes], found: "_Found"
    ) -> bool:
        """Whether that is all there is of it, and where it was."""
        of_it = {"after": found.newest, "pseudonyms": pseudonyms, "traces": found.traces}
        [[came]] = transaction.ask("came_since", **of_it)
        return not came and self._database.moved == found.moved

    def _delete(
        self,
        transaction: Transaction,
        identifier: str,
        pseudonyms: Sequence[bytes],
        found: "_Found",
    ) -> dict[str, Any]:
        """Deletes in `transaction` what was `found`, and refuses from then on; what was deleted
        where."""
        if not self._stands(transaction, pseudonyms, found):
            # Nobody writes meanwhile.
            found = self._find(pseudonyms)
        traces = found.traces
        _name(transaction, "erased_installations", "installation", pseudonyms, pa.binary())
        numbers = [number for (number,) in transaction.ask("erased_inputs")]
        _name(transaction, "erased_inputs", "number", numbers, pa.int64())
        transaction.name(erased_spans=found.spans, erased_departures=found.departures)
        transaction.run("keep_known")
        transaction.run("keep_erased_sweeps")
        [[since]] = transaction.ask("erased_since")
        [[forwarded]] = transaction.ask("erased_forwarded")
        backups = [] if since is None else transaction.ask("backups_since", since=since)
        exports = [] if since is None else transaction.ask("exports_since", since=since)
        self._refuse(transaction, identifier, traces, pseudonyms)
        transaction.run("mark_erased_sweeps", at=time.time_ns())
        transaction.run("erase_from_chunks")
        unsettle(transaction, "unsettle_erased")
        for table, counted in found.counts.items():
            transaction.name(fresh=counted)
            transaction.run_for(table, "insert_counts")
        transaction.run("erase_runs")
        transaction.run("erase_served")
        transaction.run("erase_restated")
        transaction.run("dirty_erased")
        transaction.run("keep_erased_departures")
        deleted = {table: _rows(transaction, name) for table, name in _DELETED.items()}
        remove_gone(transaction)
        for name in ("forget_untraced", "forget_erased", "erase_phones"):
            transaction.run(name)
        fields = [*_NAMES, *(field for (field,) in transaction.ask("standing_fields"))]
        releases = [release for (release,) in transaction.ask("standing_releases")]
        transaction.run("erase_from_findings", fields=fields, releases=releases)
        notes = _rows(transaction, "erase_batches") + _rows(transaction, "erase_from_batches")
        for commit, span, start in transaction.ask("find_forwarded"):
            place = {"commit_number": commit, "span_id": span, "start_time": start}
            transaction.run("forget_forwarded")
            transaction.run("insert_forwarded", **place)
        transaction.forget(
            "erased_installations", "erased_inputs", "erased_spans", "erased_departures", "fresh"
        )
        return {
            "deleted": deleted | {"batches": notes},
            "traces": len(traces),
            "forwarded_spans": forwarded,
            "backups": [rfc3339(made) for (made,) in backups],
            "exports": [f"{what} of {rfc3339(made)}" for what, made in exports],
        }

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


def _name(
    transaction: Transaction, table: str, column: str, values: Sequence[Any], kind: pa.DataType
) -> None:
    transaction.name(**{table: pa.table({column: pa.array(values, kind)})})


def _rows(transaction: Transaction, name: str) -> int:
    [[count]] = transaction.ask(name)
    return int(count)
