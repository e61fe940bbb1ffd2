"""Attributes by their column in the contract, where alone each name on the wire stands."""

from opentelemetry.util.types import AttributeValue

from collector.contract.attributes import ATTRIBUTES

Attributes = dict[str, AttributeValue]

_NAMES = {attribute.column: attribute.name for attribute in ATTRIBUTES if attribute.column}


def wire(**values: AttributeValue | None) -> Attributes:
    """`values` by column as attributes by name; None is not said. Raises KeyError."""
    return {_NAMES[column]: value for column, value in values.items() if value is not None}
