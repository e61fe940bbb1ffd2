"""Cells that are made once a day is over: with them every answer is what it was without."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.contract.records import Query
from collector.metrics import get_metric
from collector.metrics.cells import CELLS, OTHER, mergeable
from collector.store.cells import settled
from collector.store.maintenance import Maintenance
from collector.store.rollups import Rollups
from collector.store.settling import Settling
from tests.otlp import PHONE, now, request_span, traces
from tests.store import Store
from tests.test_rollups import rounded

DAY = 24 * 3600 * 10**9
HOUR = DAY // 24
METRICS = [name for name, cells in CELLS.items() if cells and cells.kept]
# By these every request is read, in cells that are made.
NOT_SUMMED = {name: [("country", "device_model")] for name in ("unknown_values", "lost_requests")}


def send(store: Store, rng: random.Random, midnight: int) -> None:
    """Some phones of common and rare kinds, on some days; received then, later, or today."""
    sent: dict[int, list[Any]] = {}
    for _ in range(240):
        number = rng.randrange(60)
        start = midnight - rng.randrange(2 * DAY)
        received = max(start, rng.choice((start + HOUR, start + 30 * HOUR, midnight + 1)))
        kind = {
            **PHONE,
            "app.installation.id": f"phone-{number}",
            "service.version": "2.4.0" if number % 3 else "2.6.0" if number % 9 else "2.5.0",
            "os.version": "15" if number % 5 == 0 else "14",
            "geo.country.iso_code": "FR" if number % 3 else "DE",
            "device.model.identifier": "x" if number % 4 else None,
        }
        span = request_span(
            rng.choice(("accept", "accept", "fallback", "blocked", "error")),
            start=start,
            limen_feature=rng.choice(("scan", "scan", "scan", "read")),
            limen_sequence=rng.randrange(9),
            limen_confidence=rng.choice((None, 0.4, 0.4, 0.8, 0.8)),
            limen_threshold=rng.choice((0.5, 0.7, 0.7)),
            network_connection_type=rng.choice(("wifi", "unavailable")),
        )
        call = span.child("CLIENT", server_address="api.example.com", http_request_body_size=number)
        when = received - received % HOUR
        sent.setdefault(when, []).append(traces(span, call, resource=kind))
    for when, parts in sent.items():
        store.take(*parts, received=when)


def told(metric: str) -> tuple[str, ...]:
    cells = CELLS[metric]
    assert cells
    return cells.kept[0].told


def answers(store: Store, metrics: Sequence[str], since: str = "-5d") -> list[Any]:
    found = []
    for metric in metrics:
        levels = [n for n in mergeable(metric, get_metric(metric).dimensions) if n in told(metric)]
        for by in (tuple(levels[:2]), *NOT_SUMMED.get(metric, ())):
            asked = Query(metric=metric, since=since, by=("day", *by))
            found.append((metric, by, store.reader.table(asked, merged=True).to_pylist()))
    compared = store.releases.compare("2.4.0", OTHER, since, None, {}, merged=True)
    return [*found, rounded(compared), store.placements.advise(None, since, None, merged=True)]


def made(store: Store) -> bool:
    return store.reader.cells.kept(store.database.read, now())


def test_answers_from_cells_that_are_made_are_those_from_every_request(tmp_path: Path) -> None:
    rng, midnight = random.Random(20261128), settled(now())
    with Store(tmp_path) as store:
        rollups, settling = Rollups(store.database), Settling(store.database, store.reader.cells.k)
        for number, step in enumerate(("send", "erase", "expire")):
            # Each once.
            asked = METRICS[number::3]
            send(store, rng, midnight)
            if step == "erase":
                store.erasure.run("phone-7", None, {"bytes_gone_due": None, "forwarded_to": None})
            elif step == "expire":
                keeper = Maintenance(store.database, store.policy, store.health)
                keeper.retain(now() + (store.policy.retention_days - 2) * DAY)
            assert not made(store)
            before = answers(store, asked)
            while rollups.run() or settling.run(now()):
                pass
            assert made(store) and not settling.due(now())
            assert store.rows("select count(*) as n from told_cells")[0]["n"] > 0
            assert answers(store, asked) == before


def test_after_an_erasure_the_newest_day_is_made_first_and_told_before_the_others(
    tmp_path: Path,
) -> None:
    rng, midnight = random.Random(20261130), settled(now())
    with Store(tmp_path) as store:
        rollups, settling = Rollups(store.database), Settling(store.database, store.reader.cells.k)
        send(store, rng, midnight)
        while rollups.run() or settling.run(now()):
            pass
        for number in range(4):
            stated = {"bytes_gone_due": None, "forwarded_to": None}
            store.erasure.run(f"phone-{number}", None, stated)
        while rollups.run():
            pass
        before = answers(store, METRICS, "-1d")

        def yesterday() -> bool:
            return store.reader.cells.kept(store.database.read, now(), midnight - DAY, midnight)

        assert not yesterday()
        assert settling.run(now()) and yesterday() and not made(store)
        assert answers(store, METRICS, "-1d") == before


def test_what_arrives_today_is_told_tomorrow_from_cells_made_anew(tmp_path: Path) -> None:
    rng, midnight = random.Random(20261129), settled(now())
    with Store(tmp_path) as store:
        settling = Settling(store.database, store.reader.cells.k)
        send(store, rng, midnight)
        while settling.run(now()):
            pass
        before = answers(store, METRICS[:2])
        send_today = [traces(request_span(start=midnight - HOUR)) for _ in range(20)]
        store.take(*send_today, received=now())
        assert made(store) and answers(store, METRICS[:2]) == before
        assert settling.due(now() + DAY)
