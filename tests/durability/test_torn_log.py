"""The database's log, cut and damaged as a lost power supply may leave it."""

import contextlib
import os
import random
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from collector.contract.errors import StoreUnusable
from collector.store.database import Database
from tests.otlp import Span, traces
from tests.store import Store

COMMITS = 2
Spans = frozenset[bytes]


@dataclass(frozen=True, kw_only=True)
class Crashed:
    """The files of a killed collector whose log holds commits of two spans each.

    `stored[n]` are the spans of the first n commits, `ends[n]` where commit n ends in the log.
    """

    file: bytes
    log: bytes
    keys: Mapping[str, bytes]
    stored: list[Spans]
    ends: list[int]

    def put(self, home: Path, log: bytes) -> Path:
        """These files at `home`, with another log."""
        (home / "keys").mkdir(exist_ok=True, mode=0o700)
        for name, content in self.keys.items():
            (home / "keys" / name).write_bytes(content)
        path = home / "limen.duckdb"
        path.write_bytes(self.file)
        path.with_name("limen.duckdb.wal").write_bytes(log)
        return path

    def before(self, cut: int) -> Spans:
        """The spans acknowledged in the first `cut` bytes of the log."""
        return self.stored[sum(end <= cut for end in self.ends) - 1]


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    home = tmp_path_factory.mktemp("crashed")
    path, log = home / "limen.duckdb", home / "limen.duckdb.wal"
    with Store(home) as store:
        stored, ends = [Spans()], [0]
        for _ in range(COMMITS):
            spans = [Span() for _ in range(2)]
            store.take(traces(*spans))
            stored.append(stored[-1] | {span.span_id for span in spans})
            ends.append(log.stat().st_size)
        # Nothing of a commit waits in memory once it is answered: these are the files as a kill
        # leaves them.
        return Crashed(
            file=path.read_bytes(),
            log=log.read_bytes(),
            keys={path.name: path.read_bytes() for path in (home / "keys").iterdir()},
            stored=stored,
            ends=ends,
        )


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB without a file of its own: attaching one replays its log, at a tenth of the cost of
    opening it."""
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def attached(duck: duckdb.DuckDBPyConnection, path: Path) -> Spans:
    duck.execute(f"attach '{path}' as cut (read_only)")
    try:
        return Spans(row[0] for row in duck.execute("select span_id from cut.spans").fetchall())
    finally:
        duck.execute("detach cut")


def opened(path: Path) -> Spans:
    database = Database(path, query_seconds=20)
    try:
        return Spans(database.read("select span_id from spans").column(0).to_pylist())
    finally:
        database.close()


def entries(log: bytes, start: int) -> list[int]:
    """Where DuckDB's entries of `log` begin from `start` on, and its end: each is the size of what
    it holds, a checksum, both of 8 bytes, and that."""
    begins = [start]
    while begins[-1] < len(log):
        (size,) = struct.unpack_from("<Q", log, begins[-1])
        begins.append(begins[-1] + 16 + size)
    return begins


def check_cuts(
    crashed: Crashed, duck: duckdb.DuckDBPyConnection, home: Path, cuts: Sequence[int]
) -> None:
    path = crashed.put(home, crashed.log)
    log = path.with_name("limen.duckdb.wal")
    # From the longest to the shortest, so that one file serves them all.
    for cut in sorted(cuts, reverse=True):
        os.truncate(log, cut)
        assert attached(duck, path) == crashed.before(cut), f"cut at byte {cut}"


def test_cut_around_every_entry_of_its_last_record_it_holds_whole_commits(
    crashed: Crashed, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    last = range(crashed.ends[-2], crashed.ends[-1] + 1)
    begins = entries(crashed.log, last[0])
    assert begins[-1] == last[-1] and len(begins) > 3
    # What ends it, and at each byte of the size, of the checksum, and the first ones after it.
    near = {begin + by for begin in begins for by in range(-2, 19)} & set(last)
    check_cuts(crashed, duck, tmp_path, [*near, *random.Random(5).sample(last, 150)])


def test_cut_anywhere_before_it_holds_whole_commits(
    crashed: Crashed, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    check_cuts(crashed, duck, tmp_path, range(0, crashed.ends[-2], 31))


@pytest.mark.soak
def test_cut_at_every_byte_it_holds_whole_commits(
    crashed: Crashed, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    check_cuts(crashed, duck, tmp_path, range(crashed.ends[-1] + 1))


@pytest.mark.parametrize("part", [0, 1, 15, 16, 500, -16, -1])
def test_a_collector_opens_a_cut_log_and_takes_new_data(
    crashed: Crashed, tmp_path: Path, part: int
) -> None:
    cut = part + crashed.ends[-2 if part >= 0 else -1]
    crashed.put(tmp_path, crashed.log[:cut])
    fresh = Span()
    with Store(tmp_path) as store:
        store.take(traces(fresh))
    assert opened(tmp_path / "limen.duckdb") == crashed.before(cut) | {fresh.span_id}


def damaged(log: bytes, start: int, step: int) -> Iterator[bytes]:
    """`log` with one bit turned, and with a tail that was never written (all zero, or noise), at
    every so many bytes from `start` on."""
    rng = random.Random(11)
    for at in range(start, len(log), step):
        turned = bytearray(log)
        turned[at] ^= 1 << rng.randrange(8)
        yield bytes(turned)
        yield log[:at] + bytes(len(log) - at)
        yield log[:at] + rng.randbytes(len(log) - at)


def test_a_damaged_record_is_never_read_as_something_else(
    crashed: Crashed, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    read = 0
    for log in damaged(crashed.log, crashed.ends[-2], 29):
        with contextlib.suppress(duckdb.Error):
            assert attached(duck, crashed.put(tmp_path, log)) in crashed.stored
            read += 1
    assert read


def test_a_damaged_log_is_refused_with_a_remedy_that_keeps_what_was_before(
    crashed: Crashed, tmp_path: Path
) -> None:
    refused = 0
    for log in damaged(crashed.log, crashed.ends[-2], 601):
        path = crashed.put(tmp_path, log)
        try:
            assert opened(path) in crashed.stored
        except StoreUnusable as error:
            refused += 1
            remedy = re.search(r"truncate --size (\d+) (\S+)$", str(error))
            assert remedy is not None, error
            os.truncate(remedy[2], int(remedy[1]))
            assert opened(path) in crashed.stored[-2:]
    assert refused
