"""What a policy could say besides, as it crosses the query API."""

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class SuggestedAttribute(_Record):
    """What a policy could do with an attribute that nobody names; `action` None: leave it out.

    `types` are those of its values, `distinct_values` an estimate that ends at 245.
    """

    key: str
    action: str | None
    reason: str
    places: tuple[str, ...]
    types: tuple[str, ...]
    occurrences: int
    distinct_values: int


class SuggestedFlow(_Record):
    """A way out that is not declared: `hosts` would declare it, unless there is a `problem`.

    `later` has the same by release, for those since which the feature has ways out of their own.
    `destination` is as it is stored. Of the `transfers`, `refused` left without consent; `unsaid`
    is what apps did not say of some of the others.
    """

    destination: str
    hosts: tuple[str, ...]
    later: dict[str, tuple[str, ...]]
    purpose: str
    consent: str
    categories: tuple[str, ...]
    regions: tuple[str, ...]
    legs: tuple[str, ...]
    transfers: int
    refused: int
    unsaid: tuple[str, ...]
    problem: str | None


class SuggestedFeature(_Record):
    """A feature and its ways out. `named`: the policy in force has it, but not `categories`; from
    `releases` on it has others than before."""

    name: str
    named: bool
    requests: int
    installations: int
    placements: tuple[str, ...]
    categories: tuple[str, ...]
    releases: tuple[str, ...]
    flows: tuple[SuggestedFlow, ...]


class SuggestedHost(_Record):
    """A destination of which the policy in force says nothing; `region` None: unknown, or several.

    `match` is as in the policy.
    """

    match: str
    region: str | None


class Suggestion(_Record):
    """What the policy in force could say besides, from what was seen from `since` to `until`.

    `first`: there is no policy file yet. `hidden` values had keys that cannot be shown. `toml` is
    all of it as the draft of a policy, or of what to add to it.
    """

    policy: str
    first: bool
    since: str
    until: str
    attributes: tuple[SuggestedAttribute, ...]
    hidden: int
    features: tuple[SuggestedFeature, ...]
    hosts: tuple[SuggestedHost, ...]
    toml: str = ""
