"""A record of processing activities as people keep it: a table, and a page to print."""

from collections.abc import Iterator

from collector.compliance.export import table
from collector.compliance.page import Section, as_page
from collector.contract.processing import Activity, Article30
from collector.contract.record_words import COLUMNS, cells, controller

_TITLE = "Record of processing activities (GDPR, Article 30)"


def record_csv(record: Article30) -> str:
    """A row an activity, with the controller's own words (lit. a and g) in each."""
    said = controller(record)
    rows = [
        [*said.values(), *cells(one).values(), "; ".join((*record.missing, *one.missing))]
        for one in record.activities
    ]
    return table([*said, *COLUMNS.values(), "to be said in the policy"], rows)


def transfers_csv(record: Article30) -> str:
    """The activities whose recipient is not known to be within the EEA (Articles 44 to 49)."""
    rows = [list(cells(one).values()) for one in record.transfers]
    return table(list(COLUMNS.values()), rows)


def record_page(record: Article30) -> str:
    """A page to print."""
    missing = dict.fromkeys((*record.missing, *(m for a in record.activities for m in a.missing)))
    facts = [
        *(f"{name}: {said}" for name, said in controller(record).items()),
        f"Made of what was seen from {record.since[:19]}Z to {record.until[:19]}Z, and of the "
        f"policy {record.policy} (SHA-256 {record.policy_digest}). What no telemetry tells of is "
        "not in it.",
    ]
    return as_page(_TITLE, facts, _sections(record, list(missing)))


def _sections(record: Article30, missing: list[str]) -> Iterator[Section]:
    names = ("app", "activity", "purpose", "data_subjects", "categories", "recipient", "kept")
    yield _section(
        "Processing activities",
        "What each feature does with data, what for, who gets it, and how long they keep it.",
        [*names, "declared", "count", "last_seen"],
        list(record.activities),
    )
    yield _section(
        "Transfers to third countries",
        "Recipients that are not known to be within the EEA, and what the transfer rests on.",
        ["recipient", "country", "transfer", "mechanism", "safeguards", "categories", "count"],
        record.transfers,
    )
    yield Section(
        "To be said in the policy",
        "Nobody can see these from here; each is marked as missing above.",
        ("key of policy.toml",),
        [(key,) for key in missing],
    )


def _section(title: str, about: str, names: list[str], activities: list[Activity]) -> Section:
    rows = [tuple(str(cells(one)[name]) for name in names) for one in activities]
    return Section(title, about, tuple(COLUMNS[name] for name in names), rows)
