"""What left, against what a system of fideslang declares."""

from collections.abc import Iterable, Iterator, Sequence

from collector.compliance.observed import TELEMETRY, UNKNOWN, Draft, Observed, of
from collector.contract.declarations import Declaration
from collector.contract.vocabulary import store_purposes, store_types
from collector.declarations.fides import covers

FIDES = "fides"


def against_systems(seen: Iterable[Observed], systems: Sequence[Declaration]) -> Iterator[Draft]:
    """Against what any of `systems` declares."""
    types = [one for system in systems for one in system.types]
    for row in seen:
        to = "Limen's own telemetry" if row.destination == TELEMETRY else row.destination
        for category in row.categories:
            if category == UNKNOWN:
                continue
            declared = [one for one in types if category in one.categories]
            meant = " or ".join(store_types(FIDES, category))
            if not declared:
                said = f"no declaration of the system has {meant}, or a category above it"
                yield of(row, "UNDECLARED_CATEGORY", f"{category}: {to}", FIDES, said)
                continue
            uses = store_purposes(FIDES, row.purpose)
            allowed = {use for one in declared for use in one.purposes}
            if uses and not any(_alike(use, one) for use in uses for one in allowed):
                said = f"{meant} is declared, and not for {' or '.join(uses)}"
                subject = f"{row.purpose} of {category}: {to}"
                yield of(row, "UNDECLARED_PURPOSE", subject, FIDES, said)
            if row.role == "third_party" and not any(one.shared for one in declared):
                said = f"{meant} is not declared as shared, and a third party gets it"
                yield of(row, "UNDECLARED_SHARING", f"{category}: {to}", FIDES, said)


def _alike(use: str, declared: str) -> bool:
    """A use is declared by one above it, and by one of its own kind."""
    return covers(declared, use) or covers(use, declared)
