"""Messages with their full-text index, kept in step.

A store has two such sets of tables: ``seen`` for messages of services that the server has read, and ``local`` for the
messages of the local account. Each gives every message an integer that is never used again. The methods run inside
:meth:`Database.read` and :meth:`Database.write`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from dragoman.core.model import Author, Message
from dragoman.store.conversations import Merge, merge_by_id
from dragoman.store.sql.connection import Connection, Tables, bind, unbind
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.rows import Row, Stored

if TYPE_CHECKING:
    from dragoman.store.sql.messages.message_writer import AuthorNumbers
    from dragoman.store.sql.messages.prepared import PreparedRow

COLUMNS: Final = "m.id, m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
_MANY: Final = 20
"""From so many messages on it pays to suppose that all of them are new."""
_ONE: Final = (  # with a join it takes ten times as long
    "SELECT m.id, m.number, m.live, m.moment, (SELECT a.data FROM $authors a WHERE a.author = m.author), m.reply_to,"
    " m.text, m.data FROM $messages m WHERE m.place = ? AND @key(m.id) @among"
)
_ALLOCATED: Final = "number, place, id, live, moment"


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
        from dragoman.store.sql.messages.message_writer import AuthorNumbers, MessageWriter  # noqa: PLC0415  # takes time, and who reads does not need it

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
        from dragoman.store.sql.messages.message_writer import MessageWriter  # noqa: PLC0415  # as above

        authors, fresh = prepared
        place = conversations.ensure(con, self.tables, account, conversation)
        if self._holds_one_of(con, place, (fresh[0][0], fresh[-1][0])):
            return None
        times = MessageWriter(con, self.tables, place, numbers).insert_prepared(authors, fresh)
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


def is_readable(conversation: str | bytes, id_: str | bytes, _number: int, *columns: Any) -> bool:
    """Whether the columns of a message, after those of its conversation, make sense."""
    row = Row(*columns)
    rows.from_row(row, id=unbind(id_), conversation=unbind(conversation))
    return not row.live or (row.author is not None and row.text is not None)
