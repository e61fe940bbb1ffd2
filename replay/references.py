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

    `probability` is the chance with which the case's reference came to be known, 0 where it is
    not known; `wrong` says that the replayed answer differs from a known reference, `offline` that
    the request was made without a network. `least_chance` is the lowest chance with which a case
    among others like it should be known (see `replay.evidence`).
    `bytes_if_accepted` and `bytes_if_declined` are the bytes it would send more (or less) than it
    did send; `sent` is the mean of bytes sent, per case. All three are None where no bytes are
    known.
    """

    case: NDArray[np.uint64]
    installation: NDArray[np.uint64]
    confidence: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    probability: NDArray[np.float64]
    offline: NDArray[np.bool_]
    least_chance: float
    bytes_if_accepted: NDArray[np.float64] | None
    bytes_if_declined: NDArray[np.float64] | None
    sent: float | None

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
    before, if_accepted, if_declined = _bytes(scored, accepted)
    # Phones need not say what they would have answered where the cloud did.
    told = pc.and_(pc.is_valid(answer), pc.is_valid(scored["predicted"]))
    probability = np.where(_flags(told), chance, 0.0)
    return Judged(
        case=case_numbers(scored["span_id"]),
        installation=_installations(scored["installation"]),
        confidence=scored["confidence"].to_numpy(),
        wrong=_flags(differs),
        probability=probability,
        offline=_flags(pc.equal(scored["network"], OFFLINE)),
        least_chance=_least_chance(probability, reference),
        bytes_if_accepted=None if before is None else if_accepted - before,
        bytes_if_declined=None if before is None else if_declined - before,
        sent=None if before is None else float(before.mean()),
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


def _installations(pseudonyms: pa.ChunkedArray) -> NDArray[np.uint64]:
    """The pseudonyms (16 bytes) as numbers; those that are missing count as one installation."""
    filled = pc.fill_null(pseudonyms.cast(pa.binary()), bytes(16)).combine_chunks()
    ids = filled.cast(pa.binary(16))
    halves = np.frombuffer(ids.buffers()[1], "<u8").reshape(-1, 2)
    halves = halves[ids.offset : ids.offset + len(ids)]
    numbers: NDArray[np.uint64] = halves[:, 0] * np.uint64(0x9E3779B97F4A7C15) + halves[:, 1]
    return numbers


def _bytes(
    scored: pa.Table, accepted: NDArray[np.bool_]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64], NDArray[np.float64]]:
    """Bytes each case sent, would send if accepted, and would send if declined.

    A request that would newly be sent, or was sent unmeasured, counts as the mean of the measured
    ones. One that was blocked or failed stays so. An audit is drawn whatever the threshold.
    """
    measured = np.nan_to_num(_floats(scored["egress_bytes"]))
    none = np.zeros(scored.num_rows)
    if not measured.any():
        return None, none, none
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
