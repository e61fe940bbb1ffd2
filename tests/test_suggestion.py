"""A policy is drafted from what was seen, and what it drafts is what the collector then does."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.contract.policy import Policy
from collector.contract.policy_file import read_policy
from collector.contract.suggestion import Suggestion
from collector.suggestion.attributes import suggested_attributes
from tests.commands import limen
from tests.otlp import Span, request_span, traces
from tests.processes import RunningCollector, running_collector
from tests.store import Store, policy_from

VALUE = "zanzibar-7f"
LEAVING = {
    "server.address": "api.example.com",
    "limen.feature": "image_classify",
    "limen.purpose": "app_functionality",
    "limen.consent.state": "granted",
    "limen.data.categories": "image",
}


def leaving(**changed: str | None) -> Span:
    """A request and the call below it; `_` in a keyword stands for `.`, None takes it out."""
    said = LEAVING | {name.replace("_", "."): text for name, text in changed.items()}
    return Span(kind="CLIENT", attributes={k: v for k, v in said.items() if v is not None})


def departure(store: Store, *sends: Mapping[str, str | None]) -> None:
    for changed in sends:
        request = request_span("fallback")
        call = leaving(**changed)
        call.trace_id, call.parent = request.trace_id, request.span_id
        store.take(traces(request, call))


def send(running: RunningCollector) -> None:
    for number in range(30):
        request = request_span("fallback")
        more = {"checkout.step": f"step-{number % 3}", "user.nick": f"{VALUE}-{number}"}
        request.attributes = {**request.attributes, **more, "imei": VALUE}
        call = leaving()
        call.trace_id, call.parent = request.trace_id, request.span_id
        running.post(traces(request, call).SerializeToString()).raise_for_status()


def declared(running: RunningCollector) -> dict[str, bool | None]:
    answer = httpx.get(running.api + "/api/metrics/egress?format=json", trust_env=False).json()
    names = [column["name"] for column in answer["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in answer["rows"]]
    return {row["destination"]: row["declared"] for row in rows if row["purpose"] != "analytics"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    with running_collector(tmp_path_factory.mktemp("home")) as started:
        yield started


def test_a_draft_is_a_policy_under_which_what_was_seen_is_declared_and_kept(
    running: RunningCollector,
) -> None:
    send(running)
    assert declared(running) == {"example.com": None}
    done = limen("policy", "suggest", "--api", running.api)
    assert done.returncode == 0, done.stderr
    assert VALUE not in done.stdout and "\n#   imei holds an identifier" in done.stdout
    policy = running.home / "policy.toml"
    policy.write_text(done.stdout, "utf-8")
    checked = limen("policy", "check", str(policy))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    reloaded = limen("policy", "reload", "--api", running.api)
    assert reloaded.returncode == 0, reloaded.stderr
    assert declared(running) == {"example.com": True}
    send(running)
    assert declared(running) == {"example.com": True, "*.example.com": True}
    kept = httpx.get(running.api + "/api/metrics/redaction", trust_env=False).json()["rows"]
    actions = {(field, action) for field, _, action, *_ in kept}
    assert {("checkout.step", "keep"), ("user.nick", "hash")} <= actions
    again = limen("policy", "suggest", "--json", "--api", running.api)
    found = Suggestion.model_validate(json.loads(again.stdout))
    assert not found.first and found.features == ()
    assert [(one.key, one.action) for one in found.attributes] == [("imei", None)]


def test_where_nothing_is_new_the_answer_is_no(running: RunningCollector) -> None:
    before = "2020-01-01T00:00:00Z"
    whole = ("--from", before, "--to", before[:-2] + "1Z")
    done = limen("policy", "suggest", *whole, "--api", running.api)
    assert done.returncode == 1 and "[features" not in done.stdout + done.stderr
    wrong = limen("policy", "suggest", "--from", "yesterday", "--api", running.api)
    assert wrong.returncode == 2 and "RFC 3339" in wrong.stderr


def seen(key: str, types: tuple[str, ...] = ("string",), **more: Any) -> dict[str, Any]:
    usual = {"codes": ["UNKNOWN_ATTRIBUTE"], "places": ["span"], "occurrences": 900}
    return {"key": key, "types": list(types), "distinct_values": 4} | usual | more


@pytest.mark.parametrize(
    ("row", "action", "because"),
    [
        (seen("checkout.step"), "keep", "few"),
        (seen("screens", ("list",)), "keep", "few"),
        (seen("queue.length", ("int",)), "keep", "few"),
        (seen("took", ("double",), distinct_values=245), "keep", "no text"),
        (seen("dark_mode", ("bool",)), "keep", "no text"),
        (seen("note", distinct_values=21), "hash", "so many"),
        (seen("order", ("int",), distinct_values=245), "hash", "so many"),
        (seen("checkout.step", occurrences=19), "hash", "too seldom"),
        (seen("userId", ("int",)), "hash", "a person's"),
        (seen("home.address"), "hash", "a person's"),
        (seen("customer.birth.date"), "hash", "a person's"),
        (seen("client.address"), "bucket:ipv4/24", "network"),
        (seen("plugin.version"), "bucket:version/major", "coarse"),
        (seen("installed.date"), "bucket:date/month", "coarse"),
        (seen("schema.version", ("int",)), "keep", "few"),
        (seen("geo.lat", ("double",)), None, "where somebody is"),
        (seen("limen.desicion"), None, "misspelling"),
        (seen("bag", ("map",)), None, "maps"),
        (seen("made.up", places=["event", "link"]), None, "nothing else is kept"),
        (seen("idfa", codes=["HARDWARE_ID_IN_TELEMETRY"]), None, "hardware"),
        (seen("x", codes=["SECRET_IN_TELEMETRY", "UNKNOWN_ATTRIBUTE"]), None, "a password"),
    ],
    ids=lambda value: value["key"] if isinstance(value, dict) else "",
)
def test_an_attribute_is_judged_by_its_key_its_types_and_how_many_values_it_has(
    row: dict[str, Any], action: str | None, because: str
) -> None:
    ((one,), hidden) = suggested_attributes([row], Policy())
    assert one.action == action and because in one.reason and hidden == 0


@pytest.mark.parametrize("key", ["os.version", "gen_ai.system", "mine", "other.name"])
def test_what_is_named_already_is_not_suggested(key: str) -> None:
    policy = Policy(attributes={"mine": "drop"}, aliases={"other.name": "limen.feature"})
    assert suggested_attributes([seen(key)], policy) == ([], 0)


def test_keys_that_cannot_be_shown_are_counted() -> None:
    rows = [seen("(unclean key)"), seen("(other keys)", occurrences=3)]
    assert suggested_attributes(rows, Policy()) == ([], 903)


@pytest.mark.parametrize(
    ("sends", "consent", "categories", "refused", "problem"),
    [
        ([{}], "granted", ("image",), 0, None),
        ([{"limen_consent_state": "not_required"}], "not_required", ("image",), 0, None),
        ([{}, {"limen_consent_state": "not_required"}], "granted", ("image",), 0, None),
        ([{"limen_consent_state": None}], "granted", ("image",), 0, None),
        ([{}, {"limen_consent_state": "denied", "limen_data_categories": "health"}],
         "granted", ("image",), 1, None),
        ([{"limen_consent_state": "withdrawn"}], "granted", (), 1, "consent was refused"),
        ([{"limen_purpose": None}], "granted", ("image",), 0, "does not say the purpose"),
        ([{"server_address": None}], "granted", ("image",), 0, "does not say the host"),
        ([{"limen_data_categories": "image,document"}, {"limen_data_categories": None}],
         "granted", ("document", "image"), 0, None),
    ],
)  # fmt: skip
def test_a_way_out_is_drafted_as_strictly_as_its_sends_are(
    tmp_path: Path,
    sends: list[dict[str, str | None]],
    consent: str,
    categories: tuple[str, ...],
    refused: int,
    problem: str | None,
) -> None:
    with Store(tmp_path, Policy()) as store:
        departure(store, *sends)
        (feature,) = store.suggestions.make(None, None).features
        (flow,) = feature.flows
        draft = store.suggestions.make(None, None).toml
    assert (flow.consent, flow.categories, flow.refused) == (consent, categories, refused)
    assert (flow.problem is None) if problem is None else (problem in str(flow.problem))
    drafted = policy_from(draft, tmp_path).features["image_classify"]
    assert {f.host for f in drafted.egress} == (set() if problem else set(flow.hosts))
    assert set(drafted.categories) == (set() if problem else set(categories))


LISTED = """
version = "1"
[[hosts]]
match = "api.example.com"
owner = "Example Ltd"
role = "first_party"
[features.image_classify]
categories = ["document"]
[features.image_classify.from."9.0.0"]
egress = []
"""


def test_a_policy_in_force_is_told_what_to_add(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(LISTED, tmp_path)) as store:
        departure(store, {}, {"server_address": "203.0.113.7"})
        found = store.suggestions.make(None, None)
    (feature,) = found.features
    assert (feature.named, feature.categories) == (True, ("image",))
    hosts = {flow.destination: flow.hosts for flow in feature.flows}
    assert hosts == {
        "api.example.com": ("api.example.com",),
        "203.0.113.0/24": ("203.0.113.0/24",),
    }
    assert '# Add to categories of [features.image_classify]: "image"' in found.toml
    assert "# Add the same to what changes from 9.0.0 on." in found.toml
    assert "\n[features.image_classify]" not in found.toml
    merged = LISTED.replace('["document"]', '["document", "image"]') + found.toml
    merged = merged.replace('"1"', '"2"', 1)
    with Store(tmp_path, policy_from(merged, tmp_path)) as store:
        assert {r["declared"] for r in store.ask("egress", feature="image_classify")} == {True}


WAY = 'host = "api.example.com", purpose = "app_functionality", consent = "granted"'
BY_RELEASE = f"""
version = "1"
[[hosts]]
match = "api.example.com"
[features.image_classify]
categories = ["image"]
egress = [{{ {WAY} }}]
[features.image_classify.from."2.0.0"]
egress = []
[features.image_classify.from."2.6.0"]
egress = [{{ {WAY}, region = "eu-west-1" }}]
"""


@pytest.mark.parametrize(
    ("releases", "region", "later"),
    [
        (["1.0.0"], None, None),
        (["2.4.0"], None, {"2.0.0": ("api.example.com",)}),
        (["1.0.0", "2.5.9"], None, {"2.0.0": ("api.example.com",)}),
        (["no release"], None, {"2.0.0": ("api.example.com",)}),
        (["2.7.0"], "eu-west-1", None),
        (["2.7.0"], "us-east-1", {}),
    ],
)
def test_a_way_out_is_added_to_the_releases_whose_own_do_not_name_it(
    tmp_path: Path, releases: list[str], region: str | None, later: dict[str, Any] | None
) -> None:
    with Store(tmp_path, policy_from(BY_RELEASE, tmp_path)) as store:
        departure(store, *({"service_version": r, "limen_egress_region": region} for r in releases))
        found = store.suggestions.make(None, None)
    flows = [flow for feature in found.features for flow in feature.flows]
    assert [(flow.hosts, flow.later) for flow in flows] == ([] if later is None else [((), later)])
    if later:
        assert f'# Add to egress of [features.image_classify.from."2.0.0"]:\n#     {{ {WAY} }}' in (
            found.toml
        )
        merged = BY_RELEASE.replace("egress = []", f"egress = [{{ {WAY} }}]").replace('"1"', '"2"')
        with Store(tmp_path, policy_from(merged, tmp_path)) as store:
            left = [
                flow for one in store.suggestions.make(None, None).features for flow in one.flows
            ]
        # Of an app whose release nobody tells only that is declared which every release agrees in.
        assert [flow.later for flow in left] == [{}] * ("no release" in releases)
    elif flows:
        assert "not every send meets what it says there" in found.toml


def test_every_host_that_can_be_stored_can_be_drafted_and_is_then_declared(tmp_path: Path) -> None:
    hosts = ("localhost", "10.1.2.3", "2001:db8:1:2::3", "ada.github.io", "API.my_host.example.")
    sends = [{"server_address": host} for host in (*hosts, "api.example.com", "example.com")]
    with Store(tmp_path, Policy()) as store:
        departure(store, *sends)
        draft = policy_from(store.suggestions.make(None, None).toml, tmp_path)
    with Store(tmp_path, draft) as store:
        departure(store, *sends)
        rows = store.ask("egress", feature="image_classify")
        assert {row["declared"] for row in rows} == {True}
        assert store.suggestions.make(None, None).features == ()
    assert {host.match for host in draft.hosts} >= {"localhost", "10.1.2.0/24", "*.github.io"}


def test_data_of_no_feature_is_said_and_not_drafted(tmp_path: Path) -> None:
    with Store(tmp_path, Policy()) as store:
        store.take(traces(leaving(limen_feature=None)))
        found = store.suggestions.make(None, None)
    assert "without a word about its feature" in found.toml
    assert policy_from(found.toml, tmp_path).features == {}


def test_a_draft_of_nothing_is_a_policy_too(tmp_path: Path) -> None:
    with Store(tmp_path, Policy()) as store:
        (tmp_path / "draft.toml").write_text(store.suggestions.make(None, None).toml, "utf-8")
    assert read_policy(tmp_path / "draft.toml").retention_days == Policy().retention_days
