"""What the saved scores are judged against: the label, the audit sample or the cloud's answer."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Reference = Literal["label", "audit", "cloud"]
REFERENCES: tuple[Reference, ...] = get_args(Reference)

OFFLINE = "unavailable"

_ALWAYS_ASKED = pa.array(["fallback", "cloud"])
_LABELS = {"label": "truth", "audit": "cloud_label", "cloud": "cloud_label"}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Every scored case, n in all, as columns of length n.

    `installation` is a number that a case of the installation lends it (see `_installations`).
    `probability` is the chance with which the case's reference came to be known, 0 where it is
    not known; `wrong` says that the replayed answer differs from a known reference, `offline` that
    the request was made without a network. `least_chance` is the lowest chance with which a case
    among others like it should be known (see `replay.evidence`).
    `bytes_sent` is what it did send, `bytes_if_accepted` and `bytes_if_declined` what it would
    send; NaN throughout where no bytes are known.
    """

    case: NDArray[np.uint64]
    installation: NDArray[np.uint64]
    confidence: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    probability: NDArray[np.float64]
    offline: NDArray[np.bool_]
    least_chance: float
    bytes_sent: NDArray[np.float64]
    bytes_if_accepted: NDArray[np.float64]
    bytes_if_declined: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.bool_]:
        return self.probability > 0

    def of(self, rows: NDArray[np.bool_]) -> "Judged":
        """Only those of the rows."""
        columns: dict[str, Any] = {
            name: column[rows]
            for name, column in vars(self).items()
            if isinstance(column, np.ndarray)
        }
        return replace(self, **columns)


def judge(scores: pa.Table, reference: Reference) -> Judged:
    """The cases of a run's saved scores (see `LimenClient.scores`) that did not fail here."""
    scored = scored_cases(scores)
    answer = scored[_LABELS[reference]]
    differs = pc.not_equal(scored["predicted"], answer)
    accepted = _flags(pc.equal(scored["decision"], "accept"))
    chance = _probability(scored, reference, accepted)
    sent, if_accepted, if_declined = _bytes(scored, accepted)
    # Phones need not say what they would have answered where the cloud did.
    told = pc.and_(pc.is_valid(answer), pc.is_valid(scored["predicted"]))
    probability = np.where(_flags(told), chance, 0.0)
    case = case_numbers(scored["span_id"])
    return Judged(
        case=case,
        installation=_installations(scored["installation"], case),
        confidence=scored["confidence"].to_numpy(),
        wrong=_flags(differs),
        probability=probability,
        offline=_flags(pc.equal(scored["network"], OFFLINE)),
        least_chance=_least_chance(probability, reference),
        bytes_sent=sent,
        bytes_if_accepted=if_accepted,
        bytes_if_declined=if_declined,
    )


def scored_cases(scores: pa.Table) -> pa.Table:
    """The rows of saved scores that `judge` is about, in its order."""
    return scores.filter(pc.is_valid(scores["confidence"]))


def _least_chance(probability: NDArray[np.float64], reference: Reference) -> float:
    """Half of the share that is known, or of the lowest audit probability where that is less: what
    cannot be audited lies between. A cloud asked always where the phone declined knows all."""
    known = probability > 0
    if reference == "cloud" or not known.any():
        return 1.0
    return float(min(probability[known].min(), known.mean())) / 2


def _probability(
    scored: pa.Table, reference: Reference, accepted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The chance with which the reference of each case would be known."""
    if reference == "label":
        return np.ones(scored.num_rows)
    if reference == "cloud":
        return _flags(pc.equal(scored["decision"], "fallback")).astype(np.float64)
    audited = accepted & _flags(scored["audit_sampled"])
    drawn = np.nan_to_num(_floats(scored["audit_probability"]))
    possible = (drawn > 0) & (drawn <= 1)
    chance = np.where(audited & possible, drawn, 0.0)
    if accepted.any() and not chance.any():
        # Fallbacks alone would speak for requests of which none was ever asked about.
        return chance
    asked = _flags(pc.is_in(scored["decision"], value_set=_ALWAYS_ASKED))
    return np.where(asked, 1.0, chance)


def case_numbers(span_ids: pa.ChunkedArray) -> NDArray[np.uint64]:
    """The span ids (8 bytes) as numbers: they name a case in whatever order cases arrived."""
    ids = span_ids.combine_chunks().cast(pa.binary(8))
    return np.frombuffer(ids.buffers()[1], "<u8")[ids.offset : ids.offset + len(ids)]


def _installations(pseudonyms: pa.ChunkedArray, case: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Of each case the least number of a case of its installation.

    That names it alike in every store, as pseudonyms do not. Cases without a pseudonym count as of
    one installation.
    """
    filled = pc.fill_null(pseudonyms.cast(pa.binary()), b"").combine_chunks()
    codes = filled.dictionary_encode().indices.to_numpy()
    least = np.full(codes.max(initial=-1) + 1, np.iinfo(np.uint64).max)
    np.minimum.at(least, codes, case)
    numbers: NDArray[np.uint64] = least[codes]
    return numbers


def _bytes(scored: pa.Table, accepted: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Bytes each case sent, would send if accepted, and would send if declined; NaN where no bytes
    of any are known.

    A request that would newly be sent, or was sent unmeasured, counts as the mean of the measured
    ones. One that was blocked or failed stays so. An audit is drawn whatever the threshold.
    """
    measured = np.nan_to_num(_floats(scored["egress_bytes"]))
    if not measured.any():
        return (np.full(scored.num_rows, np.nan),) * 3
    typical = measured[measured > 0].mean()
    asked = _flags(pc.is_in(scored["decision"], value_set=_ALWAYS_ASKED))
    audited = accepted & _flags(scored["audit_sampled"])
    before = np.where((asked | audited) & (measured == 0), typical, measured)
    if_accepted = np.where(accepted, before, 0.0)
    if_declined = np.where(accepted & (before == 0), typical, before)
    return before, if_accepted, if_declined


def _flags(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = pc.fill_null(column, False).to_numpy()
    return flags


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy()
    return numbers
