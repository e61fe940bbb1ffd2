"""A what-if in words: the sentence, and what was beside what would have been."""

from collector.contract.what_if.records import OFFLINE, Circumstances, Observed, Outcome, WhatIf

_ROWS = (
    "Model",
    "It said",
    "Confidence",
    "Threshold",
    "Network",
    "Consent",
    "Decision",
    "Reason",
    "Answer",
    "Sent for the answer",
)


def rows(found: WhatIf) -> tuple[tuple[str, str, str], ...]:
    """What decided and what came of it, as (name, as it was, as it would be) in words."""
    sides = ((found.was, found.did), (found.would_be, found.would))
    columns = [
        (
            _text(now.said.model),
            _text(now.said.label),
            _number(now.said.confidence),
            _number(now.threshold),
            words(now.network),
            words(now.consent),
            words(outcome.decision),
            "–" if outcome.decision in ("accept", "cloud") else words(outcome.reason),
            _answer(outcome),
            _sent(outcome),
        )
        for now, outcome in sides
    ]
    return tuple(zip(_ROWS, *columns, strict=True))


def sentence(o: Observed, now: Circumstances, would: Outcome, why: str) -> str:
    """What was changed, what would have become of the request, and why."""
    changes = _changes(o.circumstances, now)
    if not changes:
        return f"As it was: {_happened(o.outcome)}. Change something to see what would have been."
    head = f"{changes[0].upper()}{changes[1:]}, "
    if would.decision is None:
        return f"{head}what would have happened is unknown: {why}."
    did = o.outcome
    if (would.decision, would.reason, would.answer) == (did.decision, did.reason, did.answer):
        return f"{head}nothing would have been different: {_happened(did)} ({why})."
    return f"{head}{_would(would)} ({why}), instead of this: {_happened(did)}. {_bytes(did, would)}"


def _changes(was: Circumstances, now: Circumstances) -> str:
    said = []
    if now.threshold != was.threshold:
        said.append(f"a threshold of {_number(now.threshold)} (it was {_number(was.threshold)})")
    if now.said != was.said:
        said.append(f"the model {now.said.model} (it was {was.said.model or 'unknown'})")
    if now.network != was.network:
        said.append(f"{_network(now.network)} (it was {_network(was.network)})")
    if now.consent != was.consent:
        said.append(f"consent {words(now.consent)} (it was {words(was.consent)})")
    return "with " + " and ".join(said) if said else ""


def _text(value: str | None) -> str:
    return "unknown" if value is None else value


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _answer(outcome: Outcome) -> str:
    if outcome.answered_by is None:
        return "unknown" if outcome.decision is None else "none"
    return f"{_text(outcome.answer)} (by the {outcome.answered_by})"


def _sent(outcome: Outcome) -> str:
    if outcome.sent is None:
        return "unknown"
    return f"{'about ' if outcome.estimated else ''}{outcome.sent:,.0f} B"


def _network(name: str | None) -> str:
    return "no network" if name == OFFLINE else f"network {name or 'unknown'}"


def _would(outcome: Outcome) -> str:
    said = "" if outcome.answer is None else f' "{outcome.answer}"'
    match outcome.decision:
        case "accept":
            return f"the device would have answered{said}"
        case "fallback":
            cloud = f", which says{said}" if said else ", whose answer is unknown"
            return f"the device would have asked the cloud{cloud}"
        case "cloud":
            return f"the cloud would have answered{said}"
        case "blocked":
            return f"no answer would have been possible, {words(outcome.reason)}"
        case _:
            return "it would have failed"


def _happened(outcome: Outcome) -> str:
    said = "" if outcome.answer is None else f' "{outcome.answer}"'
    match outcome.decision:
        case "accept":
            return f"the device answered{said}"
        case "fallback":
            return f"the device asked the cloud ({words(outcome.reason)})" + (
                f", which said{said}" if said else ""
            )
        case "cloud":
            return f"the cloud answered{said}"
        case "blocked":
            return f"no answer was possible, {words(outcome.reason)}"
        case _:
            return "it failed"


def _bytes(did: Outcome, would: Outcome) -> str:
    if would.sent is None or did.sent is None:
        return "How many bytes more or less would have left is unknown."
    change = would.sent - did.sent
    if change == 0:
        which = "The same bytes" if did.sent else "Nothing, as it was,"
        return f"{which} would have left for the cloud."
    about = "About " if would.estimated else ""
    more = "more" if change > 0 else "fewer"
    return f"{about}{abs(change):,.0f} B {more} would have left for the cloud."


def words(name: str | None) -> str:
    """A name of the conventions as a reader says it."""
    return "unknown" if name is None else name.replace("_", " ")
