"""Replay runs: which logged inputs, what the models said, what the sweeps found."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.arrow import SCORES
from collector.contract.errors import BadInput, NotFound
from collector.contract.records import ReplayRequest, ReplayRun, Spent, Sweep
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader, rfc3339
from collector.store.sealed import opened_inputs
from collector.store.vault import Vault

# A chunk is opened, scored and saved as a whole, so what it may hold bounds the memory it takes.
CHUNK_INPUTS = 4096
CHUNK_BYTES = 16 * 2**20


class Replays:
    """Everything the query API offers on replays."""

    def __init__(self, database: Database, reader: Reader, vault: Vault) -> None:
        self._database, self._reader, self._vault = database, reader, vault

    def create(self, request: ReplayRequest) -> ReplayRun:
        """A run over what is stored by now: the one asked for in the same words where it is not
        finished, or has nothing to finish and nothing came since; else a new one."""
        asked = request.model_dump_json(by_alias=True, exclude={"source"})
        last = self._one("last_commit" if request.source == "spans" else "last_input")
        for found in self._database.read(query("find_replay"), {"asked": asked}).to_pylist():
            row = self._row(found["run"])
            run = self._record(row)
            if set(run.chunks) - set(run.done) or (not run.chunks and row["last_number"] == last):
                return run
        row = request.model_dump()
        row["since"], until, now = self._reader.period(request.since, request.until)
        row["until"] = now if request.until in (None, "now") else until
        row |= {"last_number": last, "chunk_inputs": CHUNK_INPUTS}
        if request.source == "inputs":
            row["chunk_inputs"] = self._chunk_inputs(_inputs_of(row))
        elif not request.model_digest:
            asking = _inputs_of(row) | {"model": request.model}
            row["model_digest"] = self._one("span_digest", asking)
        name = secrets.token_hex(6)
        with self._database.write() as transaction:
            transaction.run("create_replay", run=name, created=now, asked=asked, **row)
        return self.get(name)

    def all(self) -> list[ReplayRun]:
        """Every run, newest first."""
        rows = self._database.read(query("replays")).to_pylist()
        return [self._record(row) for row in rows]

    def get(self, run: str) -> ReplayRun:
        return self._record(self._row(run))

    def open_inputs(self, run: str, chunk: int, reason: str, token: str | None = None) -> pa.Table:
        """The cases of a chunk with their inputs opened, which the audit log notes.

        `token`: the id of the one that asks for it; None where no tokens are in use.
        """
        size = self._row(run)["chunk_inputs"]
        cases = self._cases(run, chunk * size, (chunk + 1) * size - 1)
        return self._opened(cases, run, reason, token, chunk)

    def open_cases(
        self, run: str, numbers: Sequence[int], reason: str, token: str | None = None
    ) -> pa.Table:
        """The same of some cases of a run; those that are no longer stored are left out."""
        cases = self._cases(run, min(numbers), max(numbers), only=list(numbers))
        return self._opened(cases, run, reason, token, None)

    def _opened(
        self, cases: pa.Table, run: str, reason: str, token: str | None, chunk: int | None
    ) -> pa.Table:
        if not reason.strip():
            raise BadInput("say why the inputs are opened: reason")
        feature = self._row(run)["feature"]
        with self._database.write() as transaction:
            transaction.note(
                "inputs opened",
                by=token,
                why=reason,
                count=len(cases),
                run=run,
                feature=feature,
                chunk=chunk,
            )
        opened = opened_inputs(self._database, self._vault, cases)
        contents = pa.array([one.content for one in opened], pa.binary())
        failures = pa.array([one.failure for one in opened], pa.string())
        return cases.append_column("input", contents).append_column("failure", failures)

    def save_chunk(self, run: str, chunk: int, scores: pa.Table, spent: Spent) -> None:
        """Saves a chunk's scores once; again changes nothing.

        Those of inputs that are gone since they were opened are left out.
        """
        row = self._row(run)
        if not 0 <= chunk <= row["last_number"] // row["chunk_inputs"]:
            raise NotFound(f"run {run} has no chunk {chunk}")
        try:
            scores = scores.select(SCORES.names).cast(SCORES)
        except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
            raise BadInput(f"scores have the columns {', '.join(SCORES.names)}") from exc
        with self._database.write() as transaction:
            if transaction.ask("has_chunk", run=run, chunk=chunk)[0][0]:
                return
            transaction.name(fresh=scores)
            known = [number for (number,) in transaction.ask("scored_inputs")]
            scores = scores.filter(pc.is_in(scores.column("case"), pa.array(known, pa.int64())))
            failed = len(scores) - scores.column("failure").null_count
            transaction.name(fresh=scores)
            transaction.run("insert_scores", run=run)
            transaction.run(
                "insert_chunk",
                run=run,
                chunk=chunk,
                inputs=len(scores),
                failed=failed,
                seconds=spent.total,
                **spent.model_dump(),
            )

    def scores(self, run: str) -> pa.Table:
        """The saved scores, or those on spans, with the facts of their requests."""
        row = self._row(run)
        if row["source"] == "spans":
            return self._span_cases(row)
        saved = self._database.read(query("scores"), {"run": run})
        cases = self._cases(run, 0, 2**62).drop_columns("trace_id")
        lists = saved.column("scores")
        # Acero's join carries no lists; they are taken along by position.
        numbered = saved.drop_columns("scores").append_column(
            "at", pa.array(range(len(saved)), pa.int64())
        )
        joined = numbered.join(cases, "case", join_type="inner").sort_by("case")
        return joined.append_column("scores", lists.take(joined.column("at"))).drop_columns("at")

    def save_sweep(self, sweep: Sweep) -> None:
        """Keeps `sweep` as the latest of its run and reference.

        Raises BadInput where some of its cases were erased since.
        """
        row = self._row(sweep.run)
        with self._database.write() as transaction:
            if row["source"] == "spans":
                [[cases]] = transaction.ask("count_scored_spans", **_spans_of(row))
            else:
                [[cases]] = transaction.ask("count_scored", run=sweep.run)
            if sweep.cases > cases:
                raise BadInput(
                    f"the sweep has {sweep.cases} cases and its run {cases} by now: sweep again"
                )
            transaction.run(
                "insert_sweep",
                run=sweep.run,
                reference=sweep.reference,
                created=time.time_ns(),
                document=sweep.model_dump_json(),
            )

    def sweeps(self, run: str) -> list[Sweep]:
        """The latest sweep of each reference."""
        rows = self._database.read(query("sweeps"), {"run": self._row(run)["run"]})
        return [Sweep.model_validate_json(d) for d in rows.column("document").to_pylist()]

    def _one(self, name: str, values: dict[str, Any] | None = None) -> Any:
        """The single value that a query answers."""
        return self._database.read(query(name), values).column(0)[0].as_py()

    def _row(self, run: str) -> dict[str, Any]:
        for row in self._database.read(query("replays")).to_pylist():
            if row["run"] == run:
                return dict(row)
        raise NotFound("there is no such replay run; see limen replay list (GET /api/replays)")

    def _cases(
        self, run: str, first: int, last: int, only: Sequence[int] | None = None
    ) -> pa.Table:
        asked = _inputs_of(self._row(run)) | {"first": first, "last": last, "only": only}
        return self._database.read(query("cases"), asked)

    def _span_cases(self, row: dict[str, Any]) -> pa.Table:
        return self._database.read(query("span_cases"), _spans_of(row))

    def _chunk_inputs(self, of: dict[str, Any]) -> int:
        """How many numbers a chunk has, so that none holds more than CHUNK_BYTES of inputs."""
        sizes = self._database.read(query("input_sizes"), of)
        number, size = (sizes.column(n).to_numpy() for n in ("number", "size"))
        inputs = CHUNK_INPUTS
        while inputs > 1 and np.bincount(number // inputs, size).max(initial=0) > CHUNK_BYTES:
            inputs //= 2
        return inputs

    def _record(self, row: dict[str, Any]) -> ReplayRun:
        named = ("created", "since", "until", "sweeps_erased")
        times = {k: None if row[k] is None else rfc3339(row[k]) for k in named}
        if row["source"] == "spans":
            return ReplayRun.model_validate(row | times | {"chunks": ()})
        chunks = self._database.read(
            query("replay_chunk_numbers"), _inputs_of(row) | {"size": row["chunk_inputs"]}
        )
        found = {
            "chunks": tuple(chunks.column("chunk").to_pylist()),
            "cases": sum(chunks.column("inputs").to_pylist()),
            "spent": {name: row[name] for name in Spent.model_fields},
        }
        return ReplayRun.model_validate(row | times | found)


def _inputs_of(row: dict[str, Any]) -> dict[str, Any]:
    """Which inputs a run is over, as queries take it."""
    return {name: row[name] for name in ("feature", "last_number", "since", "until")}


def _spans_of(row: dict[str, Any]) -> dict[str, Any]:
    """Which spans."""
    return _inputs_of(row) | {name: row[name] for name in ("model", "model_digest")}
