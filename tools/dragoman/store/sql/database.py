"""What the store asks of a database: reads and writes in transactions, and to know when somebody has written."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from dragoman.store.sql.connection import Connection, Tables, Timed

T = TypeVar("T")


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

    def version(self) -> Hashable | None:
        """Something that changes with every write of any process; ``None`` when it cannot be told at once."""
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
        blind: bool = False,
    ) -> T:
        """Run ``work`` in a transaction; when this returns, what it wrote survives a crash.

        What has begun is finished even when the caller is cancelled. An exception undoes it all.

        Args:
            work: Writes.
            area: Of transactions with the same area one runs after the other.
            once: ``work`` changes something outside the database, so it must not be run again after a failure.
            durable: False does not wait for the disk: a power cut may undo it, whole.
            keeps_caches: It writes nothing that reads are cached of, so :meth:`version` may stay as it is.
            blind: ``work`` looks at no rows, and its transaction may be made twice. It then takes one round trip where
                the database is remote.

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


class StorePart(Timed):
    """What each part of a store holds: the database, and a clock in seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep both."""
        self._database = database
        self._clock = clock
