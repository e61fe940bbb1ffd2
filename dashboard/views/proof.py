"""What a sweep rests on: certificate, calibration, host and phones; and another run beside it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from collector.contract.certificate import Certificate, Guarantee
from collector.contract.records import Calibration, ReplayRun, Sweep
from collector.contract.thresholds import written
from dashboard import panels, sentences, states, tables, theme
from dashboard.charts.curve import beside
from dashboard.charts.reliability import reliability
from dashboard.formats import count, flag, label, moment, percent, words
from dashboard.questions import Questions

_TESTS: Mapping[str, str] = {
    "threshold": "score",
    "accepted": "count",
    "wrong": "count",
    "p_value": "text",
    "shown": "flag",
}
_SEGMENTS: Mapping[str, str] = {
    "segment": "text",
    "installations": "count",
    "holds": "flag",
    "threshold": "score",
    "reason": "text",
}
_BINS: Mapping[str, str] = {"cases": "count", "confidence": "ratio", "accuracy": "ratio"}
_FIDELITY: Mapping[str, str] = {
    "runtime": "text",
    "delegate": "text",
    "os": "text",
    "cases": "count",
    "agreed": "count",
    "share": "ratio",
}
_BESIDE: Mapping[str, str] = {
    "run": "text",
    "threshold": "score",
    "device_share": "ratio",
    "error_rate": "ratio",
    "evidence": "flag",
}
_SCORES_ONLY = (
    "No input was stored or replayed: the scores are those that phones put on their spans, so this "
    "speaks of their own model alone."
)


def scores_only(sweep: Sweep) -> None:
    """Says so where no input was replayed."""
    if sweep.source == "spans":
        states.notice("Scores only", [_SCORES_ONLY], theme.UNKNOWN)


def show_proof(questions: Questions, sweep: Sweep, of: str) -> None:
    if sweep.certificate is not None:
        panels.heading("Certificate", questions, "certificate")
        _certificate(sweep.certificate)
    if sweep.calibration:
        panels.heading("How far its confidence can be believed", questions, "calibration")
        _calibration(sweep.calibration, of)
    if sweep.fidelity:
        panels.heading("Host and phones", questions, "fidelity")
        _fidelity(sweep)


def _certificate(found: Certificate) -> None:
    overall = found.overall
    for line in (
        sentences.limits(found.limits),
        f"{label(_verdict(overall))}: {overall.reason}.",
        f"Made {moment(found.made)}, expires {moment(found.expires)}. "
        f"It speaks for {found.speaks_for}.",
        found.left_out,
    ):
        if line:
            st.text(line)
    st.download_button(
        "Download the certificate",
        found.model_dump_json(indent=2),
        file_name=f"certificate-{found.run}-{found.reference}.json",
        mime="application/json",
        icon=":material/download:",
        help="`limen replay verify FILE` recomputes it from the saved scores.",
    )
    with st.expander("Under other limits"):
        st.text("The same scores, swept again; no input is opened for it.")
        st.code(
            f"limen replay sweep {found.run} --reference {found.reference} --max-error 0.05 "
            "--max-cloud 0.3 --min-offline 0.8",
            language="bash",
            wrap_lines=True,
        )
    if overall.tests:
        with st.expander(f"{count(len(overall.tests))} thresholds tested, highest first"):
            tables.show(_tests(overall), _TESTS, name="Every threshold tested, with its p-value")
    if found.segments:
        with st.expander("By segment"):
            tables.show(
                [
                    {**part.model_dump(), "segment": f"{label(words(part.dimension))} {part.value}"}
                    for part in found.segments
                ],
                _SEGMENTS,
                name="Whether the threshold is shown for each segment too",
            )


def _verdict(overall: Guarantee) -> str:
    shown = overall.threshold
    return "not shown" if shown is None else f"shown from {written(shown)} up"


def _tests(overall: Guarantee) -> list[dict[str, object]]:
    shown = range(overall.start, overall.start + overall.passed)
    return [
        {**test.model_dump(), "p_value": f"{test.p_value:.2g}", "shown": place in shown}
        for place, test in enumerate(overall.tests)
    ]


def _calibration(parts: Sequence[Calibration], of: str) -> None:
    by_name = {
        "All cases" if part.dimension is None else f"{label(part.dimension)} {part.value}": part
        for part in parts
    }
    name = st.selectbox("Of", list(by_name), key="calibration", bind="query-params")
    chosen = by_name[name]
    st.text(
        f"Expected calibration error (ECE) {percent(chosen.ece)}, over {count(chosen.cases)} cases "
        f"of {count(chosen.installations)} installations."
    )
    panels.chart(
        reliability(chosen),
        key="reliability",
        alt="How often the model was right, by how sure it was, beside the diagonal",
        of=f"{name} · {of}",
    )
    panels.rows_under(
        [part.model_dump() for part in chosen.bins], _BINS, "The bins of the reliability diagram"
    )


def _fidelity(sweep: Sweep) -> None:
    st.text(
        "Of answers that phones gave by this very model, those that this host gives too, as sure."
    )
    tables.show(
        [part.model_dump() for part in sweep.fidelity],
        _FIDELITY,
        titles={"share": "Same answer"},
        name="Where host and phones agree, by runtime, delegate and OS",
    )


def show_beside(
    questions: Questions, run: ReplayRun, sweep: Sweep, runs: Sequence[ReplayRun]
) -> None:
    """Another run of the feature, judged by the same reference."""
    others = {sentences.run_line(one): one for one in runs if _comparable(one, run)}
    if not others:
        return
    panels.heading("Beside another run", questions, "sweep")
    none = "None"
    chosen = st.selectbox("Run beside", [none, *others], key="beside", bind="query-params")
    if chosen == none:
        return
    other = others[chosen]
    found = [one for one in questions.sweeps(other.run) if one.reference == sweep.reference]
    if not found:
        states.nothing(
            f"sweep of that run by {sweep.reference}",
            "Two runs are compared by the same reference.",
            f"limen replay sweep {other.run} --reference {sweep.reference}",
        )
        return
    names = (f"{run.model} on {run.runtime}", f"{other.model} on {other.runtime}")
    if names[0] == names[1]:
        names = (f"{names[0]} {run.run}", f"{names[1]} {other.run}")
    panels.chart(
        beside(sweep, found[0], names),
        key="beside",
        alt="Error among device answers by the share the device answers, for both runs",
        of=f"{names[0]} against {names[1]} · reference: {label(sweep.reference).lower()}",
    )
    st.caption("Lower is better: fewer wrong answers where the device answers as many.")
    panels.rows_under(
        [
            {"run": name, **point.model_dump()}
            for name, swept in zip(names, (sweep, found[0]), strict=True)
            for point in swept.points
        ],
        _BESIDE,
        "Both runs by threshold",
    )
    tables.show(
        [_beside_row(name, one) for name, one in zip(names, (sweep, found[0]), strict=True)],
        {"run": "text", "cases": "count", "recommended": "score", "device_share": "ratio",
         "error_rate": "ratio", "certified": "text"},
        name="Both runs at their recommended thresholds",
    )  # fmt: skip
    st.code(f"limen replay compare {run.run} {other.run}", language="bash", wrap_lines=True)


def _comparable(one: ReplayRun, run: ReplayRun) -> bool:
    return one.feature == run.feature and one.run != run.run


def _beside_row(name: str, sweep: Sweep) -> dict[str, object]:
    found = sweep.recommended
    return {
        "run": name,
        "cases": sweep.cases,
        "recommended": None if found is None else found.threshold,
        "device_share": None if found is None else found.device_share,
        "error_rate": None if found is None else sentences.error(found),
        "certified": flag(found is not None),
    }
