"""Ids for messages whose format gives none: made of what the message says, so that a later export has the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from dragoman.store.sql.connection import bind, unbind
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.scratch import open_scratch

_SCHEMA: Final = "CREATE TABLE notes(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
_SET_SCHEMA: Final = "CREATE TABLE texts(text PRIMARY KEY) WITHOUT ROWID;"
_IN_MEMORY: Final = 4_000
_BITS: Final = 1 << 23
"""Bits of the filter, 1 MiB: with a million keys it takes 11 % of new ones for known."""
_CHARACTERS: Final = 512 << 10
_LONGEST_TIME: Final = 30


class Notebook:
    """Remembers a text for each of any number of keys; what memory should not hold is in a temporary file."""

    def __init__(self) -> None:
        self._notes: dict[str, str] = {}
        self._size = 0
        self._table: Connection | None = None
        self._filter: bytearray | None = None

    def get(self, key: str) -> str | None:
        """What was remembered for the key."""
        value = self._notes.get(key)
        if value is None and self._table is not None and self._may_be_outside(key):
            found = self._table.execute("SELECT value FROM notes WHERE key = ?", (key,)).fetchone()
            value = None if found is None else found[0]
        return value

    def put(self, key: str, value: str) -> None:
        """Remember a text in the place of the earlier one."""
        # Either bound: many short keys, or few with long texts.
        if (len(self._notes) >= _IN_MEMORY or self._size >= _CHARACTERS) and key not in self._notes:
            if self._table is None:
                self._filter = bytearray(_BITS >> 3)
            self._move_out(self._table or open_scratch(_SCHEMA))
        self._notes[key] = value
        self._size += len(key) + len(value)

    def add(self, key: str) -> int:
        """Count the key; how often it was counted by now."""
        known = self.get(key)
        number = 1 if known is None else int(known) + 1
        self.put(key, str(number))
        return number

    def shrink(self) -> None:
        """Give back memory where there is a file, in which each key is looked up from now on."""
        if self._table is not None:
            self._move_out(self._table)
            self._filter = None

    def _may_be_outside(self, key: str) -> bool:
        """Whether a key may be in the file; most keys are new, and asking the file takes ten times as long."""
        if self._filter is None:
            return True
        bit = hash(key) % _BITS
        return bool(self._filter[bit >> 3] >> (bit & 7) & 1)

    def _move_out(self, table: Connection) -> None:
        """Write everything to the temporary file."""
        self._table = table
        if self._filter is not None:
            for key in self._notes:
                bit = hash(key) % _BITS
                self._filter[bit >> 3] |= 1 << (bit & 7)
        # Sorted keys reach the pages of the table in order, which is much faster than at random.
        table.executemany("INSERT OR REPLACE INTO notes VALUES(?, ?)", sorted(self._notes.items()))
        self._notes.clear()
        self._size = 0


class LargeSet:
    """Any number of texts, each once; what memory should not hold is in a temporary file."""

    def __init__(self) -> None:
        self._new: set[str] = set()
        self._table: Connection | None = None

    def update(self, texts: Iterable[str]) -> None:
        """Add texts, as many as memory may hold."""
        self._new.update(texts)
        if len(self._new) >= _IN_MEMORY:
            self._move_out(self._table or open_scratch(_SET_SCHEMA))

    def __len__(self) -> int:
        """How many there are."""
        if self._table is None:
            return len(self._new)
        self._move_out(self._table)
        count: int = self._table.execute("SELECT count(*) FROM texts").get
        return count

    def __iter__(self) -> Iterator[str]:
        """All of them, in no order."""
        if self._table is None:
            return iter(self._new)
        self._move_out(self._table)
        return (unbind(text) for (text,) in self._table.execute("SELECT text FROM texts"))

    def _move_out(self, table: Connection) -> None:
        """Write everything to the temporary file."""
        self._table = table
        table.executemany("INSERT OR IGNORE INTO texts VALUES(?)", ((bind(text),) for text in self._new))
        self._new.clear()


class ContentIds:
    """Makes ids for the messages of one file, in their order.

    The n-th of equal messages is the n-th such message again in another export, also in one of the same import.
    """

    def __init__(self) -> None:
        self._counts = Notebook()

    def make(self, conversation: str, time: str, text: str = "") -> str:
        """The id of the next message with this content: 20 hexadecimal digits, and its number among equal ones.

        Args:
            conversation: Id of its conversation.
            time: Its time as the file has it, not converted.
            text: Its text after clean-up; empty where the time alone tells messages apart.
        """
        # Lengths keep the parts apart: otherwise different parts could make the same content.
        content = f"{len(conversation)}:{conversation}{len(time)}:{time}{len(text)}:{text}"
        digest = sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        # By its time first, so that those of a file that runs in time lie together in the table.
        number = self._counts.add(f"{time[:_LONGEST_TIME]} {digest}")
        # The first has no number: exports from before a second one came have the same id.
        return digest if number == 1 else f"{digest}.{number}"
