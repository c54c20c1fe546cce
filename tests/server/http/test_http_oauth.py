"""Access tokens of a real authorization server: the SDK's, run on loopback, with PKCE and registration."""

import base64
import json
import time
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from issuer import SCOPES, Issuer, free_port
from jwt.algorithms import ECAlgorithm
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata


@pytest.fixture
def guarded(behind_issuer):
    with behind_issuer() as server:
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
        assert len((await client.list_tools()).tools) == 8
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
    assert len(reading.message["result"]["tools"]) == 5


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
        wait_until(lambda: any("cannot be had" in line for line in server.log))
        warning = next(line for line in server.log if "cannot be had" in line)
        assert f"http://127.0.0.1:{silent}/.well-known/openid-configuration: " in warning
        assert "refuses connections" in warning
        assert "Error" not in warning


def test_refused_requests_are_logged_with_address_name_and_reason_and_without_the_token(guarded, issuer):
    expired = issuer.token(aud=guarded.url, exp=1000)
    forged = issuer.token(aud=guarded.url, sub="mallory")[:-8] + "AAAAAAAA"
    for token in (None, "dragoman_secretsecret", expired, forged):
        assert guarded.ask("tools/list", token=token).status == 401
    guarded.request("POST", "/mcp", b"{}", {"Authorization": "Basic c2VjcmV0"})
    wait_until(lambda: sum("refused with 401" in line for line in guarded.log) == 5)
    said = [line.partition("A request of ")[2].strip() for line in guarded.log if "refused with 401" in line]
    assert said[0] == "127.0.0.1 was refused with 401: it brought no bearer token (-)."
    assert "(-)" in said[1]
    assert said[2] == "127.0.0.1 was refused with 401: the token is refused, its time is over (oauth:ann)."
    assert "mallory" not in said[3]
    assert all("WARNING" in line for line in guarded.log if "refused with 401" in line)
    log = "".join(guarded.log)
    assert not any(secret in log for secret in ("secretsecret", expired, forged, "c2VjcmV0"))


def test_a_crowd_of_refused_requests_is_counted_and_not_written_down_one_by_one(guarded):
    for _ in range(100):
        assert guarded.ask("tools/list").status == 401
    wait_until(lambda: sum("refused with 401" in line for line in guarded.log) >= 60)
    assert sum("refused with 401" in line for line in guarded.log) == 60


def wait_until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("uri", ["http://169.254.169.254/keys", "http://127.0.0.2:1/keys", "file:///etc/passwd", 7])
def test_metadata_cannot_send_us_into_the_network(uri):
    from dragoman_server.transports.http.auth.jwks import _KeyProblem, _safe

    with pytest.raises(_KeyProblem, match="jwks_uri"):
        _safe(uri, "127.0.0.1")
