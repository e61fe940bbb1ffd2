"""Thresholds: what another threshold would have done, from inputs replayed through the model."""

from collections.abc import Mapping, Sequence

import streamlit as st

from collector.contract.records import ReplayRun, Sweep, SweepPoint
from dashboard import links, panels, sentences, states, theme
from dashboard.charts.curve import curve
from dashboard.formats import BY_UNIT, count, label, moment, score
from dashboard.questions import Questions
from dashboard.selection import Selection
from dashboard.views import Reader, View
from dashboard.views.proof import scores_only, show_beside, show_proof

REFERENCES: Mapping[str, str] = {
    "label": (
        "Judged against the labels that came with the logged inputs: the truth, "
        "but only of people who consented to log and of inputs that somebody labelled."
    ),
    "audit": (
        "Judged against the cloud's answer on requests sent to it at random, also where the "
        "device was sure: fair to every threshold, and only as right as the cloud's model."
    ),
    "cloud": (
        "Judged against the cloud's answer where the phone fell back: it knows nothing of the "
        "requests that the device answered, so nothing is recommended from it."
    ),
}
POINTS: Mapping[str, str] = {
    "threshold": "score",
    "accepted": "count",
    "device_share": "ratio",
    "fallback_rate": "ratio",
    "error_rate": "ratio",
    "evidence": "flag",
    "egress": "bytes",
    "egress_change": "bytes",
    "egress_per_user": "bytes",
}
TILES: Sequence[tuple[str, str, str, str]] = (
    (
        "Device share",
        "device_share",
        "ratio",
        "Share of the replayed requests whose confidence reaches the threshold.",
    ),
    ("Fallback rate", "fallback_rate", "ratio", "Share of the replayed requests below it."),
    (
        "Device error rate",
        "error_rate",
        "ratio",
        "Of the answers the device would give, those that differ from the reference; unknown "
        "where no reference is known of a part of them.",
    ),
    (
        "Egress per request",
        "egress",
        "bytes",
        "Bytes per request that would leave the device; an upper estimate for a higher threshold.",
    ),
)


def show(questions: Questions, selection: Selection) -> None:
    panels.title("Thresholds", None, questions, "sweep")
    st.text("What another threshold would have done. A run has its own period and feature.")
    features = selection.values.get("feature")
    known = questions.replays()
    runs = [run for run in known if not features or run.feature in features]
    if known and not runs:
        states.no_result(questions, "replays")
        return
    if not runs:
        states.nothing(
            "replay",
            "A replay takes the logged inputs through a model once; a sweep of it then says what "
            "every threshold would have done. `limen models list` names the models.",
            "limen replay run --feature FEATURE --model NAME@VERSION\nlimen replay sweep RUN",
        )
        return
    left, right = st.columns([3, 2])
    with left:
        run = _run(runs)
    sweeps = questions.sweeps(run.run)
    if not sweeps:
        _not_swept(questions, run)
        return
    with right:
        sweep = _reference(sweeps)
    st.caption(REFERENCES[sweep.reference])
    scores_only(sweep)
    if sweep.points:
        of = f"{sentences.run_line(run)} · reference: {label(sweep.reference).lower()}"
        _sweep(sweep, of)
        show_proof(questions, sweep, of)
        show_beside(questions, run, sweep, runs)
    _about(run, sweep)


def _not_swept(questions: Questions, run: ReplayRun) -> None:
    """Why there is no sweep to show, and how there will be one."""
    again = f"limen replay sweep {run.run}"
    if run.sweeps_erased is not None:
        states.absent(
            "The sweep of this run was deleted by an erasure",
            f"An installation was erased at {moment(run.sweeps_erased)} (GDPR, Art. 17), and with "
            "it every sweep that may have been made of its scores. The command makes this one "
            "anew, without it.",
        )
        st.code(again, language="bash", wrap_lines=True)
        return
    scored = "Its scores are those that phones put on their spans"
    if run.source == "inputs":
        scored = f"{sentences.many(run.inputs, 'input')} are scored"
    told = f"{scored}; a sweep reads every threshold from them."
    status = questions.status()
    if status["role"] == "lead":
        told += (
            f" As lead you see none over fewer than {status['min_cell']} installations: it may be "
            "there for others."
        )
    states.nothing("sweep of this run", told, again)


def _run(runs: Sequence[ReplayRun]) -> ReplayRun:
    by_line = {sentences.run_line(run): run for run in runs}
    links.missed(by_line, "a run that is not here", "is the newest of these", "run")
    return by_line[st.selectbox("Run", list(by_line), key="run", bind="query-params")]


def _reference(sweeps: Sequence[Sweep]) -> Sweep:
    order = list(REFERENCES)
    by_name = {
        label(found.reference): found
        for found in sorted(sweeps, key=lambda sweep: order.index(sweep.reference))
    }
    chosen = st.segmented_control(
        "Reference",
        list(by_name),
        default=next(iter(by_name)),
        required=True,
        key="reference",
        bind="query-params",
    )
    return by_name[chosen]


def _sweep(sweep: Sweep, of: str) -> None:
    points = by_label(sweep)
    current = None if sweep.current is None else points.get(score(sweep.current))
    start = sweep.recommended or current or sweep.points[0]
    chosen = points[
        st.select_slider(
            "Threshold",
            list(points),
            value=score(start.threshold),
            key="threshold",
            bind="query-params",
        )
    ]
    with st.container(key="what-changes"):
        states.notice(
            sentences.recommendation(sweep),
            [sentences.point(chosen, current), *filter(None, [sweep.reason])],
            theme.UNKNOWN if sweep.recommended is None else theme.DEVICE,
        )
    panels.chart(
        curve(sweep, chosen.threshold),
        key="curve",
        alt="Error among device answers, fallback rate and device share by threshold",
        of=of,
    )
    _tiles(chosen, current)
    panels.rows_under(
        [point.model_dump() for point in sweep.points], POINTS, "Every threshold of the sweep"
    )


def by_label(sweep: Sweep) -> dict[str, SweepPoint]:
    """The points a reader can tell apart, in order; the current and the recommended stay."""
    found = {score(point.threshold): point for point in reversed(sweep.points)}
    kept = [point for point in sweep.points if point.threshold == sweep.current]
    if sweep.recommended is not None:
        kept.append(sweep.recommended)
    found.update({score(point.threshold): point for point in kept})
    return dict(sorted(found.items()))


def _tiles(chosen: SweepPoint, current: SweepPoint | None) -> None:
    with panels.tiles():
        for title, name, unit, meaning in TILES:
            shown = BY_UNIT[unit]
            now = "" if current is None else f"current {shown(_of(current, name))}"
            panels.tile(title, shown(_of(chosen, name)), now, meaning)


def _of(point: SweepPoint, name: str) -> float | None:
    return sentences.error(point) if name == "error_rate" else getattr(point, name)


def _about(run: ReplayRun, sweep: Sweep) -> None:
    with st.expander("About this run"):
        for line in (
            f"Run {run.run}: {run.feature}, {run.model} ({run.model_digest})",
            f"Runtime {run.runtime} {run.runtime_version}, {count(run.inputs)} inputs, "
            f"{count(run.failed)} failed, {run.seconds:.1f} s",
            f"Inputs of {moment(run.since)} to {moment(run.until)}",
            f"Reference {sweep.reference}: {count(sweep.cases)} cases with a known reference",
        ):
            st.text(line)


THRESHOLDS = View(
    title="Thresholds", path="thresholds", icon=":material/tune:", show=show, reader=Reader.LEAD
)
