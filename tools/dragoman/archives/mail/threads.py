"""Which mails belong together: those that answer or name one another. Subjects join nothing.

All heads are read before the first body, so the thread of each mail is known. What is known of them lies in a temporary
database; memory holds five bytes for each message id.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from dragoman.archives.format import StoredId
from dragoman.archives.ids import Notebook
from dragoman.store.sql.connection import Value
from dragoman.store.sqlite.scratch import open_scratch

_SCHEMA: Final = """
CREATE TABLE mails(number INTEGER PRIMARY KEY, place TEXT, time INTEGER, id TEXT, subject TEXT, people TEXT);
CREATE TABLE stored(position INTEGER PRIMARY KEY, number INTEGER, conversation TEXT);
CREATE TABLE own(number INTEGER PRIMARY KEY, conversation TEXT);
CREATE TABLE named(number INTEGER PRIMARY KEY, conversation TEXT);
"""
_ALONE: Final = "SELECT number FROM mails WHERE number > ? AND place = '' ORDER BY number LIMIT 2000"
"""Some mails that no service has put into a thread."""

_STORED: Final = "SELECT position, number, conversation FROM stored WHERE position > ? ORDER BY position LIMIT 2000"
_MAIL: Final = (
    "INSERT INTO mails VALUES(?,?,?,?,?,?)"
    " ON CONFLICT(number) DO UPDATE SET place = excluded.place WHERE mails.place = ''"
)
"""Keeps the first of two mails with one id, and the thread that any of them names."""

_ALONE_FLAG: Final = 1
_GROUP_FLAG: Final = 2
_STORED_FLAG: Final = 4
_ASKED_FLAG: Final = 8
"""The thread was asked for; only the first of its ids has it."""

_BETWEEN: Final = "\x1f"
_PEOPLE: Final = 50
_AT_ONCE: Final = 500
"""Mails that are written to the file together."""
_CACHED: Final = 500
_NAMED: Final = 1000


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread.

    Attributes:
        id: Id of the conversation.
        subject: That of its oldest mail; ``None`` for a thread that is stored, whose oldest mail may be there.
        people: Names of those who write and read, as far as the first fifty.
    """

    id: str
    subject: str | None
    people: tuple[str, ...]


