"""The collector behind its doors, in this process: real decode, redaction, database and vault."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.message import Message

from collector.contract.attributes import INSTALLATION
from collector.contract.config import DATABASE
from collector.contract.policy import Policy
from collector.contract.policy_file import read_policy
from collector.contract.records import Query
from collector.engine import Engine, make_keys
from collector.intake.payload import Payload, Receipt, Signal
from collector.keys import master_key
from collector.permissions.tokens import Tokens
from collector.server.body import BodyLimits
from collector.server.guard import Guard
from collector.store.database import Database
from collector.store.opening import MEMORY_BYTES
from collector.store.reader import plain_rows
from collector.store.unsealed import EVER, Besides
from tests.otlp import now

POLICY = """
version = "2026-11-01"

[[hosts]]
match = "api.example.com"
owner = "Example Ltd"
role = "first_party"
region = "eu-west-1"

[features.image_classify]
placement = "hybrid"
threshold = 0.70
categories = ["image"]
log_inputs = true
[[features.image_classify.egress]]
host = "api.example.com"
purpose = "app_functionality"
consent = "granted"
[features.image_classify.from."2.5.0"]
threshold = 0.75
"""

# All that a policy may say.
FULL_POLICY = """
version = "2026-11-01"
retention_days = 30
[aliases]
"myapp.ai.confidence" = "limen.confidence"
[attributes]
"checkout.step" = "keep"
"client.address" = "bucket:ipv4/24"
[[hosts]]
match = "api.example.com"
owner = "Example Ltd"
role = "first_party"
region = "eu-west-1"
retained = false
[features.doc_classify]
owner = "field-docs@example.com"
placement = "hybrid"
threshold = 0.70
size_budget = "10 MB"
offline_critical = true
categories = ["document"]
log_inputs = true
[[features.doc_classify.egress]]
host = "api.example.com"
purpose = "app_functionality"
consent = "granted"
region = "eu-west-1"
role = "first_party"
categories = ["document"]
retained = false
[features.doc_classify.from."2.5.0"]
threshold = 0.75
categories = ["document", "image"]
log_inputs = false
[[features.doc_classify.from."2.5.0".egress]]
host = "*.example.com"
purpose = "app_functionality"
"""

LIMITS = BodyLimits(bytes=64 * 2**20, seconds=30)


def policy_from(text: str, folder: Path) -> Policy:
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return read_policy(path)


@cache
def _empty() -> bytes:
    """The file of a database without rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / DATABASE
        Database(path, query_seconds=20).close()
        return path.read_bytes()


def begin(home: Path) -> None:
    """What a first start makes in `home`, but for the minutes that a thousand tests would take."""
    if not (home / DATABASE).exists() and not master_key(home).exists():
        Tokens.at(home, home / DATABASE)
        make_keys(home)
        (home / DATABASE).write_bytes(_empty())


class Store(Engine):
    """The engine on a database in `home`, with what tests ask of it."""

    def __init__(
        self, home: Path, policy: Policy | None = None, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self.home = home
        self.guard = Guard(Tokens.at(home, home / DATABASE), exposed=False)
        begin(home)
        super().__init__(
            home,
            policy or policy_from(POLICY, home),
            query_seconds=20,
            max_in_flight_bytes=256 * 2**20,
            min_free_bytes=0,
            database_memory_bytes=memory_bytes,
        )

    def take(self, *requests: Message, received: int | None = None) -> list[Receipt]:
        """Sends requests at once and waits until each is committed."""
        signals: list[Signal] = [
            "logs" if "Logs" in type(request).__name__ else "traces" for request in requests
        ]
        bodies = [request.SerializeToString() for request in requests]
        return self._take(list(zip(signals, bodies, strict=True)), received)

    def take_bytes(self, *bodies: bytes) -> list[Receipt]:
        """The same with encoded trace requests."""
        return self._take([("traces", body) for body in bodies], None)

    def _take(self, sent: list[tuple[Signal, bytes]], received: int | None) -> list[Receipt]:
        futures = [
            self.pipeline.submit(
                Payload(signal=signal, body=body, sent_bytes=len(body), received=received or now())
            )
            for signal, body in sent
        ]
        return [future.result(timeout=30) for future in futures]

    def ask(
        self, metric: str, *by: str, since: str = "-40d", **where: str | tuple[str, ...]
    ) -> list[dict[str, Any]]:
        """A metric's rows as dictionaries."""
        values = {k: v if isinstance(v, tuple) else (v,) for k, v in where.items()}
        asked = Query(metric=metric, since=since, by=by, where=values)
        return plain_rows(self.reader.table(asked))

    def pseudonym(self, identifier: str, purpose: str = INSTALLATION) -> bytes:
        """What is stored of an identifier under the newest key."""
        return self.pseudonyms.all(purpose, identifier)[-1][1]

    def refuse_labels(self) -> None:
        """From now on a group with an output label that is no number cannot be stored."""
        column = "alter table span_facts alter column output_label type integer"
        self.database._write_cursor.execute(column)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        with self.database.snapshot() as read:
            besides = Besides(read, (EVER["from"], EVER["to"]))
            found: list[dict[str, Any]] = besides.ask(sql, values or {}).to_pylist()
        return found
