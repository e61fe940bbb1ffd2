"""Too many logged inputs: a fair sample stays, and a replay knows what share of all it is."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kstest

from collector.contract.records import ReplayRun
from collector.store.maintenance import SAMPLE_EVERY_SECONDS, Maintenance
from tests.otlp import Span, logged_input, now, request_span
from tests.store import POLICY, Store, policy_from
from tests.test_inputs import BODY, REQUEST

DAY = 24 * 3600 * 10**9
CAP = 40
OTHER = "barcode_scan"
SAMPLED = POLICY.replace(
    "[features.image_classify]",
    f"[features.{OTHER}]\nlog_inputs = true\n[features.image_classify]\ninput_count_cap = {CAP}",
    1,
)


def maintenance(store: Store) -> Maintenance:
    return Maintenance(store.database, store.policy, store.health)


def log(store: Store, rows: int, received: int | None = None, **attributes: Any) -> list[Span]:
    spans = [request_span() for _ in range(rows)]
    inputs = [logged_input(span, BODY, **attributes) for span in spans]
    assert not any(r.rejected for r in store.take(*inputs, received=received))
    return spans


def draws(store: Store) -> dict[bytes, float]:
    """The draw of each stored input of the feature, by its span."""
    rows = store.rows("select span_id, draw from inputs where feature = 'image_classify'")
    return {row["span_id"]: row["draw"] for row in rows}


def lowest(found: dict[bytes, float]) -> dict[bytes, float]:
    return dict(sorted(found.items(), key=lambda item: item[1])[:CAP])


def replayed(store: Store, **asked: Any) -> tuple[ReplayRun, int]:
    """A run, and how many cases it has."""
    run = store.replays.create(REQUEST.model_copy(update=asked))
    chunks = [store.replays.open_inputs(run.run, n, "a test") for n in run.chunks]
    return run, sum(len(chunk) for chunk in chunks)


def test_of_all_that_was_logged_those_with_the_lowest_draws_stay(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(SAMPLED, tmp_path)) as store:
        ever: dict[bytes, float] = {}
        for rows in (CAP, 25, 90, 1):
            log(store, rows)
            ever |= draws(store)
            gone = maintenance(store).sample(now())
            assert gone == (rows if len(ever) > CAP else 0)
            assert draws(store) == lowest(ever)
        assert len(ever) == CAP + 25 + 90 + 1


def test_draws_are_even_and_the_same_for_an_input_that_is_sent_again(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(SAMPLED, tmp_path)) as store:
        spans = log(store, 600)
        before = draws(store)
        assert kstest(np.array(list(before.values())), "uniform").pvalue > 1e-4
        maintenance(store).sample(now())
        kept = draws(store)
        store.take(*(logged_input(span, BODY) for span in spans))
        assert draws(store) == before
        maintenance(store).sample(now())
        assert draws(store) == kept == lowest(before)


def test_another_feature_keeps_its_own(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(SAMPLED, tmp_path)) as store:
        log(store, CAP + 5)
        log(store, CAP + 5, limen_feature=OTHER)
        assert maintenance(store).sample(now()) == 5
        assert maintenance(store).sample(now()) == 0
        counts = store.rows("select feature, count(*) as n from inputs group by feature order by 1")
        assert [row["n"] for row in counts] == [CAP + 5, CAP]


def test_a_replay_says_what_share_was_kept_and_takes_no_more_of_later_inputs(
    tmp_path: Path,
) -> None:
    text = SAMPLED.replace("[[hosts]]", "input_days = 7\n[[hosts]]", 1)
    with Store(tmp_path, policy_from(text, tmp_path)) as store:
        log(store, 2 * CAP, received=now() - 9 * DAY)
        log(store, 2 * CAP, received=now() - 6 * DAY)
        maintenance(store).sample(now() - 5 * DAY)
        (share,) = [row["share"] for row in store.rows("select share from input_cuts")]
        assert 0.1 < share < 0.5
        # The oldest expire, so that there is room for every new one.
        maintenance(store).retain(now())
        before = len(draws(store))
        assert 0 < before < CAP
        log(store, CAP - before)
        assert maintenance(store).sample(now()) == 0
        kept = list(draws(store).values())
        whole, cases = replayed(store, since="-30d")
        later, later_cases = replayed(store, since="-1d")
        assert (whole.sampled, cases) == (share, sum(draw < share for draw in kept))
        assert (later.sampled, later_cases) == (1.0, CAP - before)
        assert before <= cases < CAP


def test_it_is_done_behind_a_running_store(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(SAMPLED, tmp_path)) as store:
        with maintenance(store):
            log(store, 3 * CAP)
            end = time.monotonic() + 30 * SAMPLE_EVERY_SECONDS
            while len(draws(store)) > CAP and time.monotonic() < end:
                time.sleep(0.05)
            assert len(draws(store)) == CAP


def test_what_a_cut_says_is_forgotten_with_the_inputs(tmp_path: Path) -> None:
    with Store(tmp_path, policy_from(SAMPLED, tmp_path)) as store:
        log(store, 2 * CAP)
        maintenance(store).sample(now())
        maintenance(store).retain(now() + 29 * DAY)
        assert store.rows("select count(*) as n from input_cuts") == [{"n": 1}]
        gone = maintenance(store).retain(now() + 32 * DAY)
        assert (gone["inputs"], gone["input_cuts"]) == (CAP, 1)
