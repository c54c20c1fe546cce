"""Writes that look at no rows: all of their statements go to the server in one message, in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeVar

from dragoman.store.postgres import statements
from dragoman.store.postgres.address import Address
from dragoman.store.postgres.connection import Call, PostgresRows
from dragoman.store.postgres.pool import Pool
from dragoman.store.postgres.transaction import Writing, undo
from dragoman.store.sql.connection import Connection, Value

T = TypeVar("T")


class BlindWriting(Writing[T]):
    """Writes in one transaction, which is made again where nobody knows whether it was committed."""

    def __init__(
        self, pool: Pool, address: Address, work: Callable[[Connection], T], *, area: str, durable: bool
    ) -> None:
        """Collect the statements; the work runs here and nowhere else."""
        super().__init__(pool, address, work, area=area, once=False, durable=durable)
        collected = _Collected()
        self._result = work(collected)
        self._calls = [*([(statements.LOCK, (area,))] if area else []), *collected.calls]

    def _once(self) -> T:
        with self._pool.connection(self._ends) as connection:
            try:
                self._begin(connection).execute_together(self._calls, "COMMIT")
            except BaseException:
                undo(connection)
                raise
        return self._result


class _Collected:
    """Takes statements as a connection does."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def execute(self, statements: str, bindings: Sequence[Value] = (), /) -> PostgresRows:
        """Note a statement."""
        self.calls.append((statements, bindings))
        return _Unseen([])

    def executemany(self, statement: str, bindings: Iterable[Sequence[Value]], /) -> PostgresRows:
        """Note a statement for each set of values."""
        self.calls.extend((statement, values) for values in bindings)
        return _Unseen([])


class _Unseen(PostgresRows):
    """Rows that nobody reads."""

    @property
    def get(self) -> Any:
        """Refuse to tell."""
        self._refuse()

    def __iter__(self) -> NoReturn:
        """Refuse to tell."""
        self._refuse()

    def fetchone(self) -> NoReturn:
        """Refuse to tell."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise AssertionError("A blind write looks at no rows.")
