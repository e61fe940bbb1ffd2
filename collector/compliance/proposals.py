"""What declarations to app stores would have to say of what was seen."""

from collections.abc import Iterator, Sequence

from collector.compliance.against_stores import APPLE, of_store
from collector.compliance.observed import TELEMETRY, UNKNOWN, Observed
from collector.contract.compliance import Check
from collector.contract.processing import Proposal, ProposedType, Store
from collector.contract.vocabulary import store_purposes, store_types

# What apps say of consent where users are asked.
_CHOSEN = frozenset(("granted", "denied", "withdrawn"))


def proposed(store: Store, app: str, seen: Sequence[Observed], check: Check) -> Proposal:
    """For `app`, of what was `seen` to leave phones that have their apps from `store`."""
    # What is not kept is not collected, as Apple means it.
    rows = [
        one
        for one in seen
        if one.app == app and of_store(one, store) and not (store == APPLE and one.kept is False)
    ]
    groups: dict[str, list[tuple[str, Observed]]] = {}
    for one in rows:
        for category in one.categories:
            for type_ in store_types(store, category)[:1]:
                groups.setdefault(type_, []).append((category, one))
    types = tuple(_type(store, name, group) for name, group in sorted(groups.items()))
    return Proposal(
        store=store,
        app=app,
        since=check.since,
        until=check.until,
        types=types,
        in_clear=any(one.in_clear for one in rows),
        open=tuple(dict.fromkeys(_open(store, rows, types))),
    )


def _type(store: Store, name: str, group: Sequence[tuple[str, Observed]]) -> ProposedType:
    # What a third party gets is shared; a processor is none. Apple knows no such difference.
    shared = [one for _, one in group if store != APPLE and one.role == "third_party"]
    collected = [one for _, one in group if one not in shared]
    kept = {one.kept for _, one in group}
    consents = {one.consent for _, one in group}
    others = dict.fromkeys(o for category, _ in group for o in store_types(store, category))
    return ProposedType(
        type=name,
        others=tuple(other for other in others if other != name),
        collected=bool(collected),
        purposes=_purposes(store, collected),
        shared=True if shared else None if any(_whose(store, one) for _, one in group) else False,
        sharing_purposes=_purposes(store, shared),
        ephemeral=True if kept == {False} else False if True in kept else None,
        optional=True if consents <= _CHOSEN else False if "not_required" in consents else None,
        because=tuple(dict.fromkeys(f"{category} to {_to(one)}" for category, one in group)),
    )


def _whose(store: Store, one: Observed) -> bool:
    """Whether it is a person's to say if it is shared: nobody says what part the receiver has."""
    return store != APPLE and one.role == UNKNOWN and one.destination != TELEMETRY


def _purposes(store: Store, rows: Sequence[Observed]) -> tuple[str, ...]:
    found = (purpose for one in rows for purpose in store_purposes(store, one.purpose)[:1])
    return tuple(sorted(set(found)))


def _open(store: Store, rows: Sequence[Observed], types: Sequence[ProposedType]) -> Iterator[str]:
    """What a person has to decide."""
    for one in rows:
        if UNKNOWN in one.categories:
            yield f"what leaves to {_to(one)}: some of it is of no known category"
        if one.purpose == UNKNOWN:
            yield f"what for data leaves to {_to(one)}: no app says it"
        elif not store_purposes(store, one.purpose):
            yield f"the store has no purpose like {one.purpose}, what data leaves to {_to(one)} for"
        if _whose(store, one):
            yield f"whether {_to(one)} is a third party, which it is shared with: nobody says"
        if store == APPLE and one.kept is None:
            yield f"whether {_to(one)} keeps what it gets nobody says: if not, it is not collected"
    for type_ in types:
        if type_.others:
            yield f"{type_.type}: it may rather be {' or '.join(type_.others)}"
        if store == APPLE:
            yield f"{type_.type}: whether it is linked to the user (proposed: yes)"
            yield f"{type_.type}: whether it is used to track (proposed: no)"
            continue
        if type_.ephemeral is None:
            yield f"{type_.type}: whether it is kept longer than the request needs"
        if type_.optional is None:
            yield f"{type_.type}: whether users can choose"


def _to(one: Observed) -> str:
    return "Limen's own telemetry" if one.destination == TELEMETRY else one.destination
