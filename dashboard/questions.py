"""What the pages ask: every answer kept a few seconds, so that a filter's click asks once."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import streamlit as st
from pydantic import SecretStr

from collector.contract.about import limen_version
from collector.contract.audit import Checked, Checkpoint, check_log
from collector.contract.client import LimenClient
from collector.contract.compliance import Check, Judgement
from collector.contract.config import load_settings
from collector.contract.declarations import KeptDeclaration
from collector.contract.errors import BadInput, LimenError
from collector.contract.persons import Lookup
from collector.contract.placement import Advice
from collector.contract.processing import Article30, Proposal, Store
from collector.contract.records import Answer, Query, ReplayRun, Sweep
from collector.contract.releases import Comparison
from collector.contract.self_audit import SelfAudit
from collector.contract.what_if.records import Change, WhatIf
from dashboard.coming import Coming
from dashboard.selection import Selection, question

SECONDS = 5
VERIFIED_AT_ONCE = 5_000
# Roles that may see single requests and their spans.
SEE_TRACES = ("oncall", "admin")
Found = TypeVar("Found")


_ASKED = "The collector is asked"
_ONE = "update both to the same, or name another collector with --api"


class StrangeAnswer(LimenError):
    """What answers is no collector of this build."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks the collector at `api`: whoever has the token, None: nobody in particular."""

    api: str
    token: SecretStr | None = field(default=None, repr=False)

    def key(self) -> str:
        """What its answers are kept under: nobody is given what another asked for."""
        words = self.token.get_secret_value() if self.token else ""
        return sha256(f"{self.api}\n{words}".encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a record is of; None: whichever. Times are RFC 3339."""

    since: str
    until: str
    app: str | None
    environment: str | None
    release: str | None


_BY_CALLER: dict[str | type[Any], Callable[[Any], Any]] = {Caller: Caller.key}


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs=_BY_CALLER)
def _client(caller: Caller) -> LimenClient:
    words = caller.token.get_secret_value() if caller.token else None
    return LimenClient(caller.api, token=words, ca=load_settings().api_ca, timeout=30.0)


def _ask(caller: Caller, question: Callable[[LimenClient], Found]) -> Found:
    with _understood(caller):
        return question(_client(caller))


@contextmanager
def _understood(caller: Caller) -> Iterator[None]:
    try:
        yield
    except (BadInput, ValueError, KeyError, TypeError) as exc:
        # Bodies are of the contract's records: one that is wrong there is no fault of the reader.
        if isinstance(exc, BadInput) and not exc.field:
            raise
        raise StrangeAnswer(
            f"the collector at {caller.api} and this dashboard do not understand each other: "
            f"they are probably different builds of Limen; {_ONE}"
        ) from exc


class Questions:
    """The questions of one session, as `caller`. Raises LimenError.

    `still` is called before each and raises where the session has ended meanwhile.
    """

    def __init__(self, caller: Caller, still: Callable[[], None] = lambda: None) -> None:
        self.api, self._caller, self._still = caller.api, caller, still

    @property
    def caller(self) -> Caller:
        self._still()
        return self._caller

    def status(self) -> dict[str, Any]:
        return _status(self.caller)

    def may_open_traces(self) -> bool:
        """Whether the caller's role is one that sees single requests and their spans."""
        return self.status()["role"] in SEE_TRACES

    def catalogue(self) -> dict[str, dict[str, Any]]:
        """The metrics by name, and what the other answers mean that the caller may ask for."""
        return _catalogue(self.caller)

    def metrics(self, queries: Sequence[Query]) -> Iterator[Answer]:
        """The answers in the order of `queries`, asked for in one request, each once it is there:
        what is drawn of the first need not wait for the last."""
        asked = tuple(q.model_dump_json(by_alias=True) for q in queries)
        return _each(_metrics(self.caller, asked), len(queries))

    def known(self, period: str, names: Sequence[str]) -> dict[str, set[str]]:
        """The values that requests of the period have in each of these dimensions; of a minute ago
        at most, for filters to offer."""
        return _known(self.caller, period, tuple(names))

    def metric(self, query: Query) -> Answer:
        (answer,) = self.metrics([query])
        return answer

    def may_ask(self, metric: str) -> bool:
        """Whether the caller's role is one that may."""
        allowed: bool = self.catalogue()[metric]["allowed"]
        return allowed

    def trace(self, trace_id: str) -> dict[str, Any]:
        return _trace(self.caller, trace_id)

    def lookup(self, identifier: str) -> Lookup:
        """What is stored of one installation; kept nowhere here, noted in the audit log."""
        return _ask(self.caller, lambda client: client.lookup(identifier))

    def what_if(self, trace_id: str, change: Change) -> list[WhatIf]:
        """The trace's requests under other circumstances."""
        return _what_if(self.caller, trace_id, change.model_dump_json())

    def placement(self, selection: Selection) -> list[Advice]:
        """Where each feature belongs and why, in the selection but for its features."""
        where = selection.query("feature_use").model_dump()["where"]
        where.pop("feature", None)
        return _placement(self.caller, selection.since, json.dumps(where))

    def compare(self, release: str, against: str, selection: Selection) -> Comparison:
        """`release` held against another, in the selection."""
        where = {n: v for n, v in selection.values.items() if n != "release"}
        return _compare(self.caller, release, against, selection.since, json.dumps(where))

    def replays(self) -> list[ReplayRun]:
        return _replays(self.caller)

    def sweeps(self, run: str) -> list[Sweep]:
        return _sweeps(self.caller, run)

    def check(self, since: str, app: str | None, environment: str | None) -> Check:
        """Declared against observed since then, of every release."""
        return _check(self.caller, since, app, environment)

    def judge(self, finding: str, said: Judgement, since: str) -> None:
        """Says something of a finding that a check since then shows."""
        _ask(self.caller, lambda client: client.judge(finding, said, since))
        forget()

    def check_csv(self, since: str, app: str | None, environment: str | None) -> bytes:
        """The findings of a check for spreadsheets."""
        return _ask(self.caller, lambda c: c.check_csv(since, app=app, environment=environment))

    def declarations(self) -> list[KeptDeclaration]:
        """What was declared elsewhere than in the policy, newest first."""
        return _declarations(self.caller)

    def declare(
        self, name: str, content: bytes, app: str, release: str | None, bundle: str | None
    ) -> KeptDeclaration:
        """Keeps a file as a declaration of `app`."""
        kept = _ask(
            self.caller,
            lambda c: c.declare(name, content, app=app, release=release, bundle=bundle),
        )
        forget()
        return kept

    def withdraw(self, declaration: str) -> None:
        """Takes a declaration back."""
        _ask(self.caller, lambda client: client.withdraw(declaration))
        forget()

    def audit_head(self) -> str:
        """The signed head of the audit log."""
        return _audit_head(self.caller)

    def audit_key(self) -> str:
        """The public key that heads are signed with."""
        return _audit_key(self.caller)

    def audit_entries(self, first: int, limit: int) -> list[dict[str, Any]]:
        """Entries of the audit log from a number on, the oldest first; times in ns."""
        return _audit_entries(self.caller, first, limit)

    def check_log(
        self, key: str | None, kept: Sequence[Checkpoint], told: Callable[[int, int], None]
    ) -> Checked:
        """The audit log held against its head and those that were kept elsewhere."""
        return _ask(
            self.caller,
            lambda c: check_log(c, key=key, kept=kept, told=told, at_once=VERIFIED_AT_ONCE),
        )

    def self_audit(self, since: str) -> SelfAudit:
        """What Limen says of itself."""
        return _self_audit(self.caller, since)

    def record(self, scope: Scope) -> Article30:
        """The record of processing activities of `scope`."""
        return _record(self.caller, scope)

    def proposal(self, store: Store, scope: Scope) -> Proposal:
        """What a declaration to a store would have to say; raises BadInput for several apps."""
        return _proposal(self.caller, store, scope)

    def record_file(self, kind: str, form: str, scope: Scope) -> bytes:
        """A record as a file; in the audit log from then on."""
        return _ask(self.caller, lambda client: client.record(kind, form, **asdict(scope)))

    def evidence(self, scope: Scope) -> bytes:
        """An evidence pack of `scope`; in the audit log from then on."""
        return _ask(self.caller, lambda client: client.evidence(**asdict(scope)))

    def metric_csv(self, query: Query) -> bytes:
        """Every row of a metric for spreadsheets; in the audit log from then on."""
        return _ask(self.caller, lambda c: b"".join(piece for piece, _ in c.metric_csv(query)))


def forget() -> None:
    """The next question is asked anew."""
    for kept in (
        _status, _catalogue, _known, _metrics, _trace, _what_if, _placement, _compare, _replays,
        _sweeps, _check, _declarations, _audit_head, _audit_key, _audit_entries,
        _self_audit, _record, _proposal,
    ):  # fmt: skip
        kept.clear()


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=_ASKED, hash_funcs=_BY_CALLER)
def _status(caller: Caller) -> dict[str, Any]:
    found: dict[str, Any] = _ask(caller, _read_status)
    if (version := found.get("version")) != limen_version():
        raise StrangeAnswer(
            f"the collector at {caller.api} is Limen {version}, and this dashboard is Limen "
            f"{limen_version()}; {_ONE}"
        )
    return found


