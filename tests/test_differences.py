"""What a selection has that the rest has not: among requests, and among what leaves."""

from collections.abc import Mapping
from typing import Any

import pytest

from collector.contract.errors import BadInput
from collector.contract.records import Query
from collector.store.rollups import Rollups
from tests.otlp import PHONE, now, request_span, traces
from tests.store import Store
from tests.test_departures import client
from tests.test_rollups import nothing_covered

HOUR = 3600 * 10**9
OUTCOME = {"decision": ("error",)}


def compare(
    store: Store,
    metric: str,
    selected: Mapping[str, tuple[str, ...]],
    **where: tuple[str, ...],
) -> list[dict[str, Any]]:
    """A metric's rows for `selected` against the rest of `where`."""
    return store.reader.answer(Query(metric=metric, where=where, selected=selected)).records()


def phone(number: int, **more: str) -> dict[str, Any]:
    return {**PHONE, "app.installation.id": f"phone-{number}", **more}


def fill(store: Store, of_installation: dict[int, tuple[str, str, str]]) -> None:
    """One request each: device model, OS version, decision."""
    store.take(
        *(
            traces(
                request_span(decision),
                resource=phone(n, **{"device.model.identifier": model, "os.version": version}),
            )
            for n, (model, version, decision) in of_installation.items()
        )
    )


def told(store: Store, **scope: tuple[str, ...]) -> dict[str, float | None]:
    """What each dimension explains."""
    rows = compare(store, "differences", OUTCOME, **scope)
    return {row["dimension"]: row["explains"] for row in rows}


def test_what_tells_the_failing_from_the_rest_stands_first_with_its_shares(store: Store) -> None:
    fill(
        store,
        {
            n: (
                "Pixel 6" if n < 30 else "Pixel 8",
                "14" if n % 2 else "15",
                "error" if n < 30 and n % 6 else "accept",
            )
            for n in range(120)
        },
    )
    rows = compare(store, "differences", OUTCOME)
    ranked = list(dict.fromkeys(row["dimension"] for row in rows))
    # The outcome is what was selected; of the circumstances the device explains most.
    assert ranked[:3] == ["decision", "reason", "device_model"]
    (pixel,) = [row for row in rows if row["value"] == "Pixel 6"]
    assert (pixel["selected"], pixel["others"], pixel["installations"]) == (25, 5, 25)
    assert pixel["share_selected"] == 1.0
    assert pixel["share_others"] == pytest.approx(5 / 95)
    assert pixel["selected_rate"] == pytest.approx(25 / 30)
    for dimension in {row["dimension"] for row in rows}:
        of_one = [row for row in rows if row["dimension"] == dimension]
        assert sum(row["selected"] for row in of_one) == 25
        assert sum(row["others"] for row in of_one) == 95


def test_what_plays_no_part_explains_nothing_and_what_decides_all(store: Store) -> None:
    fill(
        store,
        {
            n: (f"model {n % 2}", "14" if n < 400 else "15", "error" if n % 2 else "accept")
            for n in range(800)
        },
    )
    explains = told(store)
    assert explains["os"] == 0.0  # half of either, so nothing
    assert explains["app"] == 0.0  # one value
    assert explains["device_model"] == pytest.approx(1.0)


def test_one_phone_that_repeats_itself_explains_less_than_many(store: Store) -> None:
    """The same hundred requests tell less where they are of four phones."""

    def asked(installations: int) -> float:
        app = f"app of {installations}"
        spans = [
            (n % installations, "Pixel 6" if n % 2 else "Pixel 8", n % 2 and n % 3)
            for n in range(100)
        ]
        store.take(
            *(
                traces(
                    request_span("error" if failed else "accept"),
                    resource=phone(n, **{"service.name": app, "device.model.identifier": model}),
                )
                for n, model, failed in spans
            )
        )
        found = told(store, app=(app,))["device_model"]
        assert found is not None
        return found

    assert 0 < asked(4) < asked(100)


def test_without_others_nothing_can_be_explained(store: Store) -> None:
    fill(store, {1: ("Pixel 6", "14", "error")})
    assert set(told(store).values()) == {None}
    assert all(row["explains"] is None for row in store.ask("differences"))


def test_the_scope_narrows_both_sides_and_the_requests_of_one_phone_can_be_asked(
    store: Store,
) -> None:
    fill(store, {n: ("Pixel 6", str(14 + n % 2), "error" if n < 4 else "accept") for n in range(9)})
    rows = compare(store, "differences", OUTCOME, os=("Android 14",))
    assert {(row["selected"], row["others"]) for row in rows if row["dimension"] == "app"} == {
        (2, 3)
    }
    pseudonym = store.pseudonym("phone-3").hex()
    (one,) = store.ask("requests", pseudonym=pseudonym)
    assert (one["os"], one["decision"]) == ("Android 15", "error")
    assert store.ask("requests", pseudonym="phone-3") == []


