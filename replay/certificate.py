"""Certificates: made from what was judged, and recomputed from the same data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from collector.contract.certificate import FORMAT, Certificate, Guarantee, Limits
from collector.contract.errors import BadInput
from collector.contract.records import ReplayRun
from replay.digest import data_digest
from replay.evaluation import Evaluation, evaluate
from replay.guarantee import guarantees
from replay.references import Reference
from replay.sampling import HELD_OUT

SEED = 0
# Phones, cameras and users change; a month later it is another population.
VALID = timedelta(days=30)

SPEAKS_FOR = {
    "inputs": (
        "requests like those of installations that consented to have their inputs logged, each "
        "installation weighing the same; it says nothing of those that did not"
    ),
    "spans": (
        "requests like those of installations that sent telemetry, each weighing the same, by the "
        "scores that phones put on their spans; no input was stored or replayed"
    ),
}
_COMPUTED_BY = ("limen", "mapie", "numpy", "scipy")
_FAULTS = {
    "model_digest": "the run is of another model file: {}",
    "data_digest": (
        "the data are not those it was made of ({}): some expired, were erased or arrived since, "
        "or it was made elsewhere"
    ),
    "evidence_from": "the lowest threshold with evidence is another one: {}",
    "left_out": "the phones that this host cannot speak for are others: {}",
}
# Other versions may come to the same; the rest is compared part by part.
_BY_ITSELF = ("versions", "overall", "segments")


def certify(
    run: ReplayRun,
    scores: pa.Table,
    reference: Reference,
    limits: Limits,
    in_force: float | None,
    found: Evaluation,
    made: datetime,
) -> Certificate:
    """What can be promised of the run's model, for everybody and by segment, as of `made`.

    `found` is what `evaluate` made of the others.
    """
    overall, parts = guarantees(found, limits, SEED)
    return Certificate(
        made=made.isoformat(),
        expires=(made + VALID).isoformat(),
        run=run.run,
        source=run.source,
        feature=run.feature,
        model=run.model,
        model_digest=run.model_digest,
        since=run.since,
        until=run.until,
        reference=reference,
        limits=limits,
        speaks_for=SPEAKS_FOR[run.source],
        in_force=in_force,
        left_out=found.left_out,
        evidence_from=found.curve.evidence_from,
        data_digest=data_digest(scores),
        seed=SEED,
        held_out=HELD_OUT,
        versions={name: version(name) for name in _COMPUTED_BY},
        overall=overall,
        segments=parts,
    )


def read(path: Path) -> Certificate:
    """The certificate in a file. Raises BadInput for what is none, or of a newer format."""
    try:
        return Certificate.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInput(
            f"{path} is no certificate of format {FORMAT}: {where}: {first['msg']}; make one with "
            "`limen replay sweep RUN --certificate FILE`"
        ) from exc


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What is wrong with a certificate, in sentences: `faults` with it, `expired` of its time."""

    faults: tuple[str, ...]
    expired: bool


def verify(certificate: Certificate, run: ReplayRun, scores: pa.Table, now: datetime) -> Verified:
    """Recomputes all of `certificate` from the scores of its run at the time `now`."""
    limits, in_force = certificate.limits, certificate.in_force
    found = evaluate(run, scores, certificate.reference, in_force, limits.max_error)
    made = datetime.fromisoformat(certificate.made)
    anew = certify(run, scores, certificate.reference, limits, in_force, found, made)
    faults = [
        _FAULTS.get(name, f"{name}: recomputed it is {{}}").format(getattr(anew, name))
        for name in Certificate.model_fields
        if name not in _BY_ITSELF and getattr(certificate, name) != getattr(anew, name)
    ]
    if [_name(one) for one in certificate.segments] != [_name(one) for one in anew.segments]:
        faults.append("the segments are others")
    for stated, recomputed in zip(
        (certificate.overall, *certificate.segments), (anew.overall, *anew.segments), strict=False
    ):
        if not _same(stated, recomputed):
            faults.append(
                f"{_name(stated)}: the tests or what follows from them come out different"
            )
    return Verified(
        faults=tuple(faults), expired=now >= datetime.fromisoformat(certificate.expires)
    )


def _name(guarantee: Guarantee) -> str:
    return (
        "everybody" if guarantee.dimension is None else f"{guarantee.dimension} {guarantee.value}"
    )


def _same(stated: Guarantee, recomputed: Guarantee) -> bool:
    """Equal, but for the last digits of p-values, which are another library's."""
    said, anew = (np.array([test.p_value for test in one.tests]) for one in (stated, recomputed))
    if len(said) != len(anew) or not np.allclose(said, anew, rtol=1e-9, atol=0):
        return False
    plain = [
        one.model_copy(
            update={"tests": tuple(test.model_copy(update={"p_value": 0.0}) for test in one.tests)}
        )
        for one in (stated, recomputed)
    ]
    return plain[0] == plain[1]
