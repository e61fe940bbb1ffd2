"""models/commands.py: `limen models list` and `limen models verify`."""

import argparse
import json
import shutil
from pathlib import Path

import pytest

from models import commands
from models.interpreters import available_runtimes
from models.registry import BUNDLED_ROOT, Registry

HERE = {"litert", "tflite"} & set(available_runtimes())
# What verifying the bundled models runs.
RUNS = {
    (card.reference, name)
    for card in Registry.bundled().cards()
    for name in set(card.runtimes) & set(available_runtimes())
}


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="limen")
    commands.register(parser.add_subparsers())
    args = parser.parse_args(["models", *arguments])
    code: int = args.run(args)
    return code


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a model of the user's, version 3."""
    folder = tmp_path / "models" / "digit_reader" / "3"
    shutil.copytree(BUNDLED_ROOT / "digit_reader" / "1", folder)
    card = folder / "card.toml"
    text = card.read_text(encoding="utf-8").replace('version = "1"', 'version = "3"')
    card.write_text(text, encoding="utf-8")
    return tmp_path


Output = pytest.CaptureFixture[str]


def test_list_prints_an_aligned_row_per_model(home: Path, capsys: Output) -> None:
    assert run("list", "--home", str(home)) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    cards = Registry.bundled(home / "models").cards()
    assert [row.split()[0] for row in rows] == [card.reference for card in cards]
    assert "digit_reader@3" in [card.reference for card in cards]
    starts = {row.index(card.feature) for row, card in zip(rows, cards, strict=True)}
    assert starts == {head.index("feature")}


def test_list_prints_every_card_as_json(capsys: Output) -> None:
    assert run("list", "--json") == 0
    cards = json.loads(capsys.readouterr().out)
    assert [
        f"{card['name']}@{card['version']}" for card in cards
    ] == Registry.bundled().references()
    assert cards[1]["input"] == {"kind": "tensor", "shape": [8, 8, 1], "dtype": "uint8"}


def test_verify_runs_every_model_on_every_runtime(home: Path, capsys: Output) -> None:
    assert run("verify", "--home", str(home), "--json") == 0
    verdicts = json.loads(capsys.readouterr().out)
    expected = RUNS | {("digit_reader@3", name) for name in HERE}
    assert {(verdict["model"], verdict["runtime"]) for verdict in verdicts} == expected
    assert all(verdict["good"] for verdict in verdicts)


def test_verify_names_the_changed_model_and_still_checks_the_others(
    home: Path, capsys: Output
) -> None:
    (home / "models" / "digit_reader" / "3" / "model.tflite").write_bytes(b"changed")
    assert run("verify", "--home", str(home)) == 1
    rows = capsys.readouterr().out.splitlines()[1:]
    bad = [row for row in rows if "BAD" in row]
    assert len(bad) == 1 and bad[0].startswith("digit_reader@3") and "digest" in bad[0]
    assert len(rows) == 1 + len(RUNS)


def test_a_bad_card_fails_both_commands(home: Path, capsys: Output) -> None:
    (home / "models" / "digit_reader" / "3" / "card.toml").write_text("name = 1")
    assert run("verify", "--home", str(home)) == 1
    assert "card.toml is not valid" in capsys.readouterr().out
    assert run("list", "--home", str(home)) == 2
    assert "card.toml is not valid" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["list", "verify"])
def test_a_home_that_is_not_there_is_bad_input(
    tmp_path: Path, command: str, capsys: Output
) -> None:
    assert run(command, "--home", str(tmp_path / "absent")) == 2
    assert "--home" in capsys.readouterr().err
