"""What Limen says of itself: its ways out, what its door looked at, what it keeps too long."""

from pathlib import Path

import pytest

from collector.contract.config import Settings
from collector.contract.self_audit import SelfAudit, WayOut
from collector.self_telemetry.outbound import ways_out
from collector.store import opening
from collector.store.self_audit import PARTS, SelfAudits
from tests.otlp import logged_input, now, request_span, traces
from tests.store import FULL_POLICY, Store, policy_from

DAY = 24 * 3600 * 10**9
SECRETS = ("T0/B0/hook", "pass", "user")


def audited(store: Store, *ways: WayOut) -> SelfAudit:
    audits = SelfAudits(store.database, store.reader, lambda: store.policy, ways)
    return audits.make(None, None)


def test_a_way_out_is_off_until_a_setting_names_where_to_and_tells_no_secret() -> None:
    assert {way.to for way in ways_out(Settings())} == {None}
    settings = Settings(
        forward_url="https://tempo.example.com:4318/v1/traces?key=pass",
        audit_heads_url="https://user:pass@hooks.example.com/T0/B0/hook",
        audit_heads_file=Path("/mnt/elsewhere/heads.txt"),
        own_traces_url="http://127.0.0.1:4328",
    )
    found = {way.setting: way.to for way in ways_out(settings)}
    assert found == {
        "forward_url": "https://tempo.example.com:4318",
        "audit_heads_file": "/mnt/elsewhere/heads.txt",
        "audit_heads_url": "https://hooks.example.com:443",
        "own_traces_url": "http://127.0.0.1:4328",
    }
    assert not any(secret in str(found) for secret in SECRETS)


def test_every_setting_that_holds_an_address_of_others_is_a_way_out() -> None:
    addresses = {name for name in Settings.model_fields if name.endswith(("_url", "heads_file"))}
    # Where commands and the dashboard ask is this collector itself.
    assert {way.setting for way in ways_out(Settings())} == addresses - {"api_url"}


@pytest.mark.parametrize("fetches", [False, True])
def test_the_database_says_itself_whether_it_fetches_extensions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetches: bool
) -> None:
    if fetches:
        config = {**opening._CONFIG, "autoinstall_known_extensions": "true"}
        monkeypatch.setattr(opening, "_CONFIG", config)
    with Store(tmp_path) as store:
        (way,) = audited(store).ways_out
    assert "extensions" in way.what
    assert (way.to is not None) == fetches


def test_what_is_older_than_was_promised_is_said(tmp_path: Path) -> None:
    text = FULL_POLICY.replace("log_inputs = true", "log_inputs = true\nretention_days = 2", 1)
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        assert all(one.kept and one.oldest is None for one in audited(store).promises)
        span = request_span(limen_feature="doc_classify")
        store.take(traces(span), received=now() - 5 * DAY)
        store.take(logged_input(span, "text", limen_feature="doc_classify"))
        found = {(one.what, one.feature): one for one in audited(store).promises}
    assert {key: (one.days, one.kept) for key, one in found.items()} == {
        ("telemetry", None): (30, True),
        ("inputs", None): (30, True),
        ("telemetry", "doc_classify"): (2, False),
        ("inputs", "doc_classify"): (2, True),
    }
    assert found["telemetry", "doc_classify"].oldest is not None


def test_the_account_of_the_door_adds_up_to_that_of_its_metric(store: Store) -> None:
    store.take(traces(request_span(shop_secret="x"), request_span()))
    parts = {one.part: one.actions for one in audited(store).parts}
    assert tuple(parts) == ("attributes", *PARTS)
    assert parts["span.name"] == {"keep": 2} and parts["attributes"]["drop"] == 1
    total = sum(sum(actions.values()) for actions in parts.values())
    assert total == sum(row["values"] for row in store.ask("redaction"))


@pytest.mark.parametrize("action", ["compaction", "retention"])
def test_when_something_was_last_deleted_is_said(store: Store, action: str) -> None:
    assert (audited(store).deleted, audited(store).compacted) == (None, None)
    with store.database.write() as transaction:
        transaction.note(action, time=now())
    found = audited(store)
    assert (found.deleted is None, found.compacted is None) == (
        action != "retention",
        action != "compaction",
    )
    assert found.unfinished_erasures == 0
