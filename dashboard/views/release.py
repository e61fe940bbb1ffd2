"""Release: the releases side by side, one held against another, and why its rate moved."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from collector.contract.records import Answer
from collector.contract.releases import Comparison, Finding, RateChange, points
from dashboard import links, panels, states, theme, verdict
from dashboard.charts.parts import TOGETHER, parts
from dashboard.charts.rates import newest_first
from dashboard.formats import (
    OTHER,
    UNKNOWN,
    bounds,
    count,
    label,
    milliseconds,
    percent,
    size,
    words,
)
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View

_SURE: Mapping[Finding, str] = {
    "worse": "Worse",
    "better": "Better",
    "same": "As before",
    "open": "Can be chance",
    "too few": "Too early to say",
}
_SURE_TITLES = {
    "rate": "Rate",
    "before": "",
    "after": "",
    "change": "Change, points",
    "interval": "95%, at every look",
    "finding": "Finding",
    "sample": "Sample",
}
Rows = Mapping[str, Mapping[str, Any]]


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Release", selection)
    with states.guarded():
        _content(questions, selection)


def _content(questions: Questions, selection: Selection) -> None:
    answers = questions.metrics(
        [
            selection.query("release_health"),
            selection.query("volume", "app"),
            selection.query("release_intervals"),
            selection.query("completeness", "release"),
            selection.query("release_models"),
        ]
    )
    health, apps = next(answers), next(answers)
    if not health.rows:
        states.no_result(questions, "requests")
        return
    names = newest_first(row["release"] for row in health.records())
    two = compared = None
    if len(apps.rows) > 1:
        states.notice(
            "Choose an app",
            ["Releases are those of one app: choose it beside, to hold one against another."],
            theme.UNKNOWN,
        )
    elif len([name for name in names if name not in (OTHER, UNKNOWN)]) < 2:
        states.nothing(
            "second release",
            "This selection has requests of one release alone: there is nothing to hold it "
            "against. A longer period may have the one before it.",
        )
    else:
        two = _chosen(names)
    place = st.container()
    panels.heading("Side by side", questions, "release_health", "release_intervals", "completeness")
    figures = _figures(names, *map(_by_release, (health, next(answers), next(answers))))
    _table(names, "Figure", figures, "Releases side by side")
    panels.not_narrowed(selection, "completeness")
    models = next(answers)
    if two is not None:
        with place, states.guarded():
            with st.spinner("Holding one against the other …"):
                compared = questions.compare(*two, selection)
            verdict.show(compared)
    if compared is not None:
        _why(questions, selection, compared)
    panels.heading("Models and their budget", questions, "release_models")
    if models.rows:
        _table(names, "Feature", _models(names, models), "The model of each feature by release")
    else:
        st.text("No request of this selection names a model.")
    if compared is not None:
        _sureness(questions, compared)


def _chosen(names: list[str]) -> tuple[str, str]:
    """A release, and which it is held against."""
    links.missed_release(names)
    with st.container(horizontal=True):
        newer = st.selectbox("Compare", names, key="newer", bind="query-params")
        others = [name for name in names if name != newer]
        after = names[names.index(newer) + 1 :]
        older = st.selectbox(
            "with",
            others,
            index=others.index(after[0]) if after else 0,
            key="older",
            bind="query-params",
        )
    return newer, older


def _by_release(answer: Answer) -> Rows:
    return {row["release"]: row for row in answer.records()}


def _table(
    names: Sequence[str], first: str, rows: Mapping[str, Mapping[str, str]], name: str
) -> None:
    """A column a release; the names of the rows stand under `first`."""
    panels.table(
        [{"": title, **values} for title, values in rows.items()],
        dict.fromkeys(("", *names), "text"),
        titles={"": first, **{release: release for release in names}},
        name=name,
    )


def _figures(
    names: Sequence[str], health: Rows, sure: Rows, complete: Rows
) -> dict[str, dict[str, str]]:
    """By figure, its value and interval in each release."""

    whole = {name: {**row, **sure.get(name, {})} for name, row in health.items()}

    def sized(name: str, low: str, high: str, shown: Callable[[Any], str]) -> dict[str, str]:
        return {
            release: _with_bounds(row[name], row.get(low), row.get(high), shown)
            for release, row in whole.items()
        }

    return {
        "Requests": {name: count(row["requests"]) for name, row in health.items()},
        "Installations": {name: count(row["installations"]) for name, row in health.items()},
        "Adoption": sized("adoption", "adoption_low", "adoption_high", percent),
        "Fallback rate": sized("fallback_rate", "fallback_low", "fallback_high", percent),
        "Offline coverage": sized("offline_coverage", "coverage_low", "coverage_high", percent),
        "Error rate": sized("error_rate", "error_low", "error_high", percent),
        "p95": sized("p95_ms", "p95_low_ms", "p95_high_ms", milliseconds),
        "Egress per request": sized("egress_bytes_per_request", "egress_low", "egress_high", size),
        "Completeness": {
            name: percent(complete.get(name, {}).get("completeness")) for name in names
        },
    }


def _with_bounds(value: Any, low: Any, high: Any, shown: Callable[[Any], str]) -> str:
    found = bounds(low, high, shown)
    if found != UNKNOWN:
        return f"{shown(value)} {found}"
    return UNKNOWN if value is None else f"{shown(value)}, interval unknown"


def _models(names: Sequence[str], models: Answer) -> dict[str, dict[str, str]]:
    """By feature, the model that most of its requests ran in each release, its size and budget."""
    found: dict[str, dict[str, str]] = {}
    for row in models.records():
        said = f"{words(row['model'])}, {_sized(row['size'], row['size_budget'])}"
        found.setdefault(row["feature"], {}).setdefault(row["release"], said)
    none = dict.fromkeys(names, "no model")
    return {feature: {**none, **by} for feature, by in found.items()}


def _sized(found: int | None, budget: int | None) -> str:
    said = "size unknown" if found is None else size(found)
    if budget is None:
        return f"{said}, budget unknown"
    over = found is not None and found > budget
    return f"{said} of {size(budget)}{': too large' if over else ''}"


def _sureness(questions: Questions, found: Comparison) -> None:
    panels.heading("How sure", questions, "comparison")
    st.caption(
        "With 95% the interval holds the true change at every look at once, while the period "
        "grows. Requests of one installation are not taken for those of several."
    )
    if found.sample:
        st.caption(found.sample)
    panels.table(
        [_sure_row(rate) for rate in found.rates],
        dict.fromkeys(_SURE_TITLES, "text"),
        titles={**_SURE_TITLES, "before": found.against, "after": found.release},
        name="How each rate changed",
    )


def _sure_row(rate: RateChange) -> dict[str, str]:
    needed = rate.installations_needed
    sample = f"{count(rate.installations)} installations"
    if needed is not None and needed > rate.installations:
        sample += f" of {count(needed)} that would tell ±{points(rate.least)[1:]} points"
    return {
        "rate": label(rate.name),
        "before": percent(rate.before.rate),
        "after": percent(rate.after.rate),
        "change": points(rate.change),
        "interval": UNKNOWN if rate.low is None else f"[{points(rate.low)}, {points(rate.high)}]",
        "finding": _SURE[rate.finding],
        "sample": sample,
    }


def _why(questions: Questions, selection: Selection, found: Comparison) -> None:
    split = found.split
    panels.heading("Why the fallback rate moved", questions, "comparison")
    if split is None:
        st.text("One of the two attempted nothing on the device: there is no rate to split.")
        return
    panels.chart(
        parts(split),
        key="parts",
        alt="The change of the fallback rate in its parts, in percentage points",
        of=f"{found.release} against {found.against} · {panels.told(selection, 'fallback_rate')}",
    )
    rows = [
        {"part": label(part.factor), "kind": label(part.kind), "points": points(part.change)}
        for part in split.parts
    ]
    total = {"part": TOGETHER, "kind": "", "points": points(split.change)}
    panels.rows_under(
        [*rows, total], dict.fromkeys(("part", "kind", "points"), "text"), "Parts of the change"
    )
    for part in split.parts:
        if part.unsure:
            st.caption(f"{label(part.factor)}: {part.unsure}.")
    st.caption(
        f"{percent(split.matched_before)} of the older release's requests and "
        f"{percent(split.matched_after)} of the newer one's are of kinds that both have "
        "(device model, OS, network and feature together). The rules are in docs/releases.md."
    )


RELEASE = View(
    title="Release", path="release", icon=":material/rocket_launch:", show=show, reader=Reader.LEAD
)
