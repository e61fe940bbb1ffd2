"""What is held about an installation, as a report that the person can read: text or a page."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.compliance import page, text
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
_REASON = {
    "low_confidence": "it was not sure enough",
    "model_unavailable": "its model was not there",
    "load_error": "its model could not be loaded",
    "unsupported_input": "its model cannot read such an input",
    "timeout": "its model took too long",
    "memory": "it had too little memory",
    "thermal": "it was too warm",
    "policy": "the app is set so",
    "user": "you chose so",
    "offline": "there was no network",
    "consent": "consent was missing",
    "quota": "a quota was used up",
    "cloud_error": "the cloud failed",
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
        by=4,
    )


def _done(report: AccessReport) -> Iterator[Section]:
    yield Section(
        "What ran where",
        "Each time the app asked a model, where the answer came from, and why.",
        ("what for", "app", "model", "when", "answered", "why", "answer"),
        [_request(row, report.features) for row in report.requests],
        by=3,
    )
    yield Section(
        "What left the phone, or was passed on",
        "Each transfer, by whom it went to: what kind of data, with which consent, and why.",
        ("to", "where", "what for", "when", "what", "consent", "why", "bytes"),
        [_departure(row) for row in report.departures],
        by=3,
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
    """The totals, and what a person has to be told besides."""
    answerable = " · ".join(f"{name}: {who}" for name, who in report.controller.items())
    return [
        *_totals(report),
        f"Telemetry is deleted {report.retention_days} days after it was received, inputs after at "
        f"most {report.input_days} (policy {report.policy}).",
        "It came from the app itself and from the services it asked. It is known by a keyed hash "
        "of the installation's identifier, which is not kept.",
        "Limen, which holds it, decides nothing about a person.",
        "You may have it erased or corrected, object to its use, or complain to a supervisory "
        "authority.",
        *([f"Who answers for it: {answerable}."] if answerable else []),
        "Times are in UTC.",
    ]


def _totals(report: AccessReport) -> Iterator[str]:
    asked = Counter(row["answered_by"] for row in report.requests)
    device, cloud = asked["device"], asked["cloud"]
    if report.requests:
        yield (
            f"The app asked a model {_times(len(report.requests))}: {device:,} answered on the "
            f"phone, {cloud:,} in the cloud, {len(report.requests) - device - cloud:,} not at all."
        )
    sizes = [row["bytes"] for row in report.departures]
    known = [size for size in sizes if size is not None]
    of_unknown = (
        f", and {unknown:,} of unknown size" if (unknown := len(sizes) - len(known)) else ""
    )
    went = "; ".join(f"{who}, {_times(number)}" for who, number in _receivers(report).items())
    if sizes:
        yield (
            f"Data left, or was passed on, {_times(len(sizes))}: {sum(known):,} bytes{of_unknown}. "
            f"It went to {went}."
        )
    else:
        yield "No data is known to have left."
    refused = sum(row["consent"] in ("denied", "withdrawn") for row in report.departures)
    if refused:
        yield f"Of this {_times(refused)} although consent to it was denied or withdrawn."
    yield f"Kept inputs: {len(report.inputs):,}; records in all: {len(report.spans):,}."


def _receivers(report: AccessReport) -> Counter[str]:
    return Counter(_receiver(row) for row in report.departures)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def as_text(report: AccessReport) -> str:
    """For a terminal or a mail."""
    return text.as_text(_TITLE, facts(report), sections(report))


def as_page(report: AccessReport) -> str:
    """A page by itself, to be sent or printed."""
    return page.as_page(_TITLE, facts(report), sections(report))


def _request(row: Mapping[str, Any], features: Mapping[str, str]) -> tuple[str, ...]:
    about = features.get(row["feature"])
    return (
        _text(row["feature"]) + (f" ({about})" if about else ""),
        f"{row['app']} {row['release']}",
        f"model {row['model']}" if row["model"] not in (None, "unknown") else "",
        _when(row["time"]),
        _ANSWERED.get(row["answered_by"], "not at all"),
        _why(row["decision"], row["reason"]),
        _text(row["output_label"]),
    )


def _why(decision: str, reason: str | None) -> str:
    why = _WHY.get(decision, _UNKNOWN)
    return why if not reason else f"{why}: {_REASON.get(reason, _text(reason))}"


def _departure(row: Mapping[str, Any]) -> tuple[str, ...]:
    passed_on = " (passed on by a service)" if row["leg"] == "onward" else ""
    # What caused the request explains nothing of what nobody declared.
    why = "nobody declared it" if row["declared"] is False else _CAUSE.get(row["cause"], _UNKNOWN)
    where = ", ".join(
        one for one in (row["country"], row["region"]) if one not in (None, "unknown")
    )
    return (
        f"to {_receiver(row)}{passed_on}",
        f"in {where}" if where else f"where is {_UNKNOWN}",
        f"for {_text(row['purpose'])}"
        if row["purpose"] != "unknown"
        else f"what for is {_UNKNOWN}",
        _when(row["time"]),
        _text(row["category"]),
        _text(row["consent"]),
        why,
        _text(row["bytes"]),
    )


def _span(row: Mapping[str, Any]) -> tuple[str, ...]:
    attributes = "; ".join(f"{name} = {value}" for name, value in row["attributes"].items())
    trace = f"trace {row['trace_id'][:8]}"
    return (_when(row["start"]), trace, _text(row["name"]), row["kind"], attributes)


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
