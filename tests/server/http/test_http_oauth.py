"""Access tokens of a real authorization server: the SDK's, run on loopback, with PKCE and registration."""

import base64
import json
import secrets
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import AuthorizationCode, OAuthAuthorizationServerProvider, construct_redirect_uri
from mcp.server.auth.routes import build_metadata, create_auth_routes
from mcp.server.auth.settings import ClientRegistrationOptions
from mcp.shared.auth import OAuthClientMetadata, OAuthToken
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


@pytest.fixture
def issuer():
    port = free_port()
    provider = Issuer(f"http://127.0.0.1:{port}")
    with running(application(provider), port):
        yield provider


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
def running(app, port):
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def guarded(site, issuer, monkeypatch):
    """A server behind the issuer, on a port that its settings know before."""
    port = free_port()
    settings = (
        f'[http]\npublic_url = "http://127.0.0.1:{port}/mcp"\n[accounts.one]\nprovider = "local"\n'
        f'[auth.oauth]\nissuer = "{issuer.url}"\n'
    )
    with site(settings, at=port) as server:
        yield server


class Memory:
    def __init__(self):
        self.tokens = self.info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.info

    async def set_client_info(self, client_info):
        self.info = client_info


@pytest.mark.anyio
async def test_a_client_finds_the_way_to_a_token_and_in(guarded, issuer):
    seen: list[str] = []

    async def redirect(url: str) -> None:
        async with httpx2.AsyncClient() as browser:
            seen.append((await browser.get(url)).headers["location"])

    async def callback():
        from mcp.client.auth import AuthorizationCodeResult

        query = parse_qs(urlsplit(seen[-1]).query)
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0])

    metadata = OAuthClientMetadata(
        client_name="test", redirect_uris=["http://127.0.0.1:9/callback"], grant_types=["authorization_code"]
    )
    auth = OAuthClientProvider(guarded.url, metadata, Memory(), redirect, callback)
    async with (
        httpx2.AsyncClient(auth=auth, timeout=30) as http,
        Client(streamable_http_client(guarded.url, http_client=http)) as client,
    ):
        assert len((await client.list_tools()).tools) == 7
    assert len(seen) == 1
    assert "code_challenge" not in seen[0]


def test_only_tokens_that_are_made_out_to_us_and_in_time_open(guarded, issuer):
    def status(**claims) -> int:
        return guarded.ask("tools/list", token=issuer.token(**{"aud": guarded.url, **claims})).status

    now = int(time.time())
    assert status() == 200
    assert status(aud=["https://other.example", guarded.url]) == 200
    assert status(scope=None, scp=["messages:read"]) == 200
    wrong = [
        {"aud": "https://other.example/mcp"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None},
        {"exp": now - 3600}, {"exp": None}, {"nbf": now + 3600}, {"sub": None, "client_id": None}, {"sub": 7, "aud": 7},
    ]  # fmt: skip
    assert [status(**claims) for claims in wrong] == [401] * len(wrong)


def test_a_missing_token_tells_where_to_get_one_and_a_missing_scope_which(guarded, issuer):
    refused = guarded.ask("tools/list")
    place = f"http://127.0.0.1:{guarded.port}/.well-known/oauth-protected-resource/mcp"
    assert refused.status == 401
    assert f'resource_metadata="{place}"' in refused.headers["www-authenticate"]
    told = json.loads(guarded.get(urlsplit(place).path).body)
    assert told["resource"] == guarded.url
    assert [url.rstrip("/") for url in told["authorization_servers"]] == [issuer.url]
    assert told["scopes_supported"] == SCOPES
    other = guarded.ask("tools/list", token=issuer.token(aud=guarded.url, scope="messages:write profile"))
    assert other.status == 403
    assert 'error="insufficient_scope"' in other.headers["www-authenticate"]
    reading = guarded.ask("tools/list", token=issuer.token(aud=guarded.url, scope="messages:read"))
    assert len(reading.message["result"]["tools"]) == 4


