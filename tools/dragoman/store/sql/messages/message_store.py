"""Numbers and remembers messages in tables, with caches before it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from dragoman.core.model import Conversation, Hit, Message, Page, SearchPage
from dragoman.core.queries import MessageQuery, SearchQuery
from dragoman.store.interface import NotWritableError
from dragoman.store.messages import CONVERSATIONS, MessageStore, Remember
from dragoman.store.sql.cache import ReadCache, RecentMessageCache
from dragoman.store.sql.connection import Connection, from_us
from dragoman.store.sql.database import Database
from dragoman.store.sql.messages import conversations as conversation_table
from dragoman.store.sql.messages import message_pages, rows
from dragoman.store.sql.messages.message_table import AuthorNumbers, MessageTable
from dragoman.store.sql.messages.rows import Stored
from dragoman.store.sql.search import ranked


def lookup(
    con: Connection, table: MessageTable, messages: Sequence[Message], remember: Remember, account: str
) -> list[Message] | None:
    """The messages with account and numbers; ``None`` when something of them has to be written first.

    Args:
        con: A connection within a transaction.
        table: Where messages have their numbers.
        messages: As they were table.
        remember: How much is kept of them.
        account: Where they are; empty when each says so itself.
    """
    numbered: dict[tuple[str, str], dict[str, int]] = {}
    for where, group in _grouped(messages, account).items():
        ids = _parents(group)
        numbers = table.numbers(con, *where, ids)
        # A lookup is enough for most pages, and takes no lock from other writers.
        if len(numbers) < len(ids) or (remember == "full" and _differ(con, table, where, group)):
            return None
        numbered[where] = numbers
    return [_numbered(message, account, numbered) for message in messages]


def lookup_existing(con: Connection, table: MessageTable, messages: Sequence[Message], account: str) -> list[Message]:
    """The messages with the numbers that exist, for a file that cannot be written."""
    told: list[Message] = []
    for message in messages:
        ids = [message.id] if message.reply_to is None else [message.id, message.reply_to]
        where = account or message.account
        numbers = table.numbers(con, where, message.conversation, ids)
        parent = None if message.reply_to is None else numbers.get(message.reply_to)
        told.append(replace(message, account=where, number=numbers.get(message.id), reply_to_number=parent))
    return told


def store(
    con: Connection, table: MessageTable, messages: Sequence[Message], remember: Remember, account: str
) -> tuple[list[Message], int]:
    """Give numbers to messages and to those that they answer, and remember them.

    Returns:
        The messages with their numbers, and how many of them the table did not show before.
    """
    numbered: dict[tuple[str, str], dict[str, int]] = {}
    new = 0
    for where, group in _grouped(messages, account).items():
        if remember == "full":
            new += _put(con, table, where, group)
            numbered[where] = table.numbers(con, *where, _parents(group))
        else:
            numbered[where] = table.allocate(con, *where, _parents(group))
    return [_numbered(message, account, numbered) for message in messages], new


def store_unnumbered(con: Connection, table: MessageTable, messages: Sequence[Message], account: str) -> int:
    """The same for a caller that needs no numbers; returns how many messages the table did not show before."""
    authors = AuthorNumbers()
    return sum(_put(con, table, where, group, authors) for where, group in _grouped(messages, account).items())


def _put(
    con: Connection,
    table: MessageTable,
    where: tuple[str, str],
    group: Sequence[Message],
    authors: AuthorNumbers | None = None,
) -> int:
    """Store messages of one conversation, each after the one that it answers."""
    # A reply may name a message that is not on the page, and gets its number with the page.
    own = dict.fromkeys(message.id for message in group)
    ordered = list(_parents(group))
    outside = [id_ for id_ in ordered if id_ not in own]
    in_order = [id_ for id_ in ordered if id_ in own] == list(own)
    if not in_order or (outside and len(table.numbers(con, *where, outside)) < len(outside)):
        # Numbers follow first sight, so parents that are not there yet get theirs first.
        table.allocate(con, *where, _parents(group))
    return table.put(con, *where, group, merged, authors)


def merged(stored: Message, fresh: Message) -> Message:
    """The version to store: the last one, unless it is an excerpt or was edited earlier."""
    if fresh.deleted_at is None and fresh.partial and not stored.partial and stored.deleted_at is None:
        return stored
    # Pages that were asked for at the same time may come in any order.
    if stored.edited_at is not None and fresh.edited_at is not None and fresh.edited_at < stored.edited_at:
        return stored
    return fresh


def _differ(con: Connection, table: MessageTable, where: tuple[str, str], group: Sequence[Message]) -> bool:
    stored = table.get(con, *where, [message.id for message in group])
    return any(differs(stored[message.id], message) for message in group)


def differs(was: Stored, fresh: Message) -> bool:
    """Whether storing a message would change what is stored of it."""
    if not was.has_content:
        return True
    if fresh.deleted_at is not None:
        return was.visible
    # Compared as rows, for a value of ``extra`` may come back in another type.
    return rows.to_row(merged(was.message, _kept(fresh))) != was.row


def _kept(message: Message) -> Message:
    return replace(message, number=None, reply_to_number=None)


def _numbered(message: Message, account: str, numbers: dict[tuple[str, str], dict[str, int]]) -> Message:
    where = account or message.account
    here = numbers[where, message.conversation]
    parent = None if message.reply_to is None else here[message.reply_to]
    return replace(message, account=where, number=here[message.id], reply_to_number=parent)


def _grouped(messages: Sequence[Message], account: str) -> dict[tuple[str, str], list[Message]]:
    groups: dict[tuple[str, str], list[Message]] = {}
    for message in messages:
        groups.setdefault((account or message.account, message.conversation), []).append(message)
    return groups


def _parents(group: Sequence[Message]) -> dict[str, str | None]:
    """The ids of messages, each after that of the message that it answers and with it."""
    parents: dict[str, str | None] = {}
    for message in group:
        if message.reply_to is not None:
            parents.setdefault(message.reply_to)
        parents[message.id] = message.reply_to
    return parents


T = TypeVar("T")

AREA: Final = "seen"
"""Of transactions that write messages of services."""


class SqlMessages(MessageStore):
    """See :class:`MessageStore`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._table = MessageTable(database.tables("seen"), numbered=True)
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
        numbered = await database.read(lambda con: lookup(con, table, messages, remember, account))
        try:
            if numbered is None:
                numbered = await database.write(
                    lambda con: store(con, table, messages, remember, account)[0], area=AREA
                )
        # A full disk hides no message: those that are new have no number for now.
        except NotWritableError:
            return await database.read(lambda con: lookup_existing(con, table, messages, account))
        self._recent.put(account, remember, messages, numbered)
        return numbered

    async def locate(self, number: int) -> tuple[str, str, str] | None:
        """Look a number up, mostly in memory."""
        # SQLite has no larger integers, and refuses to bind one.
        if not 0 < number < 2**63:
            return None
        return await self._read(("locate", number), lambda con: self._table.locate(con, number), single=True)

    async def search(self, account: str, query: SearchQuery) -> SearchPage:
        """Search the full-text index."""
        return await self._database.read(lambda con: self._search(con, account, query))

    async def page(self, account: str, conversation: str, query: MessageQuery) -> Page[Message]:
        """Read a keyset page, mostly in memory."""
        key = ("page", account, conversation, query)
        return await self._read(
            key, lambda con: message_pages.remembered(con, self._table, (account, conversation), query)
        )

    async def remember_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Write down what is new."""
        tables = self._table.tables
        look = partial(conversation_table.find_changed, tables=tables, conversations=conversations)
        # Mostly nothing is new, and reading takes no lock from those who write.
        fresh = await self._database.read(look)
        try:
            if fresh:
                save = partial(conversation_table.save, tables=tables, conversations=fresh)
                await self._database.write(save, area=AREA)
        except NotWritableError:
            return

    async def optimize(self) -> None:
        """Have the database do it."""
        await self._database.optimize(self._table.tables)

    async def conversation(self, account: str, conversation: str) -> Conversation | None:
        """Look one conversation up, mostly in memory."""
        key = ("conversation", account, conversation)
        find = partial(conversation_table.find, tables=self._table.tables, account=account, id_=conversation)
        row = await self._read(key, find, single=True)
        return row.conversation if row is not None and row.known else None

    async def conversations(self, account: str | None = None) -> list[Conversation]:
        """List the most recent conversations."""
        return await self._database.read(lambda con: self._conversations(con, account))

    async def _read(self, key: Hashable, work: Callable[[Connection], T], *, single: bool = False) -> T:
        """Read what is asked for again and again."""
        database = self._database
        read = partial(database.read_versioned, work, single=single)
        return await self._cache.get(database, key, read, single=single)

    def _conversations(self, con: Connection, account: str | None) -> list[Conversation]:
        rows = conversation_table.recent(con, self._table.tables, account)
        return [row.conversation for row in islice(rows, CONVERSATIONS)]

    def _search(self, con: Connection, account: str, query: SearchQuery) -> SearchPage:
        page = ranked.search(con, self._table, query, account)
        oldest = conversation_table.oldest(con, self._table.tables, account, query.conversation)
        items = [self._with_parent(con, hit) for hit in page.items]
        return replace(page, items=items, back_to=from_us(oldest))

    def _with_parent(self, con: Connection, hit: Hit) -> Hit:
        message = hit.message
        if message.reply_to is None:
            return hit
        found = self._table.numbers(con, message.account, message.conversation, [message.reply_to])
        return replace(hit, message=replace(message, reply_to_number=found.get(message.reply_to)))
