"""The local account: conversations that the store itself holds. Imports end here; a reference for providers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Final, Self, TypeVar

import anyio

from dragoman.core import paths
from dragoman.core.errors import DragomanError, InvalidArgument, Unavailable
from dragoman.core.model import Author, Changes, Conversation, Message, Page, SearchPage
from dragoman.core.safe_text import sentence
from dragoman.providers.base.import_batch import ImportCounts, ImportGroup, grouped
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
from dragoman.providers.local import ids, imports, queries, writes
from dragoman.providers.local.settings import LocalSettings
from dragoman.store import open_conversations
from dragoman.store.conversations import ConversationStore, ConversationTables, conversation_key, message_key
from dragoman.store.sql.messages.prepared import PreparedBatch

T = TypeVar("T")
P = TypeVar("P", bound=Page[Any])
Q = TypeVar("Q", ConversationQuery, MessageQuery, SearchQuery)
__all__ = ["LocalProvider", "LocalSettings"]

BATCH: Final = 10_000
"""Messages that one transaction of an import stores."""


class LocalProvider(Provider):
    """Conversations in the store, with everything that the model can say."""

    name = "local"
    about = "imported chats and notes"
    service_name = "imported chats"
    Settings: ClassVar[type[AccountSettings]] = LocalSettings
    limits = Limits(text_length=1_000_000, page_size=200)
    # The id of a message is made of its key, so the same key finds the same message.
    idempotent = True
    external = False
    filters_exactly = True
    returns_stored = True
    first_position = "0"

    def __init__(self, settings: AccountSettings, store: ConversationStore | None = None) -> None:
        """Keep the settings and an open store; no I/O."""
        super().__init__(settings)
        self._store = store

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Open the store, making it where it is missing.

        Raises:
            InvalidArgument: Something else is at that place.
            DragomanError: The store cannot be opened now.
        """
        place = settings.place if isinstance(settings, LocalSettings) else paths.store_file()
        async with open_conversations(place) as store:
            yield cls(settings, store)

    async def check(self) -> str:
        """Look into the file.

        Returns:
            How much there is.
        """
        store = self._open_store()
        conversations, messages = await store.read(None, lambda tables: tables.counts())
        readable = "" if store.writable else ", which can only be read"
        much = f"{_counted(messages, 'message')} in {_counted(conversations, 'conversation')}"
        return f"{much} in {store.name}{readable}"

    async def own_author(self) -> Author:
        """The author of what is sent."""
        return Author(name=self._own_name(), id=self._own_name(), own=True)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """The conversations, most recent first, filtered exactly."""
        bounded = self._bounded(query)
        return _copied(await self._read(bounded, lambda tables: queries.conversations(tables, bounded)))

    async def get_conversation(self, conversation: str) -> Conversation:
        """One conversation with the number of its messages."""
        return await self._read(
            conversation_key(conversation),
            lambda tables: queries.conversation_of(tables, conversation).with_count,
            single=True,
        )

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """Messages of a conversation, filtered exactly; ``total`` is told where nothing is filtered."""
        bounded = self._bounded(query)
        key = (conversation, bounded)
        return _copied(await self._read(key, lambda tables: queries.messages(tables, conversation, bounded)))

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """A page can be cut after any message."""
        del query
        return queries.cursor_after(message)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message."""
        return await self._read(
            message_key(conversation, message),
            lambda tables: queries.message_of(tables, conversation, message),
            single=True,
        )

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Full-text search over everything, as the store ranks it."""
        bounded = self._bounded(query)
        return _copied(await self._read(bounded, lambda tables: queries.search(tables, bounded)))

    async def changes(self, position: str | None) -> Changes:
        """What tools have sent, imported or changed, in any process. What an archive brought is no news."""
        return await self._read(("changes", position), lambda tables: queries.changes(tables, position))

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Add a message of the account's own author. The same ``idempotency_key`` again gives the first one back.

        Raises:
            NotFound: There is no such conversation, or no message in it to reply to.
            InvalidArgument: The text is empty or too long.
            Conflict: The key was used for another message.
        """
        self._check_text(draft.text)
        now = datetime.now(UTC)
        key = draft.idempotency_key
        message = Message(
            id=ids.new(now) if key is None else ids.of_key(key),
            conversation=conversation,
            author=Author(name=self._own_name(), id=self._own_name(), own=True),
            sent_at=now,
            text=draft.text,
            reply_to=draft.reply_to,
            subject=draft.subject,
        )
        return await self._write(lambda tables: writes.send(tables, message))

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change text, subject or labels; the earlier text goes into the history.

        Raises:
            NotFound: There is no such message.
            InvalidArgument: The text is too long.
        """
        if change.text is not None:
            self._check_text(change.text)
        now = datetime.now(UTC)
        return await self._write(lambda tables: writes.update(tables, conversation, message, change, now))

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store a message from elsewhere; a new conversation is made and called by its id.

        A message whose id is there already is given back as it is stored: importing again changes nothing.

        Raises:
            InvalidArgument: It answers a message that is not in this conversation.
            Conflict: The message with this id was deleted.
        """
        _check_conversation(conversation)
        fresh = replace(message, id=message.id or ids.new(datetime.now(UTC)), conversation=conversation)
        return await self._write(lambda tables: writes.import_one(tables, fresh))

    async def import_conversation(self, conversation: Conversation, messages: Sequence[Message]) -> int:
        """Store a whole conversation, in transactions of :data:`BATCH` messages.

        Importing again adds what is new, and brings later edits, deletions and reactions; see :mod:`.merging`.
        Messages without an id get one that is made of their content. Replies may stand before their parents.

        Returns:
            How many of the messages were new.
        """
        _check_conversation(conversation.id)
        await self._write(partial(imports.describe, conversation=conversation, described=True))
        content_ids = imports.ContentIds()
        added = 0
        for start in range(0, len(messages), BATCH):
            part = list(messages[start : start + BATCH])
            group = ImportGroup(Conversation(id=conversation.id), described=False, messages=part)
            work = partial(imports.store_group, group=group, content_ids=content_ids)
            added += (await self._write(work)).new
        await self._optimize()
        return added

    async def import_batch(self, items: Sequence[Conversation | Message]) -> ImportCounts:
        """Store a part of an import in one transaction."""
        groups = grouped(items)
        for group in groups:
            _check_conversation(group.conversation.id)
        return await self._write(partial(imports.store_groups, groups=groups, content_ids=imports.ContentIds()))

    async def import_prepared(self, batch: PreparedBatch) -> ImportCounts:
        """Store a part of an import whose rows are made, in one transaction."""
        for group in batch.groups:
            _check_conversation(group.conversation.id)
        return await self._write(partial(imports.store_prepared, batch=batch, content_ids=imports.ContentIds()))

    async def find_import(self, digest: str) -> str | None:
        """The report of a complete import with this digest, if none of its messages is gone since."""
        return await self._read(("import", digest), lambda tables: tables.find_import(digest))

    async def list_stored_ids(self, prefix: str, after: int = 0) -> Sequence[tuple[int, str, str, tuple[str, ...]]]:
        """Ids of stored messages with their conversations and the messages that they name, some at a time."""
        return await self._read(("ids", prefix, after), lambda tables: tables.ids_after(prefix, after))

    async def record_import(self, digest: str, report: str, conversations: Iterable[str]) -> None:
        """Keep the report of a complete import."""
        await self._write(lambda tables: tables.record_import(digest, report, conversations))
        await self._optimize()

    async def _optimize(self) -> None:
        # A disk that is full or a busy file make no failure of an import that is stored.
        with suppress(DragomanError):
            await self._open_store().optimize()

    async def _read(self, key: Hashable, work: Callable[[ConversationTables], T], *, single: bool = False) -> T:
        store = self._open_store()
        # A cached result needs no worker thread.
        cached = store.peek(key)
        if cached is not None:
            found: T = cached[0]
            return found
        with anyio.move_on_after(self.settings.timeout):
            return await store.read(key, work, single=single)
        raise self._kept_waiting(store)

    async def _write(self, work: Callable[[ConversationTables], T]) -> T:
        """Write, unless it cannot begin in time; what has begun is finished."""
        store = self._open_store()
        with anyio.move_on_after(self.settings.timeout):
            return await store.write(work)
        raise self._kept_waiting(store)

    def _kept_waiting(self, store: ConversationStore) -> Unavailable:
        return Unavailable(
            sentence("{} was not free within {:g} seconds.", store.name, self.settings.timeout),
            hint="Try again, or raise `timeout` of this account; another program may hold the file.",
        )

    def _open_store(self) -> ConversationStore:
        if self._store is None:
            raise Unavailable("The account is not open.", hint="Enter LocalProvider.open() first.")
        return self._store

    def _own_name(self) -> str:
        return self.settings.name if isinstance(self.settings, LocalSettings) else "me"

    def _bounded(self, query: Q) -> Q:
        limit = max(1, min(query.limit, self.limits.page_size))
        return query if limit == query.limit else replace(query, limit=limit)

    def _check_text(self, text: str) -> None:
        longest = self.limits.text_length
        if not text.strip():
            raise InvalidArgument("The text is empty.", hint="Write something.")
        if longest is not None and len(text) > longest:
            raise InvalidArgument(
                sentence("The text has {:,} characters, and {:,} are possible.", len(text), longest),
                hint="Send it in parts.",
            )


def _copied(page: P) -> P:
    """The page that somebody else may get as well, with a list of the caller's own."""
    return replace(page, items=list(page.items))


def _check_conversation(conversation: str) -> None:
    if not conversation:
        raise InvalidArgument("The id of the conversation is empty.", hint="Give it an id.")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
