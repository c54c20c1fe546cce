"""Does a mailbox work in both directions, and if not, what is missing."""

from __future__ import annotations

from typing import LiteralString

from dragoman.core.errors import DragomanError, Unauthenticated
from dragoman.core.safe_text import SafeText, sentence
from dragoman.providers.mail.folders import despite_gone_folders
from dragoman.providers.mail.mailbox import Mailbox
from dragoman.providers.mail.sending import MailSender
from dragoman.providers.mail.settings import MailSettings


async def check_both(settings: MailSettings, mailbox: Mailbox, sender: MailSender) -> str:
    """Try reading and sending, each whatever becomes of the other.

    A password that was refused for reading is not tried for sending: that locks mailboxes.

    Raises:
        DragomanError: One of them does not work; the sentence says what the other does.
    """
    try:
        folders, mails = await despite_gone_folders(mailbox.check)
    except DragomanError as error:
        if isinstance(error, Unauthenticated):
            raise
        raise _with(error, "Reading fails: {} {}", await _state_of_sending(sender)) from error
    reads = sentence("reads as {}: {} folders with {:,} mails", settings.address, folders, mails)
    try:
        return f"{reads}, and sends through {await sender.check()}"
    except DragomanError as error:
        if settings.write == "off":  # nothing is sent, so nothing is missing
            return f"{reads}; sending would fail: {error.message}"
        raise _with(error, "Sending fails: {} The account {}.", reads) from error


async def _state_of_sending(sender: MailSender) -> SafeText:
    try:
        return sentence("Sending through {} works.", await sender.check())
    except DragomanError as error:
        return sentence("Sending fails too: {}", error.message)


def _with(error: DragomanError, template: LiteralString, other: SafeText) -> DragomanError:
    """The same error with what is known of the other direction."""
    return type(error)(sentence(template, error.message, other), hint=error.hint, retry_after=error.retry_after)
