"""`docs/conformance.md` and the suite name the same rows."""

import ast
import re
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
TABLE = (HERE.parent.parent / "docs" / "conformance.md").read_text("utf-8")
LEVELS = ("MUST", "SHOULD", "practice")
ROW = re.compile(r"^\| ([HGJD]\d+) \| (\w+) \| (yes|no) \| .+ \| `(test_\w+)` \|$", re.M)


def suite() -> set[str]:
    return {
        node.name
        for path in HERE.glob("test_*.py")
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_row_has_its_test_and_every_test_its_row() -> None:
    rows = ROW.findall(TABLE)
    assert len(rows) == len(re.findall(r"^\| [HGJD]\d+ ", TABLE, re.M))
    assert {name for *_, name in rows} == suite()
    for number, level, _, name in rows:
        assert name.startswith(f"test_{number.lower()}_"), name
        assert level in LEVELS


def test_the_scores_count_the_rows() -> None:
    rows = ROW.findall(TABLE)
    every = Counter(level for _, level, _, _ in rows)
    met = Counter(level for _, level, conforms, _ in rows if conforms == "yes")
    for level in LEVELS:
        assert f"{level} {met[level]} of {every[level]}" in TABLE
