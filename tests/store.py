"""The collector behind its doors, in this process: real decode, redaction, database and vault."""

from pathlib import Path
from typing import Any, Self

from google.protobuf.message import Message

from collector.contract.policy import Policy, read_policy
from collector.contract.records import Query
from collector.inputs import InputSealer
from collector.keys import Keys
from collector.pipeline import Payload, Pipeline, Receipt
from collector.redact import Redactor
from collector.store.database import Database
from collector.store.policies import load_policy
from collector.store.reader import Reader
from collector.store.replays import Replays
from collector.store.vault import Vault
from collector.store.writer import Writer
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


def policy_from(text: str, folder: Path) -> Policy:
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return read_policy(path)


class Store:
    """Everything from bytes to answers, on a database in `home`."""

    def __init__(self, home: Path, policy: Policy | None = None) -> None:
        self.home = home
        self.policy = policy or policy_from(POLICY, home)
        keys = Keys.at(home)
        self.pseudonym = keys.pseudonymiser("installation")
        self.vault = Vault(home / "keys" / "inputs.json")
        self.database = Database(home / "limen.duckdb", query_seconds=20)
        load_policy(self.database, self.policy)
        redactor = Redactor(self.policy, self.pseudonym)
        sealer = InputSealer(self.policy, redactor, self.vault, 0)
        self.pipeline = Pipeline(redactor, sealer, Writer(self.database, self.policy.version))
        self.reader = Reader(self.database)
        self.replays = Replays(self.database, self.reader, self.vault)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pipeline.close()
        self.database.close()

    def take(self, *requests: Message, received: int | None = None) -> list[Receipt]:
        """Sends requests at once and waits until each is committed."""
        sent = [
            self.pipeline.submit(
                Payload(
                    signal="logs" if "Logs" in type(request).__name__ else "traces",
                    body=request.SerializeToString(),
                    sent_bytes=request.ByteSize(),
                    received=received or now(),
                )
            )
            for request in requests
        ]
        return [future.result(timeout=30) for future in sent]

    def ask(
        self, metric: str, *by: str, since: str = "-40d", **where: str | tuple[str, ...]
    ) -> list[dict[str, Any]]:
        """A metric's rows as dictionaries."""
        values = {k: v if isinstance(v, tuple) else (v,) for k, v in where.items()}
        return self.reader.answer(Query(metric=metric, since=since, by=by, where=values)).records()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.database.read(sql).to_pylist()
        return found
