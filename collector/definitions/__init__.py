"""What the answers mean that are no metrics: their words, and the queries or the command that makes
them, each for whoever may call its route."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, field_validator

from collector.metrics import MetricColumn, parse_column
from collector.metrics.readable import readable
from collector.store.queries import query

_FILE = "definitions.toml"


class Definition(BaseModel):
    """What the answer of `route` means: `columns` are numbers in it, `queries` those it is made of,
    `command` what makes it anew."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str
    description: str
    route: str
    columns: tuple[MetricColumn, ...]
    queries: tuple[str, ...] = ()
    command: str | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _read(cls, lines: str) -> Sequence[MetricColumn]:
        return [parse_column(_FILE, line) for line in lines.splitlines()]

    @property
    def sql(self) -> str | None:
        """Its queries one after another; None where no SQL makes its numbers."""
        found = [f"-- {name}.sql\n{readable(query(name)).rstrip()}" for name in self.queries]
        return "\n;\n".join(found) or None


@cache
def definitions() -> Mapping[str, Definition]:
    """Every definition by name."""
    text = (files(__name__) / _FILE).read_text("utf-8")
    return {name: Definition(name=name, **told) for name, told in tomllib.loads(text).items()}
