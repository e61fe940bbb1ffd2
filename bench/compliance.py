"""How long a reviewer waits over a store of many departures: for pages, a check of all that left
against all that was declared, an evidence pack, and what a person may ask for. As the dashboard and
the commands ask, over HTTP; beside it a bare read of the same rows.

What is made in a `--home` stays there, but for the person who is erased, and is asked again the
next time.

python -m bench.compliance
    [--departures N --installations N --days N --rounds N] [--home FOLDER]
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

from bench.repeated import Fleet, fill, roll_up
from bench.server import collector
from collector.contract.attributes import INSTALLATION
from collector.contract.client import LimenClient
from collector.contract.config import DATABASE
from collector.contract.errors import LimenError
from collector.contract.policy_file import read_policy
from collector.contract.records import Query
from collector.engine import Engine
from collector.permissions.tokens import Tokens

# One of them is erased at each run.
PHONES = tuple(f"phone-{number}-of-the-bench" for number in range(64))
MIB = 2**20

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
    arguments.add_argument("--home", type=Path)
    asked = arguments.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = asked.home or Path(folder)
        policy = home / "policy.toml"
        if not (home / DATABASE).exists():
            home.mkdir(parents=True, exist_ok=True)
            policy.write_text(POLICY + "".join(FEATURE.format(name=one) for one in FEATURES))
            _fill(home, asked.departures, asked.installations, asked.days)
        with _engine(home) as engine:
            roll_up(engine, _say)
        departures, bare = _bare(home / DATABASE)
        _say(f"reading all of {departures:,} departures: {bare:.2f} s")
        with (
            collector("--home", str(home), "--policy", str(policy)) as ready,
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
    _timed("evidence pack", lambda: client.evidence(quarter), 1, bare)
    phone = next(one for one in PHONES if _held(client, one))
    _timed("access, Art. 15", lambda: client.access(phone, contents=False), 1, bare)
    _timed("erasure", lambda: client.erase(phone, now=False), 1, bare)


def _held(client: LimenClient, phone: str) -> bool:
    return any(one.spans for one in client.lookup(phone).pseudonyms)


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
        known = [engine.pseudonyms.all(INSTALLATION, one)[-1][1] for one in PHONES]
    fleet = Fleet(
        requests=departures,
        days=days,
        made=Path(__file__).with_name("fleet.sql").read_text() + _sql("hosts") + _sql("consents"),
        sent=_sql("spans"),
        values={"phones": phones, "known": known},
    )
    fill(home, lambda: _engine(home), fleet, _say)


def _engine(home: Path) -> Engine:
    return Engine(
        home,
        read_policy(home / "policy.toml"),
        query_seconds=60,
        max_in_flight_bytes=2**28,
        min_free_bytes=0,
    )


def _bare(path: Path) -> tuple[int, float]:
    """How many departures there are, and how long it takes (s) to read them."""
    with duckdb.connect(str(path), config={"memory_limit": "220MB"}) as connection:
        began = time.perf_counter()
        [(count, *_)] = connection.execute(_sql("scan")).fetchall()
        return count, time.perf_counter() - began


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