def _read_status(client: LimenClient) -> dict[str, Any]:
    found = client.status()
    needed = ("version", "policy", "role", "first_data", "last_data")
    optional = {name: found.get(name) for name in ("note", "min_cell")}
    return optional | {name: found[name] for name in needed}


@st.cache_data(ttl=60, max_entries=8, show_spinner=False, hash_funcs=_BY_CALLER)
def _catalogue(caller: Caller) -> dict[str, dict[str, Any]]:
    metrics, answers = _ask(caller, LimenClient.definitions)
    return {one["name"]: one for one in (*metrics, *answers)}


def _stands(coming: Coming) -> bool:
    return coming.stands(SECONDS)


# The time to live is for memory alone.
@st.cache_resource(
    ttl=60, max_entries=128, validate=_stands, show_spinner=False, hash_funcs=_BY_CALLER
)
def _metrics(caller: Caller, queries: tuple[str, ...]) -> Coming:
    asked = [Query.model_validate_json(query) for query in queries]
    return Coming(_answers(caller, _client(caller), asked))


def _answers(caller: Caller, client: LimenClient, asked: Sequence[Query]) -> Iterator[Answer]:
    with _understood(caller):
        yield from client.answers(asked)


def _each(coming: Coming, number: int) -> Iterator[Answer]:
    for place in range(number):
        # A place of its own, so that nothing moves where it says that it waits.
        slot = st.container()
        if not coming.has(place):
            with slot, st.spinner(_ASKED):
                coming.at(place)
        yield coming.at(place)


