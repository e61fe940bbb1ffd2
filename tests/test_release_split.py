"""The change of a rate in parts: it adds up, is antisymmetric, and gives nothing to bystanders."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from collector.comparison.split import FACTORS, MIX, MODEL, ONLY_ONE, THRESHOLD, Cell, split
from collector.contract.releases import Split

VALUES = (("Pixel 8", "A54", "iPhone 15"), ("14", "18"), ("wifi", "cell"), ("digits", "words"))
Kind = tuple[str, ...]
Count = Callable[[Kind], float]


def cells(newer: bool, requests: Count, rate: Count, other: Count | None = None) -> list[Cell]:
    """Every kind there can be, with so many requests and such a rate; `other` under the other
    release's threshold."""
    found = []
    for kind in itertools.product(*VALUES):
        n = round(requests(kind))
        k = round(n * rate(kind))
        moved = k if other is None else round(n * other(kind))
        if n:
            found.append(
                Cell(newer=newer, kind=kind, requests=n, fallbacks=k, other=moved, unjudged=0)
            )
    return found


def always(value: float) -> Count:
    return lambda kind: value


def parts(found: Split | None) -> dict[str, float]:
    assert found is not None
    return {part.factor: part.change for part in found.parts}


def random_cells(seed: int, *, whole: bool = False) -> list[Cell]:
    """Two releases without any order in them; not every kind in each, unless `whole`."""
    random = np.random.default_rng(seed)
    found = []
    for newer in (False, True):
        for kind in itertools.product(*VALUES):
            n = int(random.integers(1 if whole else 0, 60))
            if n and (whole or random.random() < 0.8):
                k, other = (int(random.integers(0, n + 1)) for _ in range(2))
                found.append(
                    Cell(newer=newer, kind=kind, requests=n, fallbacks=k, other=other, unjudged=0)
                )
    return found


def swapped(found: Sequence[Cell]) -> list[Cell]:
    return [
        Cell(
            newer=not c.newer, kind=c.kind, requests=c.requests, fallbacks=c.fallbacks,
            other=c.other, unjudged=c.unjudged,
        )
        for c in found
    ]  # fmt: skip


def rate_of(found: Sequence[Cell], newer: bool) -> float:
    mine = [c for c in found if c.newer == newer]
    return sum(c.fallbacks for c in mine) / sum(c.requests for c in mine)


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_add_up_to_the_change(seed: int) -> None:
    found = random_cells(seed)
    made = split(found)
    assert made is not None
    assert made.change == pytest.approx(rate_of(found, True) - rate_of(found, False), abs=1e-12)
    assert sum(parts(made).values()) == pytest.approx(made.change, abs=1e-12)
    assert list(parts(made)) == [*FACTORS, ONLY_ONE]
    assert all(abs(change) > 1e-6 for change in parts(made).values())


@pytest.mark.parametrize("seed", range(5))
def test_swapping_the_releases_flips_every_sign(seed: int) -> None:
    found = random_cells(seed)
    there, back = parts(split(found)), parts(split(swapped(found)))
    assert back == pytest.approx({name: -change for name, change in there.items()}, abs=1e-12)


def level(kind: Kind) -> float:
    """A rate that every dimension but the device model has a part in."""
    return 0.1 + 0.2 * (kind[1] == "14") + 0.1 * (kind[2] == "cell") + 0.3 * (kind[3] == "words")


SHARES = {"Pixel 8": (4.0, 1.0), "A54": (1.0, 1.0), "iPhone 15": (1.0, 4.0)}


def test_a_dimension_that_moved_without_an_effect_gets_nothing() -> None:
    """Three quarters of one device model became as many of another, whatever else they are."""
    found = [
        *cells(False, lambda kind: 600 * SHARES[kind[0]][0], level),
        *cells(True, lambda kind: 600 * SHARES[kind[0]][1], level),
    ]
    assert parts(split(found)) == pytest.approx(dict.fromkeys([*FACTORS, ONLY_ONE], 0), abs=1e-12)
    moved = parts(
        split(
            [
                *cells(
                    False, lambda kind: 600 * SHARES[kind[0]][0] * (1 + (kind[1] == "14")), level
                ),
                *cells(
                    True, lambda kind: 600 * SHARES[kind[0]][1] * (1 + (kind[1] == "18")), level
                ),
            ]
        )
    )
    assert moved.pop("os") == pytest.approx(-0.2 / 3, abs=1e-12)
    assert moved == pytest.approx(dict.fromkeys(moved, 0), abs=1e-12)


