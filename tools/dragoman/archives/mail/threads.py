"""Which mails belong together: those that answer or name one another. Subjects join nothing.

All heads are read before the first body, so the thread of each mail is known. What is known of them lies in a temporary
database; memory holds one number for each message id.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dragoman.archives.ids import Notebook
from dragoman.store.sql.connection import Value
from dragoman.store.sqlite.scratch import open_scratch

_SCHEMA: Final = """
CREATE TABLE mails(number INTEGER PRIMARY KEY, place TEXT, time INTEGER, id TEXT, subject TEXT, people TEXT);
CREATE TABLE stored(number INTEGER PRIMARY KEY, conversation TEXT);
"""
_ALONE: Final = "SELECT number FROM mails WHERE number > ? AND place = '' ORDER BY number LIMIT 10000"
"""Some mails that no service has put into a thread."""

_BETWEEN: Final = "\x1f"
_PEOPLE: Final = 50
_AT_ONCE: Final = 500
"""Mails that are written to the file together."""
_CACHED: Final = 1000
_NAMED: Final = 1000


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread.

    Attributes:
        id: Id of the conversation.
        subject: That of its oldest mail.
        people: Names of those who write and read, as far as the first fifty.
    """

    id: str
    subject: str
    people: tuple[str, ...]


class Threads:
    """The threads of one import."""

    def __init__(self) -> None:
        self._table = open_scratch(_SCHEMA)
        self._parents = array("i")  # four bytes for each id
        self._numbers = Notebook()
        self._waiting: list[tuple[Value, ...]] = []
        self._cache: OrderedDict[str, Thread] = OrderedDict()
        self._asked = bytearray()
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
        names = _BETWEEN.join(dict.fromkeys(people))
        self._waiting.append((number, group, time, id_, subject, names))
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def finish(self, stored: Iterator[tuple[str, str]]) -> None:
        """All mails are noted.

        Args:
            stored: Ids of mails that an earlier import stored, with their conversations; a thread keeps its name.
        """
        self._write()
        self._asked = bytearray(len(self._parents))
        for id_, conversation in stored:
            number = self._known(id_)
            if number is not None:
                place = (self._root(number), conversation)
                self._table.execute("INSERT OR IGNORE INTO stored VALUES(?,?)", place)
        last = -1
        while rows := [(f"#{self._root(number)}", number) for (number,) in self._table.execute(_ALONE, (last,))]:
            self._table.executemany("UPDATE mails SET place = ? WHERE number = ?", rows)
            last = rows[-1][1]
        self._table.execute("CREATE INDEX by_place ON mails(place, time)")

    def of(self, id_: str, group: str) -> tuple[Thread, bool]:
        """The thread of a mail that was noted, and whether it is asked for the first time."""
        if group:
            return self._at(group), self._asked_groups.add(group) == 1
        number = self._root(self._known(id_) or 0)
        is_first, self._asked[number] = not self._asked[number], 1
        return self._at(f"#{number}"), is_first

    def _at(self, place: str) -> Thread:
        """The thread of a service's id, or of a sign and a number."""
        thread = self._cache.get(place)
        if thread is None:
            thread = self._cache[place] = self._thread(place)
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return thread

    def _write(self) -> None:
        self._table.executemany("INSERT OR IGNORE INTO mails VALUES(?,?,?,?,?,?)", self._waiting)
        self._waiting.clear()

    def _thread(self, place: str) -> Thread:
        statement = "SELECT id, subject, people FROM mails WHERE place = ? ORDER BY time, number LIMIT ?"
        rows = list(self._table.execute(statement, (place, _NAMED)))
        names = dict.fromkeys(name for row in rows for name in row[2].split(_BETWEEN) if name)
        if place.startswith("#"):
            found = self._table.execute(
                "SELECT conversation FROM stored WHERE number = ?", (int(place[1:]),)
            ).fetchone()
            conversation = found[0] if found else f"mail.{rows[0][0]}"
        else:
            conversation = f"mail.gm.{place}"
        return Thread(conversation, rows[0][1], tuple(names)[:_PEOPLE])

    def _known(self, id_: str) -> int | None:
        number = self._numbers.get(id_)
        return None if number is None else int(number)

    def _number(self, id_: str) -> int:
        number = self._known(id_)
        if number is None:
            number = len(self._parents)
            self._parents.append(number)
            self._numbers.put(id_, str(number))
        return number

    def _root(self, number: int) -> int:
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def _join(self, one: int, other: int) -> None:
        first, second = self._root(one), self._root(other)
        self._parents[max(first, second)] = min(first, second)
