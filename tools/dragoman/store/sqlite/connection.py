"""The part of a SQLite connection that the store uses, as protocols.

The type stubs of ``apsw`` name a class that Python 3.11 does not have, so a strict type checker rejects them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Protocol, TypeVar

from dragoman.store.sql.connection import Rows, Value

T = TypeVar("T")


class Connection(Protocol):
    """An open database."""

    def __enter__(self) -> object:
        """Begin a savepoint, which is undone by an exception."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        """End the savepoint."""
        ...

    def execute(self, statements: str, bindings: Sequence[Value] = (), /) -> Rows:
        """Run one statement, or several that take no values."""
        ...

    def executemany(self, statement: str, bindings: Iterable[Sequence[Value]], /) -> Rows:
        """Run a statement for each set of values; the rows of all follow each other."""
        ...

    def txn_state(self, schema: str, /) -> int:
        """What is open of a schema: nothing, a read or a write, as SQLite numbers them."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    @property
    def filename(self) -> str:
        """The file, empty for a database in memory."""
        ...

    def readonly(self, name: str, /) -> bool:
        """Whether the database of that name, ``main``, can only be read."""
        ...

    def set_busy_handler(self, handler: Callable[[int], bool] | None, /) -> None:
        """Have ``handler`` say, given the number of attempts, whether to try once more for a lock."""
        ...

    def set_progress_handler(self, handler: Callable[[], bool] | None, steps: int = ..., /) -> None:
        """Ask ``handler``, each so many steps of SQLite's machine, whether to stop."""
        ...

    def backup(self, name: str, source: Any, source_name: str, /) -> Any:
        """Begin to replace the database of that name by one of another connection."""
        ...

    def wal_checkpoint(self, dbname: str | None = None, mode: int = ...) -> tuple[int, int]:
        """Move the -wal file into the database; return how many frames it has, and how many were moved."""
        ...

    def config(self, option: int, value: int, /) -> int:
        """Set what SQLite does with this connection."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...

    def changes(self) -> int:
        """How many rows the last statement changed."""
        ...