@pytest.mark.parametrize("place", range(len(MIX)))
def test_a_dimension_that_did_not_move_gets_nothing(place: int) -> None:
    """However much the rate depends on it: all others moved."""

    def requests(newer: bool) -> Count:
        def of(kind: Kind) -> float:
            found = 480.0
            for at, value in enumerate(kind):
                weight = 1 + VALUES[at].index(value)
                found *= weight if at == place or not newer else len(VALUES[at]) + 1 - weight
            return found

        return of

    def rate(kind: Kind) -> float:
        return sum(VALUES[at].index(value) * 0.1 for at, value in enumerate(kind))

    found = parts(split([*cells(False, requests(False), rate), *cells(True, requests(True), rate)]))
    for at, name in enumerate(MIX):
        assert (abs(found[name]) < 1e-12) == (at == place)
    assert found[THRESHOLD] == pytest.approx(0, abs=1e-12)
    assert found[MODEL] == pytest.approx(0, abs=1e-12)


def test_a_threshold_and_a_model_are_told_apart() -> None:
    """What only a threshold did is the threshold's; what stays under either is the model's."""
    even, low, high = always(1000.0), always(0.1), always(0.3)
    only_threshold = [*cells(False, even, low, high), *cells(True, even, high, low)]
    found = parts(split(only_threshold))
    assert found.pop(THRESHOLD) == pytest.approx(0.2, abs=1e-12)
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=1e-12)
    only_model = [*cells(False, even, low, low), *cells(True, even, high, high)]
    found = parts(split(only_model))
    assert found.pop(MODEL) == pytest.approx(0.2, abs=1e-12)
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=1e-12)


def test_kinds_of_one_release_alone_are_a_part_of_their_own() -> None:
    before = cells(False, lambda kind: 100.0 * (kind[3] == "digits"), lambda kind: 0.1)
    after = cells(True, lambda kind: 100.0, lambda kind: 0.1 + 0.4 * (kind[3] == "words"))
    made = split([*before, *after])
    found = parts(made)
    assert found.pop(ONLY_ONE) == pytest.approx(0.2, abs=1e-12)
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=1e-12)
    assert made is not None
    assert (made.matched_before, made.matched_after) == pytest.approx((1, 0.5))


def test_without_a_kind_in_common_all_of_it_is_that() -> None:
    before = cells(False, lambda kind: 100.0 * (kind[3] == "digits"), lambda kind: 0.1)
    after = cells(True, lambda kind: 100.0 * (kind[3] == "words"), lambda kind: 0.3)
    assert parts(split([*before, *after])) == pytest.approx({ONLY_ONE: 0.2})
    assert split(before) is None and split([]) is None


def test_what_stands_out_is_named_and_what_does_not_is_not() -> None:
    even = always(1000.0)
    before = cells(False, even, lambda kind: 0.1)
    on_one = cells(True, even, lambda kind: 0.1 + 0.2 * (kind[1] == "14"))
    made = split([*before, *on_one])
    assert made is not None
    assert [(w.dimension, w.value) for w in made.where] == [("os", "14")]
    assert (made.where[0].share, made.where[0].requests) == pytest.approx((1.0, 0.5))
    everywhere = split([*before, *cells(True, even, lambda kind: 0.3)])
    assert everywhere is not None and everywhere.where == ()


def test_rare_device_models_are_one_and_what_cannot_be_judged_is_said() -> None:
    found = [
        Cell(
            newer=newer, kind=(f"model {number}", "14", "wifi", "digits"), requests=10 + number,
            fallbacks=number % 7, other=number % 7, unjudged=3,
        )
        for newer in (False, True)
        for number in range(40 if newer else 20)
    ]  # fmt: skip
    made = split(found)
    assert made is not None
    assert made.matched_before > 0.5
    assert sum(parts(made).values()) == pytest.approx(made.change, abs=1e-12)
    (unsure,) = [part.unsure for part in made.parts if part.factor == THRESHOLD]
    share = 60 * 3 / sum(cell.requests for cell in found)
    assert unsure is not None and unsure.startswith(f"{share:.1%} of requests")
