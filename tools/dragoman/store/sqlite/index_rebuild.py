"""Brings folded names and full-text indexes up to date after the rules of folding have changed.

Names are folded when a file is opened. The index is filled newest message first: some thousands at once, the rest by
a thread in short transactions, each of which notes how far it came. Any number of processes may do so at a time, and
be killed at any moment. Until the end a search finds what is indexed, and says how much that is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

import apsw

from dragoman.store import index_terms
from dragoman.store.sql.messages import refolding
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.index_merge import merge_step
from dragoman.store.sqlite.schema.messages import PREFIXES
from dragoman.store.sqlite.tables import SqliteTables

AT_ONCE: Final = 2000
"""Messages that are indexed while the file is opened."""

_BATCH: Final = 500
_PAUSE: Final = 0.02  # seconds in which others may write
_log = logging.getLogger(__name__)


def is_outdated(con: Connection) -> bool:
    """Whether part of the file was folded by other rules."""
    statement = "SELECT EXISTS(SELECT 1 FROM index_builds WHERE version <> ?)"
    return _has_indexes(con) and bool(con.execute(statement, (index_terms.VERSION,)).get)


def prepare(con: Connection) -> None:
    """Fold the names, and begin to fill the indexes that have to be. Runs in a transaction."""
    for prefix in PREFIXES:
        refolding.prepare(con, SqliteTables(prefix))
    fill(con, AT_ONCE)


def is_under_way(con: Connection) -> bool:
    """Whether something is left to index."""
    return _has_indexes(con) and bool(con.execute("SELECT EXISTS(SELECT 1 FROM index_builds WHERE next > 0)").get)


def fill(con: Connection, most: int) -> bool:
    """Index up to so many messages. Runs in a transaction.

    Returns:
        Whether there are more.
    """
    return any(refolding.fill(con, SqliteTables(prefix), most) for prefix in PREFIXES)


class IndexRebuild:
    """A thread that fills the indexes of a file."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Keep how to open a connection that writes."""
        self._connect = connect
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dragoman-index", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch under way; the next process goes on from there."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        try:
            con = self._connect()
        except (apsw.Error, OSError) as error:
            _log.warning("The full-text index is not rebuilt now: %s", error)
            return
        _log.info("Rebuilding the full-text index; searches find newer messages first.")
        try:
            while not self._stopped.wait(_PAUSE) and self._batch(con):
                pass
        finally:
            con.close()
        if not self._stopped.is_set():
            _log.info("The full-text index was rebuilt in %.0f seconds.", time.monotonic() - began)

    def _batch(self, con: Connection) -> bool:
        try:
            con.execute("BEGIN IMMEDIATE")
            # Merged at the end only: segments that are still being added to would be merged again and again.
            more = fill(con, _BATCH) or any(merge_step(con, SqliteTables(prefix)) for prefix in PREFIXES)
            con.execute("COMMIT")
        except (apsw.Error, OSError) as error:
            if con.in_transaction:
                con.execute("ROLLBACK")
            # Somebody writes for longer than the patience lasts; nothing is wrong with the file.
            if isinstance(error, apsw.BusyError):
                return True
            _log.warning("Rebuilding the full-text index stopped and goes on at the next start: %s", error)
            self._stopped.set()
            return False
        return more


def _has_indexes(con: Connection) -> bool:
    return bool(con.execute("SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'index_builds')").get)


def rebuild(con: Connection) -> None:
    """Fold all names and make all indexes anew, to the end. Runs in a transaction."""
    # No rules are called so, which makes everything look outdated.
    con.execute("UPDATE index_builds SET version = ''")
    prepare(con)
    while fill(con, AT_ONCE):
        pass
