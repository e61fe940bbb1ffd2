"""A provider of OpenID Connect on a real port: whoever comes is the person that it is told."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route


@dataclass
class OidcProvider:
    """`person` are the claims of whoever signs in next; they signed in `ago` seconds before."""

    url: str
    person: Mapping[str, Any] = field(default_factory=dict)
    ago: int = 0
    _key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    _asked: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _configuration(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked, code = request.query_params, secrets.token_urlsafe(16)
        self._asked[code] = (asked["client_id"], asked.get("nonce"))
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def _token(self, request: Request) -> Response:
        code = parse_qs((await request.body()).decode())["code"][0]
        client, nonce = self._asked.pop(code)
        now = int(time.time())
        claims = {"iss": self.url, "aud": client, "iat": now - self.ago, "exp": now + 600}
        words = jwt.encode({"alg": "RS256"}, {**claims, "nonce": nonce, **self.person}, self._key)
        return JSONResponse(
            {"access_token": "none", "token_type": "Bearer", "expires_in": 600, "id_token": words}
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    """One that answers while the block runs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        provider = OidcProvider(f"http://127.0.0.1:{listener.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(provider.app(), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join()
