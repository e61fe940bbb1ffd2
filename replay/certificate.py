"""Certificates: made from what was judged, and recomputed from the same data."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from collector.contract.certificate import FORMAT, Certificate, Guarantee, Limits
from collector.contract.errors import BadInput
from collector.contract.records import ReplayRun
from replay.digest import data_digest
from replay.guarantee import guarantees
from replay.references import Judged, Reference
from replay.sampling import HELD_OUT
from replay.segments import Segment

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


def certify(
    run: ReplayRun,
    reference: Reference,
    scores: pa.Table,
    judged: Judged,
    segments: list[Segment],
    limits: Limits,
    *,
    evidence_from: float | None,
    withheld: str | None,
) -> Certificate:
    """What can be promised of the run's model, for everybody and by segment."""
    overall, parts = guarantees(
        judged, segments, limits, evidence_from=evidence_from, withheld=withheld, seed=SEED
    )
    now = datetime.now(UTC).replace(microsecond=0)
    return Certificate(
        made=now.isoformat(),
        expires=(now + VALID).isoformat(),
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
        withheld=withheld,
        evidence_from=evidence_from,
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


def verify(
    certificate: Certificate,
    run: ReplayRun,
    scores: pa.Table,
    judged: Judged,
    segments: list[Segment],
    evidence_from: float | None,
    now: datetime,
) -> Verified:
    """Recomputes `certificate` from the scores of its run, judged by its reference."""
    faults = []
    if certificate.model_digest != run.model_digest:
        faults.append(f"the run is of another model file: {run.model_digest}")
    found = data_digest(scores)
    if certificate.data_digest != found:
        faults.append(
            f"the data are not those it was made of ({found}): some expired, were erased or "
            "arrived since, or it was made elsewhere"
        )
    overall, parts = guarantees(
        judged,
        segments,
        certificate.limits,
        evidence_from=evidence_from,
        withheld=certificate.withheld,
        seed=certificate.seed,
    )
    if certificate.evidence_from != evidence_from:
        faults.append("the lowest threshold with evidence is another one")
    if [_name(one) for one in certificate.segments] != [_name(one) for one in parts]:
        faults.append("the segments are others")
    for stated, recomputed in zip(
        (certificate.overall, *certificate.segments), (overall, *parts), strict=False
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
    said, found = (np.array([test.p_value for test in one.tests]) for one in (stated, recomputed))
    if len(said) != len(found) or not np.allclose(said, found, rtol=1e-9, atol=0):
        return False
    plain = [
        one.model_copy(
            update={"tests": tuple(test.model_copy(update={"p_value": 0.0}) for test in one.tests)}
        )
        for one in (stated, recomputed)
    ]
    return plain[0] == plain[1]
