"""What a page shows instead of answers: no data yet, no result, no collector."""

import html
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from collector.contract.errors import (
    CollectorUnreachable,
    Forbidden,
    LimenError,
    Overloaded,
    TooSlow,
    Unauthenticated,
)
from dashboard import sidebar, theme
from dashboard.formats import moment
from dashboard.questions import SECONDS, Questions, StrangeAnswer, forget

SEND = """\
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

app = {"service.name": "my-app", "service.version": "1.0.0", "deployment.environment.name": "production"}
provider = TracerProvider(resource=Resource.create(app))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint="http://127.0.0.1:4318/v1/traces")))
with provider.get_tracer("my-app").start_as_current_span("route barcode_scan") as span:
    span.set_attributes({"limen.feature": "barcode_scan", "limen.decision": "accept", "limen.confidence": 0.93})
provider.shutdown()
"""  # noqa: E501

_RESET = "reset"
_ASK = "limen token create --role {0} --name YOU"
_REFUSALS: Mapping[type[LimenError], tuple[str, str | None]] = {
    CollectorUnreachable: ("The collector does not answer", "limen collector"),
    TooSlow: ("The collector takes too long", None),
    Overloaded: ("The collector could not answer now", None),
    StrangeAnswer: ("Another build answers", None),
    Unauthenticated: ("The collector asks for a token", _ASK),
    Forbidden: ("Your role may not see this", _ASK),
}


@contextmanager
def guarded(role: str = "lead") -> Iterator[None]:
    """Shows what the collector could not answer as a box with the remedy, never a traceback.

    `role` is that of a token which may see what is guarded.
    """
    try:
        yield
    except Unauthenticated:
        # The page asks anew who reads, before anything of it is drawn.
        forget()
        st.rerun()
    except LimenError as error:
        failure(error, role)
    except Exception as error:
        fault(error)


def followed(live: bool, draw: Callable[[], None]) -> None:
    """Draws the page; while it is `live` again and again, and when."""

    @st.fragment(run_every=SECONDS if live else None)
    def content() -> None:
        if live:
            st.caption(f"Asked at {moment(datetime.now(UTC))}, and again every {SECONDS} seconds.")
        with guarded():
            draw()

    content()


def failure(error: LimenError, role: str) -> None:
    """One box: what is wrong and what to do, the error's own sentence in it."""
    title, command = next(
        (shown for kind, shown in _REFUSALS.items() if isinstance(error, kind)),
        ("This question has no answer", None),
    )
    refused(title, error)
    if command is not None:
        st.code(command.format(role), language="bash", wrap_lines=True)
    _offer_again()


def refused(title: str, error: LimenError) -> None:
    """What was asked for was not done, and why, in the error's own sentence."""
    sentence = str(error)
    _box(title, sentence[:1].upper() + sentence[1:] + ".", theme.ERROR, "limen-error")


def fault(error: Exception) -> None:
    """One box for a fault of the page's own: where, never the message, which can hold a value.

    Streamlit would write the message to its log.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    _box(
        "This page could not be drawn",
        f"The fault is the dashboard's own: {where}. Try again, choose other filters or another "
        "page; if it stays, report that line.",
        theme.ERROR,
        "limen-error",
    )
    _offer_again()


def _offer_again() -> None:
    if st.button("Try again", icon=":material/refresh:"):
        forget()
        st.rerun()


@st.fragment(run_every=4)
def no_data(questions: Questions) -> None:
    """The collector runs and holds nothing; the page appears with the first data."""
    with guarded():
        if questions.status()["first_data"] is not None:
            st.rerun()
        _box(
            "Waiting for the first traces",
            f"The collector at {questions.api} runs and holds no data yet. "
            "This page opens by itself when the first request arrives.",
            theme.DEVICE,
            "limen-empty",
        )
        st.text("A first request, sent from Python:")
        st.code(SEND, language="python", wrap_lines=True)
        st.caption(
            "JavaScript and Flutter are in README.md, the attributes in docs/conventions.md. "
            "`limen demo` shows all pages with a simulated fleet, in a collector of its own."
        )


def no_result(questions: Questions, what: str, page_filters: Sequence[str] = ()) -> None:
    """The filters, with those that this page alone has, leave nothing of `what`."""
    default = sidebar.defaults(sidebar.first_environment(questions), page_filters)
    state = st.session_state
    # Once it is pressed, nothing is narrowed any more.
    narrowed = state.get(_RESET) or any(state.get(name, to) != to for name, to in default.items())
    told = ["The collector holds data, but none that fits the period and the filters."]
    told += whole_days(questions)
    if not narrowed:
        told[0] = "The collector holds data, but none of this period."
    _box(
        f"No {what} in this selection",
        "\n".join(told),
        theme.UNKNOWN,
        "limen-empty",
    )
    # The whole page, also from within a fragment: the filters stand outside it. In a callback: a
    # drawn widget cannot be set.
    if narrowed and st.button(
        "Reset the filters",
        icon=":material/filter_alt_off:",
        key=_RESET,
        on_click=state.update,
        args=(default,),
    ):
        st.rerun()


def whole_days(questions: Questions) -> list[str]:
    """What a lead does not see yet, and who does; no sentence for others."""
    status = questions.status()
    if status["role"] != "lead":
        return []
    return [
        "A lead sees whole days, in UTC: what arrives today is shown tomorrow, and a day of fewer "
        f"than {status['min_cell']} installations never. Who is on call sees it at once."
    ]


def nothing(what: str, next_step: str, command: str | None = None) -> None:
    """There is no `what` yet; `next_step` says how there will be."""
    _box(f"No {what} yet", next_step, theme.DEVICE, "limen-empty")
    if command is not None:
        st.code(command, language="bash", wrap_lines=True)


def absent(title: str, why: str) -> None:
    """What was asked for by name is not here, and nothing will bring it."""
    _box(title, why, theme.UNKNOWN, "limen-empty")


WHY: Mapping[str, str] = {
    "oncall": "Each request and each trace is of one phone, and tells what its user did. They are "
    "for whoever is on call.",
    "compliance": "Single departures, what apps declared and the log of what was done are for "
    "whoever reviews them.",
}
"""Why a page is for a role."""


def withheld(title: str, role: str, why: str) -> None:
    """Something is for tokens of another `role`; `why` says it in sentences."""
    if st.user.get("is_logged_in"):
        # At a provider: nobody enters a token here.
        absent(title, f"{why} Whoever is in a group of the role {role} sees it.")
        return
    absent(title, f"{why} A token of the role {role} opens it.")
    st.code(_ASK.format(role), language="bash", wrap_lines=True)


def notice(title: str, sentences: Sequence[str], colour: str) -> None:
    """A box that must be seen before anything else on the page, a line per sentence."""
    _box(title, "\n".join(sentences), colour, "limen-notice")


def _box(title: str, text: str, colour: str, kind: str) -> None:
    said = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))
    st.html(
        f'<div class="{kind}" role="status" style="border:1px solid {colour};'
        f"border-left:6px solid {colour};border-radius:8px;padding:14px 18px;"
        f'background:{theme.translucent(colour, 0.08)}">'
        f'<div style="font-weight:650;font-size:1.1rem">{html.escape(title)}</div>'
        f'<div style="margin-top:4px;white-space:pre-line">{said}</div></div>'
    )
