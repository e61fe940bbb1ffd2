"""The one HTTP client of the query API, for the dashboard, the replay engine and the commands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from collector.contract.arrow import MEDIA_TYPE, from_ipc, to_ipc
from collector.contract.compliance import Check, Judgement, Verdict
from collector.contract.connection import Connection
from collector.contract.declarations import KeptDeclaration
from collector.contract.persons import AccessReport, Erased, Lookup
from collector.contract.placement import Advice
from collector.contract.processing import Proposal, Store
from collector.contract.records import (
    Answer,
    Compacted,
    PolicyReload,
    Query,
    ReplayRequest,
    ReplayRun,
    Spent,
    Sweep,
    Upkeep,
)
from collector.contract.releases import Comparison
from collector.contract.self_audit import SelfAudit
from collector.contract.suggestion import Suggestion
from collector.contract.what_if.records import Change, WhatIf


class LimenClient(Connection):
    """Questions to a running collector. Errors are those of `collector.contract.errors`."""

    def status(self) -> dict[str, Any]:
        """Version, policy, first and last data, and how much is stored."""
        found: dict[str, Any] = self._json("GET", "/api/status")
        return found

    def upkeep(self) -> Upkeep:
        """What the collector does behind its doors."""
        return Upkeep.model_validate(self._json("GET", "/api/upkeep"))

    def compact(self) -> Compacted:
        """Rewrites the database without what was deleted; returns when it is done."""
        answer = self._json("POST", "/api/compact", timeout=None)
        return Compacted.model_validate(answer)

    def backup(self, *, keys: bool) -> Iterator[tuple[bytes, int]]:
        """A backup, piece by piece, each with the bytes of the whole; `keys`: with the keys."""
        return self._pieces("POST", "/api/backup", json={"keys": keys})

    def catalogue(self) -> list[dict[str, Any]]:
        """Every metric with its description, dimensions, columns and SQL."""
        return self.definitions()[0]

    def definitions(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The same, and what the other answers mean: `description`, `route`, `columns`, `command`
        and `sql`, None where there is none."""
        found = self._json("GET", "/api/metrics")
        return found["metrics"], found["answers"]

    def metrics(self, queries: Sequence[Query]) -> list[Answer]:
        """Several answers in one request, in order. The first that fails is raised."""
        return list(self.answers(queries))

    def answers(self, queries: Sequence[Query]) -> Iterator[Answer]:
        """The same, each as soon as it is there; raises what failed once those before are told."""
        body = {"queries": [q.model_dump(by_alias=True) for q in queries]}
        yield from self._lines(Answer, len(queries), "POST", "/api/metrics", json=body)

    def metric(self, query: Query) -> Answer:
        return self.metrics([query])[0]

    def metric_csv(self, query: Query) -> Iterator[tuple[bytes, int]]:
        """Every row of the same for spreadsheets, piece by piece, each with the bytes of the whole;
        written to the audit log."""
        period = {"from": query.since, "to": query.until, "by": ",".join(query.by) or None}
        narrowed = {
            kind: _narrowed(found)
            for kind, found in (("where", query.where), ("selected", query.selected))
        }
        asked_as = {**_said(period | {"order": query.order}), **narrowed, "format": "csv"}
        return self._pieces("GET", f"/api/metrics/{quote(query.metric)}", params=asked_as)

    def trace(self, trace_id: str) -> dict[str, Any]:
        """One trace: its spans, requests, what left, skews and neighbouring requests."""
        found: dict[str, Any] = self._json("GET", _trace(trace_id))
        return found

    def what_if(self, trace_id: str, change: Change) -> list[WhatIf]:
        """The requests of a trace under other circumstances."""
        asked = change.model_dump(exclude_none=True)
        found = self._json("GET", f"{_trace(trace_id)}/what-if", params=asked)
        return [WhatIf.model_validate(one) for one in found["requests"]]

    def placement(
        self,
        feature: str | None = None,
        since: str | None = None,
        until: str | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Advice]:
        """Where each feature belongs and why; times and `where` as in Query."""
        asked = _said({"feature": feature, "from": since, "to": until})
        params = {**asked, "where": _narrowed(where)}
        found = self._json("GET", "/api/placement", params=params)["features"]
        return [Advice.model_validate(advice) for advice in found]

    def compare(
        self,
        release: str | None = None,
        against: str | None = None,
        since: str | None = None,
        until: str | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> Comparison:
        """`release` held against another, None: the newest against the one before it; times as
        in Query."""
        two = {"release": release, "against": against, "from": since, "to": until}
        asked = {**_said(two), "where": _narrowed(where)}
        answer = self._json("GET", "/api/releases/comparison", params=asked)
        return Comparison.model_validate(answer)

    def suggestion(self, since: str | None = None, until: str | None = None) -> Suggestion:
        """What a policy could say besides, from what was seen; times as in Query."""
        period = {"from": since, "to": until}
        asked = {name: time for name, time in period.items() if time is not None}
        answer = self._json("GET", "/api/policy/suggestion", params=asked)
        return Suggestion.model_validate(answer)

    def lookup(self, identifier: str) -> Lookup:
        """What is stored of the installation with this identifier; written to the audit log."""
        body = {"installation": identifier}
        answer = self._json("POST", "/api/installations/lookup", json=body)
        return Lookup.model_validate(answer)

    def erase(self, identifier: str, *, now: bool) -> Erased:
        """Erases the installation with this identifier; `now`: to the last byte, which takes as
        long as a compaction."""
        body = {"installation": identifier, "now": now}
        answer = self._json("POST", "/api/installations/erase", json=body, timeout=None)
        return Erased.model_validate(answer)

    def access(self, identifier: str, *, contents: bool) -> AccessReport:
        """Everything held about the installation with this identifier; `contents`: its logged
        inputs too, opened."""
        body = {"installation": identifier, "contents": contents}
        answer = self._json("POST", "/api/installations/access", json=body, timeout=None)
        return AccessReport.model_validate(answer)

    def erasures(self) -> list[Erased]:
        """The receipts of erasures, newest first."""
        found = self._json("GET", "/api/erasures")["erasures"]
        return [Erased.model_validate(one) for one in found]

    def audit_entries(self, first: int, limit: int) -> pa.Table:
        """Entries of the audit log from a number on, with their salts and leaf hashes."""
        asked: dict[str, int | str] = {"from": first, "limit": limit, "format": "arrow"}
        return from_ipc(self._call("GET", "/api/audit", params=asked).content)

    def audit_checkpoint(self) -> str:
        """The signed head of the audit log."""
        return self._call("GET", "/api/audit/checkpoint").text

    def audit_consistency(self, old: int, size: int) -> str:
        """What shows that the audit log of `size` entries goes on from that of `old`: JSON."""
        return self._call("GET", "/api/audit/consistency", params={"from": old, "to": size}).text

    def audit_key(self) -> str:
        """The public key that the heads of the audit log are signed with."""
        return self._call("GET", "/api/audit/key").text

    def self_audit(self, since: str | None = None, until: str | None = None) -> SelfAudit:
        """What Limen says of itself; times as in Query, by default 30 days."""
        asked = _said({"from": since, "to": until})
        return SelfAudit.model_validate(self._json("GET", "/api/self-audit", params=asked))

    def check(
        self,
        since: str | None = None,
        until: str | None = None,
        *,
        app: str | None = None,
        environment: str | None = None,
        release: str | None = None,
    ) -> Check:
        """Declared against observed, None: whichever; times as in Query, by default 30 days."""
        asked = {"from": since, "to": until, "app": app, "environment": environment}
        answer = self._json("GET", "/api/findings", params=_said(asked | {"release": release}))
        return Check.model_validate(answer)

    def check_csv(
        self, since: str | None = None, *, app: str | None = None, environment: str | None = None
    ) -> bytes:
        """The findings of the same as a table for spreadsheets; written to the audit log."""
        asked = {"from": since, "app": app, "environment": environment, "format": "csv"}
        return self._call("GET", "/api/findings", params=_said(asked)).content

    def judge(
        self, finding: str, said: Judgement, since: str | None = None, until: str | None = None
    ) -> Verdict:
        """Says something of a finding that a check of this period shows."""
        answer = self._json(
            "PUT",
            f"/api/findings/{quote(finding, safe='')}/verdict",
            params=_said({"from": since, "to": until}),
            json=said.model_dump(),
        )
        return Verdict.model_validate(answer)

    def declarations(self) -> list[KeptDeclaration]:
        """What was declared elsewhere than in the policy, newest first."""
        found = self._json("GET", "/api/declarations")["declarations"]
        return [KeptDeclaration.model_validate(one) for one in found]

    def declare(
        self,
        name: str,
        content: bytes,
        *,
        app: str,
        release: str | None = None,
        bundle: str | None = None,
    ) -> KeptDeclaration:
        """Keeps the file called `name` as a declaration of `app`; release None: of every one."""
        asked = {"name": name, "app": app, "release": release, "bundle": bundle}
        answer = self._json("POST", "/api/declarations", params=_said(asked), content=content)
        return KeptDeclaration.model_validate(answer)

    def withdraw(self, declaration: str) -> None:
        """Takes a declaration back."""
        self._call("DELETE", f"/api/declarations/{quote(declaration, safe='')}")

    def evidence(
        self,
        since: str | None = None,
        until: str | None = None,
        *,
        app: str | None = None,
        environment: str | None = None,
        release: str | None = None,
    ) -> bytes:
        """An evidence pack of what `check` is asked by the same words; written to the audit log."""
        asked = {"from": since, "to": until, "app": app, "environment": environment}
        body = _said(asked | {"release": release})
        return self._call("POST", "/api/evidence", json=body, timeout=None).content

    def record(
        self,
        kind: str,
        form: str,
        since: str | None = None,
        until: str | None = None,
        *,
        app: str | None = None,
        environment: str | None = None,
        release: str | None = None,
    ) -> bytes:
        """A record of `kind` in one of its forms (`processing.FORMATS`), of what was seen; written
        to the audit log unless it is JSON."""
        asked = {"format": form, "from": since, "to": until, "app": app, "release": release}
        said = _said(asked | {"environment": environment})
        return self._call("GET", f"/api/records/{quote(kind)}", params=said).content

    def proposal(
        self, store: Store, since: str | None = None, until: str | None = None, **scope: str | None
    ) -> Proposal:
        """What a declaration to a store would have to say; `scope` as for a record."""
        return Proposal.model_validate_json(self.record(store, "json", since, until, **scope))

    def reload_policy(self) -> PolicyReload:
        """The collector reads its policy again. Raises BadInput where the one before stays."""
        return PolicyReload.model_validate(self._json("POST", "/api/policy/reload"))

    def create_replay(self, request: ReplayRequest) -> ReplayRun:
        """A new run, or the unfinished one that was asked for with the same words."""
        answer = self._json("POST", "/api/replays", json=request.model_dump(by_alias=True))
        return ReplayRun.model_validate(answer)

    def replays(self) -> list[ReplayRun]:
        """All runs, newest first."""
        runs = self._json("GET", "/api/replays")["runs"]
        return [ReplayRun.model_validate(run) for run in runs]

    def replay(self, run: str) -> ReplayRun:
        return ReplayRun.model_validate(self._json("GET", _run(run)))

    def open_inputs(self, run: str, chunk: int, reason: str) -> pa.Table:
        """The cases of one chunk with their opened inputs; written to the audit log."""
        body = {"run": run, "chunk": chunk, "reason": reason}
        return from_ipc(self._call("POST", "/api/inputs/open", json=body).content)

    def open_cases(self, run: str, cases: Sequence[int], reason: str) -> pa.Table:
        """The same of some cases of a run, by their numbers."""
        body = {"run": run, "cases": list(cases), "reason": reason}
        return from_ipc(self._call("POST", "/api/inputs/open", json=body).content)

    def save_chunk(self, run: str, chunk: int, scores: pa.Table, spent: Spent) -> None:
        """Saves one chunk's scores; saving it again changes nothing."""
        self._call(
            "PUT",
            f"{_run(run)}/chunks/{chunk}",
            params=spent.model_dump(),
            content=to_ipc(scores),
            headers={"content-type": MEDIA_TYPE},
        )

    def scores(self, run: str) -> pa.Table:
        """A run's saved scores with the facts of their requests, without any input."""
        return from_ipc(self._call("GET", f"{_run(run)}/scores").content)

    def save_sweep(self, sweep: Sweep) -> None:
        """Keeps a sweep for the page; the latest of each (run, reference) stands."""
        path = f"{_run(sweep.run)}/sweeps/{sweep.reference}"
        self._call("PUT", path, json=sweep.model_dump())

    def sweeps(self, run: str) -> list[Sweep]:
        found = self._json("GET", f"{_run(run)}/sweeps")["sweeps"]
        return [Sweep.model_validate(sweep) for sweep in found]


def _trace(trace_id: str) -> str:
    return f"/api/traces/{quote(trace_id, safe='')}"


def _run(run: str) -> str:
    return f"/api/replays/{quote(run, safe='')}"


def _narrowed(where: Mapping[str, Sequence[str]] | None) -> list[str]:
    return [f"{name}={value}" for name, found in (where or {}).items() for value in found]


def _said(asked: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in asked.items() if value is not None}
