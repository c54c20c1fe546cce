"""Writes messages and their authors into the tables, and keeps the full-text index in step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dragoman.core.model import Author, Message
from dragoman.core.names import author_key
from dragoman.store.sql.connection import Connection, IndexRow, Tables, bind, to_us, unbind
from dragoman.store.sql.messages import rows
from dragoman.store.sql.messages.prepared import PreparedRow, index_row_of, tombstone_of
from dragoman.store.sql.messages.rows import Stored, index_row

_INSERTED: Final = "number, place, id, live, moment, author, reply_to, text, data"
_CHANGED: Final = ("number", "live", "moment", "author", "reply_to", "text", "data")
_LIVE: Final = 3
_TIME: Final = 4
_AUTHOR: Final = 3
"""Index of the author in a prepared row."""


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
        if not self.tables.insert_if_all_new(self.con, "messages", _INSERTED, columns):
            return None
        add_to_index(self.con)
        return _visible_times(columns)

    def insert_prepared(self, authors: Sequence[Author], prepared: Sequence[PreparedRow]) -> list[int] | None:
        """As :meth:`insert_if_all_new`."""
        numbers = self._numbers_of(authors, dict.fromkeys([row[_AUTHOR] for row in prepared]))
        place = self.place
        columns = [
            (number, place, id_, live, moment, numbers[author], reply_to, text, data)
            for number, (id_, live, moment, author, reply_to, text, data, *_) in enumerate(
                prepared, self.tables.last_number(self.con) + 1
            )
        ]
        if not self.tables.insert_if_all_new(self.con, "messages", _INSERTED, columns):
            return None
        live = zip(columns, prepared, strict=True)
        self.tables.index(self.con, [index_row_of(fresh, row[0]) for row, fresh in live if row[_LIVE]])
        return _visible_times(columns)

    def _numbers_of(self, authors: Sequence[Author], places: Iterable[int]) -> dict[int, int]:
        """The numbers of the authors at these places of a list."""
        used = {place: authors[place] for place in places}
        self._store_authors(used.values())
        return {place: self.authors.by_identity[id(author)][0] for place, author in used.items()}

    def insert(self, messages: Sequence[Message]) -> list[int]:
        """Store new messages; returns the times of those that are visible, in microseconds."""
        if not messages:
            return []
        # Made before and not between: changing from Python to the database and back for each row takes much longer.
        first = self.tables.last_number(self.con) + 1
        columns = self._columns(messages, first)
        add_to_index = self._begin_index(messages, columns)
        self.tables.insert(self.con, "messages", _INSERTED, columns)
        add_to_index(self.con)
        return _visible_times(columns)

    def _begin_index(
        self, messages: Sequence[Message], columns: Sequence[tuple[Any, ...]]
    ) -> Callable[[Connection], None]:
        """Begin to make the entries of those that are visible; the result adds them to the index."""
        return self.tables.prepare_index(
            index_row(message, row[0]) for row, message in zip(columns, messages, strict=True) if row[_LIVE]
        )

    def change(self, changes: Iterable[tuple[Stored, Message]]) -> tuple[int, int, bool]:
        """Store what differs.

        Returns:
            How many messages became visible, how many no longer are, and whether any has another time.
        """
        new = [(was, tombstone_of(fresh)) for was, fresh in changes]
        changed = [(was, message, row) for was, message in new if (row := rows.to_row(message)) != was.row]
        if not changed:
            return 0, 0, False
        self._store_authors([message.author for _, message, _ in changed])
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
            before = index_row(was.message, was.number) if was.visible else None
            after = index_row(message, was.number) if message.deleted_at is None else None
            if before == after:
                continue
            if before is not None:
                self.tables.unindex(self.con, before)
            if after is not None:
                added.append(after)
        if added:
            self.tables.index(self.con, added)

    def _columns(self, messages: Sequence[Message], first: int) -> list[tuple[Any, ...]]:
        """The values for :data:`_INSERTED`, numbered from ``first`` on."""
        self._store_authors([message.author for message in messages])
        place, authors = self.place, self.authors.by_identity
        columns: list[tuple[Any, ...]] = []
        for number, message in enumerate(messages, first):
            live = message.deleted_at is None
            kept = message if live else tombstone_of(message)
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

    def _store_authors(self, authors: Iterable[Author]) -> None:
        """Have a number for each of these authors, by their identities."""
        known, numbers = self.authors.by_identity, self.authors.by_value
        unknown = {id(one): one for one in authors if id(one) not in known}.values()
        # A reader may give an object of its own for each message of one person.
        missing = {unbind(rows.author_json(one)): one for one in dict.fromkeys(unknown) if one not in numbers}
        if missing:
            stored = self.tables.author_numbers(self.con, {data: author_key(one) for data, one in missing.items()})
            numbers |= {one: stored[data] for data, one in missing.items()}
        known |= {id(one): (numbers[one], one) for one in unknown}


def _visible_times(columns: Iterable[tuple[Any, ...]]) -> list[int]:
    """The times of those messages that are visible."""
    return [row[_TIME] for row in columns if row[_LIVE]]
