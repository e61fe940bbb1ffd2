"""Every page: drawn whole, its numbers defined; for a lead with no cell of fewer than k."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from collector.contract.config import MIN_CELL
from collector.permissions.roles import Role
from collector.permissions.tokens import create_token
from dashboard.views.registry import VIEWS
from tests.otlp import PHONE, Span, request_span, traces
from tests.processes import running_collector
from tests.store import POLICY, Store
from tests.test_cells import DAY, midnight

PAGES = [view.path for view in VIEWS if view.allows("lead")]
OTHERS = {view.path: view.role for view in VIEWS if not view.allows("lead")}
# What only three phones tell.
RARE: Mapping[str, str] = {
    "service.version": "9.9.9", "device.model.identifier": "RarePhone1", "os.version": "rare77",
    "limen.feature": "rare_feature",
}  # fmt: skip


def phone(number: int) -> tuple[dict[str, str], list[Span]]:
    """Twenty of each of three releases, and three that nobody is like; some offline."""
    rare = RARE if number >= 60 else {}
    resource = {**PHONE, "service.version": f"2.{number // 20}.0", **rare}
    resource |= {"app.installation.id": f"phone-{number}", "deployment.environment.name": "live"}
    feature = resource.pop("limen.feature", "image_classify")
    spans = []
    for day in (1, 2):
        start = midnight() - day * DAY + DAY // 2
        asked = request_span(
            "fallback" if (number + day) % 3 else "accept", start=start, limen_feature=feature,
            limen_fallback_reason="low_confidence", limen_confidence=0.4, limen_threshold=0.7,
            limen_sequence=day, network_connection_type="wifi" if number % 5 else "unavailable",
        )  # fmt: skip
        sent = {"server_address": "api.example.com", "http_request_body_size": 100 + number}
        spans += [asked, asked.child("CLIENT", **sent, limen_consent_state="granted")]
    return resource, spans


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Where the collector is asked, and a token of each role."""
    with _asked(tmp_path_factory.mktemp("home"), received=midnight() - 1) as found:
        yield found


@contextmanager
def _asked(home: Path, received: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    (home / "policy.toml").write_text(POLICY, "utf-8")
    with Store(home) as store:
        sent = [traces(*spans, resource=resource) for resource, spans in map(phone, range(63))]
        store.take(*sent, received=received)
    roles = (Role.LEAD, Role.COMPLIANCE, Role.ONCALL)
    tokens = {str(role): create_token(home, role, role)[1] for role in roles}
    with running_collector(home) as running:
        yield running.api, tokens


def drawn(api: str, token: str, path: str) -> AppTest:
    def draw(api: str, token: str, path: str) -> None:
        import streamlit as st
        from pydantic import SecretStr

        from dashboard import links, states
        from dashboard.questions import Caller, Questions
        from dashboard.selection import Selection
        from dashboard.views.registry import VIEWS

        pages = {v: st.Page(lambda: None, title=v.title, url_path=v.path) for v in VIEWS}
        st.navigation(list(links.keep(pages).values()))
        questions = Questions(Caller(api, SecretStr(token)))
        (view,) = [one for one in VIEWS if one.path == path]
        with states.guarded():
            view.show(questions, Selection(catalogue=questions.catalogue()))

    return AppTest.from_function(draw, args=(api, token, path), default_timeout=60).run()


def said(page: AppTest) -> str:
    """All that a page sends to a browser: its words, tables and charts."""
    tables = [frame.value.to_csv() for frame in page.dataframe]
    return "\n".join([str(page), *tables, *(str(one.proto) for one in page.get("plotly_chart"))])


@pytest.mark.parametrize("path", PAGES)
def test_a_lead_sees_a_page_without_an_error_and_nothing_of_a_few(
    words: tuple[str, Mapping[str, str]], path: str
) -> None:
    api, tokens = words
    page = drawn(api, tokens[Role.LEAD], path)
    assert not page.exception and not _broken(page) and _is_defined(page)
    assert not [name for name in RARE.values() if name in said(page)]
    assert page.dataframe or path in ("thresholds", "placement")
    for frame in page.dataframe:
        for column in {"Installations", "Requests"} & set(frame.value.columns):
            counts = [int(n) for n in frame.value[column] if isinstance(n, int | float)]
            assert not [n for n in counts if 0 < n < MIN_CELL], frame.value


def test_on_the_first_day_a_lead_is_told_when_there_will_be_something(tmp_path: Path) -> None:
    with _asked(tmp_path, received=midnight()) as (api, tokens):
        for path in PAGES:
            page = drawn(api, tokens[Role.LEAD], path)
            assert not page.exception and not _broken(page), path
            # A replay is no telemetry of a day.
            boxes = "".join(found.proto.body for found in page.get("html"))
            captions = "".join(found.value for found in page.caption)
            told = "what arrives today is shown tomorrow" in boxes + captions
            assert told == (path != "thresholds"), path
            # Nothing is narrowed.
            assert "Reset the filters" not in [found.label for found in page.button], path


def _broken(page: AppTest) -> list[str]:
    """The boxes of errors on it."""
    boxes = [found.proto.body for found in page.get("html")]
    return [body for body in boxes if "limen-error" in body]


def _is_defined(page: AppTest) -> bool:
    """Whether it says what its numbers are, each time by SQL or the command that makes them."""
    popovers = [found for found in page.get("popover") if found.proto.popover.label == "Definition"]
    return bool(popovers) and all(found.text and found.code for found in popovers)


@pytest.mark.parametrize("path", OTHERS)
def test_a_page_of_others_says_what_its_numbers_are(
    words: tuple[str, Mapping[str, str]], path: str
) -> None:
    api, tokens = words
    page = drawn(api, tokens[OTHERS[path]], path)
    assert not page.exception and not _broken(page) and _is_defined(page)


def test_who_may_see_small_cells_sees_those_that_a_lead_does_not(
    words: tuple[str, Mapping[str, str]],
) -> None:
    api, tokens = words
    assert RARE["service.version"] in said(drawn(api, tokens[Role.COMPLIANCE], "release"))
