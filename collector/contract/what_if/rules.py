"""The rules phones decide by, over facts: pure.

What is not changed is as it was observed, so that nothing changed is what happened; what the facts
do not tell stays unknown.
"""

from collections.abc import Mapping

from collector.contract.what_if.records import (
    OFFLINE,
    Change,
    Circumstances,
    Observed,
    Outcome,
    Said,
    WhatIf,
)
from collector.contract.what_if.words import sentence, words

_REFUSED = ("denied", "withdrawn")
# Why a phone declined that another model may have mended, and that no model would.
_OF_THE_MODEL = ("model_unavailable", "load_error", "unsupported_input")
_OF_NO_MODEL = ("policy", "user")


class _Unknown(Exception):
    """What would have happened is unknown; the message says why."""


def what_if(observed: Observed, change: Change, replayed: Mapping[str, Said]) -> WhatIf:
    """`observed` under `change`; `replayed` is what other models said of the same input."""
    was = observed.circumstances
    said = was.said
    if change.model is not None and change.model != said.model:
        nothing = Said(model=change.model, label=None, confidence=None)
        said = replayed.get(change.model, nothing)
    now = was.model_copy(
        update={
            "said": said,
            **{
                name: value
                for name in ("threshold", "network", "consent")
                if (value := getattr(change, name)) is not None
            },
        }
    )
    try:
        decision, reason, why = _decide(observed, now)
    except _Unknown as unknown:
        decision, reason, why = None, None, str(unknown)
    would = _outcome(observed, now, decision, reason)
    return WhatIf(
        span_id=observed.span_id,
        feature=observed.feature,
        release=observed.release,
        was=was,
        did=observed.outcome,
        would_be=now,
        would=would,
        why=why,
        sentence=sentence(observed, now, would, why),
        models=tuple(sorted(replayed.keys() - {was.said.model})),
    )


def _decide(o: Observed, now: Circumstances) -> tuple[str | None, str | None, str]:
    """Decision, reason, and what they rest on. Raises _Unknown."""
    did = o.outcome
    if now == o.circumstances or (did.decision == "error" and now.said == o.circumstances.said):
        why = "nothing else was asked" if now == o.circumstances else "it failed on the way"
        return did.decision, did.reason, why
    declined, why = _declined(o, now)
    if declined is None:
        return "accept", None, why
    obstacle = _obstacle(o, now)
    if obstacle is not None:
        return "blocked", obstacle[0], obstacle[1]
    if declined == "design":
        return "cloud", None, why
    return "fallback", declined, why


def _declined(o: Observed, now: Circumstances) -> tuple[str | None, str]:
    """Why the device does not answer: `design` by plan, else a reason; None where it does."""
    was, did = o.circumstances, o.outcome
    if "cloud" in (now.placement, did.decision):
        return "design", "the plan is the cloud"
    same_model = now.said == was.said
    if same_model and now.threshold == was.threshold:
        if did.decision == "accept":
            return None, "the device had its answer"
        return _reason(o), "the device had declined"
    reason = _reason(o) if did.decision in ("fallback", "blocked") else None
    if reason not in (None, "low_confidence"):
        if same_model or reason in _OF_NO_MODEL:
            return reason, f"the device had declined for another reason: {words(reason)}"
        if reason not in _OF_THE_MODEL:
            raise _Unknown(f"whether that model had run into {words(reason)} too cannot be told")
    if did.decision == "error":
        raise _Unknown("whether that model had failed on this phone too cannot be told")
    if now.said.confidence is None:
        raise _Unknown(f"how sure {now.said.model or 'the model'} was of this input is unknown")
    if now.threshold is None:
        raise _Unknown("the threshold is unknown")
    if now.said.confidence >= now.threshold:
        return None, f"{now.said.confidence:.3f} is not below {now.threshold:.3f}"
    return "low_confidence", f"{now.said.confidence:.3f} is below {now.threshold:.3f}"


def _reason(o: Observed) -> str:
    """Why the device had declined."""
    if o.outcome.decision == "fallback":
        return o.outcome.reason or "unknown"
    was = o.circumstances
    if was.said.confidence is None:
        return "model_unavailable"
    sure = was.threshold is not None and was.said.confidence >= was.threshold
    return "unknown" if sure else "low_confidence"


def _obstacle(o: Observed, now: Circumstances) -> tuple[str, str] | None:
    """Why the cloud could not be asked, in a word and in words; None where it could.

    Raises _Unknown.
    """
    was, did = o.circumstances, o.outcome
    if now.placement == "device":
        return "policy", "the plan is the device alone"
    same_network, same_consent = now.network == was.network, now.consent == was.consent
    if now.network == OFFLINE:
        return "offline", "there is no network"
    if o.asked and same_network and same_consent:
        return None
    blocked = did.reason if did.decision == "blocked" else None
    if blocked == "offline" and same_network:
        return "offline", "the cloud was out of reach, as it was"
    if blocked == "consent" and same_consent:
        return "consent", "consent is missing, as it was"
    if not (o.asked and same_consent) and (refused := _refused(o, now)):
        return refused
    if blocked not in (None, "offline", "consent"):
        return blocked, f"what was in the way, {words(blocked)}, is not changed by this"
    if now.network in (None, "unknown") and not (o.asked and same_network):
        raise _Unknown("whether there was a network is unknown")
    return None


def _refused(o: Observed, now: Circumstances) -> tuple[str, str] | None:
    if o.way_out is False:
        return "policy", "the policy declares no way out for the feature"
    if o.consent_needed is False:
        return None
    if now.consent in _REFUSED:
        if o.consent_needed is None:
            raise _Unknown("no policy says whether the feature needs consent")
        return "consent", f"the policy asks for consent, and it is {now.consent}"
    if o.consent_needed and now.consent in (None, "unknown"):
        raise _Unknown("the policy asks for consent, and its state is unknown")
    return None


def _outcome(o: Observed, now: Circumstances, decision: str | None, reason: str | None) -> Outcome:
    if now == o.circumstances:
        return o.outcome
    did = o.outcome
    answers = {
        "accept": ("device", now.said.label),
        "fallback": ("cloud", o.cloud_label),
        "cloud": ("cloud", o.cloud_label),
    }
    answered_by, answer = answers.get(decision or "", (None, None))
    sent: float | None = 0
    estimated = False
    if decision is None:
        sent = None
    elif now.network != OFFLINE and (
        (decision, reason) == (did.decision, did.reason)
        or (answered_by, o.asked) == ("cloud", True)
    ):
        sent = did.sent
    elif answered_by == "cloud":
        sent, estimated = o.usual, o.usual is not None
    return Outcome(
        decision=decision,
        reason=reason,
        answered_by=answered_by,
        answer=answer,
        sent=sent,
        estimated=estimated,
    )
