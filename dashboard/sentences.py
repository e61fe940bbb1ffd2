"""A decision, a threshold, a finding in plain words. Numbers are quoted, never computed."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from collector.contract.attributes import INSTALLATION
from collector.contract.certificate import Limits
from collector.contract.compliance import CODES, Finding
from collector.contract.findings import CONTENT, HARDWARE_ID, SECRET, SIGNATURE, UNKNOWN
from collector.contract.records import ReplayRun, Sweep, SweepPoint
from collector.contract.thresholds import written
from dashboard.formats import (
    OTHER,
    count,
    label,
    lapse,
    milliseconds,
    moment,
    percent,
    score,
    size,
    words,
)

MENDING: Mapping[str, str] = {
    CONTENT: "Switch the capture of content off in the SDK that writes it, or take the attribute "
    "out of the app: what people said and were told belongs in no telemetry.",
    SECRET: "Revoke it, because it has left the device, and take it out of what the app records.",
    HARDWARE_ID: "Take it out of the app, or of the SDK that adds it: it follows one person from "
    f"app to app. {INSTALLATION} tells installations apart without it.",
    SIGNATURE: "Cut the query off before the URL is recorded, or write REDACTED for the value: "
    "whoever reads the URL can open what is behind it.",
    UNKNOWN: "Take it out of the app, or let the policy name it: the command drafts the lines.",
}
"""How the app is mended, by the code of a finding."""


def finding(row: Mapping[str, Any]) -> str:
    """A row of `findings` by app and release."""
    times = many(row["occurrences"], "time")
    whose = f"{words(row['app'])} {words(row['release'])}"
    by = "known by its name" if row["detector"] == "key" else f"found by {row['detector']}"
    return f"{whose}: {words(row['field'])} ({row['place']}), {times}, {by}."


def found(finding: Finding) -> str:
    """What a check found, in words; of what left, where to."""
    what, of_both, to = finding.subject.rpartition(": ")
    left = of_both and finding.first_seen is not None and finding.source != "door"
    subject = f"{what.replace('_', ' ')}, to {to}" if left else finding.subject
    return f"{label(CODES[finding.code])}: {subject}"


def decision(request: Mapping[str, Any]) -> str:
    """Why this request was answered where it was, in one sentence or two."""
    reason = label(words(request["reason"])).lower()
    sure = _sure(request)
    outcome = {
        "accept": f"The device answered: {sure or 'its answer was used'}",
        "fallback": f"The device asked the cloud, {reason}" + (f": {sure}" if sure else ""),
        "cloud": "The cloud answered, as planned for this feature: no model ran on the device",
        "blocked": f"No answer was possible, {reason}" + (f": {sure}" if sure else ""),
        "error": "No answer: something failed",
    }.get(request["decision"], "What became of this request is unknown")
    return f"{outcome}. {_circumstances(request)}"


def _sure(request: Mapping[str, Any]) -> str | None:
    confidence, threshold = request["confidence"], request["threshold"]
    if confidence is None:
        return None
    model = words(request["model"])
    if threshold is None:
        return f"{model} was {score(confidence)} sure, the threshold is unknown"
    side = "below" if confidence < threshold else "not below"
    return f"{model} was {score(confidence)} sure, {side} the threshold of {score(threshold)}"


def _circumstances(request: Mapping[str, Any]) -> str:
    network = request["network"]
    link = "with no network" if network == "unavailable" else f"on network {words(network)}"
    took = f"It took {milliseconds(request['duration_ms'])} on {words(request['device_model'])}"
    audit = " It was also sent to the cloud at random, as an audit."
    return f"{took} ({words(request['os'])}), {link}.{audit if request['audit_sampled'] else ''}"


def skew(found: Mapping[str, Any]) -> str:
    """What one call of a trace shows of the two clocks."""
    apart, about = found["skew_ms"], lapse(found["uncertainty_ms"])
    if abs(apart) <= found["uncertainty_ms"]:
        return (
            f"The clocks of phone and cloud agree within {about}, which is all the call can tell."
        )
    side = "behind" if apart > 0 else "ahead of"
    return (
        f"The phone's clock was {lapse(abs(apart))} (± {about}) {side} the cloud's. "
        "Every bar stands where its own clock put it."
    )


def departure(row: Mapping[str, Any]) -> str:
    """An undeclared flow (see `questions.undeclared`) as a sentence."""
    hidden = row["unknown_bytes_transfers"]
    unmeasured = f", {count(hidden)} of them of unknown size" if hidden else ""
    categories = words(row["category"]).replace("_", " ").replace(",", ", ")
    whose = f"{_merged(row['feature'], 'features')} in {_merged(row['release'], 'releases')}"
    return (
        f"{whose} sent {size(row['bytes'])} ({categories}) "
        f"in {many(row['transfers'], 'transfer')}{unmeasured}."
    )


def _merged(name: object, several: str) -> str:
    """A name, or what several were merged into."""
    return f"other {several}" if name == OTHER else words(name)


def flow_change(row: Mapping[str, Any]) -> str:
    """A row of `flow_changes` that only one side sends."""
    here = row["change"] == "added"
    times = row["transfers"] if here else row["other_transfers"]
    among = row["requests"] if here else row["other_requests"]
    categories = words(row["category"]).replace("_", " ").replace(",", ", ")
    declared = ", not declared" if row["declared"] is False else ""
    expected = "" if here or row["expected"] is None else f", expected {row['expected']:,.1f} times"
    return (
        f"{words(row['feature'])}: {categories} to {words(row['destination'])} for "
        f"{words(row['purpose'])}, consent {_either(row['consent'])}, cause {_either(row['cause'])}"
        f"{declared}; {many(times, 'transfer')} in {many(among, 'request')}{expected}."
    )


def _either(of_a_set: object) -> str:
    return words(of_a_set).replace("_", " ").replace(",", " or ")


def many(number: int | None, noun: str, nouns: str | None = None) -> str:
    """`number` of something, in words; `nouns` where an s is not enough."""
    return f"{count(number)} {noun if number == 1 else nouns or f'{noun}s'}"


def chosen(values: Mapping[str, Sequence[str]]) -> str:
    """What a selection was narrowed to."""
    parts = (f"{label(name).lower()} {' or '.join(found)}" for name, found in values.items())
    return ", ".join(parts)


def differences(telling: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """What the dimensions that explain anything tell, a sentence each; rows of `differences`."""
    if not telling:
        return [
            "Nothing tells the selected requests from the others: no dimension explains more than "
            "chance could."
        ]
    return [
        f"{label(name)} explains {percent(rows[0]['explains'])}: {words(rows[0]['value'])} is "
        f"{percent(rows[0]['share_selected'])} of the selected and "
        f"{percent(rows[0]['share_others'])} of the others "
        f"({many(rows[0]['installations'], 'installation')})."
        for name, rows in list(telling.items())[:3]
    ]


def run_line(run: ReplayRun) -> str:
    """A replay run in one line that stays the same while it goes on, for whoever reads it."""
    model = f"{run.model} on {run.runtime}"
    kind = " · scores only" if run.source == "spans" else ""
    return f"{run.feature} · {model}{kind} · {moment(run.created, UTC)} · {run.run}"


def recommendation(sweep: Sweep) -> str:
    """The recommended threshold, or that there is none."""
    found = sweep.recommended
    return "No recommendation" if found is None else f"Recommended: {written(found.threshold)}"


def limits(asked: Limits) -> str:
    """What a threshold has to keep to, all at once."""
    parts = {
        f"at most {percent(asked.max_error)} of the device's answers wrong": asked.max_error,
        f"at most {percent(asked.max_cloud)} of requests to the cloud": asked.max_cloud,
        f"at least {percent(asked.min_offline)} answered offline": asked.min_offline,
        f"at most {size(asked.max_egress)} a request leaving": asked.max_egress,
        f"at most {size(asked.max_egress_per_user)} an installation": asked.max_egress_per_user,
    }
    told = ", ".join(words for words, limit in parts.items() if limit is not None)
    return f"Asked for, together: {told}; with {percent(asked.confidence)} confidence."


def point(chosen: SweepPoint, current: SweepPoint | None) -> str:
    """What the threshold of `chosen` would do, beside what `current` does."""
    if current is None:
        return (
            f"At {written(chosen.threshold)} the device would answer "
            f"{percent(chosen.device_share)} of requests, {_wrong(chosen)}, and "
            f"{percent(chosen.fallback_rate)} would fall back. {_egress(chosen)}"
        )
    if current.threshold == chosen.threshold:
        return (
            f"At {written(chosen.threshold)}, the current threshold, the device answers "
            f"{percent(chosen.device_share)} of requests, {_wrong(chosen)}, and "
            f"{percent(chosen.fallback_rate)} fall back."
        )
    direction = "Raised" if chosen.threshold > current.threshold else "Lowered"
    return (
        f"{direction} to {written(chosen.threshold)} from {written(current.threshold)}, the device "
        f"would answer {percent(chosen.device_share)} of requests, {_wrong(chosen)}, instead of "
        f"{percent(current.device_share)}, {_wrong(current)}; {percent(chosen.fallback_rate)} "
        f"would fall back instead of {percent(current.fallback_rate)}. "
        f"{_egress(chosen, current)}"
    )


def _wrong(found: SweepPoint) -> str:
    share = error(found)
    return "nobody knows how many wrong" if share is None else f"{percent(share)} of them wrong"


def error(found: SweepPoint) -> float | None:
    """The error among device answers where answers are known of all of them, else None."""
    return found.error_rate if found.evidence else None


def _egress(found: SweepPoint, current: SweepPoint | None = None) -> str:
    if found.egress is None:
        return "How much would leave the device is unknown."
    was = "" if current is None else f" instead of {size(current.egress)}"
    return f"Per request, {size(found.egress)} would leave the device{was}."
