"""What the store asks of a database: connections, transactions, and a set of tables with its own way of searching."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.store.sql.search.expression import Expression
from dragoman.store.sql.values import Value

T = TypeVar("T")

IndexRow = tuple[int, str, str, str]
"""The number of a message, and the columns ``body``, ``parts`` and ``scope`` of the full-text index."""

Condition = tuple[str, tuple[Value, ...]]
"""SQL, and the values of its marks."""

_WORD: Final = lazy_pattern(r"@([a-z_]+)")


class Rows(Protocol):
    """The rows of a statement."""

    @property
    def get(self) -> Any:
        """The only value of the only row; a tuple for several columns, ``None`` for no row."""
        ...

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """The rows."""
        ...

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        ...


class Connection(Protocol):
    """A connection within a transaction. Each ``?`` of a statement stands for a value."""

    def execute(self, statements: str, bindings: Sequence[Value] = (), /) -> Rows:
        """Run one statement, or several that take no values."""
        ...

    def executemany(self, statement: str, bindings: Iterable[Sequence[Value]], /) -> Rows:
        """Run a statement for each set of values."""
        ...


@dataclass(frozen=True, slots=True)
class Versioned(Generic[T]):
    """What was read, and the version of the database at that time."""

    found: T
    version: Hashable | None


class Database(Protocol):
    """Where a store is."""

    is_remote: ClassVar[bool]
    """Whether each statement takes a round trip."""

    @property
    def name(self) -> str:
        """How errors call it."""
        ...

    @property
    def writable(self) -> bool:
        """Whether this user may write to it, also when its disk is full just now."""
        ...

    def tables(self, prefix: str) -> Tables:
        """The tables whose names begin so."""
        ...

    def version(self) -> int | None:
        """A number that changes with every write of any process; ``None`` when it cannot be read at once."""
        ...

    def time(self) -> float:
        """Seconds since 1970 by the clock that all processes with the database share."""
        ...

    async def current_version(self, *, unless_changing: bool = False) -> Hashable | None:
        """Something that differs after every write of any process; ``None`` when nothing tells of writes.

        It may take a round trip, where :meth:`version` knows nothing.

        Args:
            unless_changing: Tell nothing at once where it is likely to be another one than the last time.

        Raises:
            DragomanError: The database cannot be read.
        """
        ...

    async def read_versioned(self, work: Callable[[Connection], T], *, single: bool = False) -> Versioned[T]:
        """As :meth:`read`, with a version that is not newer than the state that was read."""
        ...

    async def read(self, work: Callable[[Connection], T], *, single: bool = False) -> T:
        """Run ``work`` on one consistent state. A cancelled read stops.

        Args:
            work: Reads.
            single: It runs exactly one statement, which then takes one round trip where the database is remote.

        Raises:
            DragomanError: The database cannot be read.
        """
        ...

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        area: str = "",
        once: bool = False,
        durable: bool = True,
        keeps_caches: bool = False,
    ) -> T:
        """Run ``work`` in a transaction; when this returns, what it wrote survives a crash.

        What has begun is finished even when the caller is cancelled. An exception undoes it all.

        Args:
            work: Writes.
            area: Of transactions with the same area one runs after the other.
            once: ``work`` changes something outside the database, so it must not be run again after a failure.
            durable: False does not wait for the disk: a power cut may undo it, whole.
            keeps_caches: It writes nothing that reads are cached of, so :meth:`version` may stay as it is.

        Raises:
            NotWritableError: The database cannot be written now, and may be later.
            DragomanError: Nothing was written.
        """
        ...

    async def optimize(self, tables: Tables) -> None:
        """Make what an import has brought fast to read, where the database needs that. Others may write meanwhile.

        Raises:
            DragomanError: It cannot be written now.
        """
        ...

    async def scrub(self) -> None:
        """Rewrite the files, so that nothing of what was deleted can be read in them. Others can read meanwhile.

        Raises:
            DragomanError: It cannot be written now, or somebody keeps an earlier state open.
        """
        ...

    async def check(self) -> None:
        """Look whether it can be read, and, where this user may write it, also written.

        Raises:
            DragomanError: It cannot.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tables(ABC):
    """A set of tables whose names begin with ``prefix``, and the full-text index ``i`` over their messages ``m``."""

    words: ClassVar[Mapping[str, str]]
    """What the database says for ``@word`` in a template."""

    is_remote: ClassVar[bool] = False
    """Each statement takes a round trip, so that one that does more is better than several."""

    prefix: str

    def sql(self, template: str) -> str:
        """``template`` with ``$name`` as this set's table of that name, and ``@word`` as the database says it."""
        return _filled(template, self.prefix, type(self))

    @abstractmethod
    def select_each(
        self, con: Connection, template: str, place: int | str, ids: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement with two marks, a place or an account and each of these ids (``@key(id) @among``)."""

    @abstractmethod
    def insert(self, con: Connection, table: str, columns: str, rows: Sequence[Sequence[Value]]) -> None:
        """Add many rows to ``$table``; ``columns`` are names between commas."""

    def insert_if_all_new(self, con: Connection, table: str, columns: str, rows: Sequence[Sequence[Value]]) -> bool:
        """Add many rows, or none when one is there already, where the database can do that without looking them up.

        Args:
            con: A connection within a transaction.
            table: The table.
            columns: Names between commas; the first is ``number``, by which the rows are ordered.
            rows: Their values.

        Returns:
            Whether they were added.
        """
        del con, table, columns, rows
        return False

    @abstractmethod
    def author_numbers(self, con: Connection, authors: Mapping[str, str]) -> dict[str, int]:
        """The numbers of authors, of which those that are new are added.

        Args:
            con: A connection within a transaction.
            authors: What each is looked for in, by what is stored of it.
        """

    @abstractmethod
    def last_number(self, con: Connection) -> int:
        """The highest number that a message ever had. Of writers only one asks at a time."""

    @abstractmethod
    def index(self, con: Connection, rows: Sequence[IndexRow]) -> None:
        """Add messages to the full-text index."""

    def prepare_index(self, rows: Iterable[IndexRow]) -> Callable[[Connection], None]:
        """Begin to make entries of the full-text index, where that can be done while the database takes other rows.

        Returns:
            Adds them to the index.
        """
        return lambda con: self.index(con, list(rows))

    @abstractmethod
    def unindex(self, con: Connection, row: IndexRow) -> None:
        """Take a message out of the full-text index; ``row`` is how it was added."""

    @abstractmethod
    def empty_index(self, con: Connection) -> None:
        """Take all messages out of the full-text index."""

    @abstractmethod
    def update(self, con: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        """Change many rows of ``$table``; the first column is the key, the others get the values."""

    @abstractmethod
    def matching(self, con: Connection, expression: Expression) -> Condition:
        """That the index ``i`` holds a message."""

    @abstractmethod
    def ranking(self, con: Connection, expression: Expression) -> Condition:
        """The rank of a message of the index ``i`` by BM25, lower for better ones."""

    @abstractmethod
    def words_from(self, con: Connection, beginning: str, limit: int) -> list[tuple[str, int]]:
        """Words of texts that begin so, in their order, and how many messages hold each."""


@lru_cache(maxsize=2048)
def _filled(template: str, prefix: str, kind: type[Tables]) -> str:
    return _WORD.sub(lambda word: kind.words[word[1]], template).replace("$", f"{prefix}_")


class SteadyTime:
    """Unix seconds that never go back while the process lives, whatever is done to the machine's clock.

    A clock that was set back would make everything that was just noted look as if it were to come. A clock that is
    set forward, or that went on while the machine slept, is followed.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin with what the clock shows now."""
        self._wall = wall
        self._monotonic = monotonic
        self._ahead = wall() - monotonic()

    def __call__(self) -> float:
        """The time."""
        monotonic = self._monotonic()
        self._ahead = max(self._ahead, self._wall() - monotonic)
        return monotonic + self._ahead


class StorePart:
    """What each part of a store holds: the database, and a clock in seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep both."""
        self._database = database
        self._clock = clock

    def _now(self) -> int:
        """Microseconds since 1970."""
        return round(self._clock() * 1_000_000)
