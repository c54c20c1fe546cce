"""Mail: any mailbox, read over IMAP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, Self, cast

from dragoman.core.model import Author, Conversation, Message, Page, SearchPage
from dragoman.providers.base.provider import (
    AccountSettings,
    ConversationQuery,
    Limits,
    MessageQuery,
    Provider,
    SearchQuery,
)
from dragoman.providers.mail.hosts import servers_of
from dragoman.providers.mail.links import parse_mid
from dragoman.providers.mail.login import Credentials
from dragoman.providers.mail.settings import MailSettings

if TYPE_CHECKING:
    from dragoman.providers.mail.mailbox import Mailbox

__all__ = ["MailProvider", "MailSettings"]


class MailProvider(Provider):
    """One mailbox. A conversation is a thread of mails over all folders that are read."""

    name: ClassVar[str] = "mail"
    about: ClassVar[str] = "e-mail inbox, sent mail and archive"
    service_name: ClassVar[str] = "e-mail"
    imports_at_open: ClassVar[tuple[str, ...]] = ("dragoman.providers.mail.mailbox",)
    Settings: ClassVar[type[AccountSettings]] = MailSettings
    limits: ClassVar[Limits] = Limits(page_size=50, edit_window=0, requests_per_second=5, concurrency=2)

    def __init__(self, settings: AccountSettings, mailbox: Mailbox | None = None) -> None:
        """Keep the settings. Without a ``mailbox``, which :meth:`open` gives, nothing can be read."""
        super().__init__(settings)
        self._settings = cast("MailSettings", settings)
        if mailbox is not None:
            from dragoman.providers.mail.search import MailSearch  # noqa: PLC0415 - brings the library for IMAP

            self._mailbox = mailbox
            self._search = MailSearch(mailbox)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Prepare the connections, which are made when they are needed.

        Raises:
            InvalidArgument: The settings name no server, and none is known for the address.
        """
        from dragoman.providers.mail.connection import Connection  # noqa: PLC0415 - brings the library for IMAP
        from dragoman.providers.mail.mailbox import Mailbox  # noqa: PLC0415 - as above

        own = cast("MailSettings", settings)
        credentials = Credentials(own)
        server = servers_of(own).imap
        reader, writer = (Connection(server, credentials, timeout=own.timeout, ca_file=own.ca_file) for _ in range(2))
        try:
            yield cls(own, Mailbox(own, reader, writer))
        finally:
            await reader.close()
            await writer.close()

    async def check(self) -> str:
        """Sign in and look into the folders."""
        folders, mails = await self._mailbox.check()
        return f"reads as {self._settings.address}: {folders} folders with {mails:,} mails"

    async def own_author(self) -> Author:
        """The owner of the mailbox."""
        address = self._settings.address
        return Author(name=self._settings.name or address, id=address.lower(), email=address, own=True)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Threads, that with the newest mail first."""
        return await self._mailbox.conversations(query)

    async def get_conversation(self, conversation: str) -> Conversation:
        """One thread."""
        return await self._mailbox.conversation(conversation)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of the mails of a thread."""
        return await self._mailbox.messages(conversation, query)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One mail with all that it says and quotes."""
        return await self._mailbox.message(conversation, message)

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Mails that the server finds, newest first."""
        return await self._search.page(query)

    def could_be_sent_by_us(self, message: Message) -> bool:
        """Whether it was written from one of the owner's addresses."""
        return self._mailbox.owner.is_own(message.author.email or "")

    def parse_link(self, link: str) -> tuple[str, str | None] | None:
        """The thread and the mail of a link that begins with ``mid:``."""
        message = parse_mid(link)
        return None if message is None else (self._mailbox.thread_of(message), message)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """The cursor that goes on after a mail."""
        return self._mailbox.cursor_after(message, query)
