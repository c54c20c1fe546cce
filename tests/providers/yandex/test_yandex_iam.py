import json
from datetime import timedelta

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from threads_logic import IAM
from threads_server import FOLDER, ThreadsServer

from dragoman.core.context.clock import hurry
from dragoman.core.errors import Unauthenticated, Unavailable
from dragoman.providers.base.provider import ConversationQuery
from dragoman.providers.yandex import YandexProvider, iam
from dragoman.providers.yandex.settings import YandexSettings
from dragoman.transport.credentials import redact

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]


@pytest.fixture(scope="module")
def private_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def key(private_key):
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    # Key files of the vendor have a line of words before the key.
    said = f"PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <ajekey>\n{pem}"
    return {"id": "ajekey", "service_account_id": "ajeaccount", "private_key": said, "key_algorithm": "RSA_2048"}


@pytest.fixture
def waits():
    with hurry() as asked:
        yield asked


@pytest.fixture
async def server(waits):
    async with ThreadsServer("none yet").serving() as server:
        yield server


def opened(server, secret, iam_target=None):
    return YandexProvider.open(
        YandexSettings(
            provider="yandex",
            target=server.target,
            tls=False,
            folder_id=FOLDER,
            service_account_key=secret,
            iam_target=iam_target or server.target,
        )
    )


def exchanges(server):
    return sum(call.method == IAM for call in server.journal)


async def test_the_proof_says_who_asks_and_is_signed_with_the_key(server, key, private_key):
    async with opened(server, json.dumps(key)) as provider:
        await provider.check()
    (proof,) = server.jwts
    assert jwt.get_unverified_header(proof) == {"typ": "JWT", "alg": "PS256", "kid": "ajekey"}
    audience = "https://iam.api.cloud.yandex.net/iam/v1/tokens"
    claims = jwt.decode(proof, private_key.public_key(), ["PS256"], audience=audience)
    assert claims == {"iss": "ajeaccount", "aud": audience, "iat": claims["iat"], "exp": claims["iat"] + 3600}


async def test_one_token_serves_many_calls_at_once(server, key):
    async with opened(server, json.dumps(key)) as provider, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(provider.list_conversations, ConversationQuery())
    assert exchanges(server) == 1


@pytest.mark.parametrize(
    ("lifetime", "used"), [(timedelta(hours=12), 3600), (timedelta(minutes=30), 1500), (timedelta(seconds=60), 30)]
)
async def test_a_token_is_replaced_before_it_expires_and_at_least_every_hour(server, key, lifetime, used):
    server.lifetime = lifetime
    async with opened(server, json.dumps(key)) as provider:
        await provider.check()
        await provider._clock.sleep(used - 5)
        await provider.check()
        assert exchanges(server) == 1
        await provider._clock.sleep(10)
        await provider.check()
    assert exchanges(server) == 2


async def test_a_refused_token_is_replaced_once(server, key):
    async with opened(server, json.dumps(key)) as provider:
        await provider.check()
        server.authorization = "Bearer t1.revoked"
        await provider.check()
    assert exchanges(server) == 2
    assert server.count("ThreadService/List") == 3


async def test_calls_that_are_refused_together_share_one_new_token(server, key):
    async with opened(server, json.dumps(key)) as provider:
        await provider.check()
        server.authorization = "Bearer t1.revoked"
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(provider.list_conversations, ConversationQuery())
    assert exchanges(server) <= 3


@pytest.mark.parametrize("way", ["file", "path"])
async def test_the_key_may_stand_in_a_file(server, key, tmp_path, way):
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key, indent=2))
    async with opened(server, {"file": str(path)} if way == "file" else str(path)) as provider:
        await provider.check()
    assert exchanges(server) == 1


async def test_nothing_of_the_key_or_the_token_is_shown(server, key):
    async with opened(server, json.dumps(key)) as provider:
        await provider.check()
    for value in (key["private_key"], server.jwts[0], server.authorization.removeprefix("Bearer ")):
        assert redact(f"say {value}") == "say [secret]"


BROKEN = {
    "no JSON": "{",
    "a list": "[]",
    "a member is missing": json.dumps({"id": "a", "service_account_id": "b"}),
    "no key": json.dumps({"id": "a", "service_account_id": "b", "private_key": "secret words"}),
    "no file": "/no/such/file.json",
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_key_is_named_by_its_setting_and_not_shown(server, case):
    async with opened(server, BROKEN[case]) as provider:
        with pytest.raises(Unauthenticated) as caught:
            await provider.check()
    assert "secret words" not in str(caught.value)
    assert "service_account_key" in str(caught.value) or "file" in str(caught.value)
    assert server.journal == []


async def test_a_key_that_is_not_accepted_names_the_setting_and_the_clock(server, key, monkeypatch):
    monkeypatch.setattr(iam, "sign", lambda *_: "")
    async with opened(server, json.dumps(key)) as provider:
        with pytest.raises(Exception, match="`service_account_key`, and that the clock"):
            await provider.check()
    server.violations.clear()


async def test_a_place_for_tokens_that_is_away_is_named(server, key):
    async with opened(server, json.dumps(key), iam_target="127.0.0.1:9") as provider:
        with pytest.raises(Unavailable, match="`iam_target`"):
            await provider.check()
