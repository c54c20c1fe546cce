"""Convore: mail and website chat of a team, over its HTTP API."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Self, cast

from dragoman.core.model import Audience, Changes, Conversation, Message, Page
from dragoman.providers.base.provider import (
    AccountSettings,
    Change,
    ConversationQuery,
    Draft,
    Limits,
    MessageQuery,
    Provider,
)
from dragoman.providers.convore.api import PAGE, Api, client_of
from dragoman.providers.convore.audience import audience_of
from dragoman.providers.convore.changes import ChangeReader
from dragoman.providers.convore.mapping import to_conversation
from dragoman.providers.convore.message_update import ConvoreChange
from dragoman.providers.convore.reading import MessageReader
from dragoman.providers.convore.settings import ConvoreSettings
from dragoman.providers.convore.writing import MessageWriter

__all__ = ["ConvoreChange", "ConvoreProvider", "ConvoreSettings"]


class ConvoreProvider(Provider):
    """One account of Convore. The API has no search for messages."""

    name: ClassVar[str] = "convore"
    about: ClassVar[str] = "support e-mail inbox and website chat"
    service_name: ClassVar[str] = "e-mail, website chat"
    imports_at_open: ClassVar[tuple[str, ...]] = ("dragoman.transport.http.preload",)
    opens_ahead: ClassVar[bool] = True
    Settings: ClassVar[type[AccountSettings]] = ConvoreSettings
    limits: ClassVar[Limits] = Limits(page_size=PAGE)

    def __init__(self, settings: AccountSettings, api: Api | None = None) -> None:
        """Keep the settings. Without an open ``api``, which :meth:`open` gives, nothing can be asked."""
        super().__init__(settings)
        if api is not None:
            self._api = api
            self._reader = MessageReader(api)

    @cached_property
    def _writer(self) -> MessageWriter:
        return MessageWriter(self._api, self._reader)

    @cached_property
    def _change_reader(self) -> ChangeReader:
        return ChangeReader(self._api, self._reader)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Open the connections of an account."""
        own = cast("ConvoreSettings", settings)
        async with client_of(own) as client:
            yield cls(own, Api(client))

    async def check(self) -> str:
        """Ask which channels the key reaches."""
        channels = (await self._api.channels()).data
        off = sum(one.status == "disabled" for one in channels)
        said = f"the key is accepted and reaches {len(channels)} channel{'' if len(channels) == 1 else 's'}"
        return f"{said}, {off} of them switched off" if off else said

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Conversations, the one with the newest message first. Those in trash and spam are among them."""
        return await self._reader.conversations(query)

    async def get_conversation(self, conversation: str) -> Conversation:
        """One conversation."""
        answer = await self._api.conversation(conversation)
        found = to_conversation(answer.value)
        if found is None:
            raise answer.failure("The answer of {service} is no conversation")
        return replace(found, id=conversation)

    async def audience(self, conversation: str, draft: Draft | None = None) -> Audience:
        """Who takes part, who of them is from outside, and who gets an answer; see :func:`.audience_of`."""
        return await audience_of(self._api, self._reader, conversation, draft)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages, sorted by when they were sent, whatever order the service lists them in."""
        return await self._reader.messages(conversation, query)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message."""
        return await self._reader.message(conversation, message)

    async def changes(self, position: str | None) -> Changes:
        """What has come in and gone out; see :class:`ChangeReader`."""
        return await self._change_reader.changes(position)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Send into a conversation, once; see :meth:`MessageWriter.send` for who gets it."""
        return await self._writer.send(conversation, draft)

    def could_be_sent_by_us(self, message: Message) -> bool:
        """What came in was written by somebody else."""
        return message.extra.get("direction") != "inbound"

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change text or subject in Convore's record; what its recipients have got stays as it is.

        A :class:`ConvoreChange` changes any of the seven members that Convore lets be changed.
        """
        return await self._writer.update(conversation, message, change)

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store an old message; see :meth:`MessageWriter.import_` for who wrote it to whom."""
        return await self._writer.import_(conversation, message)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """Where a list goes on after a message of a conversation that was read whole."""
        return self._reader.cursor_after(message, query.order)
