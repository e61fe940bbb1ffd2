"""The one HTTP client of the query API, for the dashboard, the replay engine and the commands."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import pyarrow as pa

from collector.contract.arrow import MEDIA_TYPE, from_ipc, to_ipc
from collector.contract.compliance import Check, Judgement, Verdict
from collector.contract.config import Settings
from collector.contract.declarations import KeptDeclaration
from collector.contract.errors import (
    BadInput,
    CollectorUnreachable,
    Forbidden,
    LimenError,
    NotFound,
    Overloaded,
    TooSlow,
    Unauthenticated,
)
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

_ERRORS: Mapping[int, type[LimenError]] = {
    400: BadInput,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    503: Overloaded,
}


class LimenClient:
    """Questions to a running collector. Errors are those of `collector.contract.errors`."""

    def __init__(
        self, api: str, *, token: str | None = None, ca: Path | None = None, timeout: float = 60.0
    ) -> None:
        """`ca`: PEM certificates to trust instead of the public ones. Raises BadInput for it."""
        self.api = api.rstrip("/")
        # trust_env off: a proxy of the machine must not see what is asked.
        self._http = httpx.Client(
            base_url=self.api,
            headers={"authorization": f"Bearer {token}"} if token else None,
            verify=True if ca is None else trusting(ca, "api_ca"),
            timeout=timeout,
            trust_env=False,
        )

    @classmethod
    def of(cls, settings: Settings, *, timeout: float = 60.0) -> Self:
        """A client of the collector that the settings name, as the caller they name."""
        token = settings.token.get_secret_value() if settings.token else None
        return cls(settings.api_url, token=token, ca=settings.api_ca, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._reaching():
            response = self._http.request(method, path, **options)
        return self._good(response)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx.ReadTimeout as exc:
            raise TooSlow(
                f"the collector at {self.api} is there and did not answer within "
                f"{self._http.timeout.read:g} s; narrow the question, or ask again later"
            ) from exc
        except httpx.TransportError as exc:
            if "CERTIFICATE_VERIFY_FAILED" in str(exc):
                raise CollectorUnreachable(
                    f"the certificate at {self.api} is not trusted here, or is for another name: "
                    "name its authority's file in api_ca (LIMEN_API_CA), the collector in api_url"
                ) from exc
            if isinstance(exc, httpx.RemoteProtocolError):
                raise CollectorUnreachable(
                    f"what answers at {self.api} hangs up: a collector with TLS is at https://"
                ) from exc
            raise CollectorUnreachable(
                f"no collector answers at {self.api}; start one with `limen collector`, "
                "or name another with --api"
            ) from exc

    def _good(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        problem = "problem+json" in response.headers.get("content-type", "")
        message = response.json()["detail"] if problem else f"HTTP {response.status_code}"
        if response.status_code == 401:
            message += "; give this command one with LIMEN_TOKEN or --token"
        raise _ERRORS.get(response.status_code, LimenError)(f"the collector says: {message}")

    def status(self) -> dict[str, Any]:
        """Version, policy, first and last data, and how much is stored."""
        found: dict[str, Any] = self._call("GET", "/api/status").json()
        return found

    def upkeep(self) -> Upkeep:
        """What the collector does behind its doors."""
        return Upkeep.model_validate(self._call("GET", "/api/upkeep").json())

    def compact(self) -> Compacted:
        """Rewrites the database without what was deleted; returns when it is done."""
        answer = self._call("POST", "/api/compact", timeout=None)
        return Compacted.model_validate(answer.json())

    def backup(self, *, keys: bool) -> Iterator[tuple[bytes, int]]:
        """A backup, piece by piece, each with the bytes of the whole; `keys`: with the keys."""
        with (
            self._reaching(),
            self._http.stream("POST", "/api/backup", json={"keys": keys}, timeout=None) as response,
        ):
            if not response.is_success:
                response.read()
            size = int(self._good(response).headers["content-length"])
            for chunk in response.iter_bytes():
                yield chunk, size

    def catalogue(self) -> list[dict[str, Any]]:
        """Every metric with its description, dimensions, columns and SQL."""
        found: list[dict[str, Any]] = self._call("GET", "/api/metrics").json()["metrics"]
        return found

    def metrics(self, queries: Sequence[Query]) -> list[Answer]:
        """Several answers in one request, in order. The first that fails is raised."""
        body = {"queries": [q.model_dump(by_alias=True) for q in queries]}
        answers = self._call("POST", "/api/metrics", json=body).json()["answers"]
        return [Answer.model_validate(answer) for answer in answers]

    def metric(self, query: Query) -> Answer:
        return self.metrics([query])[0]

    def metric_csv(self, query: Query) -> str:
        """The same as a table for spreadsheets; written to the audit log."""
        where = [f"{name}={value}" for name, values in query.where.items() for value in values]
        asked = _said({"from": query.since, "to": query.until, "by": ",".join(query.by) or None})
        asked_as = {**asked, "where": where, "format": "csv"}
        return self._call("GET", f"/api/metrics/{quote(query.metric)}", params=asked_as).text

    def trace(self, trace_id: str) -> dict[str, Any]:
        """One trace: its spans, requests, what left, skews and neighbouring requests."""
        found: dict[str, Any] = self._call("GET", f"/api/traces/{trace_id}").json()
        return found

    def what_if(self, trace_id: str, change: Change) -> list[WhatIf]:
        """The requests of a trace under other circumstances."""
        asked = change.model_dump(exclude_none=True)
        found = self._call("GET", f"/api/traces/{trace_id}/what-if", params=asked).json()
        return [WhatIf.model_validate(one) for one in found["requests"]]

    def placement(
        self, feature: str | None = None, since: str | None = None, until: str | None = None
    ) -> list[Advice]:
        """Where each feature belongs and why; times as in Query."""
        said = {"feature": feature, "from": since, "to": until}
        asked = {name: value for name, value in said.items() if value is not None}
        found = self._call("GET", "/api/placement", params=asked).json()["features"]
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
        narrowed = [f"{name}={value}" for name, found in (where or {}).items() for value in found]
        asked = {**_said(two), "where": narrowed}
        answer = self._call("GET", "/api/releases/comparison", params=asked)
        return Comparison.model_validate(answer.json())

    def suggestion(self, since: str | None = None, until: str | None = None) -> Suggestion:
        """What a policy could say besides, from what was seen; times as in Query."""
        period = {"from": since, "to": until}
        asked = {name: time for name, time in period.items() if time is not None}
        answer = self._call("GET", "/api/policy/suggestion", params=asked)
        return Suggestion.model_validate(answer.json())

    def lookup(self, identifier: str) -> Lookup:
        """What is stored of the installation with this identifier; written to the audit log."""
        body = {"installation": identifier}
        answer = self._call("POST", "/api/installations/lookup", json=body)
        return Lookup.model_validate(answer.json())

    def erase(self, identifier: str, *, now: bool) -> Erased:
        """Erases the installation with this identifier; `now`: to the last byte, which takes as
        long as a compaction."""
        body = {"installation": identifier, "now": now}
        answer = self._call("POST", "/api/installations/erase", json=body, timeout=None)
        return Erased.model_validate(answer.json())

    def access(self, identifier: str, *, contents: bool) -> AccessReport:
        """Everything held about the installation with this identifier; `contents`: its logged
        inputs too, opened."""
        body = {"installation": identifier, "contents": contents}
        answer = self._call("POST", "/api/installations/access", json=body, timeout=None)
        return AccessReport.model_validate(answer.json())

    def erasures(self) -> list[Erased]:
        """The receipts of erasures, newest first."""
        found = self._call("GET", "/api/erasures").json()["erasures"]
        return [Erased.model_validate(one) for one in found]

    def audit_entries(self, first: int, limit: int) -> pa.Table:
        """Entries of the audit log from a number on, with their salts and leaf hashes."""
        asked: dict[str, int | str] = {"from": first, "limit": limit, "format": "arrow"}
        return from_ipc(self._call("GET", "/api/audit", params=asked).content)

    def audit_checkpoint(self) -> str:
        """The signed head of the audit log."""
        return self._call("GET", "/api/audit/checkpoint").text

    def audit_key(self) -> str:
        """The public key that the heads of the audit log are signed with."""
        return self._call("GET", "/api/audit/key").text

    def self_audit(self, since: str | None = None, until: str | None = None) -> SelfAudit:
        """What Limen says of itself; times as in Query, by default 30 days."""
        asked = _said({"from": since, "to": until})
        return SelfAudit.model_validate(self._call("GET", "/api/self-audit", params=asked).json())

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
        answer = self._call("GET", "/api/findings", params=_said(asked | {"release": release}))
        return Check.model_validate(answer.json())

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
        answer = self._call(
            "PUT",
            f"/api/findings/{quote(finding, safe='')}/verdict",
            params=_said({"from": since, "to": until}),
            json=said.model_dump(),
        )
        return Verdict.model_validate(answer.json())

    def declarations(self) -> list[KeptDeclaration]:
        """What was declared elsewhere than in the policy, newest first."""
        found = self._call("GET", "/api/declarations").json()["declarations"]
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
        answer = self._call("POST", "/api/declarations", params=_said(asked), content=content)
        return KeptDeclaration.model_validate(answer.json())

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
        return PolicyReload.model_validate(self._call("POST", "/api/policy/reload").json())

    def create_replay(self, request: ReplayRequest) -> ReplayRun:
        """A new run, or the unfinished one that was asked for with the same words."""
        answer = self._call("POST", "/api/replays", json=request.model_dump(by_alias=True))
        return ReplayRun.model_validate(answer.json())

    def replays(self) -> list[ReplayRun]:
        """All runs, newest first."""
        runs = self._call("GET", "/api/replays").json()["runs"]
        return [ReplayRun.model_validate(run) for run in runs]

    def replay(self, run: str) -> ReplayRun:
        return ReplayRun.model_validate(self._call("GET", f"/api/replays/{run}").json())

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
            f"/api/replays/{run}/chunks/{chunk}",
            params=spent.model_dump(),
            content=to_ipc(scores),
            headers={"content-type": MEDIA_TYPE},
        )

    def scores(self, run: str) -> pa.Table:
        """A run's saved scores with the facts of their requests, without any input."""
        return from_ipc(self._call("GET", f"/api/replays/{run}/scores").content)

    def save_sweep(self, sweep: Sweep) -> None:
        """Keeps a sweep for the page; the latest of each (run, reference) stands."""
        path = f"/api/replays/{sweep.run}/sweeps/{sweep.reference}"
        self._call("PUT", path, json=sweep.model_dump())

    def sweeps(self, run: str) -> list[Sweep]:
        found = self._call("GET", f"/api/replays/{run}/sweeps").json()["sweeps"]
        return [Sweep.model_validate(sweep) for sweep in found]


def _said(asked: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in asked.items() if value is not None}


def trusting(ca: Path, setting: str) -> ssl.SSLContext:
    """Trust in the PEM certificates of `ca` alone. Raises BadInput naming the setting."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as exc:  # ssl.SSLError is one
        raise BadInput(
            f"{setting} {ca} cannot be read as PEM certificates: {exc.strerror}"
        ) from exc
