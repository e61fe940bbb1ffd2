"""What saved scores say against a reference: all that a sweep and a certificate rest on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from collector.contract.records import ReplayRun
from replay.curve import Curve, curve
from replay.fidelity import objection, unlike
from replay.references import Judged, Reference, judge, scored_cases
from replay.segments import Segment, segments

_NO_ANSWERS = {
    "label": "no case carries a label (limen.label on the logged input)",
    "audit": (
        "no request that a phone answered was audited with its probability "
        "(limen.audit.sampled, limen.audit.probability) and the cloud's answer stored"
    ),
    "cloud": "no case fell back with the cloud's answer stored",
}
_CLOUD_ONLY_WHERE_DECLINED = (
    "the cloud's answers exist only where the phone fell back, so they do not tell how often the "
    "phone is wrong where it is sure: neither a lower nor a higher threshold can be advised; use "
    "--reference label or audit"
)
_NOBODY_LEFT = "this host does not give the answers of the phones that could be compared"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The cases that count, and what is known of them.

    `left_out` says whose cases do not count, empty where all do; `withheld` completes "Nothing is
    recommended: " where no threshold may be, whatever tests show. `objection` is asked with a
    threshold and the margin that its error leaves, for the same.
    """

    judged: Judged
    curve: Curve
    segments: list[Segment]
    left_out: str
    withheld: str | None
    objection: Callable[[float, float], str | None]


def evaluate(
    run: ReplayRun,
    scores: pa.Table,
    reference: Reference,
    in_force: float | None,
    max_error: float,
) -> Evaluation:
    """Judges the run's saved scores (see `LimenClient.scores`).

    Phones whose answers this host does not give at the threshold `in_force`, by more than
    `max_error`, are left out. Of scores from spans nothing is to be compared.
    """
    left_out = ""
    compared = run.source == "inputs"
    if compared and in_force is not None:
        apart = unlike(scores, run.model_digest, in_force, max_error)
        left_out = apart.reason
        scores = scores.filter(pa.array(~apart.rows))
    judged = judge(scores, reference)
    return Evaluation(
        judged=judged,
        curve=curve(judged),
        segments=list(segments(scored_cases(scores), judged)),
        left_out=left_out,
        withheld=_withheld(judged, reference, left_out),
        objection=partial(objection, scores, run.model_digest) if compared else _none,
    )


def _none(threshold: float, margin: float) -> None:
    return None


def _withheld(judged: Judged, reference: Reference, left_out: str) -> str | None:
    if left_out and not len(judged.case):
        return _NOBODY_LEFT
    if reference == "cloud":
        return _CLOUD_ONLY_WHERE_DECLINED
    return None if judged.known.any() else _NO_ANSWERS[reference]
