"""Everywhere a secret could come out of a collector: what each of these places holds, as bytes."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import duckdb
import httpx
import pyarrow as pa
from playwright.sync_api import Browser

from collector.contract.processing import FORMATS as RECORDS
from collector.metrics import get_metric
from dashboard.views.registry import VIEWS
from tests.end_to_end.browser import Reader
from tests.processes import RunningCollector

FORMATS = ("json", "arrow", "csv")
RUN = {
    "feature": "image_classify",
    "model": "digit_reader@1",
    "model_digest": "sha256:" + "0" * 64,
    "runtime": "litert",
    "runtime_version": "2",
}
# How a route with a body is asked; a new one fails until it has its line.
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /api/metrics": {"queries": [{"metric": "requests"}, {"metric": "redaction"}]},
    "POST /api/installations/lookup": {"installation": "phone-1"},
    "POST /api/installations/access": {"installation": "phone-1"},
    # Of nobody who sent a secret: theirs must be found, or the search proves nothing.
    "POST /api/installations/erase": {"installation": "phone-of-nobody"},
    "POST /api/replays": RUN,
    "POST /api/compact": {},
    "POST /api/evidence": {},
    "POST /api/policy/reload": {},
}
# What a replay writes, and a reviewer.
NOT_OF_PHONES = (
    "PUT /api/findings/{finding}/verdict",
    "POST /api/declarations",
    "DELETE /api/declarations/{declaration}",
    "PUT /api/replays/{run}/chunks/{chunk}",
    "PUT /api/replays/{run}/sweeps/{reference}",
)


def files(folder: Path) -> Iterator[bytes]:
    """Every file below `folder`, and the names of them all."""
    for path in sorted(folder.rglob("*")):
        yield str(path).encode()
        if path.is_file():
            yield path.read_bytes()


def values(database: Path, copy: Path) -> Iterator[bytes]:
    """Every value of every table: a file holds strings compressed."""
    copy.write_bytes(database.read_bytes())
    with duckdb.connect(str(copy), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
        for (name,) in tables:
            yield name.encode()
            yield _uncompressed(connection.sql(f'from "{name}"').to_arrow_table())


def _uncompressed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def members(archive: bytes) -> Iterator[bytes]:
    """The files of a backup."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            yield member.name.encode() + (file.read() if file else b"")


class Asking:
    """Asks a collector everything that its own description says may be asked."""

    def __init__(self, collector: RunningCollector, traces: list[bytes]) -> None:
        self._http = httpx.Client(base_url=collector.api, timeout=120, trust_env=False)
        self._traces = [trace.hex() for trace in traces]
        self._run = ""
        self.inputs: list[bytes] = []
        self.backup = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def all(self) -> Iterator[bytes]:
        """The answer to each question."""
        document = self._http.get("/api/openapi.json").json()
        self._run = self._http.post("/api/replays", json=RUN).raise_for_status().json()["run"]
        for path, methods in document["paths"].items():
            for method in methods:
                yield from self._route(f"{method.upper()} {path}")

    def _route(self, route: str) -> Iterator[bytes]:
        path = route.partition(" ")[2]
        match route:
            case "GET /api/metrics/{name}":
                yield from self._metrics()
            case "GET /api/traces/{trace}" | "GET /api/traces/{trace}/what-if":
                asked = [path.replace("{trace}", trace) for trace in self._traces]
                yield from (self._ask("GET", one) for one in asked)
            case "GET /api/releases/comparison":
                yield self._ask("GET", path, params={"where": "app=fieldnotes"})
            case "GET /api/audit/consistency":
                yield self._ask("GET", path, params={"from": 1, "to": 2})
            case "GET /api/records/{kind}":
                for kind, forms in RECORDS.items():
                    for form in forms:
                        of = {"format": form, "app": "fieldnotes"}
                        yield self._ask("GET", path.replace("{kind}", kind), params=of)
            case "POST /api/inputs/open":
                opening = {"run": self._run, "chunk": 0, "reason": "canaries"}
                self.inputs.append(self._ask("POST", path, json=opening))
            case "POST /api/backup":
                self.backup = self._ask("POST", path, json={"keys": True})
            case _ if route in BODIES:
                yield self._ask("POST", path, json=BODIES[route])
            case _ if route in NOT_OF_PHONES:
                return
            case _:
                assert route.startswith("GET "), f"say how {route} is asked"
                path = path.replace("{run}", self._run).replace("{number}", "0")
                yield self._ask("GET", path)

    def _metrics(self) -> Iterator[bytes]:
        for metric in self._http.get("/api/metrics").json()["metrics"]:
            path = f"/api/metrics/{metric['name']}"
            single = get_metric(metric["name"]).single_rows
            for form in FORMATS:
                # Counted whole, and in one of the forms by everything that it can be counted by.
                by = "" if single or form != "csv" else ",".join(metric["dimensions"])
                asked = {"format": form, "from": "-40d", "by": by}
                yield self._ask("GET", path, params=asked)

    def _ask(self, method: str, path: str, **what: Any) -> bytes:
        answer = self._http.request(method, path, **what)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.content + str(answer.headers).encode()


def pages(browser: Browser, url: str) -> Iterator[bytes]:
    """What a browser is sent and shows: the page's words, and tables that it draws as pictures."""
    frames: list[bytes] = []

    def heard(frame: str | bytes) -> None:
        frames.append(frame if isinstance(frame, bytes) else frame.encode())

    with Reader(browser, url) as reader:
        reader.page.on("websocket", lambda socket: socket.on("framereceived", heard))
        yield reader.open("/").content().encode()
        for view in VIEWS[1:]:
            yield reader.follow(view.title, f"/{view.path}").content().encode()
    assert len(frames) > len(VIEWS)
    yield from frames
