"""A suggestion as the text of a policy, with comments for whoever has to answer for it."""

import json
import re
import textwrap
from collections.abc import Iterator, Sequence

from collector.contract.suggestion import (
    SuggestedAttribute,
    SuggestedFeature,
    SuggestedFlow,
    SuggestedHost,
    Suggestion,
)
from collector.suggestion.flows import UNKNOWN

RETENTION_DAYS = 30
WIDTH = 100

_BARE_KEY = re.compile(r"[A-Za-z0-9_\-]+")
_TYPES = {"string": "text", "int": "whole number", "double": "number", "bool": "yes or no"}
_PLACEMENTS = "device, hybrid or cloud"

_FIRST = """\
# A draft of a policy, from what apps sent between {since} and {until}.
# It says what was seen, not what is right. Read each line as a statement of yours: what it names is
# kept, and counts as intended, from the moment it is in force. Take out what is not meant."""
_MORE = """\
# Lines to add to the policy in force, {policy},
# from what apps sent between {since} and {until}. They say what was seen, not what is right:
# what they name is kept, and counts as intended. Lines of a table that the policy has already go
# below its header there."""
_NOTHING = "# Nothing was seen that the policy does not name."

_ATTRIBUTES = """\
# Attributes that apps send and nobody names: dropped so far. "keep": as it is, without what
# detectors find in it; "hash": as a pseudonym; "bucket": coarser. How many different values there
# are is an estimate; no value is stored."""
_UNKEPT = "# These are better not kept, and not sent:"
_HIDDEN = "# Under keys that are no plain names, or too many to be shown: {count}."
_DOMAIN = """\
# Of this host only the domain was kept. "*." stands for every host below it: better write the
# whole name of the one that is meant."""
_HOSTS = """\
# Who stands behind these hosts nobody can see from here: fill the gaps in, and take away the "# "
# before them."""


def draft(suggestion: Suggestion) -> str:
    """The text: a whole policy where there was none, else lines to add. Ends with a newline."""
    parts = [
        _head(suggestion),
        _attributes(suggestion.attributes, suggestion.hidden),
        *(_feature(feature) for feature in suggestion.features),
        _owners(suggestion.hosts),
    ]
    blocks = ["\n".join(lines) for lines in map(list, parts) if lines]
    if len(blocks) == 1 and not suggestion.first:
        blocks = [_NOTHING]
    return "\n\n".join(blocks) + "\n"


def _head(suggestion: Suggestion) -> Iterator[str]:
    since, until = suggestion.since[:10], suggestion.until[:10]
    if not suggestion.first:
        yield _MORE.format(policy=suggestion.policy, since=since, until=until)
        return
    yield _FIRST.format(since=since, until=until)
    yield f'version = "draft-{until}"'
    yield ""
    yield "# For how many days telemetry is kept, besides the one it arrives on."
    yield f"retention_days = {RETENTION_DAYS}"


def _attributes(attributes: Sequence[SuggestedAttribute], hidden: int) -> Iterator[str]:
    kept = [attribute for attribute in attributes if attribute.action]
    if kept:
        yield _ATTRIBUTES
        yield "[attributes]"
    for one in kept:
        yield _wrapped(_like(one))
        yield f"{json.dumps(one.key)} = {json.dumps(one.action)}"
    unkept = [attribute for attribute in attributes if not attribute.action]
    if unkept:
        yield _UNKEPT
    for one in unkept:
        yield _wrapped(f"{one.key} {one.reason}; seen {_times(one.occurrences)}", "#   ")
    if hidden:
        yield _HIDDEN.format(count=_many(hidden, "value"))


def _like(one: SuggestedAttribute) -> str:
    types = " or ".join(_TYPES.get(name, name) for name in one.types) or "empty"
    values = _many(one.distinct_values, "value")
    return f"{types}, about {values}, seen {_times(one.occurrences)}; {one.reason}"


