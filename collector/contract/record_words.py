"""A record of processing activities in words: what stands in its cells, whoever shows it."""

from collections.abc import Mapping

from collector.contract.processing import LOGGED_INPUTS, Activity, Article30

# Stands wherever the policy has to say what nobody can see.
MISSING = "MISSING"
_BASIS = {
    "in_eea": "no: within the EEA",
    "named": "yes",
    "not_named": "yes",
    "unknown": MISSING,
    None: "",
}
# What the key of the policy does not say to a reader.
_MECHANISMS = {
    "scc_2021_914": "standard contractual clauses (EU) 2021/914",
    "scc_dpa": "standard clauses of a supervisory authority",
    "bcr": "binding corporate rules",
    "admin_arrangement": "administrative arrangement",
    "derogation_compelling_li": "derogation compelling legitimate interests",
}
COLUMNS: Mapping[str, str] = {
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


def controller(record: Article30) -> dict[str, str]:
    """What it says of who answers for the processing (lit. a and g)."""
    return {
        "controller (a)": ", ".join(
            (record.name or MISSING, *([record.contact] if record.contact else []))
        ),
        "joint controllers (a)": "; ".join(record.joint_controllers) or "none named",
        "representative (a)": record.representative or "none named",
        "data protection officer (a)": record.dpo or MISSING,
        "security measures (g)": record.security or MISSING,
    }


def feature(one: Activity) -> str:
    """What it is of: a feature by its name, or what has none."""
    return one.feature or ("Limen's own telemetry" if one.basis is None else "of no feature named")


def cells(one: Activity) -> dict[str, str | int]:
    """What stands in each of COLUMNS."""
    stays = one.recipient is None
    what = feature(one)
    if one.recipient == LOGGED_INPUTS:
        what += ", inputs logged with consent, to run models on them again"
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
    if one.mechanism is None:
        return ""
    return f"{_MECHANISMS.get(one.mechanism) or _words(one.mechanism)}, Art. {one.article}"


def _kept(one: Activity) -> str:
    if one.kept_days is None:
        return "" if one.recipient is None else MISSING
    return f"{one.kept_days} days" if one.kept_days else "not kept beyond the request"


def _words(text: str | None) -> str:
    return (text or "").replace("_", " ")
