"""Answers to metrics as files for spreadsheets: every row, made in bounded memory, and audited."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from collector.contract.errors import Overloaded
from collector.contract.records import Query
from collector.contract.spreadsheets import FORMULA
from collector.detect import Detectors
from collector.intake.free_space import FreeSpace
from collector.redaction.screen import Screen
from collector.store.audit_log import AuditLog
from collector.store.reader import Reader

_CHUNK = 2**18
# What is asked for of one person or trace; the audit log tells of nobody.
_WHOSE = ("trace", "pseudonym")
# Anything can be asked for; the audit log tells what could be stored of a phone.
_TOLD = r"\A[a-zA-Z0-9_.:,/+ \-]{1,100}\z"
_SCREEN = Screen(Detectors())


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file without a name, whole: its space is free once it is closed. `size` in bytes."""

    file: IO[bytes] = field(repr=False)
    size: int

    def chunks(self) -> Iterator[bytes]:
        """What is in it, piece by piece, once."""
        with self.file:
            while chunk := self.file.read(_CHUNK):
                yield chunk


class CsvFiles:
    """Of what `reader` answers, made in `folder` while there is `space`, noted in `audit`."""

    def __init__(self, reader: Reader, audit: AuditLog, folder: Path, space: FreeSpace) -> None:
        self._reader, self._audit = reader, audit
        self._folder, self._space = folder, space

    def make(self, asked: Query, token: str | None, *, merged: bool = False) -> CsvFile:
        """The file of a metric, asked for by `token`; `merged` as for `Reader`.

        Nothing is handed out before all of it is there and in the audit log. Raises BadInput, and
        Overloaded where it takes too long or too much of the disk.
        """
        file = tempfile.TemporaryFile(dir=self._folder)
        try:
            rows = self._write(self._reader.rows(asked, merged=merged), file)
            self._audit.exported(asked.metric, rows, token, asked=_told(asked))
        except BaseException:
            file.close()
            raise
        size = file.tell()
        file.seek(0)
        return CsvFile(file, size)

    def _write(self, batches: Iterator[pa.RecordBatch], file: IO[bytes]) -> int:
        """Writes them; how many rows they are."""
        rows, first = 0, next(batches)
        with pyarrow.csv.CSVWriter(file, first.schema) as writer:
            for batch in batches:
                if self._space.short:
                    raise Overloaded("the disk has no room for the file: ask for a shorter period")
                writer.write_batch(harmless(batch))
                rows += batch.num_rows
        return rows


def harmless(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with an apostrophe before what a spreadsheet would run."""
    for at, column in enumerate(batch.schema):
        if pa.types.is_string(column.type):
            safe = pc.replace_substring_regex(batch.column(at), f"^([{FORMULA}])", r"'\1")
            batch = batch.set_column(at, column.name, safe)
    return batch


def _told(asked: Query) -> dict[str, Any]:
    """What a file is of, as the audit log may tell it."""
    said = asked.model_dump(by_alias=True, exclude_defaults=True, exclude={"metric", "offset"})
    for narrowed in ("where", "selected"):
        if values := said.get(narrowed):
            said[narrowed] = {name: _told_values(name, found) for name, found in values.items()}
    return said


def _told_values(name: str, values: Sequence[str]) -> list[str]:
    if name in _WHOSE:
        return ["(not told)"] * len(values)
    return [value or "(not told)" for value, _ in _SCREEN.judge(values, name, _TOLD)]
