"""Copies of sent mails: exactly one where sent mails are, and the proof that a mail was sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DragomanError, NotFound, OutcomeUnknown
from dragoman.core.mail import DeliveryReport
from dragoman.providers.mail.compose import OutgoingMail

if TYPE_CHECKING:
    from dragoman.providers.mail.mailbox import Mailbox

_PAUSE: Final = 2.0  # seconds after which a server that keeps copies itself has one
_LOOK_SECONDS: Final = 15.0


class SentCopies:
    """The copies of one account.

    Args:
        mailbox: Where they are.
        by_server: Does the server keep them itself; ``None`` where that is found out with the first mail.
    """

    def __init__(self, mailbox: Mailbox, *, by_server: bool | None) -> None:
        self._mailbox = mailbox
        self._by_server = by_server
        self._clock = current_clock()

    async def is_sent(self, message_id: str) -> bool:
        """Whether the mail is in a folder, another one names it, or a mail system has reported of it."""
        if await self._mailbox.find(message_id) is not None or await self._mailbox.citing(message_id):
            return True
        return bool(await self._mailbox.reports(message_id, datetime.now(UTC)))

    async def reports(self, message_id: str) -> list[DeliveryReport]:
        """What mail systems report of a mail that was just sent; nothing where that cannot be read now."""
        try:
            return await self._mailbox.reports(message_id, datetime.now(UTC))
        except DragomanError:
            return []

    async def is_sent_after_all(self, message_id: str) -> bool:
        """The same, quickly, after the connection was lost; what cannot be read proves nothing."""
        with anyio.move_on_after(_LOOK_SECONDS):
            try:
                return await self.is_sent(message_id)
            except DragomanError:
                return False
        return False

    async def keep(self, mail: OutgoingMail, content: bytes, *, may_be_there: bool) -> None:
        """Put a copy where sent mails are, unless the server has done so itself.

        Raises:
            DragomanError: None could be put there.
        """
        if self._by_server:
            return
        folder = await self._mailbox.special(r"\Sent")
        if folder is None:
            raise NotFound("The mailbox has no folder for them.")
        if may_be_there and await self._is_in(mail.id, folder):
            return
        if self._by_server is None and await self._comes_by_itself(mail.id, folder):
            return
        try:
            await self._mailbox.append(folder, content, (r"\Seen",), mail.sent_at)
        except OutcomeUnknown:
            if not await self._is_in(mail.id, folder):
                await self._mailbox.append(folder, content, (r"\Seen",), mail.sent_at)

    async def _comes_by_itself(self, message_id: str, folder: str) -> bool:
        """Whether the server puts a copy there itself. The first mail shows it."""
        if await self._is_in(message_id, folder):
            return True
        await self._clock.sleep(_PAUSE)
        if await self._is_in(message_id, folder):
            return True
        self._by_server = False
        return False

    async def _is_in(self, message_id: str, folder: str) -> bool:
        head = await self._mailbox.find(message_id)
        return head is not None and folder in {place.folder for place in head.places}
