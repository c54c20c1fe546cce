"""A provider of a workspace whose people talk in conversations and threads: its parts as the methods of a provider."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, TypeVar

from dragoman.core.errors import NotFound
from dragoman.core.model import Audience, Author, AuthorKind, Changes, Conversation, Message, Page
from dragoman.core.times import from_us
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
from dragoman.providers.kit.lookup import AskedOnce
from dragoman.providers.kit.members import Identity, NameBook
from dragoman.providers.kit.movement import Movement, Recent
from dragoman.providers.kit.rooms import RecentSearch, Rooms, RoomSource
from dragoman.providers.kit.thread_changes import ThreadChanges
from dragoman.providers.kit.thread_source import HistoryRange, ThreadSource
from dragoman.providers.kit.thread_writer import ThreadWriter, WriteTarget
from dragoman.providers.kit.threads import no_such_message

R = TypeVar("R")

_ANY_LENGTH: Final = 1_000_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of such a provider, once its account is open."""

    us: AskedOnce[Identity]
    names: NameBook
    rooms: Rooms
    source: ThreadSource[Any]
    lists: InlineThreads[Any]
    changes: ThreadChanges[Any]
    writer: ThreadWriter[Any]

    @classmethod
    def of(
        cls,
        service: str,
        *,
        us: AskedOnce[Any],
        names: NameBook,
        rooms: RoomSource,
        source: ThreadSource[R],
        target: WriteTarget[R],
        limits: Limits,
        now: Callable[[], datetime | None] = lambda: None,
        recent: RecentSearch | None = None,
    ) -> Self:
        """Make the parts of an account.

        Args:
            service: Its name, for sentences.
            us: The :class:`.Identity` that the account speaks for.
            names: Finds names.
            rooms: Asks for conversations.
            source: Asks for messages.
            target: Writes.
            limits: Those of the provider.
            now: The service's own time, where it tells that.
            recent: Tells what was written since a time, where something does.
        """

        async def nobody_tells(_: datetime | None) -> Recent | None:
            return None

        async def is_gone(conversation: str, message: str) -> bool:
            try:
                found = await source.to_messages(conversation, [await source.raw(conversation, message)])
            except NotFound:
                return True
            # Some services show a deleted message as a stub.
            return all(one.deleted_at is not None for one in found)

        async def newest(conversation: str) -> datetime | None:
            found = (await source.history(conversation, HistoryRange(limit=1))).entries
            at = max((source.time_of(source.post(one).id) for one in found), default=0)
            return from_us(at) if at else None

        async def joined_ids() -> list[str]:
            return [one.conversation.id for one in await rooms.joined()]

        size, search = limits.page_size, recent or nobody_tells
        lists, movement = InlineThreads(service, source, page_size=size), Movement(joined_ids, search)
        listed = Rooms(rooms, names, us, search, newest)
        changes = ThreadChanges(source, movement.moved, is_gone, page_size=size, now=now, answered=movement.answered)
        writer = ThreadWriter(service, limits.text_length or _ANY_LENGTH, target, source, listed, lists.forget)
        return cls(us=us, names=names, rooms=listed, source=source, lists=lists, changes=changes, writer=writer)


class ThreadedProvider(Provider):
    """Base of such a provider; without ``parts``, which opening gives, nothing can be asked."""

    def __init__(self, settings: AccountSettings, parts: Parts | None = None) -> None:
        super().__init__(settings)
        if parts is not None:
            self._parts = parts

    async def own_author(self) -> Author | None:
        """Whom the account speaks for."""
        us = await self._parts.us.get()
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
        """Readers of a conversation, with those of other organisations."""
        # Whatever is sent reaches all who read the conversation.
        del draft
        return await self._parts.rooms.audience(conversation)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages, each root with the replies to it; see :class:`.InlineThreads`."""
        return await self._parts.lists.page(await self._parts.rooms.id_of(conversation), query)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message."""
        place, source = await self._parts.rooms.id_of(conversation), self._parts.source
        found = await source.to_messages(place, [await source.raw(place, message)])
        if not found:
            raise no_such_message()
        return found[0]

    async def changes(self, position: str | None) -> Changes:
        """New, edited and deleted messages, with replies to old threads, in a bounded number of requests."""
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
        """The cursor after a message."""
        return self._parts.lists.cursor_after(message, query)
