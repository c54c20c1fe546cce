"""Makes the full-text index anew after the rules of folding have changed, while others read and write."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeVar

from dragoman.core.errors import DragomanError
from dragoman.store import index_terms
from dragoman.store.postgres.schema import PREFIXES
from dragoman.store.postgres.tables import PostgresTables
from dragoman.store.sql.connection import Connection
from dragoman.store.sql.messages import refolding

T = TypeVar("T")

AT_ONCE: Final = 2000
"""Messages that one transaction indexes."""

_PAUSE: Final = 0.02
_OUTDATED: Final = "SELECT EXISTS(SELECT 1 FROM index_builds WHERE version <> ? OR next > 0)"
_log = logging.getLogger(__name__)


class Write(Protocol):
    """Runs work in a transaction. Blocks."""

    def __call__(self, work: Callable[[Connection], T], area: str, /) -> T:
        """Of transactions with the same area one runs after the other."""
        ...


class IndexRebuild:
    """A thread that fills the index, newest messages first. Any number of processes may do so, and end at any time."""

    def __init__(self, write: Write) -> None:
        """Keep how to write."""
        self._write = write
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dragoman-index", daemon=True)

    def start(self) -> None:
        """Fold the names and empty an index of other rules; then go on beside everything else. Blocks for the first.

        Raises:
            DragomanError: The store cannot be written.
        """
        for prefix in PREFIXES:
            self._write(partial(refolding.prepare, tables=PostgresTables(prefix)), prefix)
        self._thread.start()

    def stop(self) -> None:
        """End after the batch under way; another process goes on from there."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            for prefix in PREFIXES:
                fill = partial(refolding.fill, tables=PostgresTables(prefix), most=AT_ONCE)
                while not self._stopped.wait(_PAUSE) and self._write(fill, prefix):
                    pass
        except DragomanError as error:
            _log.warning("Rebuilding the full-text index stopped and goes on at the next start: %s", error)


def is_outdated(con: Connection) -> bool:
    """Whether part of the store was folded by other rules, or is being indexed again."""
    return bool(con.execute(_OUTDATED, (index_terms.VERSION,)).get)
