"""Where a feature's inference belongs: device, hybrid or cloud, by rules over what was measured.

Pure: facts in, reasons with their numbers out. The rules are told in docs/placement.md.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from collector.contract.thresholds import written

# Special categories of GDPR Art. 9, and highly personal data (WP 248 rev.01, criterion 4).
SENSITIVE = frozenset(
    (
        "health", "biometric", "special_category", "location_precise", "message", "document",
        "payment", "credit", "financial_other", "credential", "government_id",
    )
)  # fmt: skip
# Below so many requests a share of them is no evidence.
LEAST_REQUESTS = 100
# From this share of offline requests on a feature needs a device that answers.
OFFLINE_SHARE = 0.05
# What share of requests the device answers at the certified threshold: nearly all, or too few.
NEARLY_ALL, TOO_FEW = 0.99, 0.10
_UNSEEN = "no request of it was seen"

Placement = Literal["device", "hybrid", "cloud"]
_ALL: tuple[Placement, ...] = ("device", "hybrid", "cloud")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=(), extra="forbid")


class Quality(_Record):
    """What a sweep found. Errors are shares of device answers that were wrong, None: unknown.

    `threshold` is the lowest shown to keep to `max_error`, where the device answers
    `device_share`; None: none was shown, for `reason`, because of `missing` evidence
    (`more_installations` of it where that can be counted), else because answers are too often
    wrong. `error_alone` is the error if the device answered everything. `scores_only`: from the
    scores on spans, no input was replayed.
    """

    run: str
    model: str
    reference: str
    cases: int
    max_error: float
    confidence: float
    threshold: float | None
    device_share: float | None
    error_alone: float | None
    reason: str = ""
    missing: bool = False
    more_installations: int | None = None
    scores_only: bool = False


class Facts(_Record):
    """What is known of a feature in a period; None: unknown.

    `planned`, `offline_critical` and `size_budget` (bytes) are the policy's, `categories` its and
    those seen. `model` answered most requests on devices, of `model_size` bytes. Of `asked`
    requests that the cloud answered, a call sent `bytes_each`; `tokens_each` are input and output
    tokens of a generative one.
    """

    feature: str
    planned: str | None
    categories: tuple[str, ...]
    offline_critical: bool
    size_budget: int | None
    requests: int
    offline_requests: int
    model: str | None
    model_size: int | None
    quality: Quality | None
    asked: int
    bytes_each: float | None
    tokens_each: float | None


class Reason(_Record):
    """One reason: what was found, with its number, and where the number is from.

    `against` are placements that it rules out, `speaks_for` the one that it supports; neither:
    it decides nothing. `known` is False where evidence is missing.
    """

    factor: Literal["privacy", "offline", "model", "quality", "cost"]
    found: str
    source: str
    against: tuple[Placement, ...] = ()
    speaks_for: Placement | None = None
    known: bool = True


class Advice(_Record):
    """Where a feature belongs. `placement` None: `open` says whether evidence is missing or no
    placement fits; `next_step` is what to do then."""

    feature: str
    planned: str | None
    placement: Placement | None
    open: Literal["not enough evidence", "nothing fits"] | None
    sentence: str
    next_step: str | None
    reasons: tuple[Reason, ...]


def advise(facts: Facts) -> Advice:
    """The advice on one feature, with every reason."""
    reasons = (_privacy(facts), _offline(facts), _model(facts), _quality(facts), _cost(facts))
    against = {placement for reason in reasons for placement in reason.against}
    left = [placement for placement in _ALL if placement not in against]
    quality = reasons[3]
    found: Placement | None = None
    if quality.speaks_for in left:
        found = quality.speaks_for
    elif left == ["cloud"]:
        found = "cloud"
    missing = found is None and not quality.known and bool({"device", "hybrid"} & set(left))
    open_: Literal["not enough evidence", "nothing fits"] | None = None
    if found is None:
        open_ = "not enough evidence" if missing else "nothing fits"
    return Advice(
        feature=facts.feature,
        planned=facts.planned,
        placement=found,
        open=open_,
        sentence=_sentence(facts, found, open_, reasons),
        next_step=_next_step(facts, open_, reasons),
        reasons=reasons,
    )


def _privacy(facts: Facts) -> Reason:
    source = "categories of the policy and of departures; docs/placement.md lists the sensitive"
    if not facts.categories:
        found = "what kind of data it is about is unknown: no policy and no departure says"
        return Reason(factor="privacy", found=found, source=source, known=False)
    sensitive = sorted(SENSITIVE.intersection(facts.categories))
    named = ", ".join(sensitive or sorted(facts.categories)).replace("_", " ")
    found = f"sensitive kinds of data: {len(sensitive)} of {len(facts.categories)} ({named})"
    if not sensitive:
        return Reason(factor="privacy", found=found, source=source)
    found += "; not every request should send such data"
    return Reason(factor="privacy", found=found, source=source, against=("cloud",))


def _offline(facts: Facts) -> Reason:
    source = "requests with network.connection.type = unavailable; offline_critical of the policy"
    share = facts.offline_requests / facts.requests if facts.requests else 0.0
    counted = _UNSEEN
    if facts.requests:
        counted = f"{share:.1%} of {facts.requests:,} requests were made without a network"
    if facts.offline_critical:
        found = f"the policy calls it critical offline; {counted}"
        return Reason(factor="offline", found=found, source=source, against=("cloud",))
    if facts.requests < LEAST_REQUESTS:
        found = f"{facts.requests:,} requests are too few to tell; {LEAST_REQUESTS} do"
        return Reason(factor="offline", found=found, source=source, known=False)
    if share >= OFFLINE_SHARE:
        found = f"{counted}; {OFFLINE_SHARE:.0%} or more speak against the cloud"
        return Reason(factor="offline", found=found, source=source, against=("cloud",))
    found = f"{counted}; {OFFLINE_SHARE:.0%} or more would speak against the cloud"
    return Reason(factor="offline", found=found, source=source)


def _model(facts: Facts) -> Reason:
    source = "limen.model.name and .size of requests; size_budget of the policy"
    if facts.model is None and not facts.requests:
        return Reason(factor="model", found=_UNSEEN, source=source, known=False)
    if facts.model is None:
        found = f"no model answered on a device in {facts.requests:,} requests"
        return Reason(factor="model", found=found, source=source, against=("device", "hybrid"))
    if facts.model_size is None or facts.size_budget is None:
        what = "its size" if facts.model_size is None else "the size it may have"
        found = f"{facts.model} runs on devices; {what} is unknown"
        return Reason(factor="model", found=found, source=source, known=False)
    sizes = f"{_sized(facts.model_size)} of a budget of {_sized(facts.size_budget)}"
    if facts.model_size > facts.size_budget:
        found = f"{facts.model} has {sizes}: it is too large"
        return Reason(factor="model", found=found, source=source, against=("device", "hybrid"))
    return Reason(factor="model", found=f"{facts.model} has {sizes}", source=source)


def _sized(size: int) -> str:
    for unit, length in (("MB", 10**6), ("kB", 10**3)):
        if size >= length:
            return f"{size / length:,.1f} {unit}"
    return f"{size} B"


def _quality(facts: Facts) -> Reason:
    quality = facts.quality
    if quality is None:
        found = "how often device answers are wrong was not measured"
        return Reason(factor="quality", found=found, source="no sweep", known=False)
    kind = " over scores alone" if quality.scores_only else ""
    source = f"sweep{kind} of run {quality.run} by {quality.reference}, {quality.cases:,} cases"
    error, sure = f"{quality.max_error:.1%}", f"with {quality.confidence:.0%} confidence"
    alone = (
        "" if quality.error_alone is None
        else f"; answering all alone, {quality.error_alone:.1%} would be wrong"
    )  # fmt: skip
    if quality.threshold is None or quality.device_share is None:
        if quality.missing:
            more = quality.more_installations
            need = f", {more:,} more installations are needed" if more else f": {quality.reason}"
            found = f"at most {error} wrong is not shown {sure}{need}{alone}"
            return Reason(factor="quality", found=found, source=source, known=False)
        found = f"no threshold keeps wrong device answers at {error} {sure}{alone}"
        return Reason(
            factor="quality", found=found, source=source, against=("device", "hybrid"),
            speaks_for="cloud",
        )  # fmt: skip
    shown = (
        f"from a threshold of {written(quality.threshold)} up the device answers "
        f"{quality.device_share:.1%} of requests, at most {error} of them wrong, {sure}{alone}"
    )
    if quality.device_share >= NEARLY_ALL:
        return Reason(factor="quality", found=shown, source=source, speaks_for="device")
    if quality.device_share >= TOO_FEW:
        return Reason(
            factor="quality", found=shown, source=source, against=("device",), speaks_for="hybrid"
        )
    return Reason(
        factor="quality", found=f"{shown}: too few", source=source, against=("device", "hybrid"),
        speaks_for="cloud",
    )  # fmt: skip


def _cost(facts: Facts) -> Reason:
    source = "bytes of departures and gen_ai.usage.* of the requests that the cloud answered"
    if not facts.asked:
        found = "no request asked the cloud: what one costs there is unknown"
        return Reason(factor="cost", found=found, source=source, known=False)
    size = "unknown bytes" if facts.bytes_each is None else _sized(round(facts.bytes_each))
    tokens = "" if facts.tokens_each is None else f" and {facts.tokens_each:,.0f} tokens"
    found = f"{facts.asked:,} requests asked the cloud, {size}{tokens} a call"
    share = facts.quality.device_share if facts.quality else None
    if share is not None:
        found += f"; of all requests {share:.1%} would need none at the threshold shown"
    return Reason(factor="cost", found=found, source=source, known=facts.bytes_each is not None)


def _sentence(
    facts: Facts, found: Placement | None, open_: str | None, reasons: tuple[Reason, ...]
) -> str:
    if found is None:
        against = "; ".join(reason.found for reason in reasons if reason.against)
        unknown = reasons[2].found if facts.model is None else reasons[3].found
        why = against if open_ == "nothing fits" else unknown
        return f"{facts.feature}: {open_}: {why}."
    why = "; ".join(
        reason.found
        for reason in reasons
        if reason.speaks_for == found or (reason.against and found not in reason.against)
    )
    plan = ", as planned" if facts.planned == found else ""
    if facts.planned is not None and not plan:
        plan = f", and not {facts.planned} as planned"
    return f"{facts.feature} belongs {_places(found)}{plan}: {why}."


def _places(found: Placement) -> str:
    return {
        "device": "on the device alone",
        "hybrid": "on the device first, and in the cloud where it is unsure",
        "cloud": "in the cloud",
    }[found]


def _next_step(facts: Facts, open_: str | None, reasons: tuple[Reason, ...]) -> str | None:
    if open_ == "nothing fits":
        if "device" in reasons[2].against:
            return "Ship a model within the size budget, or revise what the policy asks for."
        return "A better model is needed, a greater error allowed, or another category of data."
    if open_ is None:
        return None
    if facts.model is None:
        return "Wait for its first requests, or ask of a longer period."
    if facts.quality is None:
        known = facts.model is not None and "@" in facts.model
        return (
            f"`limen replay run --feature {facts.feature} "
            f"--model {facts.model if known else 'NAME@VERSION'}`, then `limen replay sweep RUN`"
        )
    return (
        "Let more installations log labelled inputs, or audit device answers at random; then "
        f"`limen replay sweep {facts.quality.run}`"
    )