def test_a_call_that_writes_with_a_token_that_may_not_tells_which_scope_to_get(guarded, issuer):
    reading = issuer.token(aud=guarded.url, scope="messages:read")
    send = {"name": "send_message", "arguments": {"conversation": "one:room", "text": "x"}}
    for ask in (guarded.ask, guarded.ask_modern):
        refused = ask("tools/call", send, reading)
        assert refused.status == 403
        said = refused.headers["www-authenticate"]
        assert said.startswith('Bearer error="insufficient_scope", scope="messages:read messages:write"')
        assert f'resource_metadata="http://127.0.0.1:{guarded.port}/.well-known/oauth-protected-resource/mcp"' in said
        assert ask("tools/call", send, issuer.token(aud=guarded.url)).status == 200
        assert ask("tools/call", {"name": "list_conversations", "arguments": {}}, reading).status == 200
        assert ask("tools/list", {}, reading).status == 200
    for body in (b"[]", b"{", b'{"method":"tools/call","params":[]}', b"[" * 100_000, b'{"method":"tools/call"}'):
        assert guarded.post(body, reading).status == 400


def test_signatures_that_anybody_can_make_are_not_taken(guarded, issuer):
    good = issuer.token(aud=guarded.url)
    head, claims, signature = good.split(".")
    public = issuer.jwks()["keys"][0]["n"]
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": issuer.kid}).encode()).rstrip(b"=").decode()
    payload = jwt.decode(good, options={"verify_signature": False})
    other = ec.generate_private_key(ec.SECP256R1())
    brought = json.loads(ECAlgorithm.to_jwk(other.public_key()))
    forged = [
        f"{none}.{claims}.",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        jwt.encode(payload, public, "HS256", {"kid": issuer.kid}),
        jwt.encode(payload, other, "ES256", {"kid": issuer.kid}),
        jwt.encode(payload, other, "ES256", {"kid": issuer.kid, "jwk": brought}),
        jwt.encode(payload, issuer.key, "RS256", {"kid": issuer.kid, "typ": "logout+jwt"}),
        "a.b.c", "..", good * 20,
    ]  # fmt: skip
    assert guarded.ask("tools/list", token=good).status == 200
    assert [guarded.ask("tools/list", token=token).status for token in forged] == [401] * len(forged)
    assert guarded.ask("tools/list", token="\x7f").status == 400  # noqa: S106  # no header of HTTP


def test_new_keys_are_found_and_invented_ones_do_not_make_us_ask_again_and_again(guarded, issuer):
    assert guarded.ask("tools/list", token=issuer.token(aud=guarded.url)).status == 200
    issuer.rotate("second")
    assert guarded.ask("tools/list", token=issuer.token(aud=guarded.url)).status == 200
    asked = len(issuer.asked)
    for number in range(20):
        issuer.kid = f"invented-{number}"
        assert guarded.ask("tools/list", token=issuer.token(aud=guarded.url)).status == 401
    assert len(issuer.asked) == asked == 2


def test_while_the_issuer_is_silent_nobody_is_judged(site):
    port, silent = free_port(), free_port()
    settings = (
        f'[http]\npublic_url = "http://127.0.0.1:{port}/mcp"\n[auth.oauth]\nissuer = "http://127.0.0.1:{silent}"\n'
    )
    token = Issuer(f"http://127.0.0.1:{silent}").token(aud=f"http://127.0.0.1:{port}/mcp")
    with site(settings, at=port) as server:
        refused = server.ask("tools/list", token=token)
        assert refused.status == 503
        assert refused.headers["retry-after"]
        assert "does not tell its keys now" in refused.sentence
        assert server.get("/healthz").status == 200


@pytest.mark.parametrize("uri", ["http://169.254.169.254/keys", "http://127.0.0.2:1/keys", "file:///etc/passwd", 7])
def test_metadata_cannot_send_us_into_the_network(uri):
    from dragoman_server.http.keys import _safe

    with pytest.raises(ValueError, match="jwks_uri"):
        _safe(uri, "127.0.0.1")