def _feature(feature: SuggestedFeature) -> Iterator[str]:
    name = feature.name if _BARE_KEY.fullmatch(feature.name) else json.dumps(feature.name)
    drafted = [flow for flow in feature.flows if not flow.problem]
    if feature.name == UNKNOWN:
        yield "# Data that left without a word about its feature: repeat limen.feature on the call."
    elif feature.requests:
        yield (
            f"# The feature {feature.name}: {_many(feature.requests, 'request')} of "
            f"{_many(feature.installations, 'installation')}."
        )
    else:
        yield f"# The feature {feature.name}: no request of it was seen, only data leaving."
    if feature.named:
        if feature.categories:
            words = ", ".join(map(json.dumps, feature.categories))
            yield f"# Add to categories of [features.{name}]: {words}"
        if feature.releases:
            yield f"# Add the same to what changes from {', '.join(feature.releases)} on."
    elif feature.requests or drafted:
        yield from _new_feature(name, feature)
    for flow in feature.flows:
        yield from _flow(name, flow)


def _new_feature(name: str, feature: SuggestedFeature) -> Iterator[str]:
    yield f"[features.{name}]"
    yield '# owner = "…"  # who answers for it: a person or a team'
    if len(feature.placements) == 1:
        yield f"placement = {json.dumps(feature.placements[0])}  # as its requests say"
    else:
        said = ", ".join(feature.placements) or "nothing"
        yield f'# placement = "…"  # {_PLACEMENTS}; its requests say {said}'
    words = ", ".join(map(json.dumps, feature.categories))
    yield "# What of the user's leaves the device with it, as the app says."
    yield f"categories = [{words}]"


def _flow(name: str, flow: SuggestedFlow) -> Iterator[str]:
    leaving = "passed on" if flow.legs == ("onward",) else "left"
    what = ", ".join(flow.categories) or "data of no known category"
    where = f" ({', '.join(flow.regions)})" if flow.regions else ""
    purpose = "no known purpose" if flow.purpose == UNKNOWN else flow.purpose
    yield ""
    times = _times(flow.transfers)
    yield f"# {what} {leaving} to {flow.destination}{where} for {purpose}, {times}."
    if flow.problem:
        yield f"# Not declared here: {flow.problem}."
        return
    if flow.refused:
        yield f"# Consent was refused {_times(flow.refused)}: this does not declare it."
    if flow.unsaid:
        yield f"# The app does not always say the {' or the '.join(flow.unsaid)}."
    if not flow.hosts and not flow.later:
        yield "# The policy names this way out; not every send meets what it says there."
    if max(map(len, (flow.hosts, *flow.later.values()))) > 1:
        yield _DOMAIN
    for host in flow.hosts:
        yield f"[[features.{name}.egress]]"
        yield f"host = {json.dumps(host)}"
        yield f"purpose = {json.dumps(flow.purpose)}"
        yield f"consent = {json.dumps(flow.consent)}"
    for since, hosts in flow.later.items():
        yield f"# Add to egress of [features.{name}.from.{json.dumps(since)}]:"
        for host in hosts:
            yield (
                f"#     {{ host = {json.dumps(host)}, purpose = {json.dumps(flow.purpose)}, "
                f"consent = {json.dumps(flow.consent)} }}"
            )


def _owners(hosts: Sequence[SuggestedHost]) -> Iterator[str]:
    if hosts:
        yield _HOSTS
    for host in hosts:
        yield "[[hosts]]"
        yield f"match = {json.dumps(host.match)}"
        yield '# owner = "…"  # whose it is, as in the contract'
        yield '# role = "…"  # first_party, processor or third_party'
        if host.region:
            yield f"region = {json.dumps(host.region)}  # as the app says"
        else:
            yield '# region = "…"'


def _wrapped(sentence: str, margin: str = "# ") -> str:
    return textwrap.fill(
        sentence, WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
