"""Records made of what was seen: processing activities, transfers to third countries, and what
declarations to app stores would have to say."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# What a transfer to a third country rests on, and where the GDPR says so.
ARTICLES: Mapping[str, str] = MappingProxyType(
    {
        "adequacy": "45",
        "scc_2021_914": "46(2)(c)",
        "scc_dpa": "46(2)(d)",
        "bcr": "46(2)(b), 47",
        "code_of_conduct": "46(2)(e)",
        "certification": "46(2)(f)",
        "public_instrument": "46(2)(a)",
        "ad_hoc_clauses": "46(3)(a)",
        "admin_arrangement": "46(3)(b)",
        "derogation_consent": "49(1)(a)",
        "derogation_contract": "49(1)(b)",
        "derogation_contract_third": "49(1)(c)",
        "derogation_public_interest": "49(1)(d)",
        "derogation_legal_claims": "49(1)(e)",
        "derogation_vital": "49(1)(f)",
        "derogation_register": "49(1)(g)",
        "derogation_compelling_li": "49(1), second subparagraph",
    }
)
# The recipient of inputs that apps log: Limen itself, sealed.
LOGGED_INPUTS = "logged inputs"
# Whether a recipient is in a third country, and whether that rests on something.
Basis = Literal["in_eea", "named", "not_named", "unknown"]
Store = Literal["apple", "play"]
# The records there are, and the forms of each: the first unless another is asked for.
FORMATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "article30": ("csv", "html", "json"),
        "transfers": ("csv", "json"),
        "play": ("csv", "json"),
        "apple": ("plist", "json"),
        "fides": ("yaml",),
    }
)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Activity(_Record):
    """What a feature does with data for a purpose, and one recipient of it (lit. b to f).

    None where nobody says; `recipient` is None where nothing leaves the device. `kept_days` is how
    long the recipient keeps it, 0: no longer than the request needs. Times are RFC 3339. `missing`
    are the keys of the policy that would say the rest.
    """

    app: str
    feature: str | None
    description: str | None
    purpose: str | None
    data_subjects: tuple[str, ...]
    categories: tuple[str, ...]
    recipient: str | None
    owner: str | None
    role: str | None
    country: str | None
    region: str | None
    basis: Basis | None
    mechanism: str | None
    article: str | None
    safeguards: str | None
    kept_days: int | None
    declared: bool | None
    count: int
    first_seen: str | None
    last_seen: str | None
    missing: tuple[str, ...]


class Article30(_Record):
    """The record of processing activities of a controller (GDPR, Article 30(1)), of a period.

    Lit. a and g are the controller's own words; `missing` are the keys of the policy that would say
    what is None.
    """

    since: str
    until: str
    policy: str
    policy_digest: str
    name: str | None
    contact: str | None
    joint_controllers: tuple[str, ...]
    representative: str | None
    dpo: str | None
    security: str | None
    missing: tuple[str, ...]
    activities: Sequence[Activity] = Field(repr=False)

    @property
    def transfers(self) -> list[Activity]:
        """Those whose recipient is not known to be within the EEA (Articles 44 to 49)."""
        return [one for one in self.activities if one.basis not in (None, "in_eea")]


class ProposedType(_Record):
    """A type of data of an app store that what was seen needs, for `because` of that.

    `others` of the store would do as well. None: a person has to say.
    """

    type: str
    others: tuple[str, ...]
    collected: bool
    purposes: tuple[str, ...]
    shared: bool | None
    sharing_purposes: tuple[str, ...]
    ephemeral: bool | None
    optional: bool | None
    because: tuple[str, ...]


class Proposal(_Record):
    """What a declaration of `app` to a store would have to say; `open` is what a person decides."""

    store: Store
    app: str
    since: str
    until: str
    types: tuple[ProposedType, ...]
    in_clear: bool
    open: tuple[str, ...]
