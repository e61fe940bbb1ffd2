"""One request, what decided it, and what would have become of it under other circumstances."""

from pydantic import BaseModel, ConfigDict

from collector.contract.attributes import CONSENT_STATES, NETWORKS
from collector.contract.errors import BadInput

OFFLINE = "unavailable"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=(), extra="forbid")


class Said(_Record):
    """What a model said of the request's input; None: unknown."""

    model: str | None
    label: str | None
    confidence: float | None


class Circumstances(_Record):
    """What decides a request; None: unknown.

    `consent` is one of CONSENT_STATES, `network` of NETWORKS.
    """

    placement: str | None
    said: Said
    threshold: float | None
    network: str | None
    consent: str | None


class Outcome(_Record):
    """What became of a request; None: unknown.

    `reason` is why the device declined, no answer was possible or something failed. `sent` is bytes
    to the cloud, the mean of other requests where it is `estimated`.
    """

    decision: str | None
    reason: str | None = None
    answered_by: str | None = None
    answer: str | None = None
    sent: float | None = None
    estimated: bool = False


class Observed(_Record):
    """One request as it was.

    `asked`: the cloud was asked, for the answer or as an audit; `cloud_label` is what it said.
    `usual` are the mean bytes that a request of the feature sends to the cloud. `consent_needed`
    and `way_out` (whether data may leave for it at all) are the policy's; None: no policy says.
    """

    span_id: str
    feature: str
    release: str
    circumstances: Circumstances
    outcome: Outcome
    asked: bool
    cloud_label: str | None
    usual: float | None
    consent_needed: bool | None
    way_out: bool | None


class Change(_Record):
    """Other circumstances; None: as it was. Raises BadInput by `checked`."""

    threshold: float | None = None
    model: str | None = None
    network: str | None = None
    consent: str | None = None

    def checked(self) -> "Change":
        """The same. Raises BadInput for what no request can be in."""
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise BadInput(
                f"threshold: {self.threshold:g} is not between 0 and 1; write for example 0.7"
            )
        for name, allowed in (("network", NETWORKS), ("consent", CONSENT_STATES)):
            known = [word for word in allowed if word != "unknown"]
            if getattr(self, name) not in (None, *known):
                raise BadInput(f"{name} is one of {', '.join(known)}")
        return self


class WhatIf(_Record):
    """One request as it was and as it would have been, and both in a sentence.

    `models` have a saved replay of this request's input. `why` says what the decision rests on.
    """

    span_id: str
    feature: str
    release: str
    was: Circumstances
    did: Outcome
    would_be: Circumstances
    would: Outcome
    why: str
    sentence: str
    models: tuple[str, ...] = ()