class Threads:
    """The threads of one import."""

    def __init__(self) -> None:
        self._table = open_scratch(_SCHEMA)
        self._parents = array("i")  # four bytes for each id
        self._numbers = Notebook()
        self._flags = bytearray()
        self._waiting: list[tuple[Value, ...]] = []
        self._cache: OrderedDict[str, Thread] = OrderedDict()
        self._asked_groups = Notebook()

    def close(self) -> None:
        """Drop everything."""
        self._table.close()

    def add(self, id_: str, related: Iterable[str], group: str, time: int, subject: str, people: Iterable[str]) -> None:
        """Note a mail.

        Args:
            id_: Its id.
            related: Ids of mails that it names.
            group: The service's own id of the thread; empty where there is none.
            time: When it was sent, in microseconds.
            subject: Its subject.
            people: Names of those who write and read it.
        """
        number = self._number(id_)
        for other in related:
            self._join(number, self._number(other))
        self._flags[number] |= _GROUP_FLAG if group else _ALONE_FLAG
        names = _BETWEEN.join(dict.fromkeys(people))
        self._waiting.append((number, group, time, id_, subject, names))
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def finish(self, stored: Iterator[StoredId]) -> None:
        """All mails are noted.

        Args:
            stored: Ids of mails that an earlier import stored, with their conversations and the mails that they name.
                A mail keeps its conversation, and a thread its name.
        """
        self._write()
        for id_, conversation, related in stored:
            self._add_stored(id_, conversation, related)
        last = -1
        while found := list(self._table.execute(_STORED, (last,))):
            names = [(self._root(number), conversation) for _, number, conversation in found]
            self._table.executemany("INSERT OR IGNORE INTO named VALUES(?,?)", names)
            last = found[-1][0]
        last = -1
        while rows := [(f"#{self._root(number)}", number) for (number,) in self._table.execute(_ALONE, (last,))]:
            self._table.executemany("UPDATE mails SET place = ? WHERE number = ?", rows)
            last = rows[-1][1]
        # Built once at the end, which costs less than keeping it through all inserts.
        self._table.execute("CREATE INDEX by_place ON mails(place, time)")
        self._numbers.shrink()

    def _add_stored(self, id_: str, conversation: str, related: Iterable[str]) -> None:
        own = self._known(id_)
        named = [number for other in related if (number := self._known(other)) is not None]
        near = named if own is None else [own, *named]
        if not near:
            return
        for other in near[1:]:
            self._join(near[0], other)
        self._table.execute("INSERT INTO stored(number, conversation) VALUES(?,?)", (near[0], conversation))
        if own is not None:
            self._table.execute("INSERT OR IGNORE INTO own VALUES(?,?)", (own, conversation))
            self._flags[own] |= _STORED_FLAG

    def has(self, id_: str) -> bool:
        """Whether a mail with this id was noted, and not only named."""
        number = self._known(id_)
        return number is not None and bool(self._flags[number] & (_ALONE_FLAG | _GROUP_FLAG))

    def of(self, id_: str, group: str) -> tuple[Thread, bool]:
        """The thread of a mail that was noted, and whether it is asked for the first time."""
        number = self._known(id_) or 0
        flags = self._flags[number]
        if flags & _STORED_FLAG:
            conversation = self._table.execute("SELECT conversation FROM own WHERE number = ?", (number,)).get
            thread = self._at(group or f"#{self._root(number)}")
            if thread.id != conversation:
                return replace(thread, id=conversation), False
        elif flags & _GROUP_FLAG and flags & _ALONE_FLAG:
            group = group or self._table.execute("SELECT place FROM mails WHERE number = ?", (number,)).get
        if group:
            return self._at(group), self._asked_groups.add(group) == 1
        root = self._root(number)
        is_first = not self._flags[root] & _ASKED_FLAG
        self._flags[root] |= _ASKED_FLAG
        return self._at(f"#{root}"), is_first

    def _at(self, place: str) -> Thread:
        """The thread of a service's id, or of a sign and a number."""
        thread = self._cache.get(place)
        if thread is None:
            thread = self._cache[place] = self._thread(place)
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return thread

    def _write(self) -> None:
        self._table.executemany(_MAIL, self._waiting)
        self._waiting.clear()

    def _thread(self, place: str) -> Thread:
        statement = "SELECT id, subject, people FROM mails WHERE place = ? ORDER BY time, number LIMIT ?"
        rows = list(self._table.execute(statement, (place, _NAMED)))
        names = dict.fromkeys(name for row in rows for name in row[2].split(_BETWEEN) if name)
        if place.startswith("#"):
            found = self._table.execute("SELECT conversation FROM named WHERE number = ?", (int(place[1:]),)).fetchone()
            conversation = found[0] if found else f"mail.{rows[0][0]}"
            is_stored = found is not None
        else:
            conversation, is_stored = f"mail.gm.{place}", False
        return Thread(conversation, None if is_stored else rows[0][1], tuple(names)[:_PEOPLE])

    def _known(self, id_: str) -> int | None:
        number = self._numbers.get(id_)
        return None if number is None else int(number)

    def _number(self, id_: str) -> int:
        number = self._known(id_)
        if number is None:
            number = len(self._parents)
            self._parents.append(number)
            self._flags.append(0)
            self._numbers.put(id_, str(number))
        return number

    def _root(self, number: int) -> int:
        parents = self._parents
        while parents[number] != number:
            # Path halving keeps the chains short.
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def _join(self, one: int, other: int) -> None:
        first, second = self._root(one), self._root(other)
        # The smaller number is the root, in whatever order threads are joined.
        self._parents[max(first, second)] = min(first, second)
