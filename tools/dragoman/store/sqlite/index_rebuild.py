"""Brings folded names and full-text indexes up to date after the rules of folding have changed.

Names are folded when a file is opened. The index is filled newest message first: some thousands at once, the rest by
a thread in short transactions, each of which notes how far it came. Any number of processes may do so at a time, and
be killed at any moment. Until the end a search finds what is indexed, and says how much that is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import apsw

from dragoman.core.names import author_key, conversation_key, display_title, title_key
from dragoman.store import index_terms
from dragoman.store.sql.connection import IndexRow, Tables
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.rows import Row, index_row
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.index_merge import merge_step
from dragoman.store.sqlite.schema.messages import PREFIXES, recreate_index
from dragoman.store.sqlite.tables import INSERT, SqliteTables

AT_ONCE: Final = 2000
"""Messages that are indexed while the file is opened."""

_BATCH: Final = 500
_VISIBLE: Final = (
    "SELECT m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
    " FROM $messages m JOIN $authors a ON a.author = m.author WHERE m.live = 1"
)
_PAUSE: Final = 0.02  # seconds in which others may write
_log = logging.getLogger(__name__)


def is_outdated(con: Connection) -> bool:
    """Was something of the file folded by other rules."""
    statement = "SELECT EXISTS(SELECT 1 FROM index_builds WHERE version <> ?)"
    return _has_indexes(con) and bool(con.execute(statement, (index_terms.VERSION,)).get)


def prepare(con: Connection) -> None:
    """Fold the names, and begin to fill the indexes that have to be. Runs in a transaction."""
    for prefix in PREFIXES:
        known = con.execute("SELECT version FROM index_builds WHERE prefix = ?", (prefix,)).get
        if known != index_terms.VERSION:
            tables = SqliteTables(prefix)
            recreate_index(con, prefix)
            _fold_authors(con, tables)
            _fold_conversations(con, tables)
            last = con.execute(tables.sql("SELECT max(number) FROM $messages WHERE live = 1")).get or 0
            con.execute(
                "UPDATE index_builds SET version = ?, next = ?, total = ? WHERE prefix = ?",
                (index_terms.VERSION, last, last, prefix),
            )
    fill(con, AT_ONCE)


def is_under_way(con: Connection) -> bool:
    """Is there something left to index."""
    return _has_indexes(con) and bool(con.execute("SELECT EXISTS(SELECT 1 FROM index_builds WHERE next > 0)").get)


def fill(con: Connection, most: int) -> bool:
    """Index up to so many messages. Runs in a transaction.

    Returns:
        Whether there are more.
    """
    for prefix, following in list(con.execute("SELECT prefix, next FROM index_builds WHERE next > 0")):
        done = _fill(con, SqliteTables(prefix), following, most)
        con.execute("UPDATE index_builds SET next = ? WHERE prefix = ?", (done, prefix))
        if done > 0:
            return True
    return False


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
            more = fill(con, _BATCH) or any(merge_step(con, SqliteTables(prefix)) for prefix in PREFIXES)
            con.execute("COMMIT")
        except (apsw.Error, OSError) as error:
            if con.in_transaction:
                con.execute("ROLLBACK")
            if isinstance(error, apsw.BusyError):
                return True
            _log.warning("Rebuilding the full-text index stopped and goes on at the next start: %s", error)
            self._stopped.set()
            return False
        return more


def _has_indexes(con: Connection) -> bool:
    return bool(con.execute("SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'index_builds')").get)


def _fill(con: Connection, tables: Tables, following: int, most: int) -> int:
    """Index messages from a number downwards; the number where to go on, 0 at the end."""
    statement = tables.sql(f"{_VISIBLE} AND m.number <= ? ORDER BY m.number DESC LIMIT ?")
    found = [_index_row(*row) for row in con.execute(statement, (following, most))]
    con.executemany(tables.sql(INSERT), found)
    return found[-1][0] - 1 if len(found) == most else 0


def indexed(con: Connection, tables: Tables) -> Iterator[IndexRow]:
    """What has to be in the index by now, newest message first, as rows for :data:`INSERT`."""
    following: int = con.execute("SELECT next FROM index_builds WHERE prefix = ?", (tables.prefix,)).get
    statement = tables.sql(f"{_VISIBLE} AND m.number > ? ORDER BY m.number DESC")
    return (_index_row(*row) for row in con.execute(statement, (following,)))


def rebuild(con: Connection) -> None:
    """Fold all names and make all indexes anew, to the end. Runs in a transaction."""
    con.execute("UPDATE index_builds SET version = ''")
    prepare(con)
    while fill(con, AT_ONCE):
        pass


def _index_row(number: int, *columns: Any) -> IndexRow:
    message = rows.from_row(Row(*columns), id="", conversation="")
    return index_row(message, number)


def _fold_authors(con: Connection, tables: Tables) -> None:
    found = list(con.execute(tables.sql("SELECT author, data FROM $authors")))
    changes = ((author_key(rows.from_author_json(data)), author) for author, data in found)
    con.executemany(tables.sql("UPDATE $authors SET names = ? WHERE author = ?"), changes)


def _fold_conversations(con: Connection, tables: Tables) -> None:
    found = [(row.key, row.conversation) for row in conversations.recent(con, tables, None)]
    changes = ((title_key(display_title(one)), conversation_key(one), key) for key, one in found)
    con.executemany(tables.sql("UPDATE $places SET called = ?, names = ? WHERE place = ?"), changes)
