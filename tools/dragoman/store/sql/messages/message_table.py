"""Messages with their full-text index, kept in step.

A store has two such sets of tables: ``seen`` for messages of services that the server has read, and ``local`` for the
messages of the local account. Each gives every message an integer that is never used again. The methods run inside
:meth:`Database.read` and :meth:`Database.write`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from dragoman.core.model import Author, Message
from dragoman.core.names import author_key
from dragoman.store.conversations import Merge, merge_by_id
from dragoman.store.sql.connection import Connection, IndexRow, Tables, bind, to_us, unbind
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.rows import Row, Stored

Parents = Mapping[str, str | None]  # ids of messages, each with that of the message that it answers, where it is known
COLUMNS: Final = "m.id, m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
_MANY: Final = 20
"""From so many messages on it pays to suppose that all of them are new."""
_ONE: Final = (  # with a join it takes ten times as long
    "SELECT m.id, m.number, m.live, m.moment, (SELECT a.data FROM $authors a WHERE a.author = m.author), m.reply_to,"
    " m.text, m.data FROM $messages m WHERE m.place = ? AND @key(m.id) @among"
)
_ALLOCATED: Final = "number, place, id, live, moment, reply_to"
INSERTED: Final = "number, place, id, live, moment, author, reply_to, text, data"
_CHANGED: Final = ("number", "live", "moment", "author", "reply_to", "text", "data")
LIVE: Final = 3
_TIME: Final = 4


@dataclass(frozen=True, slots=True)
class AuthorNumbers:
    """The numbers of the authors that a transaction has stored.

    Most readers give the same object for the same author, and looking that up is several times faster than by value.

    Attributes:
        by_identity: Number and author by the identity of the object, which is held so that no other one gets it.
        by_value: Number by author.
    """

    by_identity: dict[int, tuple[int, Author]] = field(default_factory=dict[int, tuple[int, Author]])
    by_value: dict[Author, int] = field(default_factory=dict[Author, int])


@dataclass(frozen=True, slots=True)
class MessageWriter:
    """Writes messages of one conversation.

    Attributes:
        con: A connection within a transaction.
        tables: Where the conversation is.
        place: Its number.
        authors: Authors that this transaction has stored; it is filled.
    """

    con: Connection
    tables: Tables
    place: int
    authors: AuthorNumbers

    def insert_if_all_new(self, messages: Sequence[Message]) -> list[int] | None:
        """Store messages, or none of them when one is there already; looking each up would take half as long again.

        Returns:
            As :meth:`insert`; ``None`` when nothing was stored.
        """
        columns = self._columns(messages, self.tables.last_number(self.con) + 1)
        add_to_index = self._begin_index(messages, columns)
        if not self.tables.insert_if_all_new(self.con, "messages", INSERTED, columns):
            return None
        add_to_index(self.con)
        return visible_times(columns)

    def insert(self, messages: Sequence[Message]) -> list[int]:
        """Store new messages; returns the times of those that are visible, in microseconds."""
        if not messages:
            return []
        # Made before and not between: changing from Python to the database and back for each row takes much longer.
        first = self.tables.last_number(self.con) + 1
        columns = self._columns(messages, first)
        add_to_index = self._begin_index(messages, columns)
        self.tables.insert(self.con, "messages", INSERTED, columns)
        add_to_index(self.con)
        return visible_times(columns)

    def _begin_index(
        self, messages: Sequence[Message], columns: Sequence[tuple[Any, ...]]
    ) -> Callable[[Connection], None]:
        """Begin to make the entries of those that are visible; the result adds them to the index."""
        return self.tables.prepare_index(
            rows.index_row(message, row[0]) for row, message in zip(columns, messages, strict=True) if row[LIVE]
        )

    def change(self, changes: Iterable[tuple[Stored, Message]]) -> tuple[int, int, bool]:
        """Store what differs; returns how many became visible, how many no longer are, and if any has another time."""
        new = [(was, rows.tombstone_of(fresh)) for was, fresh in changes]
        changed = [(was, message, row) for was, message in new if (row := rows.to_row(message)) != was.row]
        if not changed:
            return 0, 0, False
        self.store_authors([message.author for _, message, _ in changed])
        authors = self.authors.by_identity
        columns = [
            (was.number, row.live, row.time_us, authors[id(message.author)][0], row.reply_to, row.text, row.data)
            for was, message, row in changed
        ]
        self.tables.update(self.con, "messages", _CHANGED, columns)
        self._reindex([(was, message) for was, message, _ in changed])
        gained = sum(row.live > was.row.live for was, _, row in changed)
        lost = sum(row.live < was.row.live for was, _, row in changed)
        return gained, lost, any(row.time_us != was.row.time_us for was, _, row in changed)

    def _reindex(self, changed: Iterable[tuple[Stored, Message]]) -> None:
        added: list[IndexRow] = []
        for was, message in changed:
            before = rows.index_row(was.message, was.number) if was.visible else None
            after = rows.index_row(message, was.number) if message.deleted_at is None else None
            # Most changes are of reactions and of edit times, which nobody searches for.
            if before == after:
                continue
            if before is not None:
                # FTS5 has to be given the old words to forget them, so the row is taken out as it was.
                self.tables.unindex(self.con, before)
            if after is not None:
                added.append(after)
        if added:
            self.tables.index(self.con, added)

    def _columns(self, messages: Sequence[Message], first: int) -> list[tuple[Any, ...]]:
        """The values for :data:`INSERTED`, numbered from ``first`` on."""
        self.store_authors([message.author for message in messages])
        place, authors = self.place, self.authors.by_identity
        columns: list[tuple[Any, ...]] = []
        for number, message in enumerate(messages, first):
            live = message.deleted_at is None
            kept = message if live else rows.tombstone_of(message)
            reply_to = kept.reply_to
            columns.append((
                number,
                place,
                bind(kept.id),
                int(live),
                to_us(kept.sent_at),
                authors[id(kept.author)][0],
                reply_to and bind(reply_to),
                bind(kept.text),
                rows.rest(kept),
            ))  # fmt: skip
        return columns

    def store_authors(self, authors: Iterable[Author]) -> None:
        """Have a number for each of these authors, by their identities."""
        known, numbers = self.authors.by_identity, self.authors.by_value
        unknown = {id(one): one for one in authors if id(one) not in known}.values()
        # A reader may give an object of its own for each message of one person.
        missing = {unbind(rows.author_json(one)): one for one in dict.fromkeys(unknown) if one not in numbers}
        if missing:
            stored = self.tables.author_numbers(self.con, {data: author_key(one) for data, one in missing.items()})
            numbers |= {one: stored[data] for data, one in missing.items()}
        known |= {id(one): (numbers[one], one) for one in unknown}


def visible_times(columns: Iterable[tuple[Any, ...]]) -> list[int]:
    """The times of those messages that are visible."""
    return [row[_TIME] for row in columns if row[LIVE]]


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
        writer = MessageWriter(con, self.tables, place, authors or AuthorNumbers())
        gained = lost = 0
        is_moved = False
        times = None if self._is_any_stored(con, place, fresh) else writer.insert_if_all_new(list(fresh.values()))
        if times is None:
            stored = self._get(con, place, account, conversation, fresh)
            times = writer.insert([message for id_, message in fresh.items() if id_ not in stored])
            changes = ((was, self._merged(was, fresh[id_], merge)) for id_, was in stored.items())
            gained, lost, is_moved = writer.change(changes)
        if gained or lost or is_moved:
            removed = lost > 0 or is_moved
            conversations.recount(con, self.tables, place, len(times) + gained - lost, removed=removed)
        elif times:
            conversations.count_added(con, self.tables, place, times)
        return len(times) + gained

    def allocate(self, con: Connection, account: str, conversation: str, parents: Parents) -> dict[str, int]:
        """Give numbers to messages of which no content is stored, in this order; known ones keep theirs."""
        place = conversations.ensure(con, self.tables, account, conversation)
        known = self.numbers(con, account, conversation, parents)
        # Looked up before, because an insert that conflicts would use a number up as well.
        missing = [id_ for id_ in parents if id_ not in known]
        if missing:
            given = dict(zip(missing, count(self.tables.last_number(con) + 1), strict=False))
            rows_ = [
                (n, place, bind(id_), 0, 0, (answered := parents[id_]) and bind(answered)) for id_, n in given.items()
            ]
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
        return self.holds_one_of(con, place, (bind(next(iter(fresh))), bind(next(reversed(fresh)))))

    def holds_one_of(self, con: Connection, place: int, ids: Iterable[str | bytes]) -> bool:
        """Whether one of these messages of a conversation is there."""
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
