"""What a question says: its body as a record, its parameters; and the answer as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse

from collector.contract.errors import BadInput, named

Body = TypeVar("Body", bound=BaseModel)


class Json(JSONResponse):
    """JSON by orjson; NaN becomes null."""

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def parse(kind: type[Body], body: bytes) -> Body:
    """`body` as a record. Raises BadInput with the place that is wrong, never a value."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        # The key of something that should not be there is the sender's.
        loc = [part if isinstance(part, int) else named(part) for part in first["loc"]]
        where = ".".join(str(part).strip("'") for part in loc) or "body"
        raise BadInput(f"{where}: {first['msg']}", field=where) from None


def only(asked: Iterable[str], allowed: Sequence[str]) -> None:
    """Raises BadInput for a parameter that is not `allowed`."""
    for name in asked:
        if name not in allowed:
            raise BadInput(f"there is no parameter {named(name)}; there are {', '.join(allowed)}")


def number(asked: Mapping[str, str], name: str, default: int) -> int:
    """The parameter `name`, a whole number. Raises BadInput."""
    given = asked.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise BadInput(f"{name} is a whole number")
    return int(given)


def conditions(parameter: str, asked: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The values that each dimension may have, from `DIMENSION=VALUE`. Raises BadInput."""
    found: dict[str, tuple[str, ...]] = {}
    for condition in asked:
        name, equals, value = condition.partition("=")
        if not equals:
            raise BadInput(f"{parameter} is DIMENSION=VALUE; give it again for another")
        found[name] = (*found.get(name, ()), value)
    return found
