"""Clock skew by its definition: known clocks, known delays."""

from typing import Any

import pytest

from tests.otlp import PHONE, Span, now, traces
from tests.store import Store
from tests.test_metrics import phone

MS = 10**6
SECOND = 10**9
HOUR = 3600 * SECOND
CLOUD = {"service.name": "cloud", "deployment.environment.name": "production"}


def call(
    store: Store,
    behind: int,
    *,
    there: int = 20 * MS,
    back: int = 20 * MS,
    number: int = 1,
    waited: int = 0,
    **resource: str,
) -> None:
    """A phone whose clock is `behind` the cloud's asks it something, and sends its span `waited`
    after it ended. `there` and `back` are the network's part; the server works 60 ms."""
    begin, work = now() - 60 * SECOND, 60 * MS
    client = Span(kind="CLIENT", start=begin - behind, duration=there + work + back)
    server = Span(
        kind="SERVER",
        trace_id=client.trace_id,
        parent=client.span_id,
        start=begin + there,
        duration=work,
    )
    end = begin + client.duration
    store.take(traces(server, resource=CLOUD), received=end)
    store.take(traces(client, resource=phone(number, **resource)), received=end + waited)


@pytest.mark.parametrize("behind", [0, 750 * MS, -90 * SECOND, 3 * HOUR, 40 * 24 * HOUR])
def test_equal_ways_show_the_skew_exactly(store: Store, behind: int) -> None:
    call(store, behind)
    row = store.ask("clock_skew", since="-60d")[0]
    assert row["median_skew_ms"] == pytest.approx(behind / MS)
    assert row["p95_skew_ms"] == pytest.approx(abs(behind) / MS)
    assert (row["uncertainty_ms"], row["calls"], row["measured"]) == (20.0, 1, 1)
    # The client span was received the moment it ended, so the bound is the skew itself.
    assert row["upper_bound_ms"] == pytest.approx(behind / MS)
    assert row["ahead"] == (behind < -SECOND)
    assert row["not_believed"] == (behind > 30 * 24 * HOUR)
    over = [row[name] for name in ("over_1s", "over_1min", "over_1h")]
    assert over == [abs(behind) > limit for limit in (SECOND, 60 * SECOND, HOUR)]


@pytest.mark.parametrize(("there", "back"), [(0, 40 * MS), (35 * MS, 5 * MS), (40 * MS, 0)])
def test_whatever_the_ways_took_the_skew_is_right_within_its_uncertainty(
    store: Store, there: int, back: int
) -> None:
    behind = 5 * SECOND
    call(store, behind, there=there, back=back)
    row = store.ask("clock_skew")[0]
    assert abs(row["median_skew_ms"] - behind / MS) <= row["uncertainty_ms"] == 20.0


def test_a_phone_that_keeps_its_spans_has_a_bound_above_its_skew(store: Store) -> None:
    call(store, 2 * SECOND, waited=50 * SECOND)
    row = store.ask("clock_skew")[0]
    assert row["median_skew_ms"] == pytest.approx(2_000)
    assert row["upper_bound_ms"] == pytest.approx(52_000)


def test_an_installation_counts_once_by_its_median(store: Store) -> None:
    for behind in (0, 2 * SECOND, 100 * SECOND):
        call(store, behind, number=1)
    for _ in range(5):
        call(store, 0, number=2)
    store.take(traces(Span(), Span(), resource=phone(3)))
    row = store.ask("clock_skew")[0]
    assert (row["installations"], row["measured"], row["calls"], row["spans"]) == (3, 2, 8, 10)
    assert (row["over_1s"], row["over_1min"]) == (1, 0)
    assert row["median_skew_ms"] == pytest.approx(1_000)
    assert row["p95_skew_ms"] == pytest.approx(1_900)


def test_skew_is_of_the_phones_own_dimensions(store: Store) -> None:
    call(store, 0, number=1)
    call(store, 30 * SECOND, number=2, service_version="2.5.0")
    found = {row["release"]: row for row in store.ask("clock_skew", "release")}
    assert found.keys() == {"2.4.0", "2.5.0"}
    assert found["2.4.0"]["median_skew_ms"] == pytest.approx(0)
    assert found["2.5.0"]["median_skew_ms"] == pytest.approx(30_000)
    assert store.ask("clock_skew", release="2.5.0")[0]["over_1s"] == 1


