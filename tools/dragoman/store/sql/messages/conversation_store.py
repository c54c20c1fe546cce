"""The conversations of the local account in tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dragoman.core.model import Author, Conversation, Message, SearchPage
from dragoman.core.queries import SearchQuery
from dragoman.store.conversations import (
    MOST_CHANGES,
    ChangeLog,
    ConversationRow,
    ConversationStore,
    ConversationTables,
    Merge,
    PageQuery,
    StoredMessage,
)
from dragoman.store.sql.cache import ReadCache
from dragoman.store.sql.connection import Connection, bind, unbind
from dragoman.store.sql.database import Database
from dragoman.store.sql.messages import conversations, message_pages, rows
from dragoman.store.sql.messages.message_table import AuthorNumbers, MessageTable, replaced
from dragoman.store.sql.messages.rows import Stored
from dragoman.store.sql.search import ranked

if TYPE_CHECKING:
    from dragoman.store.sql.messages.prepared import PreparedColumns

T = TypeVar("T")

ACCOUNT: Final = ""
"""The account under which the table keeps them: a provider does not know the name of its account."""

PREFIX: Final = "local"
"""How the names of their tables begin."""

_IDS: Final = 10_000
_RECORDED: Final = 2000
"""Conversations of an import that are recorded with one statement."""


class SqlConversations(ConversationStore):
    """See :class:`ConversationStore`."""

    def __init__(self, database: Database) -> None:
        """Keep an open database."""
        self._database = database
        self._table = MessageTable(database.tables(PREFIX))
        self._cache = ReadCache()

    @property
    def name(self) -> str:
        """How errors call the file."""
        return self._database.name

    @property
    def writable(self) -> bool:
        """Whether this user may write to the file."""
        return self._database.writable

    def peek(self, key: Hashable) -> tuple[Any] | None:
        """Ask the cache, which knows when any process has written to the file."""
        return self._cache.peek(self._database, key)

    async def read(self, key: Hashable | None, work: Callable[[ConversationTables], T], *, single: bool = False) -> T:
        """Read in a worker thread, unless the cache has it."""
        database, table = self._database, self._table

        def read(con: Connection) -> T:
            return work(SqlTables(con, table))

        if key is None:
            return await database.read(read, single=single)
        return await self._cache.get(database, key, lambda: database.read_versioned(read, single=single), single=single)

    async def write(self, work: Callable[[ConversationTables], T]) -> T:
        """Write in a worker thread."""
        # An import counts messages of equal content, so its work cannot be run a second time.
        return await self._database.write(lambda con: work(SqlTables(con, self._table)), area=PREFIX, once=True)

    async def optimize(self) -> None:
        """Have the database do what it can."""
        await self._database.optimize(self._table.tables)


class SqlTables(ConversationTables):
    """See :class:`ConversationTables`."""

    def __init__(self, con: Connection, table: MessageTable) -> None:
        """Keep a connection within a transaction, and the table of the messages."""
        self._con = con
        self._table = table

    @cached_property
    def _authors(self) -> AuthorNumbers:
        """Numbers of the authors that this transaction has stored."""
        return AuthorNumbers()

    def counts(self) -> tuple[int, int]:
        """Counts from the conversations' own counters."""
        statement = "SELECT count(*), coalesce(sum(held), 0) FROM $places WHERE described = 1"
        counted: tuple[int, int] = self._con.execute(self._table.tables.sql(statement)).get
        return counted

    def find(self, conversation: str) -> ConversationRow | None:
        """One row."""
        return conversations.find(self._con, self._table.tables, ACCOUNT, conversation)

    def recent(self, text: str, *, exact: bool, before: tuple[int, int] | None) -> Iterator[ConversationRow]:
        """Rows as they are wanted."""
        return conversations.recent(self._con, self._table.tables, ACCOUNT, text=text, exact=exact, before=before)

    def describe(self, conversation: Conversation) -> None:
        """Write the row if it would change."""
        conversations.save(self._con, self._table.tables, [conversation])

    def get(self, conversation: str, message: str) -> StoredMessage | None:
        """One row."""
        found = self._table.get(self._con, ACCOUNT, conversation, [message]).get(message)
        return None if found is None else _stored(found)

    def find_with_message(self, conversation: str, message: str) -> tuple[ConversationRow, StoredMessage | None] | None:
        """Both with one statement."""
        found = message_pages.find_with_message(self._con, self._table, (ACCOUNT, conversation), message)
        if found is None:
            return None
        row, stored = found
        return row, None if stored is None else _stored(stored)

    def page(self, conversation: ConversationRow, query: PageQuery) -> list[StoredMessage]:
        """A keyset page."""
        where = (ACCOUNT, conversation.conversation.id)
        return [_stored(one) for one in message_pages.page(self._con, self._table, conversation.key, where, query)]

    def reply_counts(self, conversation: ConversationRow, ids: Sequence[str]) -> dict[str, int]:
        """Count with one statement."""
        return message_pages.replies(self._con, self._table, conversation.key, ids)

    def put(self, conversation: str, messages: Iterable[Message], merge: Merge | None = None) -> int:
        """Store messages with their index. The transaction looks each author up once."""
        return self._table.put(self._con, ACCOUNT, conversation, messages, merge or replaced, self._authors)

    def insert_prepared(self, conversation: str, authors: Sequence[Author], prepared: PreparedColumns) -> int | None:
        """Let the table refuse what is there already."""
        from dragoman.store.sql.messages.prepared_insert import insert_if_all_new  # noqa: PLC0415  # only imports need it

        return insert_if_all_new(self._con, self._table, (ACCOUNT, conversation), (authors, prepared), self._authors)

    def record_change(self, conversation: str, message: str) -> None:
        """Add a row."""
        con = self._con
        number = self._table.numbers(con, ACCOUNT, conversation, [message])[message]
        change: int = con.execute("INSERT INTO local_changes(number) VALUES(?) RETURNING change", (number,)).get
        # One goes for each that comes, so the log never grows beyond its bound.
        con.execute("DELETE FROM local_changes WHERE change <= ?", (change - MOST_CHANGES,))

    def changes_after(self, number: int, limit: int) -> ChangeLog:
        """Rows in the order in which they were added."""
        oldest, newest = self._con.execute(
            "SELECT coalesce(min(change), 1), coalesce(max(change), 0) FROM local_changes"
        ).get
        found = self._con.execute(
            "SELECT c.change, p.id, m.id FROM local_changes c JOIN local_messages m USING(number)"
            " JOIN local_places p USING(place) WHERE c.change > ? ORDER BY c.change LIMIT ?",
            (number, limit),
        )
        rows = [(change, unbind(conversation), unbind(message)) for change, conversation, message in found]
        return ChangeLog(oldest, newest, rows)

    def search(self, query: SearchQuery) -> SearchPage:
        """Ranked search."""
        return ranked.search(self._con, self._table, query, ACCOUNT)

    def ids_after(self, prefix: str, after: int) -> list[tuple[int, str, str, tuple[str, ...]]]:
        """At most ten thousand ids."""
        found = self._con.execute(
            "SELECT m.number, m.id, p.id, m.reply_to, m.data FROM local_messages m JOIN local_places p USING(place)"
            " WHERE p.account = ? AND p.id >= ? AND p.id < ? AND m.number > ? ORDER BY m.number LIMIT ?",
            # The last character of Unicode stands for everything that the prefix begins.
            (ACCOUNT, prefix, f"{prefix}\U0010ffff", after, _IDS),
        )
        return [
            (number, unbind(message), unbind(conversation), rows.named_ids(reply_to, data))
            for number, message, conversation, reply_to, data in found
        ]

    def find_import(self, digest: str) -> str | None:
        """Compare the counts of then with those of now."""
        found = self._con.execute("SELECT import, report FROM imports WHERE digest = ?", (digest,)).fetchone()
        if found is None:
            return None
        # More messages than then are no reason to import again; fewer are.
        lacking = self._con.execute(
            "SELECT count(*) FROM import_conversations i LEFT JOIN local_places p USING(place)"
            " WHERE i.import = ? AND (p.held IS NULL OR p.held < i.held)",
            (found[0],),
        ).get
        return None if lacking else unbind(found[1])

    def record_import(self, digest: str, report: str, conversations: Iterable[str]) -> None:
        """Replace an earlier record of the same digest."""
        con, earlier = self._con, "SELECT import FROM imports WHERE digest = ?"
        # Deleted one after the other: not every file has foreign keys that cascade.
        con.execute(f"DELETE FROM import_conversations WHERE import IN ({earlier})", (digest,))  # noqa: S608 - our own words
        con.execute("DELETE FROM imports WHERE digest = ?", (digest,))
        inserted = con.execute(
            "INSERT INTO imports(digest, report) VALUES(?, ?) RETURNING import", (digest, bind(report))
        )
        number: int = inserted.get
        left = iter(conversations)
        while some := list(islice(left, _RECORDED)):
            self._record_conversations(number, some)

    def _record_conversations(self, number: int, conversations: Sequence[str]) -> None:
        con, tables = self._con, self._table.tables
        of_these = "SELECT place FROM $places WHERE account = ? AND @key(id) @among"
        found = tables.select_each(con, of_these, ACCOUNT, conversations)
        places = message_pages.number_list(place for (place,) in found)
        added = "SELECT ?, p.place, p.held FROM @numbers @join $places p ON p.place = n.value"
        con.execute(tables.sql(f"INSERT INTO import_conversations(import, place, held) {added}"), (number, places))


def _stored(found: Stored) -> StoredMessage:
    return StoredMessage(found.message, (found.row.time_us, found.number), found.visible)
