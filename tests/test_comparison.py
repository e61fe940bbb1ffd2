"""Two runs side by side: which answers change, where, and how a changed one looks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from collector.contract.errors import BadInput
from collector.contract.records import ReplayRun
from models.inputs import TensorInput, TextInput
from replay.comparison import compare
from replay.show_input import CHARACTERS, COLUMNS, shown

ROWS = 400


def run_of(name: str, **other: Any) -> ReplayRun:
    facts = dict.fromkeys(("model_digest", "runtime", "runtime_version", "created"), "")
    facts |= {"feature": "image_classify", "model": "m@1", "since": "", "until": ""}
    numbers = {"inputs": 1, "failed": 0, "seconds": 0.0, "chunks": (0,), "done": (0,)}
    return ReplayRun.model_validate({"run": name, **facts, **numbers, **other})


FIRST, SECOND = run_of("r1"), run_of("r2")


def saved(
    case: list[int], predicted: list[str | None], confidence: list[float | None], **facts: Any
) -> pa.Table:
    unsaid = {"truth": None, "release": None, "os": None, "device_model": None, "runtime": None}
    unsaid |= {"delegate": None, "decision": None}
    columns = {
        name: pa.array(facts.get(name, [value] * len(case)), pa.string())
        for name, value in unsaid.items()
    }
    return pa.table(
        columns
        | {
            "case": pa.array(case, pa.int64()),
            "predicted": pa.array(predicted, pa.string()),
            "confidence": pa.array(confidence, pa.float64()),
        }
    )


def test_counts_are_those_counted_one_by_one() -> None:
    random = np.random.default_rng(4)
    truth, first, second = (random.choice(list("abc"), ROWS).tolist() for _ in range(3))
    truth[::5] = [None] * (ROWS // 5)
    sure = [random.random(ROWS).tolist() for _ in range(2)]
    os = random.choice(["Android 14", "iOS 18"], ROWS).tolist()
    cases = list(range(ROWS))
    order = random.permutation(ROWS)
    before = saved(cases, first, sure[0], truth=truth, os=os)
    after = saved(cases, second, sure[1], truth=truth, os=os).take(pa.array(order))
    found = compare(FIRST, SECOND, (before, after), threshold=0.6, examples=7)
    rows = list(zip(truth, first, second, *sure, os, strict=True))
    assert found.cases == ROWS and found.labelled == ROWS - ROWS // 5
    assert found.changed == sum(a != b for _, a, b, *_ in rows)
    assert found.corrected == sum(a != t == b for t, a, b, *_ in rows)
    assert found.broken == sum(a == t != b for t, a, b, *_ in rows)
    assert found.newly_accepted == sum(q >= 0.6 > p for *_, p, q, _ in rows)
    assert found.newly_declined == sum(p >= 0.6 > q for *_, p, q, _ in rows)
    counted = {}
    for name in ("Android 14", "iOS 18"):
        own = [row for row in rows if row[-1] == name]
        counted[name] = (len(own), sum(a != b for _, a, b, *_ in own))
    parts = {p.value: (p.cases, p.changed) for p in found.segments if p.dimension == "os"}
    assert parts == counted
    shares = [part.share for part in found.segments]
    assert shares == sorted(shares, reverse=True)
    assert len(found.examples) == 7
    assert all(one.first != one.second for one in found.examples)
    least = [min(one.first_confidence, one.second_confidence) for one in found.examples]
    surest = sorted((min(p, q) for _, a, b, p, q, _ in rows if a != b), reverse=True)
    assert least == surest[:7]


def test_only_what_both_scored_is_compared() -> None:
    before = saved([1, 2, 3, 4], ["a", "a", None, "a"], [0.9, 0.9, None, 0.9])
    after = saved([2, 3, 4, 5], ["a", "a", "b", "a"], [0.9] * 4)
    found = compare(FIRST, SECOND, (before, after), threshold=None)
    assert (found.cases, found.changed, found.only_first, found.only_second) == (2, 1, 1, 2)
    assert (found.newly_accepted, found.threshold, found.labelled) == (None, None, 0)
    assert [one.case for one in found.examples] == [4]


def test_without_a_shared_case_there_is_nothing_to_compare() -> None:
    found = compare(
        FIRST, SECOND, (saved([1], ["a"], [0.9]), saved([2], ["a"], [0.9])), threshold=0.5
    )
    assert (found.cases, found.changed, found.apart) == (0, 0, None)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (FIRST, "compared with itself"),
        (run_of("r2", feature="barcode_scan"), "of one feature"),
        (run_of("r2", done=()), "r2 has no saved scores"),
        (run_of("r2", source="spans"), "the scores that phones sent"),
    ],
)
def test_runs_that_say_nothing_of_each_other_are_refused(second: ReplayRun, says: str) -> None:
    empty = saved([], [], [])
    with pytest.raises(BadInput, match=says):
        compare(FIRST, second, (empty, empty), threshold=0.5)


GREY = TensorInput(shape=(4, 3), dtype="uint8")


def test_a_picture_is_shown_in_shades_a_text_as_it_reads_and_numbers_by_their_size() -> None:
    picture = bytes([0, 255, 0, 255, 128, 255, 0, 255, 0, 0, 0, 0])
    assert shown(picture, GREY) == "  ██\n██▒▒██\n  ██\n"
    large = replace(GREY, shape=(96, 192, 1))
    lines = shown(bytes([255]) * (96 * 192), large).split("\n")
    assert len(lines) == 96 * COLUMNS // (2 * 192) and set("".join(lines)) == {"█"}
    assert all(len(line) <= COLUMNS for line in lines)
    assert shown(bytes(12), replace(GREY, shape=(2, 2, 3))) == "12 bytes"
    text = TextInput(max_bytes=4_000)
    assert shown("grüß\n  dich".encode(), text) == "grüß dich"
    assert shown(b"x" * 4_000, text) == "x" * CHARACTERS + " …"
    assert "12 bytes" not in (said := shown(b"12", GREY)) and "2 bytes where" in said


def test_what_would_command_a_terminal_is_not_shown_as_it_is() -> None:
    said = shown(b"a\x1b]0;title\x07b\x9b31m".decode("latin-1").encode(), TextInput(max_bytes=99))
    assert said.isprintable() and said.startswith("a·]0;title·b")
