"""What app stores and fideslang call data and purposes, and which of ours each is:
`vocabulary.json`, with its sources."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

# What stands before each name in Apple's files.
APPLE_TYPE = "NSPrivacyCollectedDataType"
APPLE_PURPOSE = "NSPrivacyCollectedDataTypePurpose"
STORES = ("apple", "play")


@cache
def vocabulary() -> Mapping[str, Any]:
    """The file. Types and purposes of Apple stand there without what stands before each."""
    found: Mapping[str, Any] = json.loads(
        files(__package__).joinpath("vocabulary.json").read_text("utf-8")
    )
    return found


def store_types(store: str, category: str) -> tuple[str, ...]:
    """The types of `store` (apple, play; fides) that each declare our `category`; or none."""
    return tuple(vocabulary()["categories"].get(category, {}).get(store, ()))


def store_purposes(store: str, purpose: str) -> tuple[str, ...]:
    """The purposes of `store` that each declare ours; none where it has none like it."""
    return tuple(vocabulary()["purposes"].get(purpose, {}).get(store, ()))


@cache
def categories_of(store: str, type_: str) -> tuple[str, ...]:
    """Our categories that `type_` of `store` declares."""
    return tuple(c for c in vocabulary()["categories"] if type_ in store_types(store, c))
