"""Signing in with a code that is typed on another device."""

import pytest
from authorization_server import failing

from dragoman.core.errors import BadResponse, DeadlineExceeded, DragomanError, InvalidArgument, PermissionDenied
from dragoman.transport.oauth.login import sign_in
from dragoman.transport.oauth.session import OAuthSession

pytestmark = pytest.mark.anyio


async def device(client, shown=None):
    return await sign_in(client, lambda _: None, (shown if shown is not None else []).append, device=True)


async def test_a_device_code_signs_in_once_it_has_been_typed(server, client_of, waits):
    server.device_answers = ["authorization_pending", "slow_down", "authorization_pending"]
    client, shown = client_of(server), []
    await device(client, shown)
    assert (shown[0].user_code, shown[0].address) == ("WDJB-MJHT", f"{server.address}/activate")
    assert waits == [1, 1, 6, 6]
    assert await OAuthSession(client).access_token() == server.access_tokens[0]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("expired_token", DeadlineExceeded), ("bad_verification_code", DeadlineExceeded),
        ("access_denied", PermissionDenied), ("authorization_declined", PermissionDenied),
    ],
)  # fmt: skip
async def test_a_device_code_that_came_to_nothing_ends_in_a_sentence(server, client_of, waits, code, error):
    server.device_answers = ["authorization_pending", code]
    await failing(device(client_of(server)), error)


async def test_a_device_code_that_nobody_types_ends_with_its_life(server, client_of, waits):
    server.device_answers, server.device_life = ["authorization_pending"] * 99, 10
    await failing(device(client_of(server)), DeadlineExceeded)
    assert sum(waits) <= 10


async def test_a_server_that_is_away_for_a_moment_does_not_end_the_waiting(server, client_of, waits):
    server.scripted = [(503, {})] * 6
    assert (await device(client_of(server))).lasts


@pytest.mark.parametrize(
    "page",
    [
        "javascript:alert(1)",
        "http://evil.example/",
        "ftp://x.example",
        "https://",
        "https://a.example/\nyes",
        "x" * 3000,
    ],
)
async def test_an_address_that_nobody_should_open_is_not_shown(server, client_of, page):
    server.device_page, shown = page, []
    await failing(device(client_of(server), shown), BadResponse)
    assert shown == []


async def test_a_server_without_device_codes_says_so(server, client_of):
    await failing(device(client_of(server, device_url=None)), InvalidArgument)


async def test_hostile_intervals_and_lives_are_bounded(server, client_of, waits):
    server.interval, server.device_life = 1e9, -5
    server.device_answers = ["authorization_pending"] * 99
    with pytest.raises(DragomanError):
        await device(client_of(server))
    assert max(waits) <= 60
