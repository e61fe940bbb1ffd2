"""When refused clients come back: spread, more widely the longer it goes on, and bounded."""

from collections import Counter

from collector.server.retry import CALM_SECONDS, NARROWEST_SECONDS, WIDEST_SECONDS, Spread


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def drawn(spread: Spread) -> Counter[int]:
    return Counter(spread.seconds() for _ in range(2000))


def test_clients_refused_together_come_back_apart() -> None:
    found = drawn(Spread(Clock()))
    assert sorted(found) == list(range(1, NARROWEST_SECONDS + 1))
    # Expected 500 each, standard deviation 19.
    assert min(found.values()) > 350


def test_the_longer_it_refuses_the_wider_they_are_spread_within_a_bound() -> None:
    clock = Clock()
    spread = Spread(clock)
    widths = []
    for _ in range(12):
        widths.append(max(drawn(spread)))
        clock.now += 5
    assert widths == [4, 5, 10, 15, 20, 25, 30, *[WIDEST_SECONDS] * 5]
    # Half of an exporter's own 10 s: nobody is always told to wait longer than it can.
    found = drawn(spread)
    assert sum(n for seconds, n in found.items() if seconds < 10) > 400


def test_after_a_calm_time_it_begins_anew() -> None:
    clock = Clock()
    spread = Spread(clock)
    for _ in range(10):
        spread.seconds()
        clock.now += 5
    clock.now += CALM_SECONDS
    assert max(drawn(spread)) == NARROWEST_SECONDS
