"""Who reads: signed in with a token of their own, or by OpenID Connect with a token of their role.

A token is kept in the session of one browser window alone: not in an address, a cookie or a log.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from streamlit.errors import StreamlitSecretNotFoundError

from collector.contract.config import Settings
from collector.contract.errors import BadInput, Forbidden, Unauthenticated
from dashboard import states
from dashboard.questions import Caller, Questions

Role = Literal["lead", "oncall", "compliance", "replay", "admin"]
# From the one that sees least.
ROLES: Sequence[Role] = ("lead", "oncall", "compliance", "replay", "admin")
_SESSION, _SEEN, _ENDED = "limen-session", "limen-seen", "limen-ended"
_TOKEN = re.compile(r"limen_[!-~]+")
# A provider leads back to the first page. What was asked for is kept meanwhile by the window
# itself, which forgets it at the next page that it sees signed in.
_KEEP = '<script>sessionStorage.setItem("limen-link", location.href)</script>'
_FOLLOW = """<script>{
const link = sessionStorage.getItem("limen-link");
sessionStorage.removeItem("limen-link");
if (link && location.pathname === "/" && !location.search) location.replace(link);
}</script>"""


class SessionEnded(Unauthenticated):
    """The session has ended: sign in again."""


class Provider(BaseModel):
    """The section `[limen]` of Streamlit's secrets: whose groups have which role, and its token.

    `claim` of a person's identity holds their groups.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    claim: str = "groups"
    groups: Mapping[str, Role] = Field(min_length=1)
    tokens: Mapping[Role, SecretStr]

    def roles(self, identity: Mapping[str, Any]) -> list[Role]:
        """The roles of a person, from the one that sees least."""
        told = identity.get(self.claim) or ()
        names = [told] if isinstance(told, str) else told
        found = {self.groups[name] for name in names if name in self.groups}
        return [role for role in ROLES if role in found]


@dataclass(frozen=True, slots=True)
class _Session:
    """A reader's own token, and when they signed in (monotonic seconds)."""

    token: SecretStr = field(repr=False)
    began: float


def provider() -> Provider | None:
    """How people sign in by OpenID Connect; None where it is not set up. Raises BadInput."""
    try:
        secrets = st.secrets.to_dict()
    except StreamlitSecretNotFoundError:
        return None
    if "auth" not in secrets:
        return None
    try:
        found = Provider.model_validate(secrets.get("limen", {}))
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        place = ".".join(("limen", *map(str, first["loc"])))
        raise BadInput(f"secrets.toml: {place}: {first['msg']}") from None
    if missing := set(found.groups.values()) - found.tokens.keys():
        raise BadInput(f"secrets.toml: limen.tokens: there is none for {', '.join(missing)}")
    return found


def current(settings: Settings) -> Caller | None:
    """Who reads now; None where they have to sign in first. Raises BadInput."""
    oidc = provider()
    if oidc is None and settings.token:
        return Caller(settings.api_url, settings.token)
    state = st.session_state
    _end_if_over(settings)
    if oidc is not None and _ENDED not in state:
        state[_SESSION] = _of_role(oidc)
        _end_if_over(settings)
    session: _Session | None = state.get(_SESSION)
    if oidc is not None:
        if session is None:
            return None
        _run(_FOLLOW)
    state[_SEEN] = time.monotonic()
    return Caller(settings.api_url, session.token if session else None)


def _of_role(oidc: Provider) -> _Session | None:
    """The session of whoever signed in at the provider, under the role that they have or choose."""
    if not st.user.is_logged_in:
        return None
    identity: Mapping[str, Any] = st.user.to_dict()
    roles = oidc.roles(identity)
    if not roles:
        return None
    role = roles[0]
    if len(roles) > 1:
        role = st.sidebar.selectbox("Your role", roles, key="limen-role")
    age = time.time() - float(identity.get("iat", 0))
    return _Session(oidc.tokens[role], time.monotonic() - age)


def still(settings: Settings) -> None:
    """Raises SessionEnded where the reader has done nothing for too long, or it is over."""
    _end_if_over(settings)
    if _ENDED in st.session_state:
        raise SessionEnded


def signed_in() -> bool:
    """Whether there is a session that can be ended."""
    return st.session_state.get(_SESSION) is not None


def sign_out() -> None:
    """Ends the session."""
    st.session_state.pop(_SESSION, None)
    if provider() is not None:
        st.logout()


def _end_if_over(settings: Settings) -> None:
    session: _Session | None = st.session_state.get(_SESSION)
    if session is None:
        return
    now = time.monotonic()
    idle = now - st.session_state.get(_SEEN, now)
    if (
        idle > settings.dashboard_idle_minutes * 60
        or now - session.began > settings.dashboard_hours * 3600
    ):
        del st.session_state[_SESSION]
        st.session_state[_ENDED] = True


def show(settings: Settings) -> None:
    """Where the reader signs in."""
    oidc, ended = provider(), _ENDED in st.session_state
    st.title("Sign in", anchor=False)
    if ended:
        then = "; this page opens then" if oidc is None else ""
        st.text(f"Your session has ended. Sign in again{then}.")
    elif signed_in():
        of = "your token" if oidc is None else "the token of your role"
        st.text(f"The collector no longer takes {of}: it was revoked.")
    if oidc is None:
        _by_token(settings)
    elif ended or not st.user.is_logged_in:
        _run(_KEEP)
        st.text("With your organization's account: its groups say what you may see.")
        if st.button("Sign in", type="primary"):
            st.login()
    else:
        if signed_in():
            st.text("Ask whoever runs the dashboard to put a new one in its secrets.toml.")
        else:
            states.absent(
                "These pages are for others",
                "You are signed in, and none of your groups has a role here. Ask whoever runs the "
                "dashboard to name one of them in its secrets.toml; they are what the claim "
                f"`{oidc.claim}` of your account says.",
            )
        if st.button("Sign out"):
            st.logout()


def _run(script: str) -> None:
    """Runs a `script` of ours in the reader's window; nothing of anybody's is put into it."""
    st.html(script, unsafe_allow_javascript=True)


def _by_token(settings: Settings) -> None:
    st.text("With a token of your own: it says what you may see, and is kept in this window only.")
    with st.form("sign-in", clear_on_submit=True, width=560):
        words = st.text_input("Your token", type="password", autocomplete="off")
        asked = st.form_submit_button("Sign in", type="primary")
    if asked:
        _enter(settings, words.strip())
    st.caption("Whoever runs the collector makes one:")
    st.code("limen token create --role lead --name YOU", language="bash", wrap_lines=True)


def _enter(settings: Settings, words: str) -> None:
    token = SecretStr(words)
    try:
        if not _TOKEN.fullmatch(words):
            raise BadInput("a token is one word that begins with limen_; copy all of it")
        Questions(Caller(settings.api_url, token)).status()
    except BadInput as error:
        states.refused("This is no token", error)
    except Unauthenticated:
        states.refused(
            "This token is not in force",
            BadInput("it was revoked, or is another collector's; ask for a new one"),
        )
    except Forbidden:
        states.refused("This token may not read", BadInput("one of the role ingest sends"))
    else:
        st.session_state[_SESSION] = _Session(token, time.monotonic())
        st.session_state[_SEEN] = time.monotonic()
        st.session_state.pop(_ENDED, None)
        st.rerun()
