"""Checks and what left, as tables for spreadsheets: RFC 4180."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from collector.compliance.observed import Observed, When
from collector.contract.compliance import Check, Finding, Verdict
from collector.contract.spreadsheets import harmless

_VERDICT = [name for name in Verdict.model_fields]
COLUMNS = (
    *(name for name in Finding.model_fields if name != "verdict"),
    *(f"verdict_{name}" for name in _VERDICT),
)


def as_csv(check: Check) -> str:
    """A row a finding, with what was said of it."""
    rows = []
    for finding in check.findings:
        row = finding.model_dump(exclude={"verdict"})
        row["traces"] = " ".join(finding.traces)
        verdict = finding.verdict.model_dump() if finding.verdict else {}
        rows.append([*row.values(), *(verdict.get(name) for name in _VERDICT)])
    return table(COLUMNS, rows)


def flows_csv(
    seen: Sequence[Observed], when: Mapping[int, When], said: Callable[[int], str]
) -> str:
    """A row for all departures that are alike, with by its number `when`. `said` makes RFC 3339 of
    ns."""
    names = [field.name for field in fields(Observed) if field.name != "number"]
    rows = []
    for one in seen:
        row = {name: getattr(one, name) for name in names}
        row |= {"categories": " ".join(one.categories)}
        seen_then = when[one.number]
        rows.append([*row.values(), said(seen_then.first), said(seen_then.last)])
    return table([*names, "first", "last"], rows)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV, no cell of which a spreadsheet would run."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return sink.getvalue()


def _cell(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value