def test_of_many_installations_how_many_had_a_value_is_told_by_a_sample(store: Store) -> None:
    rollups = Rollups(store.database, sample=150)
    for half in (range(200), range(200, 400)):
        fill(store, {n: (f"model {n % 2}", f"{n}", ("accept", "error")[n % 2]) for n in half})
        rollups.run()
    counts = ("dimension", "value", "selected", "others", "share_selected", "selected_rate")
    found = compare(store, "differences", OUTCOME)
    (weight,) = store.rows("select weight() as weight")[0].values()
    assert weight > 1
    (held,) = store.rows(
        "select count(distinct installation) as n from rollup_phones where decision = 'error'"
    )
    for row in found:
        if row["dimension"] != "os":
            assert row["installations"] in (0, weight * held["n"])
    # Each has its own, and is in the sample or not.
    of_one = {row["installations"] for row in found if row["dimension"] == "os" and row["selected"]}
    assert of_one == {weight, None}
    with nothing_covered(store):
        exact = compare(store, "differences", OUTCOME)
    assert next(row["installations"] for row in exact if row["value"] == "model 1") == 200
    assert sorted([row[name] for name in counts] for row in found) == sorted(
        [row[name] for name in counts] for row in exact
    )


def test_only_a_metric_that_compares_takes_a_selection(store: Store) -> None:
    with pytest.raises(BadInput, match="compares nothing"):
        store.reader.table(Query(metric="latency", selected=OUTCOME))
    with pytest.raises(BadInput, match="has no dimension"):
        store.reader.table(Query(metric="differences", selected={"shoe": ("9",)}))


def send(store: Store, release: str, host: str, *, requests: int, **more: Any) -> None:
    """`requests` of a release, each with one departure to `host`."""
    for _ in range(requests):
        request = request_span("fallback", start=now())
        sent = client(request, server_address=host, **more)
        store.take(traces(request, sent, resource={**PHONE, "service.version": release}))


def changes(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    rows = compare(store, "flow_changes", {"release": ("2.5.0",)}, feature=("image_classify",))
    return {(row["destination"], row["category"]): row for row in rows}


def test_a_release_is_held_against_another_by_what_it_sends(store: Store) -> None:
    send(store, "2.4.0", "api.example.com", requests=4)
    send(store, "2.4.0", "old.example", requests=2)
    send(store, "2.5.0", "api.example.com", requests=1)
    send(store, "2.5.0", "adkit.example", requests=1)
    send(store, "2.5.0", "adkit.example", requests=1, limen_consent_state="denied")
    found = changes(store)
    assert {destination: row["change"] for (destination, _), row in found.items()} == {
        "adkit.example": "added",
        "old.example": "removed",
        "api.example.com": "kept",
    }
    kept = next(row for row in found.values() if row["destination"] == "api.example.com")
    assert (kept["transfers"], kept["other_transfers"]) == (1, 4)
    assert (kept["requests"], kept["other_requests"]) == (3, 6)
    assert kept["expected"] == 2.0
    added = next(row for row in found.values() if row["change"] == "added")
    assert (added["declared"], kept["declared"]) == (False, True)
    # One flow, whatever its users consented to.
    assert (added["transfers"], added["consent"]) == (2, "denied,granted")
    removed = next(row for row in found.values() if row["change"] == "removed")
    assert (removed["transfers"], removed["expected"]) == (0, 1.0)


def test_swapping_the_releases_swaps_what_is_added_and_removed(store: Store) -> None:
    send(store, "2.4.0", "old.example", requests=1)
    send(store, "2.5.0", "new.example", requests=2)
    for release, other in (("2.4.0", "2.5.0"), ("2.5.0", "2.4.0")):
        rows = compare(
            store,
            "flow_changes",
            {"release": (release,)},
            release=(release, other),
            feature=("image_classify",),
        )
        assert {(row["change"], row["destination"]) for row in rows} == {
            ("added", "old.example" if release == "2.4.0" else "new.example"),
            ("removed", "new.example" if release == "2.4.0" else "old.example"),
        }


def test_a_ribbon_of_unknown_size_is_one_of_its_own(store: Store) -> None:
    send(store, "2.5.0", "api.example.com", requests=2, http_request_body_size=100)
    send(store, "2.5.0", "api.example.com", requests=3, http_request_body_size=None)
    rows = store.ask("flows", "purpose", feature="image_classify")
    assert [(row["transfers"], row["bytes"], row["measure"]) for row in rows] == [
        (3, None, None),
        (2, 200, "http.request.body.size"),
    ]
    assert {row["purpose"] for row in rows} == {"app_functionality"}
    egress = store.ask("egress", feature="image_classify")
    assert sum(row["transfers"] for row in rows) == sum(row["transfers"] for row in egress)
    where = {"feature": "image_classify", "role": "first_party"}
    assert len(store.ask("ledger", consent="granted", **where)) == 5
    assert store.ask("ledger", consent="denied", **where) == []
