"""Declarations for tests, written by hand."""

import json
import plistlib
from collections.abc import Mapping, Sequence
from typing import Any

HEADER = (
    "Question ID (machine readable),Response ID (machine readable),Response value,"
    "Answer requirement,Human-friendly question label"
)
USAGE = "PSL_DATA_USAGE_RESPONSES"
TYPE = "NSPrivacyCollectedDataType"


def manifest(
    types: Mapping[str, Sequence[str]] | None = None,
    more: Mapping[str, Any] | None = None,
    *,
    binary: bool = False,
) -> bytes:
    """A privacy manifest: Apple's types with their purposes, each without what stands before it.

    `more` are other keys, or these with another value.
    """
    entries = [
        {
            TYPE: TYPE + type_,
            f"{TYPE}Linked": False,
            f"{TYPE}Tracking": False,
            f"{TYPE}Purposes": [f"{TYPE}Purpose{one}" for one in purposes],
        }
        for type_, purposes in (types or {}).items()
    ]
    content = {
        "NSPrivacyTracking": False,
        "NSPrivacyTrackingDomains": [],
        "NSPrivacyCollectedDataTypes": entries,
    } | dict(more or {})
    return plistlib.dumps(content, fmt=plistlib.FMT_BINARY if binary else plistlib.FMT_XML)


def data_safety(*rows: str, header: str = HEADER) -> bytes:
    """A Data safety export; a row is `question,response,value`."""
    lines = [header, *(f'{row},MULTIPLE_CHOICE,"Etikett, übersetzt"' for row in rows)]
    return "\r\n".join(lines).encode()


def play_type(
    group: str, type_: str, *purposes: str, shared: bool = False, **usage: str
) -> list[str]:
    """The rows of a type that is collected for `purposes`; `usage` adds e.g. ephemeral="true"."""
    rows = [
        f"PSL_DATA_TYPES_{group},{type_},true",
        f"{USAGE}:{type_}:PSL_DATA_USAGE_COLLECTION_AND_SHARING,PSL_DATA_USAGE_ONLY_COLLECTED,true",
    ]
    for purpose in purposes:
        rows.append(f"{USAGE}:{type_}:DATA_USAGE_COLLECTION_PURPOSE,{purpose},true")
    if shared:
        how = f"{USAGE}:{type_}:PSL_DATA_USAGE_COLLECTION_AND_SHARING"
        rows.append(f"{how},PSL_DATA_USAGE_ONLY_SHARED,true")
        for purpose in purposes:
            rows.append(f"{USAGE}:{type_}:DATA_USAGE_SHARING_PURPOSE,{purpose},true")
    if "ephemeral" in usage:
        rows.append(f"{USAGE}:{type_}:PSL_DATA_USAGE_EPHEMERAL,,{usage['ephemeral']}")
    if "control" in usage:
        control = f"PSL_DATA_USAGE_USER_CONTROL_{usage['control']}"
        rows.append(f"{USAGE}:{type_}:DATA_USAGE_USER_CONTROL,{control},true")
    return rows


def network(domain: str, bundle: str = "com.example.notes", **more: Any) -> dict[str, Any]:
    """A line of an App Privacy Report."""
    return {
        "type": "networkActivity",
        "bundleID": bundle,
        "domain": domain,
        "domainOwner": "",
        "domainType": 2,
        "initiatedType": "AppInitiated",
        "context": "",
        "hits": 1,
        "firstTimeStamp": "2026-11-20T08:00:00.000+01:00",
        "timeStamp": "2026-11-21T08:00:00.000+01:00",
    } | more


def report(*rows: Mapping[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
