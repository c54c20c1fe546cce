"""Messages with their full-text index, kept in step.

A store has two such sets of tables: ``seen`` for messages of services that the server has read, and ``local`` for the
messages of the local account. Each gives every message an integer that is never used again. The methods run inside
:meth:`Database.read` and :meth:`Database.write`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from dragoman.core.model import Author, Message
from dragoman.core.names import author_key
from dragoman.store.conversations import Merge, merge_by_id
from dragoman.store.sql.connection import Connection, IndexRow, Tables
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.prepared import PreparedRow, index_row_of, tombstone_of
from dragoman.store.sql.messages.rows import AuthorNumbers, Row, index_row
from dragoman.store.sql.values import bind, to_us, unbind

COLUMNS: Final = "m.id, m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
_MANY: Final = 20
"""From so many messages on it pays to suppose that all of them are new."""

_LIVE: Final = 3
_TIME: Final = 4
_AUTHOR: Final = 3
"""Place of the author in a prepared row."""
_ONE: Final = (  # with a join it takes ten times as long
    "SELECT m.id, m.number, m.live, m.moment, (SELECT a.data FROM $authors a WHERE a.author = m.author), m.reply_to,"
    " m.text, m.data FROM $messages m WHERE m.place = ? AND @key(m.id) @among"
)
_INSERTED: Final = "number, place, id, live, moment, author, reply_to, text, data"
_ALLOCATED: Final = "number, place, id, live, moment"
_CHANGED: Final = ("number", "live", "moment", "author", "reply_to", "text", "data")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message with the table's number of it. Tombstones and mere numbers are not ``visible``."""

    number: int
    row: Row
    message: Message

    @property
    def visible(self) -> bool:
        """Whether it may be shown."""
        return bool(self.row.live)

    @property
    def has_content(self) -> bool:
        """Whether more of it is stored than its number."""
        return self.row.author is not None


def replaced(_stored: Message, fresh: Message) -> Message:
    """The simplest merge: the new message replaces the stored one."""
    return fresh


