"""Numbers and remembers messages in a SQLite file, with caches before it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from dragoman.core.model import Conversation, Hit, Message, SearchPage
from dragoman.core.queries import SearchQuery
from dragoman.store.interface import NotWritableError
from dragoman.store.messages import CONVERSATIONS, MessageStore, Remember
from dragoman.store.sqlite import search
from dragoman.store.sqlite.cache.read_cache import ReadCache
from dragoman.store.sqlite.cache.recent_messages import RecentMessageCache
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.messages import conversations as conversation_table
from dragoman.store.sqlite.messages import numbering
from dragoman.store.sqlite.messages.message_table import MessageTable
from dragoman.store.sqlite.values import from_us

T = TypeVar("T")


class SqliteMessages(MessageStore):
    """See :class:`MessageStore`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._table = MessageTable("seen", numbered=True)
        self._recent = RecentMessageCache(clock)
        self._cache = ReadCache()

    async def number(
        self, messages: Sequence[Message], remember: Remember = "full", *, account: str = ""
    ) -> list[Message]:
        """Look the numbers up, and assign those that are missing."""
        numbered = self._recent.find(account, remember, messages)
        if numbered is not None:
            return numbered
        if remember == "off":
            return [replace(message, account=account or message.account) for message in messages]
        database, table = self._database, self._table
        numbered = await database.read(lambda con: numbering.lookup(con, table, messages, remember, account))
        try:
            if numbered is None:
                numbered = await database.write(lambda con: numbering.assign(con, table, messages, remember, account))
        except NotWritableError:
            return await database.read(lambda con: numbering.lookup_existing(con, table, messages, account))
        self._recent.put(account, remember, messages, numbered)
        return numbered

    async def locate(self, number: int) -> tuple[str, str, str] | None:
        """Look a number up, mostly in memory."""
        if not 0 < number < 2**63:
            return None
        return await self._read(("locate", number), lambda con: self._table.locate(con, number))

    async def search(self, account: str, query: SearchQuery) -> SearchPage:
        """Search the full-text index."""
        return await self._database.read(lambda con: self._search(con, account, query))

    async def remember_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Write down what is new."""
        tables = self._table.tables
        fresh = await self._database.read(lambda con: conversation_table.changed(con, tables, conversations))
        try:
            if fresh:
                await self._database.write(lambda con: conversation_table.save_all(con, tables, fresh))
        except NotWritableError:
            return

    async def conversation(self, account: str, conversation: str) -> Conversation | None:
        """Look one conversation up, mostly in memory."""
        key = ("conversation", account, conversation)
        row = await self._read(key, lambda con: conversation_table.find(con, self._table.tables, account, conversation))
        return row.conversation if row is not None and row.known else None

    async def conversations(self, account: str | None = None) -> list[Conversation]:
        """List the most recent conversations."""
        return await self._database.read(lambda con: self._conversations(con, account))

    async def _read(self, key: Hashable, work: Callable[[Connection], T]) -> T:
        """Read what is asked for again and again."""
        return await self._cache.get(self._database, key, lambda: self._database.read(work))

    def _conversations(self, con: Connection, account: str | None) -> list[Conversation]:
        rows = conversation_table.recent(con, self._table.tables, account)
        return [row.conversation for row in islice(rows, CONVERSATIONS)]

    def _search(self, con: Connection, account: str, query: SearchQuery) -> SearchPage:
        page = search.search(con, self._table, query, account)
        oldest = conversation_table.oldest(con, self._table.tables, account, query.conversation)
        items = [self._with_parent(con, hit) for hit in page.items]
        return replace(page, items=items, back_to=from_us(oldest))

    def _with_parent(self, con: Connection, hit: Hit) -> Hit:
        message = hit.message
        if message.reply_to is None:
            return hit
        found = self._table.numbers(con, message.account, message.conversation, [message.reply_to])
        return replace(hit, message=replace(message, reply_to_number=found.get(message.reply_to)))
