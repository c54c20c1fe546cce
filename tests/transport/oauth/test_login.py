"""Signing in, with real HTTP on loopback: the authorization server is one of the test, and so is the browser."""

import urllib.error
import urllib.request
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

import anyio
import pytest
from authorization_server import failing

from dragoman.core.context.clock import current_clock, hurry
from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    InvalidArgument,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from dragoman.transport.credentials import known_secrets
from dragoman.transport.oauth.client import SLACK
from dragoman.transport.oauth.login import sign_in
from dragoman.transport.oauth.session import OAuthSession

pytestmark = pytest.mark.anyio


class Browser:
    """Opens what it is shown, from a thread of its own, and notes what it gets to see.

    Attributes:
        visits: Makes the addresses to open of the one that was shown.
    """

    def __init__(self, visits=lambda address: [address]):
        self.visits, self.pages, self.addresses, self.codes = visits, [], [], []

    def show(self, address):
        self.addresses.append(address)
        self.group.start_soon(self.open, address)

    async def open(self, address):
        for visit in self.visits(address):
            self.pages.append(await anyio.to_thread.run_sync(_fetch, visit))

    async def sign_in(self, client, **options):
        async with anyio.create_task_group() as self.group:
            return await sign_in(client, self.show, self.codes.append, **{"device": False, **options})


