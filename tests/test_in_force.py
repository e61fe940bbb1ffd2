"""The threshold in force is that of the phones; a model card only stands in for them."""

import pyarrow as pa
import pytest

from replay.in_force import in_force

MODEL, OTHER = "sha256:aa", "sha256:bb"
SAID_BY_MODEL = [
    pytest.param([0.75, 0.75, 0.7], 0.75, id="the-most-frequent"),
    pytest.param([0.75, 0.7], 0.75, id="of-two-as-frequent-the-higher"),
    pytest.param([None, None, 0.8], 0.8, id="one-that-tells-among-many-that-do-not"),
]


def cases(
    model: list[float | None], other: list[float | None], policy: float | None = None
) -> pa.Table:
    digests = [MODEL] * len(model) + [OTHER] * len(other) + [None]
    thresholds = [*model, *other, 0.1]
    return pa.table(
        {
            "model_digest": pa.array(digests, pa.string()),
            "threshold": pa.array(thresholds, pa.float64()),
            "policy_threshold": pa.array([policy] * len(digests), pa.float64()),
        }
    )


@pytest.mark.parametrize(("told", "expected"), SAID_BY_MODEL)
def test_phones_with_the_model_outweigh_its_card_and_other_phones(
    told: list[float | None], expected: float
) -> None:
    found = in_force(cases(told, [0.5] * 9), MODEL, 0.6)
    assert found is not None
    assert (found.threshold, found.mark) == (expected, "in force")


def test_where_it_is_from_is_said_with_its_count() -> None:
    phones = in_force(cases([0.75, 0.75, 0.7], [0.5]), MODEL, 0.6)
    assert phones is not None and "0.75" in phones.origin and "2 of 3" in phones.origin


def test_without_phones_of_the_model_it_is_the_cards_and_says_so() -> None:
    found = in_force(cases([None], [0.5]), MODEL, 0.6)
    assert found is not None
    assert (found.threshold, found.mark) == (0.6, "model card")
    assert "model card's default" in found.origin


def test_where_no_phone_tells_it_is_the_policys_of_their_releases() -> None:
    found = in_force(cases([None, None], [0.5], policy=0.72), MODEL, 0.6)
    assert found is not None
    assert (found.threshold, found.mark) == (0.72, "policy")
    assert "2 of 2" in found.origin
    assert in_force(cases([], [0.5], policy=0.72), MODEL, None) is None


def test_with_neither_it_is_unknown() -> None:
    assert in_force(cases([], [0.5]), MODEL, None) is None
