"""How long a reviewer waits over a store of many departures: for pages, a check of all that left
against all that was declared, an evidence pack, and what a person may ask for. As the dashboard and
the commands ask, over HTTP; beside it a bare read of the same rows.

python -m bench.compliance [--departures N --installations N --days N --rounds N]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import duckdb
import numpy as np

from bench.server import collector
from collector.contract.attributes import INSTALLATION
from collector.contract.client import LimenClient
from collector.contract.config import DATABASE
from collector.contract.errors import LimenError
from collector.contract.policy_file import read_policy
from collector.contract.records import Query
from collector.engine import Engine
from collector.permissions.tokens import Tokens
from collector.store.queries import query
from collector.store.rollups import COUNTED, Rollups
from collector.store.schema import ROLLUP_RULES
from collector.store.writer import insert

SLICE = 500_000
PHONE = "phone-of-the-bench"
MIB = 2**20
DAY = 24 * 3600 * 10**9

POLICY = """
version = "bench"
retention_days = 400

[[hosts]]
match = "*.example.com"
owner = "Example Ltd"
role = "first_party"
[[hosts]]
match = "llm.example.net"
owner = "Models Ltd"
role = "processor"
retained = false
[[hosts]]
match = "stats.vendor.io"
owner = "Vendor Inc"
role = "third_party"
country = "US"
"""
FEATURE = """
[features.{name}]
placement = "hybrid"
categories = ["image", "document", "message"]
[[features.{name}.egress]]
host = "*.example.com"
purpose = "app_functionality"
consent = "granted"
[[features.{name}.egress]]
host = "llm.example.net"
purpose = "app_functionality"
categories = ["message"]
region = "eu-west-1"
[features.{name}.from."2.3.0"]
threshold = 0.8
[[features.{name}.from."2.3.0".egress]]
host = "api.example.com"
purpose = "app_functionality"
"""
FEATURES = ("barcode_scan", "doc_classify", "next_word")


def main(argv: Sequence[str] | None = None) -> None:
    """Prints for each question the 95th percentile, and its ratio to a bare read."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--departures", type=int, default=1_000_000)
    arguments.add_argument("--installations", type=int, default=6_000)
    arguments.add_argument("--days", type=int, default=90)
    arguments.add_argument("--rounds", type=int, default=3)
    asked = arguments.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        policy = home / "policy.toml"
        policy.write_text(POLICY + "".join(FEATURE.format(name=one) for one in FEATURES))
        _fill(home, asked.departures, asked.installations, asked.days)
        bare = _bare(home / DATABASE)
        _say(f"reading all of {asked.departures:,} departures: {bare:.2f} s")
        with (
            collector("--home", folder, "--policy", str(policy)) as ready,
            LimenClient(ready["api"], timeout=600) as client,
        ):
            _ask(client, asked.days, asked.rounds, bare)
            _say(f"most memory of the collector: {_peak(ready['pid']) / MIB:.0f} MiB")


def _ask(client: LimenClient, days: int, rounds: int, bare: float) -> None:
    quarter = f"-{days}d"
    for since in ("-7d", quarter):
        ledger, values = (
            Query.model_validate({"metric": m, "from": since}) for m in ("ledger", "transfers")
        )
        _timed(f"ledger's filters, {since}", partial(client.metrics, [values]), rounds, bare)
        _timed(f"ledger's rows, {since}", partial(client.metrics, [ledger]), rounds, bare)
        _timed(f"findings, {since}", partial(client.check, since), rounds, bare)
    _timed("evidence pack", lambda: client.evidence(quarter, "now"), 1, bare)
    _timed("access, Art. 15", lambda: client.access(PHONE, contents=False), 1, bare)
    _timed("erasure", lambda: client.erase(PHONE, now=False), 1, bare)


def _timed(what: str, ask: Callable[[], object], rounds: int, bare: float) -> None:
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        try:
            ask()
        except LimenError as error:
            _say(f"{what}: not answered in {time.perf_counter() - began:.1f} s: {error}")
            return
        seconds.append(time.perf_counter() - began)
    p95 = float(np.percentile(seconds, 95))
    _say(f"{what}: {p95:.2f} s, {p95 / bare:.1f} of the bare read")


def _fill(home: Path, departures: int, phones: int, days: int) -> None:
    Tokens.at(home, home / DATABASE)
    with _engine(home) as engine:
        known = engine.pseudonyms.all(INSTALLATION, PHONE)[-1][1]
    now, began = time.time_ns(), time.perf_counter()
    fixed = {"now": now, "phones": phones, "days": days}
    with duckdb.connect(str(home / DATABASE)) as connection:
        connection.execute(Path(__file__).with_name("fleet.sql").read_text())
        connection.execute(_sql("hosts"))
        connection.execute(_sql("consents"), fixed | {"known": known})
        for first in range(0, departures, SLICE):
            last = min(first + SLICE, departures)
            part = {"departures": departures, "known": known, "first": first, "last": last}
            connection.execute(_sql("phones"), fixed | part)
            connection.execute(_sql("spans"))
            connection.execute(_sql("rolled"))
            _say(f"filled {last:,} of {departures:,} departures")
        connection.execute(_sql("state"), {"commit": now, "rules": ROLLUP_RULES})
    _count(home, now, days)
    size = (home / DATABASE).stat().st_size
    _say(f"{size / MIB:,.0f} MiB in {time.perf_counter() - began:.0f} s")


def _engine(home: Path) -> Engine:
    return Engine(
        home,
        read_policy(home / "policy.toml"),
        query_seconds=60,
        max_in_flight_bytes=2**28,
        min_free_bytes=0,
    )


def _count(home: Path, now: int, days: int) -> None:
    """Rolls up the requests, day by day, as they were committed, and whose consent it was; of many
    installations a sample stays."""
    with _engine(home) as engine:
        for day in range(days, -1, -1):
            part = {"after": now - (day + 1) * DAY, "last": now - day * DAY}
            counts = {
                table: engine.database.read(
                    query("unrolled_counts").replace("{table}", table), part
                )
                for table in COUNTED
            }
            runs = engine.database.read(query("unrolled_runs"), part)
            with engine.database.write() as transaction:
                for table, counted in counts.items():
                    transaction.name(fresh=counted)
                    transaction.run_for(table, "insert_counts")
                insert(transaction, "remove_rolled_runs", runs)
                insert(transaction, "insert_rolled_runs", runs)
        Rollups(engine.database).run()


def _bare(path: Path) -> float:
    with duckdb.connect(str(path), config={"memory_limit": "220MB"}) as connection:
        began = time.perf_counter()
        connection.execute(_sql("scan")).fetchall()
        return time.perf_counter() - began


def _sql(name: str) -> str:
    return (Path(__file__).parent / "departures" / f"{name}.sql").read_text()


def _peak(pid: str) -> int:
    """The most bytes a process was resident with, where the system tells; else 0."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
