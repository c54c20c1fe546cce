"""Servers that are asked to tell what comes in, and do not do that as they should."""

from __future__ import annotations

from threading import Event

import pytest
from impatience import PATIENCE
from mail_service import settings_of

from dragoman.core.errors import DeadlineExceeded, DragomanError
from dragoman.providers.mail import MailProvider

pytestmark = pytest.mark.anyio


def idle_answers(server, answer):
    """From now on this is what the server does when it is asked to tell."""
    server.capabilities += " IDLE"
    server.fault = lambda line: answer() if line.upper().startswith(b"IDLE") else b""


async def test_a_server_that_never_answers_is_given_up(imap_server, impatience):
    silent = Event()

    def be_silent():
        impatience.give_up()
        silent.wait(PATIENCE)

    idle_answers(imap_server, be_silent)
    async with MailProvider.open(settings_of(imap_server, timeout=PATIENCE)) as account:
        position = (await account.changes(None)).position
        with pytest.raises(DeadlineExceeded):
            await account.wait_for_changes(position, 60)
        silent.set()
        assert not (await account.changes(position)).messages


@pytest.mark.parametrize(
    "answer",
    [
        b"<tag> NO [UNAVAILABLE] not now",
        b"<tag> BAD what is that",
        b"* BYE shutting down",
        b"+ idling\r\n* BYE enough",
        b"+ idling\r\n* 1 FETCH (UID ((((",
        b"+ idling\r\n<tag> OK done already",
        b"* garbage\r\n+ idling\r\n* ",
    ],
)
async def test_a_server_that_breaks_off_says_so_in_a_sentence_and_works_again(imap_server, answer):
    idle_answers(imap_server, lambda: answer)
    async with MailProvider.open(settings_of(imap_server, timeout=PATIENCE)) as account:
        position = (await account.changes(None)).position
        try:
            assert not await account.wait_for_changes(position, 0.2)
        except DragomanError as error:
            assert str(error).endswith(".")
        imap_server.fault = None
        assert not (await account.changes(position)).messages
