"""Where in a TOML text a key is."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from collector.contract.toml_lines import Key, Lines
from demo.fleet import POLICY_FILE
from tests.store import FULL_POLICY

TEXT = """\
# a comment
a.b = 1
list = [
  "x",  # [not.a.header]
  "y",
]
text = '''
[not.a.header]
c = 1'''
[t]
inline = {d = {e = 1}}
"a quoted.name" = 2
[u."x.y".z]
[[rows]]
f = 1
[[rows]]
[rows.below]
g = 2
[[rows.more]]
h = 3
[[rows.more]]
h = 4
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("a", "b"), 2),
        (("list",), 3),
        (("list", 1), 3),
        (("text",), 7),
        (("t",), 10),
        (("t", "inline", "d", "e"), 11),
        (("t", "a quoted.name"), 12),
        (("u", "x.y"), 13),
        (("rows", 0, "f"), 15),
        (("rows", 1), 16),
        (("rows", 1, "missing"), 16),
        (("rows", 1, "below", "g"), 18),
        (("rows", 1, "more", 0), 19),
        (("rows", 1, "more", 1, "h"), 22),
        (("missing",), 1),
    ],
)
def test_a_key_is_where_it_is_written_or_what_it_is_missing_from(key: Key, line: int) -> None:
    assert Lines(TEXT).of(key) == line


def leaves(value: Any, key: Key = ()) -> Iterator[Key]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, (*key, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, below in enumerate(value):
            yield from leaves(below, (*key, number))
    else:
        yield key


@pytest.mark.parametrize("text", [FULL_POLICY, POLICY_FILE.read_text("utf-8")])
def test_every_key_of_a_policy_is_found_on_its_line(text: str) -> None:
    lines, keys = Lines(text), list(leaves(tomllib.loads(text)))
    found = [lines.of(key) for key in keys]
    assert len(set(found)) == len(keys)
    for key, line in zip(keys, found, strict=True):
        assert text.split("\n")[line - 1].lstrip('"').startswith(str(key[-1]))
