"""A sweep as it is told to whoever may see no small cell."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from collector.contract.records import Fidelity, Sweep
from collector.metrics.cells import OTHER


class _Part(Protocol):
    @property
    def dimension(self) -> str | None: ...


Part = TypeVar("Part", bound=_Part)


def told_sweep(sweep: Sweep, k: int) -> Sweep | None:
    """Without segments that leave fewer than `k` installations over; None: it is of fewer itself.

    Segments have 20 installations at least (`replay/segments.py`), but those of a dimension need
    not be everybody. What they leave over takes in the smallest of them.
    """
    certificate = sweep.certificate
    if certificate is None or certificate.overall.installations < k:
        return None
    sampled = {id(part): part.sampled for part in certificate.segments}
    known = {id(part): part.cases for part in sweep.calibration}
    whole = sum(part.cases for part in sweep.calibration if part.dimension is None)
    segments = [part for part in sweep.calibration if part.dimension is not None]
    open_ = _open(certificate.segments, sampled, certificate.overall.sampled)
    open_ |= _open(segments, known, whole)
    kept = (
        *(part for part in sweep.calibration if part.dimension is None),
        *_without_smallest(segments, known, open_),
    )
    parts = tuple(_without_smallest(certificate.segments, sampled, open_))
    return sweep.model_copy(
        update={
            "calibration": kept,
            "certificate": certificate.model_copy(update={"segments": parts}),
            "fidelity": _together(sweep.fidelity),
        }
    )


def _open(parts: Sequence[Part], sizes: dict[int, int], whole: int) -> set[str | None]:
    """The dimensions whose segments are not everybody."""
    names = {part.dimension for part in parts}
    return {n for n in names if sum(sizes[id(p)] for p in parts if p.dimension == n) < whole}


def _without_smallest(
    parts: Sequence[Part], sizes: dict[int, int], open_: set[str | None]
) -> Sequence[Part]:
    least: dict[str | None, int] = {}
    for part in sorted(parts, key=lambda part: sizes[id(part)]):
        least.setdefault(part.dimension, id(part))
    return [p for p in parts if p.dimension not in open_ or least[p.dimension] != id(p)]


def _together(parts: Sequence[Fidelity]) -> tuple[Fidelity, ...]:
    """They do not say of how many installations they are: one of all."""
    cases, agreed = sum(part.cases for part in parts), sum(part.agreed for part in parts)
    whole = Fidelity(
        runtime=OTHER,
        delegate=OTHER,
        os=OTHER,
        cases=cases,
        agreed=agreed,
        share=agreed / cases if cases else 0.0,
    )
    return (whole,) if cases else ()
