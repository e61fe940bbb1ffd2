"""One collector in front of another, killed and started again while spans arrive."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.durability.phones import Phones, stored
from tests.otlp import PHONE
from tests.processes import RunningCollector, running_collector
from tests.store import POLICY

pytestmark = pytest.mark.end_to_end

PATIENCE = 60.0
KILLS = 30


class Pair:
    """The homes of both; the one behind keeps its port."""

    def __init__(self, folder: Path) -> None:
        self.homes = {name: folder / name for name in ("front", "behind")}
        for home in self.homes.values():
            home.mkdir()
            (home / "policy.toml").write_text(POLICY, "utf-8")
        with running_collector(self.homes["behind"]) as running:
            self.place = running.http

    def front(self) -> AbstractContextManager[RunningCollector]:
        secret = "authorization=Bearer%20secret"
        return running_collector(
            self.homes["front"], forward_url=self.place, forward_headers=secret
        )

    def behind(self) -> AbstractContextManager[RunningCollector]:
        return running_collector(self.homes["behind"], "--http", self.place.removeprefix("http://"))

    def stored(self) -> tuple[Counter[tuple[bytes, bytes]], ...]:
        return tuple(stored(home) for home in self.homes.values())


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)


def kill(running: RunningCollector) -> None:
    running.process.kill()
    running.process.wait(30)


def test_what_is_stored_in_front_is_stored_behind_over_kills_of_both(pair: Pair) -> None:
    phones = Phones()
    with pair.behind() as behind:
        with pair.front() as front, phones.sending(front.http):
            wait_for(lambda: behind.spans() > 0)
            kill(front)
        kill(behind)
    with pair.front() as front:
        with phones.sending(front.http):
            phones.sent(len(phones.acknowledged) + 10)
        assert front.process.stderr is not None
        said = ""
        # It has tried in vain.
        while "are sent again" not in said:
            line = front.process.stderr.readline()
            assert line, said
            said += line
        assert front.gauge("forward_waiting_seconds") > 0
        with pair.behind() as behind:
            wait_for(lambda: behind.spans() == front.spans())
        front.stop()
        said += front.process.stderr.read()
    assert f"spans are passed on to {pair.place}\n" in said
    assert "takes spans again" in said and "Traceback" not in said
    assert "secret" not in said and PHONE["app.installation.id"] not in said
    in_front, behind_it = pair.stored()
    assert in_front == behind_it and phones.ids <= in_front.keys()


@pytest.mark.soak
def test_nothing_is_missing_behind_over_kills_at_random(pair: Pair) -> None:
    phones, rng = Phones(), random.Random()
    for _ in range(KILLS):
        with pair.behind() as behind, pair.front() as front, phones.sending(front.http):
            time.sleep(rng.uniform(0.1, 3))
            for running in rng.choice(((front,), (behind,), (front, behind))):
                kill(running)
            time.sleep(rng.uniform(0, 1))
            kill(front)
    with pair.behind() as behind, pair.front() as front:
        wait_for(lambda: behind.spans() == front.spans())
    in_front, behind_it = pair.stored()
    assert in_front == behind_it and phones.ids <= in_front.keys()