@st.cache_data(ttl=60, max_entries=32, show_spinner=_ASKED, hash_funcs=_BY_CALLER)
def _known(caller: Caller, period: str, names: tuple[str, ...]) -> dict[str, set[str]]:
    asked = [question("volume", period, (name,), {}) for name in names]
    answers = _ask(caller, lambda client: client.metrics(asked))
    return {
        name: {str(row[name]) for row in answer.records() if row[name] is not None}
        for name, answer in zip(names, answers, strict=True)
    }


@st.cache_data(ttl=SECONDS, max_entries=32, show_spinner=False, hash_funcs=_BY_CALLER)
def _trace(caller: Caller, trace_id: str) -> dict[str, Any]:
    return _ask(caller, lambda client: client.trace(trace_id))


@st.cache_data(ttl=SECONDS, max_entries=128, show_spinner=False, hash_funcs=_BY_CALLER)
def _what_if(caller: Caller, trace_id: str, change: str) -> list[WhatIf]:
    asked = Change.model_validate_json(change)
    return _ask(caller, lambda client: client.what_if(trace_id, asked))


@st.cache_data(ttl=60, max_entries=32, show_spinner=False, hash_funcs=_BY_CALLER)
def _placement(caller: Caller, since: str, where: str) -> list[Advice]:
    narrowed = json.loads(where)
    return _ask(caller, lambda client: client.placement(since=since, where=narrowed))


@st.cache_data(ttl=60, max_entries=32, show_spinner=False, hash_funcs=_BY_CALLER)
def _compare(caller: Caller, release: str, against: str, since: str, where: str) -> Comparison:
    narrowed = json.loads(where)
    return _ask(caller, lambda client: client.compare(release, against, since, where=narrowed))


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False, hash_funcs=_BY_CALLER)
def _replays(caller: Caller) -> list[ReplayRun]:
    return _ask(caller, LimenClient.replays)


@st.cache_data(ttl=SECONDS, max_entries=32, show_spinner=False, hash_funcs=_BY_CALLER)
def _sweeps(caller: Caller, run: str) -> list[Sweep]:
    return _ask(caller, lambda client: client.sweeps(run))


@st.cache_data(
    ttl=SECONDS,
    max_entries=8,
    show_spinner="Declared is held against observed",
    hash_funcs=_BY_CALLER,
)
def _check(caller: Caller, since: str, app: str | None, environment: str | None) -> Check:
    return _ask(caller, lambda c: c.check(since, app=app, environment=environment))


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False, hash_funcs=_BY_CALLER)
def _declarations(caller: Caller) -> list[KeptDeclaration]:
    return _ask(caller, LimenClient.declarations)


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False, hash_funcs=_BY_CALLER)
def _audit_head(caller: Caller) -> str:
    return _ask(caller, LimenClient.audit_checkpoint)


@st.cache_data(ttl=60, max_entries=8, show_spinner=False, hash_funcs=_BY_CALLER)
def _audit_key(caller: Caller) -> str:
    return _ask(caller, LimenClient.audit_key)


@st.cache_data(ttl=SECONDS, max_entries=32, show_spinner=False, hash_funcs=_BY_CALLER)
def _audit_entries(caller: Caller, first: int, limit: int) -> list[dict[str, Any]]:
    table = _ask(caller, lambda client: client.audit_entries(first, limit))
    rows: list[dict[str, Any]] = table.drop_columns(["salt", "leaf"]).to_pylist()
    return rows


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner=False, hash_funcs=_BY_CALLER)
def _self_audit(caller: Caller, since: str) -> SelfAudit:
    return _ask(caller, lambda client: client.self_audit(since))


@st.cache_data(ttl=SECONDS, max_entries=8, show_spinner="The record is made", hash_funcs=_BY_CALLER)
def _record(caller: Caller, scope: Scope) -> Article30:
    return _ask(
        caller,
        lambda client: Article30.model_validate_json(
            client.record("article30", "json", **asdict(scope))
        ),
    )


@st.cache_data(
    ttl=SECONDS, max_entries=8, show_spinner="The proposal is made", hash_funcs=_BY_CALLER
)
def _proposal(caller: Caller, store: Store, scope: Scope) -> Proposal:
    return _ask(caller, lambda client: client.proposal(store, **asdict(scope)))
