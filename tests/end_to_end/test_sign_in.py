"""Readers sign in at the dashboard: with a token of their own, or at a provider of identities."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import tomli_w
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from collector.permissions.roles import Role
from collector.permissions.tokens import create_token, revoke_token
from dashboard.commands import APP
from tests.end_to_end.browser import Reader, no_error
from tests.end_to_end.processes import dashboard
from tests.oidc import OidcProvider, oidc_provider
from tests.otlp import request_span, traces
from tests.processes import RunningCollector, running_collector
from tests.store import Store
from tests.test_cells import DAY, midnight, phone


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Yesterday thirty phones used 2.4.0, and three 2.5.0."""
    home = tmp_path_factory.mktemp("home")
    start = midnight() - DAY // 2
    with Store(home) as store:
        kinds = [phone(n, "2.4.0" if n < 30 else "2.5.0") for n in range(33)]
        sent = [traces(request_span("fallback", start=start), resource=kind) for kind in kinds]
        asked = request_span("fallback", start=start)
        left = asked.child("CLIENT", limen_feature="image_classify", server_address="cloud.example")
        store.take(*sent, traces(left), received=start + 1)
    return home


@pytest.fixture(scope="module")
def words(home: Path) -> Mapping[str, str]:
    return {role: create_token(home, role, role)[1] for role in (Role.LEAD, Role.ONCALL)}


@pytest.fixture(scope="module")
def running(home: Path, words: Mapping[str, str]) -> Iterator[RunningCollector]:
    with running_collector(home) as found:
        yield found


@pytest.fixture(scope="module")
def url(running: RunningCollector) -> Iterator[str]:
    with dashboard(running.api) as found:
        yield found


def enter(reader: Reader, token: str) -> Page:
    page = reader.page
    page.get_by_label("Your token").fill(token)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    return page


def test_readers_sign_in_with_tokens_of_their_own_and_see_what_their_roles_may(
    browser: Browser, url: str, words: Mapping[str, str]
) -> None:
    with Reader(browser, url) as lead, Reader(browser, url) as oncall:
        page = lead.open("/?release=2.4.0")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text("limen token create --role lead")).to_be_visible()
        enter(lead, "limen_lead_" + "x" * 43)
        expect(page.locator(".limen-error")).to_contain_text("This token is not in force")
        enter(lead, words["lead"])
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        expect(page.get_by_text("You are lead and see whole days")).to_be_visible()
        assert "release=2.4.0" in page.url
        # 2.5.0 is of three, and 2.4.0 goes with it.
        expect(page.locator(".limen-empty")).to_contain_text("No requests in this selection")
        page.get_by_role("button", name="Reset the filters").click()
        expect(page.locator('[data-testid="stMetric"]', has_text="Requests")).to_contain_text("33")
        lead.settle()
        no_error(lead)

        # Signing in is each window's own.
        page = oncall.open("/requests")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        enter(oncall, words["oncall"])
        expect(page.get_by_text("single requests and their traces")).to_be_visible()
        expect(page.get_by_role("heading", name="Requests")).to_be_visible()
        oncall.follow("Data quality", "/quality")
        no_error(oncall)
        expect(page.locator(".limen-empty").last).to_contain_text("Findings are for others")
        expect(page.get_by_text("limen token create --role compliance")).to_be_visible()

        page = lead.page
        page.get_by_role("link", name="Requests").click()
        expect(page.locator(".limen-empty")).to_contain_text(
            "Each request and each trace is of one"
        )
        expect(page.get_by_text("limen token create --role oncall")).to_be_visible()
        for reader, word in ((lead, words["lead"]), (oncall, words["oncall"])):
            assert word not in reader.page.content() and word not in reader.page.url
            assert word not in str(reader.page.context.storage_state())
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert lead.complaints == oncall.complaints == []


def test_a_token_that_is_revoked_ends_the_session(browser: Browser, url: str, home: Path) -> None:
    token, words = create_token(home, Role.COMPLIANCE, "")
    with Reader(browser, url) as reader:
        reader.open("/")
        page = enter(reader, words)
        expect(page.get_by_text("You are compliance")).to_be_visible()
        # Reads what left in a trace, and is told whose its spans are.
        page.get_by_role("link", name="Ledger").click()
        expect(page.get_by_role("heading", name="1 departure")).to_be_visible()
        page.locator('[data-testid="stDataFrame"]').click(position={"x": 18, "y": 53})
        expect(page.locator(".st-key-departure")).to_contain_text("are for whoever is on call")
        page.get_by_role("link", name="Overview").click()
        page.locator(".st-key-live label").click()
        page.wait_for_url("**/?*live=true*")
        revoke_token(home, token.id)
        # Nobody touches the page.
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text("The collector no longer takes your token")).to_be_visible()
        expect(page.locator(".limen-error")).to_have_count(0)


