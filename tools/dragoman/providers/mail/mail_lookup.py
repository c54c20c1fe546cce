"""Looks for single mails wherever they lie. The server is asked each time: what it says decides what is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.mail import DeliveryReport
from dragoman.providers.mail.folders import Folders, despite_gone_folders
from dragoman.providers.mail.heads import MailHead
from dragoman.providers.mail.threads import find_citing, find_mail, reports_about

if TYPE_CHECKING:
    from dragoman.providers.mail.imap_session import ImapSession


class MailLookup:
    """Looks through every folder in which a mail may be, those that are read first.

    Args:
        run: Does something with a connection.
        folders: Gives the folders of the mailbox.
    """

    def __init__(
        self,
        run: Callable[[Callable[[ImapSession], list[MailHead]]], Awaitable[list[MailHead]]],
        folders: Callable[[], Awaitable[Folders]],
    ) -> None:
        self._run = run
        self._folders = folders

    async def find(self, message: str) -> MailHead | None:
        """The mail with an id."""
        found = await self._look(partial(find_mail, message=message))
        return found[0] if found else None

    async def citing(self, message: str) -> list[MailHead]:
        """The mails that name another one as one before them in its thread."""
        return await self._look(partial(find_citing, message=message))

    async def reports(self, message: str, sent_at: datetime) -> list[DeliveryReport]:
        """What mail systems report of a mail that was sent at some time."""
        day = sent_at.date()
        found = await self._look(partial(reports_about, ids=(message,), sent=(day, day)))
        return [head.report for head in found if head.report is not None]

    async def _look(self, work: Callable[[ImapSession, list[str]], list[MailHead]]) -> list[MailHead]:
        async def look() -> list[MailHead]:
            folders = await self._folders()
            names = list(dict.fromkeys((*folders.read, *folders.roles.values())))
            return await self._run(lambda session: work(session, names))

        return await despite_gone_folders(look)
