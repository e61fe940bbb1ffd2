"""What the pages ask: every answer kept a few seconds, so that a filter's click asks once."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from collector.contract.audit import Checked, Checkpoint, check_log
from collector.contract.client import LimenClient
from collector.contract.compliance import Check, Judgement
from collector.contract.config import load_settings
from collector.contract.declarations import KeptDeclaration
from collector.contract.errors import LimenError
from collector.contract.placement import Advice
from collector.contract.records import Answer, Query, ReplayRun, Sweep
from collector.contract.releases import Comparison
from collector.contract.self_audit import SelfAudit
from collector.contract.what_if.records import Change, WhatIf
from dashboard.selection import Selection

SECONDS = 5
VERIFIED_AT_ONCE = 5_000
_FLOW = ("feature", "release", "destination", "category")
_ADDED = ("transfers", "unknown_bytes_transfers")
Found = TypeVar("Found")


class StrangeAnswer(LimenError):
    """What answers is no collector of this version."""


@st.cache_resource(show_spinner=False)
def _client(api: str) -> LimenClient:
    return LimenClient.of(load_settings({"api_url": api}), timeout=30.0)


def _ask(api: str, question: Callable[[LimenClient], Found]) -> Found:
    try:
        return question(_client(api))
    except (ValueError, KeyError, TypeError) as exc:
        raise StrangeAnswer(
            f"what answers at {api} is not a collector of this version; "
            "run dashboard and collector from one installation, or name another with --api"
        ) from exc


class Questions:
    """The questions of one session to the collector at `api`. Raises LimenError."""

    def __init__(self, api: str) -> None:
        self.api = api

    def status(self) -> dict[str, Any]:
        return _status(self.api)

    def catalogue(self) -> dict[str, dict[str, Any]]:
        """The metrics by name."""
        return _catalogue(self.api)

    def metrics(self, queries: Sequence[Query]) -> list[Answer]:
        """The answers in the order of `queries`, in one request."""
        return _metrics(self.api, tuple(q.model_dump_json(by_alias=True) for q in queries))

    def trace(self, trace_id: str) -> dict[str, Any]:
        return _trace(self.api, trace_id)

    def what_if(self, trace_id: str, change: Change) -> list[WhatIf]:
        """The trace's requests under other circumstances."""
        return _what_if(self.api, trace_id, change.model_dump_json())

    def placement(self, since: str) -> list[Advice]:
        """Where each feature belongs and why, from what happened since then."""
        return _placement(self.api, since)

    def compare(self, release: str, against: str, selection: Selection) -> Comparison:
        """`release` held against another, in the selection."""
        where = {n: v for n, v in selection.values.items() if n != "release"}
        return _compare(self.api, release, against, selection.since, json.dumps(where))

    def replays(self) -> list[ReplayRun]:
        return _replays(self.api)

    def sweeps(self, run: str) -> list[Sweep]:
        return _sweeps(self.api, run)

    def check(self, since: str, app: str | None, environment: str | None) -> Check:
        """Declared against observed since then, of every release."""
        return _check(self.api, since, app, environment)

    def judge(self, finding: str, said: Judgement, since: str) -> None:
        """Says something of a finding that a check since then shows."""
        _ask(self.api, lambda client: client.judge(finding, said, since))
        forget()

    def check_csv(self, since: str, app: str | None, environment: str | None) -> bytes:
        """The findings of a check for spreadsheets."""
        return _ask(self.api, lambda c: c.check_csv(since, app=app, environment=environment))

    def declarations(self) -> list[KeptDeclaration]:
        """What was declared elsewhere than in the policy, newest first."""
        return _declarations(self.api)

    def declare(
        self, name: str, content: bytes, app: str, release: str | None, bundle: str | None
    ) -> KeptDeclaration:
        """Keeps a file as a declaration of `app`."""
        kept = _ask(
            self.api,
            lambda c: c.declare(name, content, app=app, release=release, bundle=bundle),
        )
        forget()
        return kept

    def withdraw(self, declaration: str) -> None:
        """Takes a declaration back."""
        _ask(self.api, lambda client: client.withdraw(declaration))
        forget()

    def audit_head(self) -> str:
        """The signed head of the audit log."""
        return _audit_head(self.api)

    def audit_key(self) -> str:
        """The public key that heads are signed with."""
        return _audit_key(self.api)

    def audit_entries(self, first: int, limit: int) -> list[dict[str, Any]]:
        """Entries of the audit log from a number on, the oldest first; times in ns."""
        return _audit_entries(self.api, first, limit)

    def check_log(
        self, key: str | None, kept: Sequence[Checkpoint], told: Callable[[int, int], None]
    ) -> Checked:
        """The audit log held against its head and those that were kept elsewhere."""
        return _ask(
            self.api,
            lambda c: check_log(c, key=key, kept=kept, told=told, at_once=VERIFIED_AT_ONCE),
        )

    def self_audit(self, since: str) -> SelfAudit:
        """What Limen says of itself."""
        return _self_audit(self.api, since)

    def metric_csv(self, query: Query) -> str:
        """A metric for spreadsheets."""
        return _ask(self.api, lambda client: client.metric_csv(query))