def test_a_token_of_the_dashboards_own_is_for_whoever_started_it(
    browser: Browser,
    running: RunningCollector,
    words: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIMEN_TOKEN", words["lead"])
    with dashboard(running.api) as url, Reader(browser, url) as reader:
        page = reader.open("/findings")
        expect(page.locator(".limen-empty")).to_contain_text("This page is for others")
        no_error(reader)
        expect(page.get_by_text("limen token create --role compliance")).to_be_visible()
        assert words["lead"] not in page.content()
        assert reader.complaints == []


@pytest.fixture
def window(running: RunningCollector, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The same app without a browser."""
    monkeypatch.setenv("LIMEN_API_URL", running.api)
    return AppTest.from_file(str(APP), default_timeout=60)


@pytest.mark.parametrize("limit", ["idle", "hours"])
def test_a_session_ends_and_says_so(
    window: AppTest, words: Mapping[str, str], limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.run()
    window.text_input[0].set_value(words["oncall"])
    window.button[0].click().run()
    assert [title.value for title in window.title] == ["Overview"]
    state = window.session_state
    assert words["oncall"] not in repr(state["limen-session"])
    if limit == "idle":
        state["limen-seen"] -= 31 * 60
    else:
        monkeypatch.setenv("LIMEN_DASHBOARD_HOURS", "1e-9")
    window.run()
    assert [title.value for title in window.title] == ["Sign in"]
    assert window.text[0].value.startswith("Your session has ended")
    assert "limen-session" not in state


def test_groups_without_a_token_for_their_role_are_refused_in_words(window: AppTest) -> None:
    window.secrets["auth"] = {"redirect_uri": "http://127.0.0.1/oauth2callback"}
    for limen, place in (
        ({"groups": {"a": "chief"}, "tokens": {}}, "limen.groups.a"),
        ({"groups": {"a": "lead"}, "tokens": {}}, "there is none for lead"),
        ({}, "limen.groups"),
    ):
        window.secrets["limen"] = limen
        window.run()
        (box,) = [one.proto.body for one in window.get("html") if "limen-error" in one.proto.body]
        assert "ecrets.toml: limen" in box and place in box


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with oidc_provider() as found:
        yield found


@pytest.fixture
def oncall(home: Path) -> tuple[str, str]:
    """A token of the provider's readers who are on call: its id and its words."""
    made, words = create_token(home, Role.ONCALL, "")
    return made.id, words


@pytest.fixture
def at_provider(
    running: RunningCollector,
    words: Mapping[str, str],
    oncall: tuple[str, str],
    provider: OidcProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """A dashboard whose readers sign in at the provider."""
    secrets = {
        "auth": {
            "redirect_uri": "http://127.0.0.1:{port}/oauth2callback",
            "cookie_secret": "of a test, and long enough for its purpose",
            "client_id": "limen",
            "client_secret": "of a test",
            "server_metadata_url": f"{provider.url}/.well-known/openid-configuration",
        },
        "limen": {
            "groups": {"mobile": "lead", "sre": "oncall"},
            "tokens": {"lead": words["lead"], "oncall": oncall[1]},
        },
    }
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(tomli_w.dumps(secrets), "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    # One that is forked looks for secrets in the home of the tests.
    with dashboard(running.api, forked=False) as url:
        yield url


def test_a_provider_signs_readers_in_and_their_groups_are_roles(
    browser: Browser,
    home: Path,
    words: Mapping[str, str],
    oncall: tuple[str, str],
    provider: OidcProvider,
    at_provider: str,
) -> None:
    with Reader(browser, at_provider, apart=True) as reader:
        for groups, seen in (
            (["mobile", "sre"], "You are lead"),
            (["kitchen"], "none of your groups"),
        ):
            provider.person = {"sub": "ada", "name": "Ada", "groups": groups}
            page = _newly_at(reader, "/")
            expect(page.get_by_text("You are lead")).to_have_count(0)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_text(seen)).to_be_visible()
            # Where nobody can enter a token, none is advised.
            expect(page.get_by_text("limen token create")).to_have_count(0)
            if len(groups) > 1:
                reader.choose("Your role", "oncall")
                expect(page.get_by_text("You are oncall")).to_be_visible()
                reader.settle()
                revoke_token(home, oncall[0])
                page.locator(".st-key-refresh button").first.click()
                seen = "no longer takes the token of your role"
                expect(page.get_by_text(seen)).to_be_visible()
                expect(page.get_by_text("none of your groups")).to_have_count(0)
            assert words["lead"] not in page.content()
        provider.ago = 11 * 3600
        provider.person = {"sub": "ada", "groups": ["mobile"]}
        page = _newly_at(reader, "/")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Your session has ended. Sign in again.")).to_be_visible()
        provider.ago = 0
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        assert [said for said in reader.complaints if provider.url not in said] == []


def test_who_signs_in_at_a_provider_is_led_on_to_the_link_once_and_nobody_else(
    browser: Browser, provider: OidcProvider, at_provider: str
) -> None:
    link = "/offline?period=14+days&feature=image_classify"
    with Reader(browser, at_provider, apart=True) as reader:
        provider.person = {"sub": "ada", "name": "Ada", "groups": ["kitchen"]}
        page = _newly_at(reader, link)
        script = page.get_by_test_id("stElementContainer").filter(has=page.locator("script"))
        expect(script).to_have_count(1)
        expect(script).to_be_hidden()
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("none of your groups")).to_be_visible()
        provider.person = {"sub": "ada", "name": "Ada", "groups": ["mobile"]}
        page = _newly_at(reader, link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(at_provider + link)
        expect(page.get_by_role("heading", name="Offline", exact=True)).to_be_visible()
        # Once, and no other window.
        for window in (page.context.new_page(), page):
            window.goto(at_provider)
            expect(window.get_by_role("heading", name="Overview")).to_be_visible()
            assert window.url == f"{at_provider}/"
            assert window.evaluate("sessionStorage.length") == 0
        # Who comes next is led to no page of whoever was here before.
        _newly_at(reader, link)
        page = _newly_at(reader, "/")
        provider.ago = 11 * 3600
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Your session has ended. Sign in again.")).to_be_visible()
        assert page.url == f"{at_provider}/"
        provider.ago = 0
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        assert page.url == f"{at_provider}/"
        assert [said for said in reader.complaints if provider.url not in said] == []


def _newly_at(reader: Reader, path: str) -> Page:
    """The page at `path`, as whoever was never here sees it."""
    reader.page.context.clear_cookies()
    return reader.open(path)
