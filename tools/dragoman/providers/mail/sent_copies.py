"""Copies of sent mails: exactly one where sent mails are, and the proof that a mail was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DragomanError, NotFound, OutcomeUnknown
from dragoman.core.mail import DeliveryReport
from dragoman.core.safe_text import SafeText, safe
from dragoman.providers.mail.compose import OutgoingMail
from dragoman.providers.mail.people import plain_address
from dragoman.providers.mail.threads import find_since

if TYPE_CHECKING:
    from dragoman.providers.mail.heads import MailHead
    from dragoman.providers.mail.mailbox import Mailbox

_PAUSE: Final = 2.0  # seconds after which a server that keeps copies itself has one
_LOOK_SECONDS: Final = 15.0
_COPY_SECONDS: Final = 30.0
_DAY: Final = timedelta(days=1)


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
        if await self._mailbox.lookup.find(message_id) is not None or await self._mailbox.lookup.citing(message_id):
            return True
        return bool(await self._mailbox.lookup.reports(message_id, datetime.now(UTC)))

    async def find_alike(self, mail: OutgoingMail, since: datetime) -> MailHead | None:
        """A sent mail that says the same to the same people, at a server that gives mails other ids.

        Args:
            mail: The mail.
            since: When it was first tried to send it; the same words may have been sent before.
        """
        folder = await self._mailbox.special(r"\Sent")
        if folder is None:
            return None
        since = since.replace(microsecond=0)
        heads = await self._mailbox.run(partial(find_since, name=folder, day=since.date() - _DAY))
        same = [head for head in heads if since <= head.sent_at <= since + _DAY and _goes_where(head, mail)]
        mails = await self._mailbox.texts(same)
        words = mail.text.split()
        return next((head for head in same if head.place in mails and mails[head.place].text.split() == words), None)

    async def reports(self, message_id: str) -> list[DeliveryReport]:
        """What mail systems report of a mail that was just sent; nothing where that cannot be read now."""
        try:
            return await self._mailbox.lookup.reports(message_id, datetime.now(UTC))
        except DragomanError:
            return []

    async def is_sent_after_all(self, mail: OutgoingMail, *, changes_ids: bool) -> bool:
        """The same, quickly, after the connection was lost; what cannot be read proves nothing."""
        with anyio.move_on_after(_LOOK_SECONDS):
            try:
                return await self.is_sent(mail.id) or (
                    changes_ids and await self.find_alike(mail, mail.sent_at) is not None
                )
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
        except OutcomeUnknown:  # a slow server may store it though nobody listens any more
            if not await self._comes(mail.id, folder):
                await self._mailbox.append(folder, content, (r"\Seen",), mail.sent_at)

    async def _comes_by_itself(self, message_id: str, folder: str) -> bool:
        """Whether the server puts a copy there itself. The first mail shows it."""
        found = await self._comes(message_id, folder)
        self._by_server = None if found else False
        return found

    async def _comes(self, message_id: str, folder: str) -> bool:
        """Whether a copy is there, now or after a pause."""
        if await self._is_in(message_id, folder):
            return True
        await self._clock.sleep(_PAUSE)
        return await self._is_in(message_id, folder)

    async def _is_in(self, message_id: str, folder: str) -> bool:
        head = await self._mailbox.lookup.find(message_id)
        return head is not None and folder in {place.folder for place in head.places}


def _goes_where(head: MailHead, mail: OutgoingMail) -> bool:
    """Whether two mails have one subject and the same recipients."""
    found = {plain_address(one.email) for name in ("to", "cc") for one in head.headers.addresses(name)}
    wanted = {plain_address(one.email) for one in mail.recipients.everyone}
    return found == wanted and head.mail.subject.split() == mail.subject.split()


async def in_time(work: Callable[[], Awaitable[None]]) -> SafeText:
    """Do something within bounds of time; gives why it did not succeed, or nothing."""
    with anyio.move_on_after(_COPY_SECONDS):
        try:
            await work()
        except DragomanError as error:
            return error.message
        return safe("")
    return safe("The server is too slow.")
