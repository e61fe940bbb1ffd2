"""The history of consent: log records that say what an installation consented to, since when."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import CONSENT_EVENT
from collector.decode import Decoded, Indices
from collector.redaction.columns import NEWEST_NS

INCOMPLETE = "incomplete consent"


def consent_events(records: pa.StructArray) -> npt.NDArray[np.bool_]:
    """Which of the log records are entries of the history."""
    events = pc.fill_null(pc.equal(records.field("event_name"), CONSENT_EVENT), False)
    found: npt.NDArray[np.bool_] = events.to_numpy(zero_copy_only=False)
    return found


def complete(columns: Mapping[str, pa.Array]) -> npt.NDArray[np.bool_]:
    """Which records say whose consent it is, to which purpose, and its state."""
    there = pc.and_(
        pc.and_(columns["installation"].is_valid(), columns["purpose"].is_valid()),
        pc.fill_null(pc.not_equal(columns["consent_state"], "unknown"), False),
    )
    found: npt.NDArray[np.bool_] = there.to_numpy(zero_copy_only=False)
    return found


def consent_table(
    decoded: Decoded, columns: Mapping[str, pa.Array], at: Indices, received: Indices
) -> pa.Table | None:
    """The entries among the records that are at `at`; None where there are none.

    However long ago a consent was given, its time is believed: an app tells what holds again and
    again. One that is still to come is as of when it was received.
    """
    if not len(at):
        return None
    arrived = received[decoded.request[at]]
    records = decoded.records.take(pa.array(at))
    times = [
        records.field(name).to_numpy(zero_copy_only=False)
        for name in ("time_unix_nano", "observed_time_unix_nano")
    ]
    time = np.where(times[0] > 0, times[0], times[1])
    believed = (time > 0) & (time <= (arrived + NEWEST_NS).astype(np.uint64))
    names = ("installation", "key_id", "purpose", "consent_state", "consent_version")
    own = {name: columns[name].take(pa.array(at)) for name in names}
    return pa.table(
        {
            "received_time": pa.array(arrived),
            "time": pa.array(np.where(believed, time, arrived.astype(np.uint64)).astype(np.int64)),
            "installation": own["installation"],
            "key_id": own["key_id"],
            "purpose": own["purpose"],
            "state": own["consent_state"],
            "version": own["consent_version"],
        }
    )