def undeclared(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The undeclared rows of `egress`, by feature and release, as one row a flow.

    A flow is a (feature, release, destination, category). The metric also parts it by cause,
    purpose, consent, region and measure; cause is that of the request, which explains nothing of a
    flow that nobody declared. So here, and nowhere else in the dashboard, numbers are added: the
    transfers and bytes of the parts, which hold each transfer once. `bytes` is None where no part
    has any. Installations may be in several parts and are left out.
    """
    flows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        if row["declared"] is not False:
            continue
        part = {name: row[name] for name in (*_FLOW, *_ADDED, "bytes")}
        whole = flows.setdefault(tuple(row[name] for name in _FLOW), part)
        if whole is part:
            continue
        for name in _ADDED:
            whole[name] += part[name]
        if part["bytes"] is not None:
            whole["bytes"] = (whole["bytes"] or 0) + part["bytes"]
    return list(flows.values())


def forget() -> None:
    """The next question is asked anew."""
    for kept in (
        _status, _metrics, _trace, _what_if, _placement, _compare, _replays, _sweeps, _check,
        _declarations, _audit_head, _audit_key, _audit_entries,
        _self_audit,
    ):  # fmt: skip
        kept.clear()


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False)
def _status(api: str) -> dict[str, Any]:
    return _ask(api, _read_status)


def _read_status(client: LimenClient) -> dict[str, Any]:
    found = client.status()
    needed = ("version", "policy", "first_data", "last_data")
    return {"note": found.get("note"), **{name: found[name] for name in needed}}


@st.cache_data(ttl=60, max_entries=8, show_spinner=False)
def _catalogue(api: str) -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in _ask(api, LimenClient.catalogue)}


@st.cache_data(ttl=SECONDS, max_entries=128, show_spinner=False)
def _metrics(api: str, queries: tuple[str, ...]) -> list[Answer]:
    asked = [Query.model_validate_json(query) for query in queries]
    return _ask(api, lambda client: client.metrics(asked))


@st.cache_data(ttl=SECONDS, max_entries=32, show_spinner=False)
def _trace(api: str, trace_id: str) -> dict[str, Any]:
    return _ask(api, lambda client: client.trace(trace_id))


@st.cache_data(ttl=SECONDS, max_entries=128, show_spinner=False)
def _what_if(api: str, trace_id: str, change: str) -> list[WhatIf]:
    asked = Change.model_validate_json(change)
    return _ask(api, lambda client: client.what_if(trace_id, asked))


@st.cache_data(ttl=60, max_entries=8, show_spinner=False)
def _placement(api: str, since: str) -> list[Advice]:
    return _ask(api, lambda client: client.placement(since=since))


@st.cache_data(ttl=60, max_entries=32, show_spinner=False)
def _compare(api: str, release: str, against: str, since: str, where: str) -> Comparison:
    narrowed = json.loads(where)
    return _ask(api, lambda client: client.compare(release, against, since, where=narrowed))


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False)
def _replays(api: str) -> list[ReplayRun]:
    return _ask(api, LimenClient.replays)


@st.cache_data(ttl=SECONDS, max_entries=32, show_spinner=False)
def _sweeps(api: str, run: str) -> list[Sweep]:
    return _ask(api, lambda client: client.sweeps(run))


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner="Declared is held against observed")
def _check(api: str, since: str, app: str | None, environment: str | None) -> Check:
    return _ask(api, lambda c: c.check(since, app=app, environment=environment))


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False)
def _declarations(api: str) -> list[KeptDeclaration]:
    return _ask(api, LimenClient.declarations)


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False)
def _audit_head(api: str) -> str:
    return _ask(api, LimenClient.audit_checkpoint)


@st.cache_data(ttl=60, max_entries=8, show_spinner=False)
def _audit_key(api: str) -> str:
    return _ask(api, LimenClient.audit_key)


@st.cache_data(ttl=SECONDS, max_entries=32, show_spinner=False)
def _audit_entries(api: str, first: int, limit: int) -> list[dict[str, Any]]:
    table = _ask(api, lambda client: client.audit_entries(first, limit))
    rows: list[dict[str, Any]] = table.drop_columns(["salt", "leaf"]).to_pylist()
    return rows


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False)
def _self_audit(api: str, since: str) -> SelfAudit:
    return _ask(api, lambda client: client.self_audit(since))