def test_only_a_phones_call_and_the_server_right_below_it_measure(store: Store) -> None:
    begin = now()
    outer = Span(kind="CLIENT", start=begin, duration=100 * MS)
    back_end = Span(kind="CLIENT", start=begin, duration=100 * MS)
    outlasted = Span(kind="CLIENT", start=begin, duration=100 * MS)

    def below(span: Span, duration: int, **more: Any) -> Span:
        return Span(
            kind="SERVER", trace_id=span.trace_id, parent=span.span_id, start=begin,
            duration=duration, **more,
        )  # fmt: skip

    store.take(traces(outer, outlasted, Span(kind="CLIENT")))
    inner = Span(trace_id=outer.trace_id, parent=outer.span_id)
    store.take(
        traces(
            back_end,
            inner,
            Span(kind="SERVER", trace_id=outer.trace_id, parent=inner.span_id, duration=MS),
            below(back_end, 50 * MS),
            below(outlasted, 101 * MS),
            resource=CLOUD,
        )
    )
    row = store.ask("clock_skew")[0]
    assert (row["calls"], row["measured"], row["median_skew_ms"]) == (0, 0, None)
    assert row["over_1s"] == 0


def test_a_call_with_two_servers_is_the_first_ones(store: Store) -> None:
    begin = now()
    client = Span(kind="CLIENT", start=begin, duration=100 * MS)
    twin = Span(
        kind="CLIENT", trace_id=client.trace_id, span_id=client.span_id, start=begin + 1,
        duration=90 * MS,
    )  # fmt: skip
    store.take(traces(client, twin))
    servers = [
        Span(
            kind="SERVER", trace_id=client.trace_id, parent=client.span_id,
            start=begin + at, duration=20 * MS,
        )
        for at in (40 * MS, 60 * MS)
    ]  # fmt: skip
    store.take(traces(*servers, resource=CLOUD))
    row = store.ask("clock_skew")[0]
    assert (row["calls"], row["median_skew_ms"]) == (1, 0.0)


def test_times_that_no_clock_can_show_stop_no_question(store: Store) -> None:
    for start in (0, 2**63 - 1, 2**63, 2**64 - 1):
        client = Span(kind="CLIENT", start=start, duration=0)
        server = Span(kind="SERVER", trace_id=client.trace_id, parent=client.span_id)
        store.take(traces(client), traces(server, resource=CLOUD))
    wide = Span(kind="CLIENT", start=5, duration=2**63 - 1)
    store.take(traces(wide))
    assert store.ask("clock_skew")[0]["not_believed"] == 5
    assert len(store.ask("skewed_installations")) == 1


def test_the_skewed_phones_are_listed_the_most_skewed_first(store: Store) -> None:
    call(store, 90 * SECOND, number=1, service_version="2.5.0")
    call(store, -2 * HOUR, number=2)
    call(store, 500 * MS, number=3)
    # No server span tells its skew, but a span that ends in an hour does.
    store.take(traces(Span(start=now() + HOUR), resource=phone(4)))
    rows = store.ask("skewed_installations")
    pseudonyms = [store.pseudonym(f"phone-{number}").hex() for number in (2, 4, 1)]
    assert [row["installation"] for row in rows] == pseudonyms
    assert [row["key_id"] for row in rows] == [1, 1, 1]
    assert [row["skew_ms"] for row in rows] == [pytest.approx(-7.2e6), None, pytest.approx(9e4)]
    assert [row["calls"] for row in rows] == [1, 0, 1]
    assert rows[1]["upper_bound_ms"] < -3.5e6 and rows[1]["not_believed"] == 1
    assert rows[2]["release"] == "2.5.0" and rows[2]["app"] == PHONE["service.name"]
    assert rows[2]["first_received"] == rows[2]["last_received"]
    only = store.ask("skewed_installations", release="2.5.0")
    assert [row["installation"] for row in only] == pseudonyms[2:]


def test_the_clocks_that_are_stored_are_the_phones_own(store: Store) -> None:
    call(store, 3 * HOUR)
    row = store.rows("select time, start_time, received_time from spans where kind = 'CLIENT'")[0]
    assert row["time"] == row["start_time"] == row["received_time"] - 100 * MS - 3 * HOUR
