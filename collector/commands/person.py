"""What is held about an installation, as a report that the person can read: text or a page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.compliance import page
from collector.compliance.page import Section
from collector.contract.persons import AccessReport

_TITLE = "What is held about this installation of the app"
_UNKNOWN = "not known"
_ANSWERED = {"device": "on the phone", "cloud": "in the cloud"}
_WHY = {
    "accept": "the phone's own answer was used",
    "cloud": "it is planned to be answered in the cloud",
    "fallback": "the phone passed it on",
    "blocked": "the cloud was needed and could not be asked",
    "error": "something failed",
}
_CAUSE = {
    "fallback": "the phone could not answer by itself",
    "design": "it is planned so",
    "audit": "drawn at random, to check the phone's answer",
}


def sections(report: AccessReport) -> Iterator[Section]:
    """The report, table by table."""
    yield from _done(report)
    yield from _kept(report)
    yield Section(
        "Copies elsewhere",
        "Where copies of some of it may be: systems it is passed on to, backups, files that were "
        "handed out.",
        ("what", "where, or when it was made"),
        list(_copies(report)),
    )
    yield Section(
        "What is not in this report",
        "And why.",
        ("what", "why"),
        list(_left_out(report)),
    )
    yield Section(
        "Everything above as it is stored",
        "Span by span, with every attribute. Identifiers are kept as keyed hashes only.",
        ("when", "trace", "name", "kind", "attributes"),
        [_span(row) for row in report.spans],
    )


def _done(report: AccessReport) -> Iterator[Section]:
    yield Section(
        "What ran where",
        "Each time the app asked a model, where the answer came from, and why.",
        ("when", "app", "what for", "answered", "why", "answer", "model"),
        [_request(row) for row in report.requests],
    )
    yield Section(
        "What left the phone, or was passed on",
        "Each transfer: to whom, what kind of data, what for, and with which consent.",
        ("when", "to", "where", "what", "what for", "consent", "why", "bytes"),
        [_departure(row) for row in report.departures],
    )
    yield _columns(
        "What was consented to",
        "Each change of consent as the app told it, and the version of the notice it showed.",
        report.consents,
        {"since": "time", "what for": "purpose", "consent": "state", "notice": "version"},
    )


def _kept(report: AccessReport) -> Iterator[Section]:
    yield _columns(
        "Inputs that were kept",
        "With consent, and sealed: what a model was given. "
        f"They are deleted after at most {report.input_days} days.",
        report.inputs,
        {
            "received": "received_time", "what for": "feature", "kind": "kind",
            "what it was said to be": "truth", "number": "number",
        },
    )  # fmt: skip
    yield _columns(
        "What other models would have said of them",
        "Inputs are run through models again, to compare them.",
        report.scores,
        {
            "input": "number", "run": "run", "answer": "predicted", "confidence": "confidence",
            "or why none": "failure",
        },
    )  # fmt: skip
    yield _columns(
        "When the app sent telemetry here",
        "The records above came in these requests.",
        report.exports,
        {
            "received": "received_time", "app": "app", "release": "release", "records": "records",
            "bytes": "body_bytes",
        },
    )  # fmt: skip


def _copies(report: AccessReport) -> Iterator[tuple[str, ...]]:
    if report.forwarded_spans or report.forwarded_to:
        where = report.forwarded_to or "where records were passed on to then"
        yield (f"{report.forwarded_spans:,} records passed on", where)
    yield from (("backup", _when(made)) for made in report.backups)
    for one in report.handed_out:
        what, _, made = one.partition(" of ")
        yield (f"file of {what}", _when(made))


def _left_out(report: AccessReport) -> Iterator[tuple[str, ...]]:
    """What is held and not shown, or not held although one may expect it."""
    yield (
        "Names, addresses, identifiers of the phone",
        "not kept: dropped, or replaced by a keyed hash, before anything is stored",
    )
    yield (
        "What was written, said or photographed",
        "not kept with these records: content is dropped where it arrives",
    )
    if report.inputs:
        opened = any("content" in row for row in report.inputs)
        yield (
            "The kept inputs themselves",
            "handed over with the same report as JSON"
            + ("" if opened else ", where their contents are asked for: they may be pictures"),
        )
    yield (
        "What else was noted of the requests that the records came in",
        "counts of values that were dropped, of many phones together: nobody is told apart in them",
    )
    yield (
        "The log of who looked at, reported or erased something",
        "it never tells of whom, so nothing in it is known to be about you",
    )
    yield (
        "What is older than stated above, or was erased",
        "deleted; it may still be in the backups that are named here",
    )
    if report.attributable_since is not None:
        yield (
            f"What was received before {_when(report.attributable_since)}",
            "nobody can tell whose it is: the key of its hashes is destroyed (Art. 11)",
        )


def _columns(
    title: str, about: str, rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> Section:
    """A section of `rows` as they are: the heading of each column, and what stands in it."""
    cells = [
        tuple(
            _when(row[name]) if name.endswith("time") else _text(row[name])
            for name in names.values()
        )
        for row in rows
    ]
    return Section(title, about, tuple(names), cells)


def facts(report: AccessReport) -> list[str]:
    """What a person has to be told besides."""
    receivers = sorted({_receiver(row) for row in report.departures})
    return [
        f"Requests: {len(report.requests):,}; transfers: {len(report.departures):,}; kept inputs: "
        f"{len(report.inputs):,}; records in all: {len(report.spans):,}.",
        "Received by: " + ("; ".join(receivers) or "nobody") + ".",
        f"Telemetry is deleted {report.retention_days} days after it was received, inputs after at "
        f"most {report.input_days} (policy {report.policy}).",
        "It came from the app itself and from the services it asked. It is known by a keyed hash "
        "of the installation's identifier, which is not kept.",
        "Limen, which holds it, decides nothing about a person.",
        "You may have it erased or corrected, object to its use, or complain to a supervisory "
        "authority.",
    ]


def as_text(report: AccessReport) -> str:
    """For a terminal or a mail."""
    lines = [_TITLE, "=" * len(_TITLE), "", *(f"- {fact}" for fact in facts(report))]
    for section in sections(report):
        lines += ["", section.title, "-" * len(section.title), section.about, ""]
        if not section.rows:
            lines.append("(nothing)")
            continue
        table = [section.columns, *section.rows]
        widths = [max(len(row[at]) for row in table) for at in range(len(section.columns))]
        for row in table:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def as_page(report: AccessReport) -> str:
    """A page by itself, to be sent or printed."""
    return page.as_page(_TITLE, facts(report), sections(report))


def _request(row: Mapping[str, Any]) -> tuple[str, ...]:
    reason = f": {row['reason'].replace('_', ' ')}" if row["reason"] else ""
    return (
        _when(row["time"]),
        f"{row['app']} {row['release']}",
        _text(row["feature"]),
        _ANSWERED.get(row["answered_by"], "not at all"),
        _WHY.get(row["decision"], _UNKNOWN) + reason,
        _text(row["output_label"]),
        _text(row["model"]),
    )


def _departure(row: Mapping[str, Any]) -> tuple[str, ...]:
    passed_on = " (passed on by a service)" if row["leg"] == "onward" else ""
    return (
        _when(row["time"]),
        _receiver(row) + passed_on,
        _text(row["region"]),
        _text(row["category"]),
        _text(row["purpose"]),
        _text(row["consent"]),
        _CAUSE.get(row["cause"], _UNKNOWN),
        _text(row["bytes"]),
    )


def _span(row: Mapping[str, Any]) -> tuple[str, ...]:
    attributes = "; ".join(f"{name} = {value}" for name, value in row["attributes"].items())
    return (_when(row["start"]), row["trace_id"][:8], _text(row["name"]), row["kind"], attributes)


def _receiver(row: Mapping[str, Any]) -> str:
    who = ", ".join(word for word in (row["owner"], row["role"]) if word not in (None, "unknown"))
    return f"{row['destination']} ({who.replace('_', ' ')})" if who else str(row["destination"])


def _text(value: object) -> str:
    if value is None or value == "unknown":
        return _UNKNOWN
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("_", " ")


def _when(time: str) -> str:
    """To the second, UTC."""
    return time[:19].replace("T", " ")
