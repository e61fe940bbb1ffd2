"""Orders equal those of a stable argsort."""

import numpy as np
import pytest
from numpy.typing import NDArray

from replay.ordering import ascending, descending

random = np.random.default_rng(1)
NUMBERS = {
    "none": np.array([]),
    "one": np.array([0.5]),
    "many ties": random.random(2_000).round(1),
    "no ties": random.random(2_000),
    "in the last bits alone": 0.5 + np.arange(300)[::-1] * 2.0**-53,
    "of any size": random.normal(size=2_000) * 1e300,
    "zeros": np.array([0.0, -0.0, 1.0, -0.0, 0.0]),
    "negative": -random.random(50),
}


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS)
def test_descending_is_the_stable_order(numbers: NDArray[np.float64]) -> None:
    assert descending(numbers).tolist() == np.argsort(-numbers, kind="stable").tolist()


@pytest.mark.parametrize("apart", [1, 2**20, 2**55])
def test_ascending_is_the_stable_order(apart: int) -> None:
    keys = random.integers(0, 300, 2_000).astype(np.uint64) * np.uint64(apart)
    assert ascending(keys).tolist() == np.argsort(keys, kind="stable").tolist()
