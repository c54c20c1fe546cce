"""Glean: messages of the chat systems that it has read, and chats with its assistant.

Conversations are ``slack.channel.ID``, ``slack.thread.ID`` (and other systems), ``doc.ID`` for a whole
conversation that Glean keeps as one document, and ``chat.ID`` for a chat. Only chats can be written to.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Self, cast

from dragoman.core.errors import DragomanError, UnsupportedOperation
from dragoman.core.model import Author, Changes, Conversation, Message, Order, Page, SearchPage
from dragoman.core.permalinks import read_link
from dragoman.providers.base.provider import (
    AccountSettings,
    ConversationQuery,
    Draft,
    Limits,
    MessageQuery,
    Provider,
    SearchQuery,
)
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.cache import ListTraits, PersonCache
from dragoman.providers.glean.changes import INDEX_DELAY, moved_conversations
from dragoman.providers.glean.chat import chats, prompt
from dragoman.providers.glean.chat.chats import Chats
from dragoman.providers.glean.conversation_id import Address, IdKind, channel_id
from dragoman.providers.glean.conversations import Directory
from dragoman.providers.glean.messages.cursor import Position
from dragoman.providers.glean.messages.reader import MessageReader, list_messages
from dragoman.providers.glean.search import Finder, searchable
from dragoman.providers.glean.settings import GleanSettings
from dragoman.providers.kit.cache import LruCache
from dragoman.providers.kit.conversation_changes import ConversationChanges

if TYPE_CHECKING:
    import httpx

__all__ = ["GleanProvider", "GleanSettings"]

# With `act_as = "principal"` one account serves many people, each of whom may see other messages.
_MOST_PERSONS: Final = 64


class GleanProvider(Provider):
    """One tenant of Glean, seen by one user or by the principal of a call."""

    name: ClassVar[str] = "glean"
    about: ClassVar[str] = "Slack channels, Teams chats and other messages that Glean has indexed; Glean Chat"
    service_name: ClassVar[str] = "Slack, Teams"
    imports_at_open: ClassVar[tuple[str, ...]] = ("dragoman.transport.http.preload",)
    opens_ahead: ClassVar[bool] = True
    Settings: ClassVar[type[AccountSettings]] = GleanSettings
    limits: ClassVar[Limits] = Limits(page_size=200, requests_per_second=30, concurrency=8)

    def __init__(self, settings: AccountSettings, api: Api | None = None) -> None:
        """Keep the settings; no I/O."""
        super().__init__(settings)
        self._settings = cast("GleanSettings", settings)
        self._opened = api
        self._caches = LruCache[str, PersonCache](_MOST_PERSONS)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: AccountSettings, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> AsyncGenerator[Self]:
        """Prepare the connections; ``transport`` is what carries the requests, for tests."""
        async with Api(cast("GleanSettings", settings), transport).opened() as api:
            yield cls(settings, api)

    async def check(self) -> str:
        """Ask for one channel: that needs the token, the user it acts for, and a datasource that is there."""
        channels = await Directory(self._api, self._cache, self._settings).probe()
        who = f" as {self._api.person}" if self._api.person else ""
        if channels:
            return f"Glean answers{who} and knows channels of {self._settings.connector}."
        return f"Glean answers{who} and shows no channel of {self._settings.connector}; check `datasource`."

    async def own_author(self) -> Author | None:
        """The person that calls are made for, where it is named."""
        person = self._api.person
        return Author(name=person, email=person, own=True) if person else None

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Chats, then channels by name; groups, direct messages and threads cannot be listed."""
        return await Directory(self._api, self._cache, self._settings).list_conversations(query)

    async def get_conversation(self, conversation: str) -> Conversation:
        """A chat, or the name of a channel. Only some deployments tell whether a channel exists."""
        address = Address.parse(conversation, self._settings)
        if address.where is IdKind.CHAT:
            return await self._chats.describe(address.id)
        return await self._reader(conversation, address).describe()

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """As many messages as the service gives at once, whatever the limit; of a chat at most the limit."""
        address = Address.parse(conversation, self._settings)
        if address.where is IdKind.CHAT:
            return await self._chats.list_messages(address.id, query)
        return await list_messages(self._reader(conversation, address), query)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message by id or permalink. Files are told by lists only."""
        address = Address.parse(conversation, self._settings)
        if address.where is IdKind.CHAT:
            return await self._chats.get_message(address.id, message)
        return await self._reader(conversation, address).get_message(message)

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Messages of the account's datasource, as Glean ranks them."""
        reader = None
        if query.conversation is not None:
            address = Address.parse(query.conversation, self._settings)
            searchable(address)
            reader = self._reader(query.conversation, address)
        return await Finder(self._api, self._cache, self._settings).search(query, reader)

    async def changes(self, position: str | None) -> Changes:
        """New messages of chats, and of channels in which something was indexed lately."""
        moved = partial(moved_conversations, self._chats, Finder(self._api, self._cache, self._settings))
        return await ConversationChanges.of(self, moved=moved, lookback=INDEX_DELAY).changes(position)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Ask the assistant in a chat (``chat.new`` begins one), and return its answer.

        Raises:
            UnsupportedOperation: The conversation is of a chat system, which Glean only reads.
            OutcomeUnknown: It may have been asked, or was and failed.
        """
        address = Address.parse(conversation, self._settings)
        if address.where is not IdKind.CHAT:
            raise UnsupportedOperation(
                "Glean only reads the chat systems that it indexes.",
                hint="Send to one of its chats (chat.ID, or chat.new to begin one).",
            )
        return await prompt.ask(self._chats, address.id, draft)

    def parse_link(self, link: str) -> tuple[str, str | None] | None:
        """Permalinks of Slack and Microsoft Teams, when that is the account's datasource."""
        found = read_link(link)
        # Another account may index the system that the link is of.
        if found is None or self._settings.datasource not in found.sources:
            return None
        message = self._linked(link.strip()) if found.message else None
        return channel_id(self._settings.datasource, found.channel), message

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """A place in a list that is in order of time; none in threads of a channel and overlapping conversations."""
        if message.conversation.startswith(f"{IdKind.CHAT}."):
            return chats.cursor_after(message)
        try:
            address, cache = Address.parse(message.conversation, self._settings), self._cache
        except DragomanError:
            return None
        shape = cache.traits.get(message.conversation) or ListTraits(irregular=True)
        # A cursor holds a time, which says nothing where times overlap.
        if query.thread is not None or shape.irregular or message.sent_at in shape.borders:
            return None
        # The first message of a thread comes last, so the position has to know that it is due.
        held_back = address.where is IdKind.THREAD and query.order is Order.LATEST
        position = Position.after(message, query.order, coarse=shape.coarse, root=held_back)
        source = cache.sources.get(message.conversation) or None
        return replace(position, source=source).write() if position else None

    @property
    def _api(self) -> Api:
        if self._opened is None:
            raise RuntimeError("the account is used outside of its context")
        return self._opened

    @property
    def _cache(self) -> PersonCache:
        return self._caches.get_or_put(self._api.person, PersonCache)

    @property
    def _chats(self) -> Chats:
        return Chats(self._api, self._cache)

    def _linked(self, link: str) -> str:
        """The id of the message behind a permalink, or the permalink itself, which serves as one."""
        try:
            return (self._cache.links.get(link) if self._opened else None) or link
        except DragomanError:  # nobody is signed in
            return link

    def _reader(self, conversation: str, address: Address) -> MessageReader:
        return MessageReader(
            api=self._api,
            cache=self._cache,
            conversation=conversation,
            address=address,
            own_datasource=self._settings.datasource,
            find_source=Finder(self._api, self._cache, self._settings).source_of,
        )