class MessageTable:
    """The tables whose names begin with ``prefix``.

    Attributes:
        numbered: People know messages by these numbers, so messages are returned with them.
    """

    def __init__(self, tables: Tables, *, numbered: bool = False) -> None:
        self.tables = tables
        self.numbered = numbered

    def get(self, con: Connection, account: str, conversation: str, ids: Iterable[str]) -> dict[str, Stored]:
        """What is stored under these ids of a conversation, tombstones too."""
        place = conversations.key(con, self.tables, account, conversation)
        return {} if place is None else self._get(con, place, account, conversation, ids)

    def put(
        self,
        con: Connection,
        account: str,
        conversation: str,
        messages: Iterable[Message],
        merge: Merge = replaced,
        authors: AuthorNumbers | None = None,
    ) -> int:
        """Store messages of a conversation, and bring the index in step with them.

        Args:
            con: A connection within a transaction.
            account: Where the conversation is; the accounts in the messages are ignored.
            conversation: Its id.
            messages: Any number, also several versions of one message, in the order in which they came.
            merge: Decides what is stored of a message that is there already.
            authors: Authors that this transaction has stored; it is filled, for the next call in the transaction.

        Returns:
            How many of them are new and visible.
        """
        given = list(messages)
        fresh = {message.id: message for message in given}
        if len(fresh) < len(given):
            fresh = merge_by_id(given, merge)
        place = conversations.ensure(con, self.tables, account, conversation)
        writer = _Writer(con, self.tables, place, authors or AuthorNumbers())
        gained = lost = 0
        times = None if self._is_any_stored(con, place, fresh) else writer.insert_if_all_new(list(fresh.values()))
        if times is None:
            stored = self._get(con, place, account, conversation, fresh)
            times = writer.insert([message for id_, message in fresh.items() if id_ not in stored])
            gained, lost = writer.change((was, self._merged(was, fresh[id_], merge)) for id_, was in stored.items())
        if gained or lost:
            conversations.recount(con, self.tables, place, len(times) + gained - lost, removed=lost > 0)
        elif times:
            conversations.count_added(con, self.tables, place, times)
        return len(times) + gained

    def insert_if_all_new(
        self,
        con: Connection,
        account: str,
        conversation: str,
        prepared: tuple[Sequence[Author], Sequence[PreparedRow]],
        numbers: AuthorNumbers,
    ) -> int | None:
        """Store prepared messages of a conversation, or none of them when one is there already.

        Args:
            con: A connection within a transaction.
            account: Where the conversation is.
            conversation: Its id.
            prepared: Authors, and at least one row that names them by their places in that list.
            numbers: Authors that this transaction has stored; it is filled.

        Returns:
            How many of them are visible; ``None`` when nothing was stored.
        """
        authors, fresh = prepared
        place = conversations.ensure(con, self.tables, account, conversation)
        if self._holds_one_of(con, place, (fresh[0][0], fresh[-1][0])):
            return None
        times = _Writer(con, self.tables, place, numbers).insert_prepared(authors, fresh)
        if times:
            conversations.count_added(con, self.tables, place, times)
        return None if times is None else len(times)

    def allocate(self, con: Connection, account: str, conversation: str, ids: Sequence[str]) -> dict[str, int]:
        """Give numbers to messages of which nothing else is stored, in this order; known ones keep theirs."""
        place = conversations.ensure(con, self.tables, account, conversation)
        known = self.numbers(con, account, conversation, ids)
        # Looked up before, because an insert that conflicts would use a number up as well.
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in known]
        if missing:
            given = dict(zip(missing, count(self.tables.last_number(con) + 1), strict=False))
            rows_ = [(number, place, bind(id_), 0, 0) for id_, number in given.items()]
            self.tables.insert(con, "messages", _ALLOCATED, rows_)
            known |= given
        return known

    def numbers(self, con: Connection, account: str, conversation: str, ids: Iterable[str]) -> dict[str, int]:
        """The numbers of those messages that have one."""
        place = conversations.key(con, self.tables, account, conversation)
        if place is None:
            return {}
        statement = "SELECT id, number FROM $messages WHERE place = ? AND @key(id) @among"
        found = self.tables.select_each(con, statement, place, list(ids))
        return {unbind(id_): number for id_, number in found}

    def locate(self, con: Connection, number: int) -> tuple[str, str, str] | None:
        """Account, conversation and id of the message with that number."""
        statement = "SELECT p.account, p.id, m.id FROM $messages m JOIN $places p USING(place) WHERE m.number = ?"
        found = con.execute(self.tables.sql(statement), (number,)).fetchone()
        return None if found is None else (unbind(found[0]), unbind(found[1]), unbind(found[2]))

    def _get(
        self, con: Connection, place: int, account: str, conversation: str, ids: Iterable[str]
    ) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        for id_, number, *columns in self.tables.select_each(con, _ONE, place, list(ids)):
            row = Row(*columns)
            message = rows.from_row(row, id=unbind(id_), conversation=conversation, account=account)
            found[message.id] = Stored(number, row, message)
        return found

    def _is_any_stored(self, con: Connection, place: int, fresh: dict[str, Message]) -> bool:
        """Whether the first or the last of them is there; few are to be looked up one by one anyway."""
        if len(fresh) < _MANY:
            return True
        return self._holds_one_of(con, place, (bind(next(iter(fresh))), bind(next(reversed(fresh)))))

    def _holds_one_of(self, con: Connection, place: int, ids: Iterable[str | bytes]) -> bool:
        statement = self.tables.sql("SELECT 1 FROM $messages WHERE place = ? AND @key(id) = @key(?)")
        return any(con.execute(statement, (place, id_)).fetchone() is not None for id_ in ids)

    def _merged(self, was: Stored, fresh: Message, merge: Merge) -> Message:
        if not was.has_content:
            return fresh
        there = was.message
        placed = replace(
            fresh, account=there.account, conversation=there.conversation, number=None, reply_to_number=None
        )
        return merge(there, placed)


