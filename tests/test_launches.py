"""Numbers of launches: which are missing and which came again, rolled up or not."""

import random
from collections.abc import Sequence

import pytest

from tests.otlp import PHONE, now, request_span, traces
from tests.store import Store
from tests.test_rollups import DAY, maintenance, nothing_covered

LAUNCHES = [{**PHONE, "service.instance.id": f"launch-{number}"} for number in range(3)]


def lost_within(requests: Sequence[tuple[int, int]]) -> int:
    """How many numbers are missing of one launch's `requests`, each its number and time, between
    the lowest and the highest of those of which none was made over 7 days after the one before."""
    lost, stretch, before = 0, set[int](), 0
    for number, time in sorted(requests, key=lambda one: one[1]):
        if stretch and time > before + 7 * DAY:
            lost, stretch = lost + max(stretch) - min(stretch) + 1 - len(stretch), set()
        stretch.add(number)
        before = time
    return lost + max(stretch) - min(stretch) + 1 - len(stretch)


@pytest.mark.parametrize("seed", range(4))
def test_a_number_is_held_against_those_of_its_launch_made_within_seven_days(
    store: Store, seed: int
) -> None:
    draw = random.Random(seed)
    came: list[list[tuple[int, int]]] = [[] for _ in LAUNCHES]
    for _ in range(16):
        one = draw.randrange(len(LAUNCHES))
        request = draw.randrange(20), now() - draw.randrange(24 * DAY)
        came[one].append(request)
        sent = request_span(limen_sequence=request[0], start=request[1])
        store.take(traces(sent, resource=LAUNCHES[one]), received=request[1])
        if draw.random() < 0.3:
            maintenance(store).roll_up()
        [told] = store.ask("lost_requests", since="-30d")
        assert told["lost"] == sum(lost_within(some) for some in came if some)
    maintenance(store).roll_up()
    for days in (24, 16, 10, 5):
        maintenance(store).retain(now() + (store.policy.retention_days - days) * DAY)
        left = [[one for one in some if one[1] > now() - days * DAY] for some in came]
        lost = [sum(lost_within(some) for some in left if some)]
        assert [row["lost"] for row in store.ask("lost_requests", since="-30d")] == lost
        with nothing_covered(store):
            assert [row["lost"] for row in store.ask("lost_requests", since="-30d")] == lost


@pytest.mark.parametrize("seed", range(4))
def test_numbers_that_follow_each_other_skip_some_or_come_again_are_told_as_they_are(
    store: Store, seed: int
) -> None:
    draw = random.Random(seed)
    came: list[list[int]] = [[] for _ in LAUNCHES]
    for _ in range(14):
        one = draw.randrange(len(LAUNCHES))
        last = max(came[one], default=0)
        batch = draw.choice(
            (
                [last + step for step in range(1, 6)],
                [last + step for step in (1, 2, 4)],
                [last + 1, last + 1, last + 3],
                [last, last + 1],
                [max(0, last - 2), last + 2],
                [max(0, last - 6)],
            )
        )
        came[one] += batch
        draw.shuffle(batch)
        sent = [request_span(limen_sequence=number, start=now()) for number in batch]
        store.take(traces(*sent, resource=LAUNCHES[one]))
        if draw.random() < 0.4:
            maintenance(store).roll_up()
        distinct = [set(some) for some in came if some]
        lost = sum(max(some) - min(some) + 1 - len(some) for some in distinct)
        arrived = sum(map(len, distinct))
        [told] = store.ask("completeness")
        assert (told["received"], told["expected"]) == (arrived, arrived + lost)


def test_late_numbers_find_their_launches_in_days_far_apart(store: Store) -> None:
    for number in (1, 3):
        for launch, days in zip(LAUNCHES, (28, 11, 1), strict=True):
            sent = request_span(limen_sequence=number, start=now() - days * DAY + number)
            store.take(traces(sent, resource=launch))
        lost = 0 if number == 1 else len(LAUNCHES)
        assert [row["lost"] for row in store.ask("lost_requests", since="-30d")] == [lost]
        maintenance(store).roll_up()
    with nothing_covered(store):
        assert [row["lost"] for row in store.ask("lost_requests", since="-30d")] == [3]


def test_a_number_that_comes_again_after_seven_days_of_silence_is_not_the_same(
    store: Store,
) -> None:
    for number, days in ((1, 9), (2, 1)):
        store.take(traces(request_span(limen_sequence=number, start=now() - days * DAY)))
    maintenance(store).roll_up()
    store.take(traces(request_span(limen_sequence=1)))
    [told] = store.ask("completeness", since="-30d")
    assert (told["received"], told["expected"]) == (3, 3)
