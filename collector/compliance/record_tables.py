"""A record of processing activities as people keep it: a table, and a page to print."""

from collections.abc import Iterator

from collector.compliance.export import table
from collector.contract.processing import Activity, Article30
from collector.page import Section, as_page

# Stands wherever the policy has to say what nobody can see.
MISSING = "MISSING"
_TITLE = "Record of processing activities (GDPR, Article 30)"
_BASIS = {
    "in_eea": "no: within the EEA",
    "named": "yes",
    "not_named": "yes",
    "unknown": MISSING,
    None: "",
}
_COLUMNS = {
    "app": "app",
    "activity": "activity",
    "purpose": "purpose (b)",
    "data_subjects": "data subjects (c)",
    "categories": "personal data (c)",
    "recipient": "recipient (d)",
    "country": "country (d)",
    "transfer": "third country (e)",
    "mechanism": "on the basis of (e)",
    "safeguards": "documents (e)",
    "kept": "time limit (f)",
    "declared": "declared",
    "count": "times seen",
    "first_seen": "first seen",
    "last_seen": "last seen",
}


def record_csv(record: Article30) -> str:
    """A row an activity, with the controller's own words (lit. a and g) in each."""
    controller = _controller(record)
    rows = [
        [*controller.values(), *_cells(one).values(), "; ".join((*record.missing, *one.missing))]
        for one in record.activities
    ]
    return table([*controller, *_COLUMNS.values(), "to be said in the policy"], rows)


def transfers_csv(record: Article30) -> str:
    """The activities whose recipient is not known to be within the EEA (Articles 44 to 49)."""
    rows = [list(_cells(one).values()) for one in record.transfers]
    return table(list(_COLUMNS.values()), rows)


def record_page(record: Article30) -> str:
    """A page to print."""
    missing = dict.fromkeys((*record.missing, *(m for a in record.activities for m in a.missing)))
    facts = [
        *(f"{name}: {said}" for name, said in _controller(record).items()),
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
    rows = [tuple(str(_cells(one)[name]) for name in names) for one in activities]
    return Section(title, about, tuple(_COLUMNS[name] for name in names), rows)


def _controller(record: Article30) -> dict[str, str]:
    return {
        "controller (a)": ", ".join(
            (record.name or MISSING, *([record.contact] if record.contact else []))
        ),
        "joint controllers (a)": "; ".join(record.joint_controllers) or "none named",
        "representative (a)": record.representative or "none named",
        "data protection officer (a)": record.dpo or MISSING,
        "security measures (g)": record.security or MISSING,
    }


def _cells(one: Activity) -> dict[str, str | int]:
    stays = one.recipient is None
    what = one.feature or ("Limen's own telemetry" if one.basis is None else "of no feature named")
    who = ", ".join(part for part in (one.owner or MISSING, _words(one.role)) if part)
    return {
        "app": one.app,
        "activity": f"{what}: {one.description}" if one.description else what,
        "purpose": _words(one.purpose) or ("" if stays else "not said by the app"),
        "data_subjects": "; ".join(one.data_subjects) or MISSING,
        "categories": ", ".join(map(_words, one.categories)),
        "recipient": "none: it stays on the device" if stays else f"{one.recipient} ({who})",
        "country": ", ".join(part for part in (_country(one), one.region) if part),
        "transfer": _BASIS[one.basis],
        "mechanism": _mechanism(one),
        "safeguards": one.safeguards or "",
        "kept": _kept(one),
        "declared": {True: "yes", False: "no", None: "" if stays else "cannot be told"}[
            one.declared
        ],
        "count": one.count,
        "first_seen": (one.first_seen or "")[:10],
        "last_seen": (one.last_seen or "")[:10],
    }


def _country(one: Activity) -> str:
    return one.country or (MISSING if one.basis == "unknown" else "")


def _mechanism(one: Activity) -> str:
    if one.basis == "not_named":
        return MISSING
    return f"{_words(one.mechanism)}, Art. {one.article}" if one.mechanism else ""


def _kept(one: Activity) -> str:
    if one.kept_days is None:
        return "" if one.recipient is None else MISSING
    return f"{one.kept_days} days" if one.kept_days else "not kept beyond the request"


def _words(text: str | None) -> str:
    return (text or "").replace("_", " ")
