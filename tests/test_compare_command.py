"""`limen replay compare` against a real collector: two models, two runtimes, open and closed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.permissions.roles import Role
from collector.permissions.tokens import create_token
from models.interpreters import available_runtimes
from tests.phones import Reading, read_digits, send
from tests.processes import running_collector
from tests.replays import FEATURE, MODEL, OTHER_MODEL, Printed, replay
from tests.store import POLICY

READINGS = 400


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    return read_digits(READINGS, model=MODEL, name="phone")


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, readings: list[Reading]
) -> Iterator[tuple[str, ...]]:
    home = tmp_path_factory.mktemp("compared")
    (home / "policy.toml").write_text(POLICY, "utf-8")
    with running_collector(home) as collector:
        send(collector, readings)
        yield "--api", collector.api, "--home", str(home)


def run(place: tuple[str, ...], model: str, *more: str) -> str:
    words = ("--feature", FEATURE, "--model", model, "--json")
    name: str = replay("run", *words, *place, *more).json["run"]
    return name


@pytest.fixture(scope="module")
def pair(place: tuple[str, ...]) -> tuple[str, str]:
    return run(place, MODEL), run(place, OTHER_MODEL)


def compare(place: tuple[str, ...], *words: str) -> Printed:
    return replay("compare", *words, *place)


def test_two_models_are_compared_on_the_same_inputs(
    place: tuple[str, ...], pair: tuple[str, str]
) -> None:
    done = compare(place, *pair, "--json", "--examples", "100")
    found = done.json
    assert (done.code, found["cases"], found["only_first"]) == (0, READINGS, 0)
    assert 0 < found["changed"] < READINGS
    assert found["changed"] >= found["corrected"] + found["broken"] > 0
    assert found["threshold"] == 0.7
    assert len(found["examples"]) == min(100, found["changed"])
    back = compare(place, *reversed(pair), "--json", "--threshold", "0.7").json
    assert back["changed"] == found["changed"]
    assert (back["corrected"], back["newly_accepted"]) == (found["broken"], found["newly_declined"])


def test_a_person_sees_what_changes_where_and_labels_alone(
    place: tuple[str, ...], pair: tuple[str, str]
) -> None:
    said = compare(place, *pair, "--examples", "2").out
    assert f"A  {pair[0]}: {MODEL} on litert" in said and "answers change" in said
    assert "Where most changes:" in said and "device_model" in said
    assert said.count("  input ") == 2
    assert not set("░▒▓█") & set(said)


@pytest.mark.skipif("tflite" not in available_runtimes(), reason="tflite-runtime is not installed")
def test_two_runtimes_of_one_model_answer_the_same(
    place: tuple[str, ...], pair: tuple[str, str]
) -> None:
    other = run(place, MODEL, "--runtime", "tflite")
    found = compare(place, pair[0], other, "--json").json
    assert (found["cases"], found["changed"], found["examples"]) == (READINGS, 0, [])
    assert found["apart"] < 1e-3
    assert "0 of 400 answers change" in compare(place, pair[0], other).out


def test_inputs_are_shown_to_whoever_may_open_them_and_never_in_json(
    place: tuple[str, ...], pair: tuple[str, str], readings: list[Reading]
) -> None:
    reason = ("--open", "to see why they change")
    opened = compare(place, *pair, "--examples", "3", *reason)
    assert opened.code == 0 and set("░▒▓█") & set(opened.out)
    answer = compare(place, *pair, "--json", *reason)
    assert not set("░▒▓█") & set(answer.out)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("{0}", "{0}"), "compared with itself"),
        (("{0}", "nope"), "no such replay run"),
        (("{0}", "{1}", "--examples", "101"), "between 0 and 100"),
        (("{0}", "{1}", "--threshold", "1.5"), "not between 0 and 1"),
    ],
)
def test_bad_words_are_refused_in_one_sentence(
    place: tuple[str, ...], pair: tuple[str, str], words: tuple[str, ...], says: str
) -> None:
    refused = compare(place, *(word.format(*pair) for word in words))
    assert (refused.code, refused.out) == (2, "")
    assert says in refused.err and len(refused.err.splitlines()) == 1


def test_a_role_that_may_not_open_inputs_sees_labels_and_is_told_so(
    place: tuple[str, ...], pair: tuple[str, str]
) -> None:
    # The last test of the module: from here on the collector asks for tokens.
    home = Path(place[-1])
    (_, oncall), (_, admin) = (create_token(home, role, "") for role in (Role.ONCALL, Role.ADMIN))
    words = (*pair, "--open", "to see why")
    closed = compare(place, *words, "--token", oncall)
    assert closed.code == 0 and "  input " in closed.out
    assert "labels alone are shown" in closed.err
    assert not set("░▒▓█") & set(closed.out)
    assert set("░▒▓█") & set(compare(place, *words, "--token", admin).out)
