"""An authorization server as the SDK makes them, on loopback; everybody who comes to it is Ann."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from contextlib import contextmanager

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from mcp.server.auth.provider import AuthorizationCode, OAuthAuthorizationServerProvider, construct_redirect_uri
from mcp.server.auth.routes import build_metadata, create_auth_routes
from mcp.server.auth.settings import ClientRegistrationOptions
from mcp.shared.auth import OAuthToken
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

SCOPES = ["messages:read", "messages:write"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Issuer(OAuthAuthorizationServerProvider):
    """Signs tokens for whoever asks; everybody is Ann."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clients, self.codes = {}, {}
        self.asked: list[str] = []
        self.rotate("first")

    def rotate(self, kid: str) -> None:
        self.kid, self.key = kid, rsa.generate_private_key(65537, 2048)

    def jwks(self) -> dict[str, object]:
        return {"keys": [{**json.loads(RSAAlgorithm.to_jwk(self.key.public_key())), "kid": self.kid, "use": "sig"}]}

    def token(self, **claims) -> str:
        now = int(time.time())
        usual = {
            "iss": self.url,
            "sub": "ann",
            "client_id": "c",
            "exp": now + 60,
            "iat": now,
            "scope": " ".join(SCOPES),
        }
        return jwt.encode(
            {k: v for k, v in {**usual, **claims}.items() if v is not None},
            self.key, "RS256", {"kid": self.kid, "typ": "at+jwt"},
        )  # fmt: skip

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client_info):
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client, params):
        code = secrets.token_urlsafe(32)
        self.codes[code] = AuthorizationCode(
            code=code, scopes=params.scopes or [], expires_at=time.time() + 60, client_id=client.client_id,
            code_challenge=params.code_challenge, redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=True, resource=params.resource,
        )  # fmt: skip
        return construct_redirect_uri(str(params.redirect_uri), code=code, state=params.state)

    async def load_authorization_code(self, client, authorization_code):
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client, authorization_code):
        code = self.codes.pop(authorization_code.code)
        token = self.token(aud=code.resource, scope=" ".join(code.scopes), client_id=client.client_id)
        return OAuthToken(access_token=token, token_type="Bearer", expires_in=60, scope=" ".join(code.scopes))  # noqa: S106

    async def load_refresh_token(self, client, refresh_token):
        return None

    async def load_access_token(self, token):
        return None


def application(provider: Issuer) -> Starlette:
    options = ClientRegistrationOptions(enabled=True, valid_scopes=SCOPES, default_scopes=SCOPES)
    url = AnyHttpUrl(provider.url)
    said = json.loads(
        build_metadata(url, None, options, ClientRegistrationOptions()).model_dump_json(exclude_none=True)
    )
    said |= {"issuer": provider.url, "jwks_uri": f"{provider.url}/keys"}

    async def metadata(_request):
        return JSONResponse(said)

    async def keys(_request):
        provider.asked.append("keys")
        return JSONResponse(provider.jwks())

    found = [Route("/.well-known/oauth-authorization-server", metadata), Route("/keys", keys)]
    return Starlette(routes=[*found, *create_auth_routes(provider, url, client_registration_options=options)])


@contextmanager
def serving():
    """An issuer, and its authorization server for as long as the context lasts."""
    port = free_port()
    provider = Issuer(f"http://127.0.0.1:{port}")
    server = uvicorn.Server(
        uvicorn.Config(application(provider), port=port, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield provider
    finally:
        server.should_exit = True
        thread.join()
