"""Everything that is held about one installation (GDPR, Art. 15)."""

import base64
from collections.abc import Mapping, Sequence, Set
from typing import Any

import pyarrow as pa

from collector.contract.attributes import INSTALLATION
from collector.contract.persons import AccessReport
from collector.contract.policy import Policy
from collector.contract.policy_checks import known_of
from collector.persons.pseudonyms import Pseudonyms
from collector.store.database import PERSON_SECONDS, Database
from collector.store.queries import query
from collector.store.reader import rfc3339, shown_span
from collector.store.sealed import opened_inputs
from collector.store.unsealed import Besides, Read
from collector.store.vault import Vault


class Access:
    """Of `database`, where installations are known by `pseudonyms` and their inputs are sealed in
    `vault`."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms, vault: Vault) -> None:
        self._database, self._pseudonyms, self._vault = database, pseudonyms, vault

    def report(
        self,
        identifier: str,
        policy: Policy,
        token: str | None,
        *,
        contents: bool,
        forwarded_to: str | None = None,
    ) -> AccessReport:
        """What is held of the installation whose `app.installation.id` this is, under `policy`.

        `contents`: its logged inputs too, opened. `forwarded_to` is where spans are passed on to by
        now. The audit log notes that it was asked, and by
        which `token`, not of whom.
        """
        made = {"pseudonyms": [one for _, one in self._pseudonyms.all(INSTALLATION, identifier)]}
        inputs = self._database.read(query("access_inputs"), made)
        with self._database.write() as transaction:
            opened = len(inputs) if contents else 0
            transaction.note("access reported", by=token, count=1, inputs_opened=opened)
        traced = {bytes.fromhex(trace) for trace in inputs.column("trace_id").to_pylist()}
        with self._database.snapshot(PERSON_SECONDS) as read:
            for name in ("keep_person", "keep_left"):
                _ask(read, name, made | {"traces": list(traced)})
            spans = _spans(read, made, traced)
            requests = _ask(read, "access_requests", made)
            [forwarded] = _ask(read, "access_forwarded", made)
            departures = _departures(read, spans, policy)
        first = min((span["time"] for span in spans), default=0)
        numbers = inputs.column("case").to_pylist()
        exports = self._rows("access_exports", made)
        consents = self._rows("access_consents", made)
        received = [
            row["received_time"] for row in (*spans, *exports, *consents, *inputs.to_pylist())
        ]
        since = self._pseudonyms.attributable_since
        return AccessReport(
            policy=policy.version,
            retention_days=policy.retention_days,
            input_days=policy.input_days,
            controller=_controller(policy),
            features={n: f.description for n, f in policy.features.items() if f.description},
            requests=[_timed(row) for row in requests],
            departures=departures,
            consents=[_timed(row) for row in consents],
            inputs=self._inputs(inputs, contents=contents),
            scores=self._rows("access_scores", {"numbers": numbers}),
            exports=[_timed(row) for row in exports],
            forwarded_spans=forwarded["spans"],
            forwarded_to=forwarded_to,
            **self._copies(min(received)) if received else {},
            attributable_since=None if since is None else rfc3339(since),
            spans=[{"trace_id": one["trace_id"].hex()} | shown_span(one, first) for one in spans],
        )

    def _copies(self, since: int) -> dict[str, tuple[str, ...]]:
        """Backups, and files that were handed out, of what was received since a time (ns)."""
        backups = self._rows("backups_since", {"since": since})
        handed_out = self._rows("exports_since", {"since": since})
        return {
            "backups": tuple(rfc3339(row["time"]) for row in backups),
            "handed_out": tuple(f"{row['what']} of {rfc3339(row['time'])}" for row in handed_out),
        }

    def _inputs(self, inputs: pa.Table, *, contents: bool) -> list[dict[str, Any]]:
        shown = inputs.drop_columns(["installation", "span_id"]).to_pylist()
        rows = [{"number": row.pop("case")} | _timed(row) for row in shown]
        if contents:
            opened = opened_inputs(self._database, self._vault, inputs)
            for row, one in zip(rows, opened, strict=True):
                content = one.content
                row["content"] = None if content is None else base64.b64encode(content).decode()
                row["failure"] = one.failure
        return rows

    def _rows(self, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        return _ask(self._database.read, name, values)


def _ask(read: Read, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of the query called `name`, with those of `values` that it names."""
    sql = query(name)
    found: list[dict[str, Any]] = read(
        sql, {k: v for k, v in values.items() if f"${k}" in sql}
    ).to_pylist()
    return found


def _spans(read: Read, made: Mapping[str, Any], traced: Set[bytes]) -> list[dict[str, Any]]:
    """What it sent, and what no installation sent in its traces, which are those of its inputs
    too (`traced`)."""
    own = _ask(read, "access_spans", made)
    asked = {span["trace_id"] for span in own} | traced
    others = _ask(read, "access_others", {"traces": list(asked)})
    return sorted([*own, *others], key=lambda span: (span["time"], span["start_time"]))


def _departures(
    read: Read, spans: Sequence[dict[str, Any]], policy: Policy
) -> list[dict[str, Any]]:
    """What left in its traces, of `spans`."""
    own = {(s["trace_id"], s["span_id"].hex()): s for s in spans if s["kind"] == "CLIENT"}
    if not own:
        return []
    seen = [client["time"] for client in own.values()]
    traces = list({trace for trace, _ in own})
    first, end = min(seen), max(seen) + 1
    besides = Besides(read, (first, end), traces=traces)
    asked = {"from": first, "to": end, "traces": traces}
    found = []
    for row in _ask(besides.ask, "trace_departures", asked):
        trace = row.pop("trace_id")
        # In a trace that others share their departures are theirs.
        if (client := own.get((trace, row["span_id"]))) is not None:
            country = known_of(policy.hosts, row["destination"]).country
            row |= {"trace_id": trace.hex(), "country": country}
            found.append({"time": rfc3339(client["time"])} | row)
    return sorted(found, key=lambda row: row["time"])


def _controller(policy: Policy) -> dict[str, str]:
    """Who answers for it, and how they are reached, as far as the policy says."""
    said = policy.controller
    who = {"controller": said.name, "contact": said.contact, "data protection officer": said.dpo}
    return {name: value for name, value in who.items() if value}


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    times = ("time", "received_time")
    return {name: rfc3339(value) if name in times else value for name, value in row.items()}
