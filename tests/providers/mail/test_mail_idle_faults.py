"""Servers that are asked to tell what comes in, and do not do that as they should."""

from __future__ import annotations

from threading import Event

import pytest
from mail_service import settings_of

from dragoman.core.errors import DeadlineExceeded, DragomanError
from dragoman.providers.mail import MailProvider

pytestmark = pytest.mark.anyio


def idle_answers(server, answer):
    """From now on this is what the server does when it is asked to tell; ``None``: nothing."""
    silent = Event()

    def fault(line):
        if not line.upper().startswith(b"IDLE"):
            return b""
        if answer is None:
            silent.wait(5)
        return answer

    server.capabilities += " IDLE"
    server.fault = fault
    return silent


async def test_a_server_that_never_answers_is_given_up_in_time(imap_server):
    silent = idle_answers(imap_server, None)
    async with MailProvider.open(settings_of(imap_server, timeout=0.3)) as account:
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
    idle_answers(imap_server, answer)
    async with MailProvider.open(settings_of(imap_server, timeout=0.3)) as account:
        position = (await account.changes(None)).position
        try:
            assert not await account.wait_for_changes(position, 0.2)
        except DragomanError as error:
            assert str(error).endswith(".")
        imap_server.fault = None
        assert not (await account.changes(position)).messages
