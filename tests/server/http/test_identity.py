"""Who somebody is, from claims of tokens: only what is plainly said counts, and no key that was withdrawn."""

import logging

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from issuer import Issuer

from dragoman_server.config.auth import OAuthSettings
from dragoman_server.transports.http.auth import jwks
from dragoman_server.transports.http.auth.jwks import MAX_AGE, Keys, KeysUnavailable
from dragoman_server.transports.http.auth.token_verifier import AccessTokens, TokenRefused

pytestmark = pytest.mark.anyio

URL = "https://login.example.com"
HERE = "https://mcp.example.com/mcp"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture(scope="module")
def issuer():
    return Issuer(URL)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pages(monkeypatch, issuer):
    """What the issuer serves; a text is the reason why it does not."""
    served = {
        f"{URL}/.well-known/oauth-authorization-server": {"issuer": URL, "jwks_uri": f"{URL}/keys"},
        f"{URL}/keys": issuer.jwks(),
    }

    async def get(url):
        page = served.get(url, "it answers with HTTP 404")
        if isinstance(page, str):
            raise jwks._KeyProblem(url, page)
        return page

    monkeypatch.setattr(jwks, "_get", get)
    return served


@pytest.fixture
def verifier(pages, clock):
    return AccessTokens(OAuthSettings(issuer=URL), HERE, Keys(URL, clock=clock))


async def email_of(verifier, issuer, **claims):
    token = issuer.token(**{"aud": HERE, "email": "ann@example.com"} | claims)
    return (await verifier.verify(token)).principal.email


async def test_an_address_counts_when_it_is_verified_or_nothing_is_said_of_that(verifier, issuer):
    assert await email_of(verifier, issuer) == "ann@example.com"
    assert await email_of(verifier, issuer, email_verified=True) == "ann@example.com"
    assert await email_of(verifier, issuer, email_verified=False) is None


@pytest.mark.parametrize("value", ["false", "true", "no", "", 0, 1, 1.0, [], [True], {}, {"verified": True}])
async def test_whatever_else_is_said_of_an_address_opens_nothing(verifier, issuer, value):
    with pytest.raises(TokenRefused, match="email_verified"):
        await email_of(verifier, issuer, email_verified=value)


async def test_an_address_that_is_verified_as_null_opens_nothing(verifier, issuer):
    token = jwt.encode(
        {**jwt.decode(issuer.token(aud=HERE), options={"verify_signature": False}), "email_verified": None},
        issuer.key, "RS256", {"kid": issuer.kid},
    )  # fmt: skip
    with pytest.raises(TokenRefused, match="email_verified"):
        await verifier.verify(token)


ODD = ["", " ", "a\nb", "a\x00", "\u202eann", "a\u200bb", "x" * 513, "\ud800", "a\u2028b"]


@pytest.mark.parametrize("claim", ["sub", "client_id", "azp", "email"])
@pytest.mark.parametrize("value", [*ODD, 7, ["ann"], {"id": "ann"}, True])
async def test_a_name_that_is_no_plain_text_opens_nothing_in_whichever_claim(verifier, issuer, claim, value):
    with pytest.raises(TokenRefused):
        await email_of(verifier, issuer, **{claim: value})


async def test_nobody_is_known_by_the_program_that_they_use(verifier, issuer):
    with pytest.raises(TokenRefused, match="lacks a claim"):
        await verifier.verify(issuer.token(aud=HERE, sub=None))


@settings(deadline=None, max_examples=60)
@given(first=st.text(max_size=600), second=st.text(max_size=600))
def test_two_people_are_never_one_principal(first, second, issuer):
    async def name_of(verifier, subject):
        try:
            return (await verifier.verify(issuer.token(aud=HERE, sub=subject))).principal.name
        except TokenRefused:
            return None

    async def run():
        verifier = AccessTokens(OAuthSettings(issuer=URL), HERE, Fixed(issuer))
        names = [await name_of(verifier, subject) for subject in (first, second)]
        assert None in names or (names[0] == names[1]) == (first == second)

    import anyio

    anyio.run(run)


class Fixed:
    """Keys that are always there."""

    def __init__(self, issuer):
        self.key = jwt.PyJWK.from_dict(issuer.jwks()["keys"][0])

    async def find(self, _kid):
        return self.key


async def test_a_key_that_the_issuer_withdraws_is_good_for_five_minutes_at_most(verifier, issuer, pages, clock):
    token = issuer.token(aud=HERE)
    await verifier.verify(token)
    other = Issuer(URL)
    other.rotate("second")
    pages[f"{URL}/keys"] = other.jwks()
    clock.now += MAX_AGE + 1
    with pytest.raises(TokenRefused, match="no key"):
        await verifier.verify(token)
    assert MAX_AGE <= 300


async def test_a_key_counts_no_longer_when_the_issuer_cannot_be_asked(verifier, issuer, pages, clock):
    token = issuer.token(aud=HERE)
    await verifier.verify(token)
    pages[f"{URL}/keys"] = "it answers with HTTP 500"
    clock.now += MAX_AGE - 1
    await verifier.verify(token)
    clock.now += 2
    with pytest.raises(KeysUnavailable):
        await verifier.verify(token)


@pytest.mark.parametrize(
    ("place", "page", "words"),
    [
        (f"{URL}/keys", "it answers with HTTP 500", f"{URL}/keys: it answers with HTTP 500"),
        (f"{URL}/keys", {"keys": "none"}, f"{URL}/keys: the answer holds no keys"),
        (
            f"{URL}/.well-known/oauth-authorization-server",
            "it answers with HTTP 404",
            "openid-configuration: it answers",
        ),
        (f"{URL}/.well-known/oauth-authorization-server", {"issuer": "https://x"}, "its metadata names another issuer"),
        (f"{URL}/.well-known/oauth-authorization-server", {"issuer": URL, "jwks_uri": "http://x"}, "no https address"),
    ],
)
async def test_keys_that_cannot_be_had_are_logged_with_address_and_cause(
    verifier, issuer, pages, caplog, place, page, words
):
    pages[place] = page
    with caplog.at_level(logging.WARNING), pytest.raises(KeysUnavailable):
        await verifier.verify(issuer.token(aud=HERE))
    (record,) = caplog.records
    assert URL in record.getMessage()
    assert words in record.getMessage()
    assert "Error" not in record.getMessage()
