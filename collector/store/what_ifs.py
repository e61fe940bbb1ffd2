"""Gathers what a what-if of a trace's requests rests on: spans, departures, policy, replays."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

from collector.contract.attributes import DECISION, OUTPUT_LABEL
from collector.contract.errors import BadInput, NotFound
from collector.contract.policy import Flow, Policy
from collector.contract.what_if.records import (
    Change,
    Circumstances,
    Observed,
    Outcome,
    Said,
    WhatIf,
)
from collector.contract.what_if.rules import what_if
from collector.store.database import Database
from collector.store.queries import query
from collector.store.reader import Reader

_DAY = 24 * 3600 * 10**9
_UNKNOWN = "unknown"
# As in departures: whatever was sent, a climb ends.
_LONGEST_CHAIN = 32

Row = Mapping[str, Any]


class WhatIfs:
    """What would have become of stored requests, under the policy that `policy` gives.

    Opens no input: other models' answers are those that replays saved.
    """

    def __init__(self, database: Database, reader: Reader, policy: Callable[[], Policy]) -> None:
        self._database, self._reader, self._policy = database, reader, policy

    def ask(self, trace_id: str, change: Change) -> list[WhatIf]:
        """Each request of the trace under `change`. Raises BadInput and NotFound."""
        change = change.checked()
        key, found = self._reader.trace_key(trace_id), self._reader.trace(trace_id)
        if not found["requests"]:
            raise NotFound(f"this trace holds no request: no span of it has {DECISION}")
        replayed = self._replayed(key)
        _check_model(change.model, found["requests"], replayed)
        # Requests of a trace are mostly of few features: each is asked about once.
        usual, stated = cache(self._usual), cache(partial(self._stated, key))
        return [
            what_if(
                self._observed(request, found, usual, stated),
                change,
                replayed.get(request["span_id"], {}),
            )
            for request in found["requests"]
        ]

    def _replayed(self, key: bytes) -> dict[str, dict[str, Said]]:
        """By request and model."""
        found: dict[str, dict[str, Said]] = {}
        for row in self._rows("replayed", trace=key):
            said = Said(model=row["model"], label=row["predicted"], confidence=row["confidence"])
            found.setdefault(row["span_id"], {})[row["model"]] = said
        return found

    def _observed(
        self,
        request: Row,
        trace: Mapping[str, Any],
        usually: Callable[[str, str, int], Row],
        stated: Callable[[tuple[str, ...]], Mapping[str, str]],
    ) -> Observed:
        spans = {span["span_id"]: span for span in trace["spans"]}
        span = spans[request["span_id"]]
        asked = request["decision"] in ("fallback", "cloud") or bool(request["audit_sampled"])
        day = int(datetime.fromisoformat(span["start"]).timestamp()) * 10**9 // _DAY
        usual = usually(request["feature"], span["app"] or _UNKNOWN, day)
        sends = [
            row
            for row in trace["departures"]
            if row["request"] == request["span_id"]
            and row["leg"] != "onward"
            and usual.get("destination") in (None, row["destination"])
        ]
        cloud_label = _cloud_label(request["span_id"], spans)
        needed, way_out = self._declared(request)
        decision = request["decision"]
        answers = {"device": request["output_label"], "cloud": cloud_label}
        return Observed(
            span_id=request["span_id"],
            feature=request["feature"],
            release=request["release"],
            circumstances=Circumstances(
                placement=_known(request["placement"]),
                said=Said(
                    model=_known(request["model"]),
                    label=request["output_label"],
                    confidence=request["confidence"],
                ),
                threshold=request["threshold"],
                network=_known(request["network"]),
                consent=self._consent(request, sends, stated),
            ),
            outcome=Outcome(
                decision=decision,
                reason=request["reason"],
                answered_by=request["answered_by"],
                answer=answers.get(request["answered_by"]),
                sent=_sent(sends, asked or request["reason"] == "cloud_error"),
            ),
            asked=asked,
            cloud_label=cloud_label,
            usual=usual.get("bytes"),
            consent_needed=needed,
            way_out=way_out,
        )

    def _usual(self, feature: str, app: str, day: int) -> Row:
        """Where requests of the feature usually go; in the week to the end of a day since 1970."""
        until = (day + 1) * _DAY
        asked = {"feature": feature, "app": app, "from": until - 8 * _DAY, "to": until}
        rows = self._rows("usual_sends", **asked)
        return rows[0] if rows else {}

    def _stated(self, key: bytes, purposes: tuple[str, ...]) -> Mapping[str, str]:
        """What was consented to as of each request of a trace, where anything was."""
        rows = self._rows("stated_consent", trace=key, purposes=list(purposes))
        return {row["span_id"]: row["consent_state"] for row in rows}

    def _consent(
        self,
        request: Row,
        sends: Sequence[Row],
        stated: Callable[[tuple[str, ...]], Mapping[str, str]],
    ) -> str | None:
        """Of its departures, else of its installation at its time."""
        said = [row["consent"] for row in sends if row["consent"] != _UNKNOWN]
        if said:
            return str(said[0])
        purposes = tuple(way.purpose for way in self._ways(request) or ())
        return _known(stated(purposes).get(request["span_id"], _UNKNOWN))

    def _declared(self, request: Row) -> tuple[bool | None, bool | None]:
        """Whether the policy asks for consent, and whether it declares any way out."""
        ways = self._ways(request)
        if ways is None:
            return None, None
        return bool(ways) and all(way.consent == "granted" for way in ways), bool(ways)

    def _ways(self, request: Row) -> Sequence[Flow] | None:
        """The ways out that the policy declares; None where it does not name the feature."""
        feature = self._policy().features.get(request["feature"])
        return None if feature is None else feature.rule(_known(request["release"])).egress

    def _rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._database.read(query(name), values).to_pylist()
        return found


def _check_model(
    model: str | None, requests: Sequence[Row], replayed: Mapping[str, Mapping[str, Said]]
) -> None:
    if model is None:
        return
    known = {name for said in replayed.values() for name in said}
    known |= {request["model"] for request in requests} - {_UNKNOWN}
    if model not in known:
        there = f"there is {', '.join(sorted(known))}" if known else "there is none of any"
        raise BadInput(
            f"model: no replay of this request by that one is saved; {there}. "
            "`limen replay run` makes one where its input was logged"
        )


def _cloud_label(request: str, spans: Mapping[str, Row]) -> str | None:
    """What the first model endpoint below the request said."""
    for span in spans.values():
        label = span["attributes"].get(OUTPUT_LABEL)
        if span["kind"] != "SERVER" or label is None:
            continue
        above = span["parent_span_id"]
        for _ in range(_LONGEST_CHAIN):
            if above == request:
                return str(label)
            above = spans[above]["parent_span_id"] if above in spans else None
    return None


def _sent(sends: Sequence[Row], asked: bool) -> float | None:
    if not sends:
        return None if asked else 0
    sizes = [row["bytes"] for row in sends]
    return None if None in sizes else sum(sizes)


def _known(value: str | None) -> str | None:
    return None if value == _UNKNOWN else value
