"""Asks each request for a token of a role that may make it (`collector/permissions/roles.py`)."""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from collector.contract.errors import Forbidden, Unauthenticated
from collector.permissions.roles import ACCESS, INGEST, Role, Roles
from collector.permissions.tokens import Token, Tokens, find_token

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a role, and the id of the token that says so; None where none was needed."""

    role: Role
    token: str | None

    def must_be(self, roles: Roles) -> None:
        """Raises Forbidden, naming the roles that may."""
        if self.role not in roles:
            raise Forbidden(f"a token of the role {self.role} may not do this; {_named(roles)} may")


class Guard:
    """One door's. `exposed`: others than this machine reach it, so that it always needs a token.

    Else it needs one as soon as one was ever made: taking data an ingest token, asking any.
    """

    def __init__(self, tokens: Tokens, *, exposed: bool) -> None:
        self._tokens, self._exposed = tokens, exposed

    def over(self, routes: Sequence[Route]) -> list[Route]:
        """`routes`, guarded; `request.state.caller` is the caller.

        Raises KeyError for a route that `ACCESS` does not name.
        """
        return [self._guarded(route) for route in routes]

    def admit(self, roles: Roles | None, authorization: str | None) -> Caller:
        """Who asks. Raises Unauthenticated, Forbidden and TokensUnreadable."""
        if roles is None:
            return Caller(Role.ADMIN, None)
        tokens = self._tokens.all()
        if not self._needed(roles, tokens):
            return Caller(Role.ADMIN, None)
        scheme, _, presented = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated(
                "send a token: Authorization: Bearer TOKEN, "
                f"made with `limen token create`; the roles that may do this: {_named(roles)}"
            )
        token = find_token(tokens, presented.strip())
        if token is None:
            raise Unauthenticated("the token is not known here, or no longer in force")
        caller = Caller(token.role, token.id)
        caller.must_be(roles)
        return caller

    def _needed(self, roles: Roles, tokens: Sequence[Token]) -> bool:
        of_the_kind = (roles != INGEST or token.role is Role.INGEST for token in tokens)
        return self._exposed or any(of_the_kind)

    def _guarded(self, route: Route) -> Route:
        methods = (route.methods or set()) - {"HEAD"}
        allowed = {method: ACCESS[f"{method} {route.path}"] for method in methods}
        return Route(route.path, _Guarded(self, route.endpoint, allowed), methods=methods)


class _Guarded:
    """An endpoint and the roles that may, by method. An ASGI app, which costs less than a function
    that Starlette makes one of."""

    def __init__(
        self, guard: Guard, endpoint: Endpoint, allowed: Mapping[str, Roles | None]
    ) -> None:
        functools.update_wrapper(self, endpoint)
        self._guard, self._endpoint, self._allowed = guard, endpoint, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        method = "GET" if request.method == "HEAD" else request.method
        authorization = request.headers.get("authorization")
        request.state.caller = self._guard.admit(self._allowed[method], authorization)
        response = await self._endpoint(request)
        await response(scope, receive, send)


def _named(roles: Roles) -> str:
    return ", ".join(role for role in Role if role in roles)
