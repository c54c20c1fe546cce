"""What statements are made of: connections, the values that a database holds, and sets of tables with their index.

Times and lone surrogates, which a database cannot hold, are converted without loss.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Final, Protocol

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.store.sql.search.expression import Expression

Value = str | bytes | int | float | None
"""What a database holds."""

UNKNOWN: Final = -(2**62)
"""The time of a message that has none: before all others."""

UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What decoding a damaged row may raise."""

IndexRow = tuple[int, str, str, str]
"""The number of a message, and the columns ``body``, ``parts`` and ``scope`` of the full-text index."""

Condition = tuple[str, tuple[Value, ...]]
"""SQL, and the values of its marks."""

_WORD: Final = lazy_pattern(r"@([a-z_]+)")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_STEP: Final = timedelta(microseconds=1)


class Digest(bytes):
    """A hash; other bytes are text, see :func:`bind`."""


class DamagedRowError(ValueError):
    """A row makes no sense."""


def bind(text: str) -> str | bytes:
    """``text`` as a value for a database: itself, or bytes when it holds lone surrogates, which are no UTF-8."""
    # Nearly all ids and most texts are, and the look is much faster than encoding.
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def unbind(value: object) -> str:
    """The text that :func:`bind` was given.

    Raises:
        DamagedRowError: It is no text, as may be in a damaged file.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogatepass")
    raise DamagedRowError("a value is no text")


def to_us(time: datetime | None) -> int:
    """Microseconds since 1970 in UTC."""
    return UNKNOWN if time is None else (time - _EPOCH) // _STEP


def from_us(us: int | None) -> datetime | None:
    """The inverse of :func:`to_us`, in UTC."""
    if us is None or us == UNKNOWN:
        return None
    try:
        return _EPOCH + timedelta(microseconds=us)
    except OverflowError:
        # A time of the year 1 or 9999 in another zone may lie outside what a datetime in UTC can say.
        return _LAST if us > 0 else _FIRST


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
    # Words before names: what a word stands for may name a table.
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
        # Only ever further ahead: a clock that was set back is left behind.
        self._ahead = max(self._ahead, self._wall() - monotonic)
        return monotonic + self._ahead


class Timed:
    """What reads a clock in seconds since 1970."""

    _clock: Callable[[], float]

    def _now(self) -> int:
        """Microseconds since 1970."""
        return round(self._clock() * 1_000_000)
