"""A check as a table for spreadsheets."""

import csv
import io
from typing import Any

from collector.contract.compliance import Check, Finding, Verdict

_VERDICT = [name for name in Verdict.model_fields]
COLUMNS = (
    *(name for name in Finding.model_fields if name != "verdict"),
    *(f"verdict_{name}" for name in _VERDICT),
)
# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(check: Check) -> str:
    """A row a finding, with what was said of it; RFC 4180."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(COLUMNS)
    for finding in check.findings:
        row = finding.model_dump(exclude={"verdict"})
        row["traces"] = " ".join(finding.traces)
        verdict = finding.verdict.model_dump() if finding.verdict else {}
        values = [*row.values(), *(verdict.get(name) for name in _VERDICT)]
        writer.writerow([harmless(value) for value in values])
    return sink.getvalue()


def harmless(value: Any) -> Any:
    """`value` as a spreadsheet shows it and does not run it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
