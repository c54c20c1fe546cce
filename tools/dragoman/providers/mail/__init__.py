"""Mail: any mailbox, read over IMAP and sent from over SMTP.

From the wire up: ``imap_client`` (the library on our socket) < ``imap_transport`` (connect, sign in, end) <
``imap_session`` (commands, and ``pipelining`` for those that go together) < ``connection`` (makes, renews and cancels
sessions). ``heads`` and ``bodies`` fetch mails, ``threads`` finds those that belong together, ``known_threads`` follows
them, ``head_stream`` and ``scans`` page through folders. ``mailbox`` reads, ``search`` searches, ``arrivals`` syncs,
``changes`` labels and imports; ``mapping`` makes messages. ``sending`` sends: ``recipients`` says to whom, ``compose``
what, ``smtp`` over ``smtp_session`` how, and ``sent_copies`` keeps the copy. From bytes to text is ``core.mail``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self, cast

from dragoman.core.model import Audience, Author, Changes, Conversation, Message, Page, SearchPage
from dragoman.providers.base.account_settings import SettingsAdvice
from dragoman.providers.base.provider import (
    AccountSettings,
    Change,
    ConversationQuery,
    Draft,
    Limits,
    MessageQuery,
    Provider,
    SearchQuery,
)
from dragoman.providers.mail.addresses import is_new, names_people, parse_mailto, parse_new_conversation
from dragoman.providers.mail.folders import despite_gone_folders
from dragoman.providers.mail.hosts import servers_of
from dragoman.providers.mail.links import parse_mid
from dragoman.providers.mail.login import Credentials
from dragoman.providers.mail.settings import MailSettings

if TYPE_CHECKING:
    from dragoman.providers.mail.mailbox import Mailbox
    from dragoman.providers.mail.sending import MailSender

__all__ = ["MailProvider", "MailSettings"]


class MailProvider(Provider):
    """One mailbox. A conversation is a thread of mails over all folders that are read."""

    name: ClassVar[str] = "mail"
    about: ClassVar[str] = "e-mail inbox, sent mail and archive"
    service_name: ClassVar[str] = "e-mail"
    imports_at_open: ClassVar[tuple[str, ...]] = ("dragoman.providers.mail.mailbox",)
    Settings: ClassVar[type[AccountSettings]] = MailSettings
    limits: ClassVar[Limits] = Limits(page_size=50, edit_window=0, requests_per_second=5, concurrency=2)

    def __init__(
        self, settings: AccountSettings, mailbox: Mailbox | None = None, sender: MailSender | None = None
    ) -> None:
        """Keep the settings. Without what :meth:`open` gives, nothing can be read or sent."""
        super().__init__(settings)
        self._settings = cast("MailSettings", settings)
        if mailbox is not None:
            from dragoman.providers.mail.arrivals import Arrivals  # noqa: PLC0415 - brings the library for IMAP
            from dragoman.providers.mail.changes import MailChanges  # noqa: PLC0415 - as above
            from dragoman.providers.mail.search import MailSearch  # noqa: PLC0415 - as above

            self._mailbox = mailbox
            self._arrivals = Arrivals(mailbox)
            self._changes = MailChanges(mailbox)
            self._search = MailSearch(mailbox)
        if sender is not None:
            self._sender = sender

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Prepare the connections, which are made when they are needed.

        Raises:
            InvalidArgument: The settings name no server, and none is known for the address.
        """
        from dragoman.providers.mail.connection import Connection  # noqa: PLC0415 - brings the library for IMAP
        from dragoman.providers.mail.mailbox import Mailbox  # noqa: PLC0415 - as above
        from dragoman.providers.mail.sending import MailSender  # noqa: PLC0415 - not before there is a mailbox

        own = cast("MailSettings", settings)
        credentials = Credentials(own)
        servers = servers_of(own)
        # A connection takes no other command while it waits in IDLE (RFC 2177), so the watcher has its own.
        reader, writer, watcher = connections = [
            Connection(servers.imap, credentials, timeout=own.timeout, ca_file=own.ca_file) for _ in range(3)
        ]
        mailbox = Mailbox(own, reader, writer, watcher)
        try:
            yield cls(own, mailbox, MailSender(own, credentials, mailbox, servers))
        finally:
            for one in connections:
                await one.close()

    @classmethod
    async def advise(cls, settings: Mapping[str, object]) -> SettingsAdvice:
        """Where the servers of an address are, and how its host lets programs in."""
        from dragoman.providers.mail.advice import advise  # noqa: PLC0415 - only when an account is added

        if settings.get("imap"):
            return SettingsAdvice()
        return await advise(str(settings.get("address", "")))

    async def check(self) -> str:
        """Sign in for reading and for sending, and look into the folders."""
        from dragoman.providers.mail.check import check_both  # noqa: PLC0415 - only when somebody asks

        return await check_both(self._settings, self._mailbox, self._sender)

    async def own_author(self) -> Author:
        """The owner of the mailbox."""
        address = self._settings.address
        return Author(name=self._settings.name or address, id=address.lower(), email=address, own=True)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Threads, that with the newest mail first."""
        return await despite_gone_folders(partial(self._mailbox.conversations, query))

    async def get_conversation(self, conversation: str) -> Conversation:
        """One thread, or the people whom a new mail would go to."""
        if is_new(conversation):
            from dragoman.providers.mail.recipients import new_conversation  # noqa: PLC0415 - as in audience

            return new_conversation(conversation, self._mailbox.owner)
        return await despite_gone_folders(partial(self._mailbox.conversation, conversation))

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of the mails of a thread; where a new mail begins one there are none."""
        if is_new(conversation):
            parse_new_conversation(conversation)
            return Page()
        return await despite_gone_folders(partial(self._mailbox.messages, conversation, query))

    async def get_message(self, conversation: str, message: str) -> Message:
        """One mail with all that it says and quotes."""
        return await despite_gone_folders(partial(self._mailbox.message, conversation, message))

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Mails that the server finds, newest first."""
        return await despite_gone_folders(partial(self._search.page, query))

    async def changes(self, position: str | None) -> Changes:
        """The mails that arrived since a position, and those of the newest that are gone."""
        return await despite_gone_folders(partial(self._arrivals.changes, position))

    async def wait_for_changes(self, position: str, timeout: float) -> bool:  # noqa: ASYNC109 - as its base
        """Wait until mails come or go; the server tells it by IDLE."""
        return await self._arrivals.wait(position, timeout)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Answer all in a thread, or send a new mail."""
        return await self._sender.send(conversation, draft)

    async def audience(self, conversation: str, draft: Draft | None = None) -> Audience:
        """Everybody whom a draft would go to, and what would stand below it."""
        where = await self.get_conversation(conversation)
        if draft is None:
            return Audience(conversation=where)
        return await self._sender.audience(where, conversation, draft)

    async def find_sent(
        self, conversation: str, draft: Draft, since: datetime, known: Collection[str] = ()
    ) -> Message | None:
        """Look for the very message id that the draft was sent with."""
        return await self._sender.find_sent(conversation, draft, since, known)

    async def may_write_to(self, conversation: str, draft: Draft) -> bool:
        """Whether ``write_to`` names everybody, by address or as ``*@domain``."""
        return await self._sender.may_write_to(conversation, draft)

    @classmethod
    def begins_conversation(cls, conversation: str) -> bool:
        """Whether an id names people, as in ``to:ann@example.com``."""
        return is_new(conversation)

    @classmethod
    def names_recipients(cls, entry: str) -> bool:
        """Whether an entry of ``write_to`` is an address or ``*@domain``."""
        return names_people(entry)

    def text_to_send(self, text: str) -> str:
        """A text with the signature of the settings."""
        from dragoman.providers.mail.compose import with_signature  # noqa: PLC0415 - only before something is sent

        return with_signature(text, self._settings.signature)

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change the labels of a mail; ``archive``, ``trash`` and ``spam`` move it."""
        return await despite_gone_folders(partial(self._changes.update, conversation, message, change))

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store a mail from elsewhere in a thread, with its author and its time."""
        return await despite_gone_folders(partial(self._changes.import_, conversation, message))

    def check_draft(self, conversation: str, draft: Draft) -> None:
        """Refuse a new mail without a subject."""
        from dragoman.providers.mail.compose import check_draft  # noqa: PLC0415 - only before something is sent

        check_draft(draft, begins=is_new(conversation))

    def could_be_sent_by_us(self, message: Message) -> bool:
        """Whether it was written from one of the owner's addresses."""
        return self._mailbox.owner.is_own(message.author.email or "")

    def parse_link(self, link: str) -> tuple[str, str | None] | None:
        """The thread and the mail of a ``mid:`` link, or the people of a ``mailto:`` link."""
        new = parse_mailto(link)
        if new is not None:
            return new, None
        message = parse_mid(link)
        if message is None:
            return None
        return (self._mailbox.thread_of(message) if hasattr(self, "_mailbox") else f"t.{message}"), message

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """The cursor that goes on after a mail."""
        return self._mailbox.cursor_after(message, query)
