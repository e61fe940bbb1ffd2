"""Everything behind the doors, put together on one home folder."""

import time
from itertools import count
from pathlib import Path
from typing import Self

from collector.contract.config import DATABASE, MIN_CELL, Settings
from collector.contract.errors import LimenError
from collector.contract.policy import Policy
from collector.intake.admission import Admission
from collector.intake.free_space import FreeSpace
from collector.intake.inputs import InputSealer
from collector.keys import Keys, periods_file
from collector.persons.pseudonyms import Pseudonyms
from collector.persons.tombstones import Tombstones
from collector.pipeline import Pipeline
from collector.redact import Redactor
from collector.redaction.ids import Ids
from collector.rules import Rules
from collector.self_telemetry.health import Health, Report
from collector.store.access import Access
from collector.store.audit_log import AuditLog
from collector.store.cells import SmallCells
from collector.store.compliance import Compliance
from collector.store.csv_files import CsvFiles
from collector.store.database import Database
from collector.store.declarations import Declarations, Verdicts
from collector.store.erasure import Erasure, stored_tombstones
from collector.store.evidence import Evidence
from collector.store.installations import Installations
from collector.store.opening import MEMORY_BYTES, stored_version
from collector.store.placements import Placements
from collector.store.policies import Policies, unnamed
from collector.store.queries import query
from collector.store.reader import Reader
from collector.store.records import Records
from collector.store.releases import Releases
from collector.store.replays import Replays
from collector.store.suggestions import Suggestions
from collector.store.vault import Vault
from collector.store.what_ifs import WhatIfs
from collector.store.writer import Writer
from collector.tlog.checkpoint import Signer

# Whoever wrote this schema or a later one made a file of periods first.
_PERIODS_SINCE_SCHEMA = 4


class Engine:
    """Takes payloads (`admission`, `pipeline`), answers (`reader`, `replays`, `installations`,
    `suggestions`, `what_ifs`, `releases`, `placements`, `csv_files`) and counts (`health`).

    `policy` is None where nobody names one. Raises StoreUnusable when `home` cannot be used, and
    BadInput when it cannot under this policy. Leaving the context commits what was taken.
    """

    def __init__(
        self,
        home: Path,
        policy: Policy | None,
        *,
        query_seconds: float,
        max_in_flight_bytes: int,
        min_free_bytes: int,
        database_memory_bytes: int = MEMORY_BYTES,
        min_cell: int = MIN_CELL,
        report: Report | None = None,
    ) -> None:
        make_keys(home)
        self.database = Database(
            home / DATABASE, query_seconds=query_seconds, memory_bytes=database_memory_bytes
        )
        try:
            keys = self._unlock(home)
            self.policies = Policies(self.database)
            policy = policy or unnamed(self.policies.newest())
            self.policies.begin(policy, time.time_ns())
        except LimenError:
            self.database.close()
            raise
        self._hashing, self._cells = keys.derive("findings"), SmallCells(min_cell)
        self._drawing = keys.derive("sample of inputs")
        last_input: int = self.database.read(query("last_input")).column(0)[0].as_py()
        self._input_numbers = count(last_input + 1)
        self.health = Health(policy.version, report)
        self.health.watch(
            database_bytes=self.database.file_bytes, log_bytes=self.database.log_bytes
        )
        space = FreeSpace(home, min_free_bytes)
        self.admission = Admission(self.health, space, max_in_flight_bytes=max_in_flight_bytes)
        writer = Writer(self.database, keys.derive("repeated"), self.tombstones)
        self.pipeline = Pipeline(self._rules(policy), writer, self.health)
        self._answer(keys)
        self.csv_files = CsvFiles(self.reader, self.audit_log, home, space)

    def _unlock(self, home: Path) -> Keys:
        """What needs the keys. Raises StoreUnusable where they do not go with the database."""
        Pseudonyms.renew_master(home)
        keys = Keys.at(home)
        self.tombstones = Tombstones(keys.derive("tombstones"))
        self.tombstones.add(stored_tombstones(self.database))
        self.pseudonyms = Pseudonyms.at(home, keys, self.tombstones)
        newest: int = self.database.read(query("newest_key")).column(0)[0].as_py()
        self.pseudonyms.refuse_newer(newest)
        self.vault = Vault(home / "keys" / "inputs.json")
        return keys

    def _answer(self, keys: Keys) -> None:
        """What answers questions of what is stored, and does what is asked for."""
        self.reader = Reader(self.database, self.health, Ids(self._hashing), self._cells)
        self.installations = Installations(self.database, self.pseudonyms)
        self.audit_log = AuditLog(self.database, Signer(keys.derive("audit log")))
        self.access = Access(self.database, self.pseudonyms, self.vault)
        self.erasure = Erasure(self.database, self.pseudonyms, self.tombstones, self.vault)
        self.declarations = Declarations(self.database)
        self.compliance = Compliance(
            self.database,
            self.reader,
            self.declarations,
            Verdicts(self.database),
            lambda: self.policy,
        )
        self.evidence = Evidence(
            self.compliance, self.declarations, self.policies, self.audit_log, lambda: self.policy
        )
        self.records = Records(self.compliance, self.audit_log)
        self.suggestions = Suggestions(self.database, self.reader, lambda: self.policy)
        self.what_ifs = WhatIfs(self.database, self.reader, lambda: self.policy)
        self.replays = Replays(self.database, self.reader, self.vault)
        self.releases = Releases(self.database, self.reader)
        self.placements = Placements(self.database, self.reader, self.replays, lambda: self.policy)

    @classmethod
    def of(cls, settings: Settings, policy: Policy | None, report: Report | None) -> Self:
        """The one that the settings name. Raises StoreUnusable."""
        return cls(
            settings.home,
            policy,
            query_seconds=settings.query_seconds,
            max_in_flight_bytes=settings.max_in_flight_bytes,
            min_free_bytes=settings.min_free_bytes,
            database_memory_bytes=settings.database_memory_bytes,
            min_cell=settings.min_cell,
            report=report,
        )

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.pipeline.rules.policy

    def use(self, policy: Policy, token: str | None) -> None:
        """Puts `policy` in force, from the next group on; asked for by `token`.

        Raises BadInput and Overloaded; everything is as it was then.
        """
        rules = self._rules(policy)
        self.policies.begin(policy, time.time_ns(), token)
        self.pipeline.rules = rules
        self.health.under(policy.version)

    def _rules(self, policy: Policy) -> Rules:
        redactor = Redactor(policy, self.pseudonyms, self._hashing)
        sealer = InputSealer(policy, redactor, self.vault, self._input_numbers, self._drawing)
        return Rules(policy=policy, redactor=redactor, sealer=sealer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pipeline.close()
        self.database.close()


def make_keys(home: Path) -> None:
    """Before the database, so that a start that is cut short can be made again."""
    database = home / DATABASE
    if not database.exists():
        Keys.make(home)
    if not periods_file(home).exists():
        version = stored_version(database)
        if version is None or version < _PERIODS_SINCE_SCHEMA:
            Pseudonyms.make(home, time.time_ns(), from_before=version is not None)
