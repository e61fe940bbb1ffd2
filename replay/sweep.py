"""The cheap half of a replay: every threshold from the saved scores, in one pass."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa

from collector.contract.certificate import Certificate, Limits
from collector.contract.errors import BadInput
from collector.contract.records import Fidelity, ReplayRun, Sweep
from collector.contract.thresholds import written
from replay.calibration import calibrations
from replay.certificate import certify
from replay.curve import Curve
from replay.evaluation import evaluate
from replay.fidelity import agreements
from replay.in_force import InForce
from replay.references import REFERENCES, Reference

# What lies below the lowest known case of many is left unsaid.
_NEARLY_ALL = 0.99


def sweep(
    run: ReplayRun,
    scores: pa.Table,
    reference: Reference,
    *,
    current: InForce | None,
    limits: Limits | None = None,
) -> Sweep:
    """Every threshold of `scores` (see `LimenClient.scores`), and the recommended one or why none.

    `current` is None where no threshold is known; the reason ends with its origin. Phones that the
    host cannot speak for are left out (see `replay.fidelity`), and `reason` says so. Raises
    BadInput for an unknown reference or limits outside their range.
    """
    limits = limits or Limits()
    if reference not in REFERENCES:
        raise BadInput(f"reference: {reference!r} is none of {', '.join(REFERENCES)}")
    if (fault := limits.fault) is not None:
        raise BadInput(fault)
    in_force = None if current is None else current.threshold
    found = evaluate(run, scores, reference, in_force, limits.max_error)
    certificate = certify(run, scores, reference, limits, in_force, found, _now())
    overall = certificate.overall
    recommended = None if overall.threshold is None else found.curve.at(overall.threshold)
    always = [] if current is None else [current.threshold]
    if recommended is not None:
        always.append(recommended.threshold)
    return Sweep(
        run=run.run,
        reference=reference,
        cases=len(found.judged.case),
        current=in_force,
        points=found.curve.points(tuple(always)) if len(found.curve) else (),
        recommended=recommended,
        reason=_reason(found.curve, certificate, current),
        source=run.source,
        evidence_from=found.curve.evidence_from,
        calibration=tuple(calibrations(found.judged, found.segments)),
        fidelity=tuple(_fidelity(run, scores)),
        certificate=certificate,
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _fidelity(run: ReplayRun, scores: pa.Table) -> Iterator[Fidelity]:
    """None of a run whose scores are the phones' own."""
    if run.source == "spans":
        return
    for part in agreements(scores, scores, run.model_digest):
        yield Fidelity(
            runtime=part.segment.runtime,
            delegate=part.segment.delegate,
            os=part.segment.os,
            cases=part.cases,
            agreed=part.agreed,
            share=part.share,
        )


def _reason(found: Curve, certificate: Certificate, current: InForce | None) -> str:
    overall = certificate.overall
    said = [f"{overall.reason}."]
    if overall.threshold is None:
        said = [f"Nothing is recommended: {overall.reason}."]
    lowest = certificate.evidence_from
    if lowest is not None and found.at(lowest).device_share < _NEARLY_ALL:
        said.append(f"Below {written(lowest)} no answer is known, so nothing lower was tested.")
    if certificate.left_out:
        said.append(certificate.left_out)
    if certificate.source == "spans":
        said.append("From the scores on spans alone: no input was stored or replayed.")
    if current is not None:
        said.append(current.origin)
    return " ".join(said)