@dataclass(frozen=True, slots=True)
class _Writer:
    """The statements of one call of :meth:`MessageTable.put`."""

    _con: Connection
    _tables: Tables
    _place: int
    _authors: AuthorNumbers

    def insert_if_all_new(self, messages: Sequence[Message]) -> list[int] | None:
        """Store messages, or none of them when one is there already; looking each up would take half as long again.

        Returns:
            As :meth:`insert`; ``None`` when nothing was stored.
        """
        columns = self._columns(messages, self._tables.last_number(self._con) + 1)
        add_to_index = self._begin_index(messages, columns)
        if not self._tables.insert_if_all_new(self._con, "messages", _INSERTED, columns):
            return None
        add_to_index(self._con)
        return _visible_times(columns)

    def insert_prepared(self, authors: Sequence[Author], prepared: Sequence[PreparedRow]) -> list[int] | None:
        """As :meth:`insert_if_all_new`."""
        numbers = self._numbers_of(authors, dict.fromkeys([row[_AUTHOR] for row in prepared]))
        place = self._place
        columns = [
            (number, place, id_, live, moment, numbers[author], reply_to, text, data)
            for number, (id_, live, moment, author, reply_to, text, data, *_) in enumerate(
                prepared, self._tables.last_number(self._con) + 1
            )
        ]
        if not self._tables.insert_if_all_new(self._con, "messages", _INSERTED, columns):
            return None
        live = [(row, fresh) for row, fresh in zip(columns, prepared, strict=True) if row[_LIVE]]
        self._tables.index(self._con, [index_row_of(fresh, row[0]) for row, fresh in live])
        return [row[_TIME] for row, _ in live]

    def _numbers_of(self, authors: Sequence[Author], places: Iterable[int]) -> dict[int, int]:
        """The numbers of the authors at these places of a list."""
        used = {place: authors[place] for place in places}
        self._store_authors(used.values())
        return {place: self._author(author) for place, author in used.items()}

    def insert(self, messages: Sequence[Message]) -> list[int]:
        """Store new messages; returns the times of those that are visible, in microseconds."""
        if not messages:
            return []
        # Made before and not between: changing from Python to the database and back for each row takes much longer.
        first = self._tables.last_number(self._con) + 1
        columns = self._columns(messages, first)
        add_to_index = self._begin_index(messages, columns)
        self._tables.insert(self._con, "messages", _INSERTED, columns)
        add_to_index(self._con)
        return _visible_times(columns)

    def _begin_index(
        self, messages: Sequence[Message], columns: Sequence[tuple[Any, ...]]
    ) -> Callable[[Connection], None]:
        """Begin to make the entries of those that are visible; the result adds them to the index."""
        return self._tables.prepare_index(
            index_row(message, row[0]) for row, message in zip(columns, messages, strict=True) if row[_LIVE]
        )

    def change(self, changes: Iterable[tuple[Stored, Message]]) -> tuple[int, int]:
        """Store what differs; returns how many messages became visible, and how many no longer are."""
        new = [(was, tombstone_of(fresh)) for was, fresh in changes]
        changed = [(was, message, row) for was, message in new if (row := rows.to_row(message)) != was.row]
        if not changed:
            return 0, 0
        self._store_authors([message.author for _, message, _ in changed])
        columns = [
            (was.number, row.live, row.time_us, self._author(message.author), row.reply_to, row.text, row.data)
            for was, message, row in changed
        ]
        self._tables.update(self._con, "messages", _CHANGED, columns)
        self._reindex([(was, message) for was, message, _ in changed])
        gained = sum(row.live > was.row.live for was, _, row in changed)
        return gained, sum(row.live < was.row.live for was, _, row in changed)

    def _reindex(self, changed: Iterable[tuple[Stored, Message]]) -> None:
        added: list[IndexRow] = []
        for was, message in changed:
            before = index_row(was.message, was.number) if was.visible else None
            after = index_row(message, was.number) if message.deleted_at is None else None
            if before == after:
                continue
            if before is not None:
                self._tables.unindex(self._con, before)
            if after is not None:
                added.append(after)
        if added:
            self._tables.index(self._con, added)

    def _columns(self, messages: Sequence[Message], first: int) -> list[tuple[Any, ...]]:
        """The values for :data:`_INSERTED`, numbered from ``first`` on."""
        self._store_authors([message.author for message in messages])
        place, author_of, known = self._place, self._author, self._authors.by_identity
        columns: list[tuple[Any, ...]] = []
        for number, message in enumerate(messages, first):
            live = message.deleted_at is None
            kept = message if live else tombstone_of(message)
            author, reply_to = kept.author, kept.reply_to
            found = known.get(id(author))
            columns.append((
                number,
                place,
                bind(kept.id),
                int(live),
                to_us(kept.sent_at),
                author_of(author) if found is None else found[0],
                reply_to and bind(reply_to),
                bind(kept.text),
                rows.rest(kept),
            ))  # fmt: skip
        return columns

    def _author(self, author: Author) -> int:
        number = self._authors.get(author)
        if number is None:
            raise KeyError(author)
        return number

    def _store_authors(self, authors: Iterable[Author]) -> None:
        """Have a number for each of these authors."""
        known = self._authors.by_identity
        unknown = {id(one): one for one in authors if id(one) not in known}.values()
        # A reader may give an object of its own for each message of one person.
        distinct = dict.fromkeys(unknown)
        missing = {unbind(rows.author_json(one)): one for one in distinct if self._authors.get(one) is None}
        if missing:
            numbers = self._tables.author_numbers(self._con, {data: author_key(one) for data, one in missing.items()})
            for data, one in missing.items():
                self._authors.add(one, numbers[data])
        for one in unknown:
            self._authors.by_identity[id(one)] = self._author(one), one


def _visible_times(columns: Iterable[tuple[Any, ...]]) -> list[int]:
    """The times of those messages that are visible."""
    return [row[_TIME] for row in columns if row[_LIVE]]


def is_readable(conversation: str | bytes, id_: str | bytes, _number: int, *columns: Any) -> bool:
    """Whether the columns of a message, after those of its conversation, make sense."""
    row = Row(*columns)
    rows.from_row(row, id=unbind(id_), conversation=unbind(conversation))
    return not row.live or (row.author is not None and row.text is not None)
