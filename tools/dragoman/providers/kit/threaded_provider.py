"""A provider of a workspace whose people talk in conversations and threads: its parts as the methods of a provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self, TypeVar

from dragoman.core.errors import NotFound
from dragoman.core.model import Audience, Author, AuthorKind, Changes, Conversation, Message, Page
from dragoman.providers.base.provider import (
    AccountSettings,
    Change,
    ConversationQuery,
    Draft,
    Limits,
    MessageQuery,
    Provider,
)
from dragoman.providers.kit.inline_threads import InlineThreads
from dragoman.providers.kit.members import Identity, NameBook
from dragoman.providers.kit.movement import Movement, Recent
from dragoman.providers.kit.rooms import Rooms, RoomSource
from dragoman.providers.kit.thread_changes import ThreadChanges
from dragoman.providers.kit.thread_source import ThreadSource
from dragoman.providers.kit.thread_writer import ThreadWriter, WriteTarget

R = TypeVar("R")

_ANY_LENGTH: Final = 1_000_000  # characters


class Reader(ThreadSource[R], Protocol[R]):
    """Reads histories, threads and single messages, and knows whom the account speaks for."""

    async def identity(self) -> Identity:
        """Whom the account speaks for."""
        ...

    async def message(self, conversation: str, message: str, /) -> Message:
        """One message with everything that is known of it.

        Raises:
            NotFound: There is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What such a provider is made of, once its account is open."""

    names: NameBook
    rooms: Rooms
    reader: Reader[Any]
    lists: InlineThreads[Any]
    changes: ThreadChanges[Any]
    writer: ThreadWriter[Any]

    @classmethod
    def of(
        cls,
        service: str,
        *,
        names: NameBook,
        rooms: RoomSource,
        reader: Reader[R],
        target: WriteTarget[R],
        limits: Limits,
        now: Callable[[], datetime | None] = lambda: None,
        recent: Callable[[datetime | None], Awaitable[Recent | None]] | None = None,
    ) -> Self:
        """Make the parts of an account.

        Args:
            service: Its name, for sentences.
            names: Finds names.
            rooms: Asks for conversations.
            reader: Asks for messages.
            target: Writes.
            limits: Those of the provider.
            now: The service's own time, where it tells that.
            recent: Tells what was written since a time, where something does.
        """

        async def nobody_tells(_: datetime | None) -> Recent | None:
            return None

        async def is_gone(conversation: str, message: str) -> bool:
            try:
                return (await reader.message(conversation, message)).deleted_at is not None
            except NotFound:
                return True

        size, listed = limits.page_size, Rooms(rooms, names)
        lists, movement = (
            InlineThreads(service, reader, page_size=size),
            Movement(rooms.joined_ids, recent or nobody_tells),
        )
        changes = ThreadChanges(reader, movement.moved, is_gone, page_size=size, now=now, answered=movement.answered)
        writer = ThreadWriter(service, limits.text_length or _ANY_LENGTH, target, reader, listed, lists.forget)
        return cls(names=names, rooms=listed, reader=reader, lists=lists, changes=changes, writer=writer)


class ThreadedProvider(Provider):
    """Base of such a provider; without ``parts``, which opening gives, nothing can be asked."""

    def __init__(self, settings: AccountSettings, parts: Parts | None = None) -> None:
        super().__init__(settings)
        if parts is not None:
            self._parts = parts

    async def own_author(self) -> Author | None:
        """Whom the account speaks for."""
        us = await self._parts.reader.identity()
        member = (await self._parts.names.directory.get_all([us.id])).get(us.id)
        kind = AuthorKind.BOT if us.is_bot else AuthorKind.PERSON
        return Author(name=member.name if member else us.name or us.id, id=us.id, kind=kind, own=True)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """The conversations that the account is in; with a text also public channels and people."""
        return await self._parts.rooms.page(query)

    async def get_conversation(self, conversation: str) -> Conversation:
        """One conversation; ``@`` and an id, handle, name or address is the direct one with a person."""
        return await self._parts.rooms.one(conversation)

    async def audience(self, conversation: str, draft: Draft | None = None) -> Audience:
        """Who reads a conversation, with those of other organisations."""
        del draft
        return await self._parts.rooms.audience(conversation)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages, each root with the replies to it; see :class:`.InlineThreads`."""
        return await self._parts.lists.page(await self._parts.rooms.id_of(conversation), query)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message."""
        return await self._parts.reader.message(await self._parts.rooms.id_of(conversation), message)

    async def changes(self, position: str | None) -> Changes:
        """What is new, edited or deleted, replies to old threads included; a bounded number of requests each time."""
        return await self._parts.changes.changes(position)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Send Markdown, once; see :meth:`.ThreadWriter.send`."""
        return await self._parts.writer.send(conversation, draft)

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change the text of one of the account's own messages."""
        return await self._parts.writer.update(await self._parts.rooms.id_of(conversation), message, change)

    async def find_sent(
        self, conversation: str, draft: Draft, since: datetime, known: Collection[str] = ()
    ) -> Message | None:
        """Find a message whose sending was cut off by the key that it carries."""
        return await self._parts.writer.find_sent(conversation, draft, since, known)

    @classmethod
    def begins_conversation(cls, conversation: str) -> bool:
        """A first message to a person opens the direct conversation."""
        return conversation.startswith("@")

    def could_be_sent_by_us(self, message: Message) -> bool:
        """Only the account's own messages."""
        return message.author.own

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """Where a list goes on after a message."""
        return self._parts.lists.cursor_after(message, query)