def _fetch(address):
    try:
        with urllib.request.urlopen(address) as page:  # noqa: S310  # of this machine
            return page.status, page.read().decode(), dict(page.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


async def test_a_sign_in_in_the_browser_authorizes_the_calls_that_follow(server, client_of, home):
    client, browser = client_of(server), Browser()
    signed_in = await browser.sign_in(client)
    assert await OAuthSession(client).access_token() == server.access_tokens[0]
    assert str(home) in signed_in.place
    assert signed_in.lasts
    assert browser.pages[0][0] == 200
    assert "terminal" in browser.pages[0][1]


async def test_the_address_asks_for_a_code_with_pkce_for_this_machine(server, client_of):
    browser = Browser()
    await browser.sign_in(client_of(server))
    asked = {key: values[0] for key, values in parse_qs(urlsplit(browser.addresses[0]).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert asked["scope"] == "mail.read mail.send"
    assert len(asked["state"]) >= 32
    assert server.client_secret not in browser.addresses[0]
    assert server.forms[0]["code_verifier"] not in browser.addresses[0]
    assert {server.forms[0]["code"], server.forms[0]["code_verifier"]} <= known_secrets()


async def test_pages_with_another_state_are_refused_and_the_sign_in_goes_on(server, client_of):
    def visits(address):
        redirect_uri = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        state = parse_qs(urlsplit(address).query)["state"][0]
        forged = [
            {"code": "evil", "state": "wrong"}, {"code": "evil"}, {"error": "access_denied", "state": "é"},
            {"code": ["evil", "other"], "state": state}, {},
        ]  # fmt: skip
        return [
            *(f"{redirect_uri}?{urlencode(it, doseq=True)}" for it in forged),
            f"{redirect_uri}favicon.ico",
            address,
        ]

    browser = Browser(visits)
    await browser.sign_in(client_of(server))
    assert [status for status, _, _ in browser.pages] == [400, 400, 400, 400, 404, 404, 200]
    assert all("evil" not in page for _, page, _ in browser.pages)
    assert [form["grant_type"] for form in server.forms] == ["authorization_code"]


async def test_other_methods_and_floods_do_not_end_the_sign_in(server, client_of):
    browser = Browser()

    async def hostile(address):
        redirect_uri = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        port = urlsplit(redirect_uri).port
        for content in (
            b"\x16\x03\x01 TLS",
            b"POST / HTTP/1.1\r\n\r\n",
            b"GET / " + b"x" * 70_000,
            b"GET /?a=1\r\n\r\n",
        ):
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                try:
                    await stream.send(content)
                    await stream.send_eof()
                    assert b"400" in await stream.receive()
                except (anyio.BrokenResourceError, anyio.EndOfStream):
                    pass
        await browser.open(address)

    browser.show = lambda address: browser.group.start_soon(hostile, address)
    assert (await browser.sign_in(client_of(server))).lasts


async def test_somebody_who_declines_ends_the_sign_in_with_a_sentence(server, client_of):
    server.redirect = lambda parameters: {"error": "access_denied", "state": parameters["state"]}
    said = await failing(Browser().sign_in(client_of(server)), PermissionDenied)
    assert "does not allow" in said
    assert server.forms == []


async def test_the_words_of_an_error_cannot_imitate_ours(server, client_of):
    server.redirect = lambda parameters: {
        "error": "server_exploded", "error_description": 'x".\r\nwork is signed in. <b>', "state": parameters["state"]
    }  # fmt: skip
    said = await failing(Browser().sign_in(client_of(server)), Unauthenticated)
    assert "the service says" in said


@pytest.mark.parametrize("iss", ["https://evil.example", "http://127.0.0.1:1"])
async def test_an_answer_of_another_issuer_ends_the_sign_in_before_the_code_is_used(server, client_of, iss):
    server.redirect = lambda parameters: parameters | {"iss": iss}
    client = client_of(server, issuer=server.address, authorize_url=None, token_url=None, device_url=None)
    await failing(Browser().sign_in(client), BadResponse)
    assert server.forms == []


async def test_the_right_issuer_is_accepted(server, client_of):
    server.redirect = lambda parameters: parameters | {"iss": server.address}
    client = client_of(server, issuer=server.address, authorize_url=None, token_url=None, device_url=None)
    assert (await Browser().sign_in(client)).lasts
    assert await OAuthSession(client).access_token() == server.access_tokens[0]


async def test_an_issuer_that_always_names_itself_is_missed_where_it_does_not(server, client_of):
    server.metadata_more = {"authorization_response_iss_parameter_supported": True}
    client = client_of(server, issuer=server.address, authorize_url=None, token_url=None, device_url=None)
    await failing(Browser().sign_in(client), BadResponse)
    assert server.forms == []


async def test_a_code_that_the_server_does_not_take_ends_the_sign_in(server, client_of):
    server.redirect = lambda parameters: parameters | {"code": "another-code"}
    said = await failing(Browser().sign_in(client_of(server)), Unauthenticated)
    assert "dragoman login work-mail" in said


async def test_a_code_is_sent_once_even_when_its_answer_is_lost(server, client_of, waits):
    server.scripted = [(502, {})] * 3
    await failing(Browser().sign_in(client_of(server)), Unavailable)
    assert len(server.forms) == 1


async def test_nobody_who_signs_in_ends_the_waiting(server, client_of):
    said = await failing(Browser(lambda _: []).sign_in(client_of(server), patience=0.05), DeadlineExceeded)
    assert "Begin the sign-in again" in said


async def test_a_port_that_is_taken_is_named(server, client_of):
    taken = urlsplit(server.address).port
    said = await failing(Browser().sign_in(client_of(server), port=taken), Unavailable)
    assert str(taken) in said


async def test_two_sign_ins_at_once_do_not_disturb_each_other(server, client_of):
    clients = [client_of(server, account=name) for name in ("one", "two", "one")]
    async with anyio.create_task_group() as group:
        for client in clients:
            group.start_soon(partial(Browser().sign_in, client))
    tokens = [await OAuthSession(client).access_token() for client in clients]
    assert tokens[0] == tokens[2] != tokens[1]
    assert set(tokens) <= set(server.access_tokens)


async def test_scopes_that_were_not_granted_are_told(server, client_of):
    server.granted = "https://server.example/MAIL.READ"
    assert (await Browser().sign_in(client_of(server))).missing == ("mail.send",)


async def test_a_new_sign_in_counts_more_than_the_token_of_the_settings(server, client_of):
    client = client_of(server, refresh_token="of-last-year")  # noqa: S106  # of no service
    await Browser().sign_in(client)
    assert await OAuthSession(client).access_token() == server.access_tokens[0]


async def test_a_server_without_a_sign_in_says_what_to_set(server, client_of):
    client = client_of(server, authorize_url=None, device_url=None)
    assert "refresh_token" in await failing(Browser().sign_in(client), InvalidArgument)


@pytest.mark.parametrize("life", [{}, {"expires_in": 43_200, "refresh_token": "xoxe-1-refresh-of-a-person"}])
async def test_a_person_signs_in_to_slack_whose_tokens_may_have_no_end(server, client_of, life):
    client, browser = client_of(server), Browser()
    slack = replace(SLACK, authorize_url=client.server.authorize_url, token_url=client.server.token_url)
    person = {
        "id": "U01MARIAK",
        "token_type": "user",
        "scope": "chat:write",
        "access_token": "xoxp-of-a-person",
        **life,
    }
    server.scripted.append((200, {"ok": True, "app_id": "A1", "authed_user": person}))
    client = replace(client, server=slack, scopes=("chat:write", "im:read"))
    signed_in = await browser.sign_in(client)
    asked = {key: values[0] for key, values in parse_qs(urlsplit(browser.addresses[0]).query).items()}
    assert asked["user_scope"] == "chat:write,im:read"
    assert "scope" not in asked
    assert asked["redirect_uri"].startswith("http://localhost:")
    assert asked["code_challenge_method"] == "S256"
    assert (signed_in.missing, signed_in.lasts) == (("im:read",), bool(life))
    with hurry():
        await current_clock().sleep(30 * 86_400 if not life else 3600)
        assert await OAuthSession(client).access_token() == "xoxp-of-a-person"
