"""Folds names and texts once more after the rules of folding have changed, the same for every database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dragoman.core.names import author_key, conversation_key, display_title, title_key
from dragoman.store import index_terms
from dragoman.store.sql.connection import Connection, IndexRow, Tables
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.rows import Row, index_row

_VISIBLE: Final = (
    "SELECT m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data"
    " FROM $messages m JOIN $authors a ON a.author = m.author WHERE m.live = 1"
)


def prepare(con: Connection, tables: Tables) -> None:
    """Fold the names and begin with an empty index, if these were made by other rules. Runs in a transaction."""
    known = con.execute("SELECT version FROM index_builds WHERE prefix = ?", (tables.prefix,)).get
    if known == index_terms.VERSION:
        return
    tables.empty_index(con)
    _fold_authors(con, tables)
    _fold_conversations(con, tables)
    # Later messages are indexed as they are stored; those up to here are left to :func:`fill`.
    last = con.execute(tables.sql("SELECT max(number) FROM $messages WHERE live = 1")).get or 0
    con.execute(
        "UPDATE index_builds SET version = ?, next = ?, total = ? WHERE prefix = ?",
        (index_terms.VERSION, last, last, tables.prefix),
    )


def fill(con: Connection, tables: Tables, most: int) -> bool:
    """Index up to so many messages, the newest first. Runs in a transaction.

    Returns:
        Whether there are more.
    """
    following: int = con.execute("SELECT next FROM index_builds WHERE prefix = ?", (tables.prefix,)).get
    if not following:
        return False
    statement = tables.sql(f"{_VISIBLE} AND m.number <= ? @not_indexed ORDER BY m.number DESC LIMIT ?")
    found = [_index_row(*row) for row in con.execute(statement, (following, most))]
    tables.index(con, found)
    # Numbers have gaps, so a part that is not full is the last one.
    done = found[-1][0] - 1 if len(found) == most else 0
    con.execute("UPDATE index_builds SET next = ? WHERE prefix = ?", (done, tables.prefix))
    return done > 0


def indexed(con: Connection, tables: Tables) -> Iterator[IndexRow]:
    """What has to be in the index by now, newest message first."""
    following: int = con.execute("SELECT next FROM index_builds WHERE prefix = ?", (tables.prefix,)).get
    statement = tables.sql(f"{_VISIBLE} AND m.number > ? ORDER BY m.number DESC")
    return (_index_row(*row) for row in con.execute(statement, (following,)))


def _index_row(number: int, *columns: Any) -> IndexRow:
    message = rows.from_row(Row(*columns), id="", conversation="")
    return index_row(message, number)


def _fold_authors(con: Connection, tables: Tables) -> None:
    found = list(con.execute(tables.sql("SELECT author, data FROM $authors")))
    changes = [(author, author_key(rows.from_author_json(data))) for author, data in found]
    tables.update(con, "authors", ("author", "names"), changes)


def _fold_conversations(con: Connection, tables: Tables) -> None:
    found = [(row.key, row.conversation) for row in conversations.recent(con, tables, None)]
    changes = [(key, title_key(display_title(one)), conversation_key(one)) for key, one in found]
    tables.update(con, "places", ("place", "called", "names"), changes)
