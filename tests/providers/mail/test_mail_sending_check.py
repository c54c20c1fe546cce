"""Checking an account that sends signs in on both sides and says what is missing."""

from __future__ import annotations

import pytest
from mail_sender import opened

from dragoman.core.errors import Unauthenticated, Unavailable

pytestmark = pytest.mark.anyio


async def test_check_signs_in_on_both_sides(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, write="allow") as account:
        assert "sends through 127.0.0.1" in await account.check()
        smtp_server.password = "another"  # noqa: S105  # of no mailbox
        with pytest.raises(Unauthenticated, match=r"Sending fails: .* The account reads as alice@example\.test"):
            await account.check()


async def test_check_says_that_sending_works_when_reading_does_not(imap_server, smtp_server, folders):
    imap_server.fault = lambda line: b"<tag> NO [UNAVAILABLE] down" if line.upper().startswith(b"LIST") else b""
    async with opened(imap_server, smtp_server, write="allow") as account:
        with pytest.raises(Unavailable, match=r"Reading fails: .* Sending through 127\.0\.0\.1 works"):
            await account.check()


async def test_check_of_an_account_that_only_reads_tells_what_sending_lacks(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        smtp_server.password = "another"  # noqa: S105  # as above
        assert "sending would fail" in await account.check()


async def test_a_refused_password_is_not_tried_in_the_other_direction(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, password="wrong", write="allow") as account:  # noqa: S106  # as above
        with pytest.raises(Unauthenticated):
            await account.check()
    assert smtp_server.commands == []


async def test_a_token_is_offered_in_the_ways_that_servers_know(imap_server, smtp_server, folders):
    imap_server.capabilities += " AUTH=XOAUTH2"
    for extensions, mechanism in ((("AUTH PLAIN XOAUTH2",), b"XOAUTH2"), (("AUTH PLAIN OAUTHBEARER",), b"OAUTHBEARER")):
        smtp_server.extensions = extensions
        async with opened(imap_server, smtp_server, password=None, token="open sesame") as account:  # noqa: S106  # as above
            assert await account._sender.check() == "127.0.0.1"
        assert [line.split()[1] for line in smtp_server.commands if line.startswith(b"AUTH")][-1] == mechanism
    smtp_server.password = "another"  # noqa: S105  # as above
    async with opened(imap_server, smtp_server, password=None, token="open sesame") as account:  # noqa: S106  # as above
        with pytest.raises(Unauthenticated):
            await account._sender.check()
