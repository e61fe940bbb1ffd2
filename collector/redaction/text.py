"""Free text that the policy keeps: what the detectors find is cut out, or the text is dropped."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.contract.attributes import URLS
from collector.decode import decode_values
from collector.detect import Detectors
from collector.redaction.forms import as_text, scalar_lists
from collector.redaction.hosts import Hosts
from collector.redaction.index import plain
from collector.redaction.judged import FAILED, Judged, Note, Noted, Verdict
from collector.redaction.routes import clean_url

KEPT_CHARACTERS = 256
# Longer text is content, whatever the policy calls it; and half of what a detector would find could
# stand at the end of what it is shown.
READ_CHARACTERS = 2048

TOO_LONG: Note = ("length", "drop")
CUT: Note = ("policy", "cut")


class FreeText:
    """Kept attributes, each with what is known of its values. Used from one thread."""

    def __init__(self, detectors: Detectors, hosts: Hosts) -> None:
        self._detectors, self._hosts = detectors, hosts
        self._judged: dict[str, Judged] = {}

    def fit(self, name: str, value: pa.StructArray, at: pa.Array) -> tuple[pa.Array, Noted]:
        """What is kept of the values of `name` at positions `at`, as strings; and what was done to
        which rows.

        Lists are joined by commas, item by item; one with an item that is not kept is not either.
        """
        judged = self._judged.setdefault(name, Judged(lambda texts: self._judge(name, texts)))
        column, noted = judged.of(as_text(value, at))
        lists = scalar_lists(value, at)
        if lists.null_count == len(lists):
            return column, noted
        items = decode_values(lists.flatten()).to_struct_array()
        texts, inner = judged.of(as_text(items, pa.array(np.arange(len(items)))))
        kept = pa.ListArray.from_arrays(lists.offsets, plain(texts), mask=lists.is_null())
        joined = pc.binary_join(kept, ", ")
        parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        both = dict(noted)
        for note, rows in inner.items():
            of = np.unique(parents[rows])
            both[note] = np.concatenate((both[note], of)) if note in both else of
        for note, rows in self._over_items(name, kept).items():
            both[note] = np.concatenate((both[note], rows)) if note in both else rows
            joined = pc.if_else(pa.array(np.isin(np.arange(len(joined)), rows)), None, joined)
        return pc.coalesce(plain(column), pc.utf8_slice_codeunits(joined, 0, KEPT_CHARACTERS)), both

    def _over_items(self, name: str, lists: pa.ListArray) -> Noted:
        """What is found in the items of a list only where they are read as one text."""
        whole = pc.utf8_slice_codeunits(pc.binary_join(lists, ""), 0, READ_CHARACTERS)
        noted = self._judged[name].of(whole)[1]
        return {
            (detector, "drop"): rows
            for (detector, _), rows in noted.items()
            if (detector, _) != CUT
        }

    def _judge(self, name: str, texts: Sequence[str]) -> list[Verdict]:
        read = [text if len(text) <= READ_CHARACTERS else None for text in texts]
        if name in URLS:
            read = [None if text is None else clean_url(text, self._hosts) for text in read]
        try:
            scan = self._detectors.scan(pa.array([t or "" for t in read], pa.string()), name)
        except Exception:
            return [(None, (FAILED,))] * len(texts)
        kept = scan.values.to_pylist()
        found: list[list[str]] = [[] for _ in texts]
        for detector, hits in scan.found.items():
            for at in np.flatnonzero(hits).tolist():
                found[at].append(detector)
        return [
            (None, (TOO_LONG,)) if text is None else _verdict(what, by)
            for text, what, by in zip(read, kept, found, strict=True)
        ]


def _verdict(kept: str | None, found: Sequence[str]) -> Verdict:
    if kept is None:
        return None, tuple((detector, "drop") for detector in found[:1]) or (FAILED,)
    notes = tuple((detector, "mask") for detector in found)
    if len(kept) > KEPT_CHARACTERS:
        return kept[:KEPT_CHARACTERS], (*notes, CUT)
    return kept, notes
