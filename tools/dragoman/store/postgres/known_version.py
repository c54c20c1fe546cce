"""What a process knows of the version of a database without asking for it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import Final

_ticks: Final = count(1)
"""A logical clock of the process: what happens later has a higher number."""


@dataclass(slots=True)
class _Block:
    began: int
    is_over: bool = False


_block: Final[ContextVar[_Block | None]] = ContextVar("dragoman_postgres_block", default=None)


def tick() -> int:
    """The present time of the logical clock."""
    return next(_ticks)


@contextmanager
def reading_once() -> Generator[None]:
    """A block in which the database is asked for its version once. It must not wait for writes of other processes."""
    block = _Block(tick())
    token = _block.set(block)
    try:
        yield
    finally:
        # A task that was started inside keeps the context, and may live for long.
        block.is_over = True
        _block.reset(token)


class KnownVersion:
    """The version that was read last.

    Attributes:
        is_changing: Whether the next version is likely to be another one.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.is_changing = False
        self._last: tuple[str | None, int] = (None, 0)
        self._written_at = 0

    def note(self, version: str | None, asked_at: int) -> None:
        """Note a version, and when the database was asked for it."""
        self.is_changing = version != self._last[0]
        self._last = version, asked_at

    def begin_write(self) -> None:
        """Note that this process is about to write."""
        self.is_changing = True

    def end_write(self) -> None:
        """Note that it has written: what was asked before does not count any more."""
        self._written_at = tick()

    def current(self) -> str | None:
        """The version, where it was asked for since the current block began and this process has not written since."""
        block = _block.get()
        version, asked_at = self._last
        if block is None or block.is_over or asked_at < block.began or asked_at < self._written_at:
            return None
        return version
