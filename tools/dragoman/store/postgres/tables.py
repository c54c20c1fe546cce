"""A set of tables in PostgreSQL, with its full-text index of ``tsvector`` and GIN."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, ClassVar, Final, cast

import psycopg

from dragoman.core.errors import Unavailable
from dragoman.store import index_terms
from dragoman.store.postgres import long_texts, ranking
from dragoman.store.postgres.connection import PostgresConnection
from dragoman.store.postgres.index_batch import COLUMNS, IndexBatch, make_ahead
from dragoman.store.postgres.tsquery import has_phrases, to_tsquery
from dragoman.store.sql.connection import Condition, Connection, IndexRow, Tables, Value, bind, unbind
from dragoman.store.sql.search.expression import Expression

_NUMBERS: Final = frozenset({"number", "place", "author", "live", "moment", "described", "recent"})
_FEW: Final = 200
"""From so many messages on a thread of their own pays."""
_AUTHORS: Final = "SELECT data, author FROM $authors WHERE data = ANY(CAST(? AS text[]))"
_NEW_AUTHORS: Final = (
    "INSERT INTO $authors(data, names)"
    " SELECT * FROM unnest(CAST(? AS text[]), CAST(? AS text[])) RETURNING data, author"
)
_COUNTED: Final = (
    "INSERT INTO $words AS w(term, is_body, doc) SELECT n.term, n.is_body, n.doc * p.sign FROM unnest("
    "string_to_array(?, ' '), CAST(string_to_array(?, ' ') AS boolean[]), CAST(string_to_array(?, ' ') AS bigint[])"
    ") AS n(term, is_body, doc), (SELECT CAST(? AS bigint) AS sign) AS p"
    " ON CONFLICT(term) DO UPDATE SET doc = w.doc + excluded.doc"
)
"""Words, whether they are of the body, and in how many messages: texts, of which the driver has to make no arrays."""


@dataclass(frozen=True, slots=True)
class PostgresTables(Tables):
    """See :class:`Tables`."""

    is_remote: ClassVar[bool] = True
    words: ClassVar[Mapping[str, str]] = {
        "among": "= ANY(CAST(? AS text[]))",
        "by_author": "",
        "by_called": "",
        "by_moment": "",
        "by_time": "",
        "contains": "strpos",
        "join": "JOIN",
        "key": "short_id",
        "largest": "greatest",
        "not_indexed": "AND NOT EXISTS(SELECT 1 FROM $index i WHERE i.rowid = m.number)",
        "numbers": "(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(? AS json)) AS j(value)) AS n",
        "smallest": "least",
    }

    def select_each(
        self, con: Connection, template: str, place: int | str, ids: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Select all of them with one statement."""
        return iter(_own(con).select_any(self.sql(template), place, list(dict.fromkeys(map(bind, ids)))))

    def insert(self, con: Connection, table: str, columns: str, rows: Sequence[Sequence[Value]]) -> None:
        """Copy the rows into the table."""
        _own(con).copy(self.sql(f"${table}"), columns, rows)
        if table == "messages":
            statement = "UPDATE index_builds SET last_number = greatest(last_number, ?) WHERE prefix = ?"
            con.execute(statement, (max(cast("int", row[0]) for row in rows), self.prefix))

    def insert_if_all_new(self, con: Connection, table: str, columns: str, rows: Sequence[Sequence[Value]]) -> bool:
        """Copy the rows, and undo that when one is refused."""
        con.execute("SAVEPOINT all_new")
        try:
            self.insert(con, table, columns, rows)
        except psycopg.errors.UniqueViolation:
            con.execute("ROLLBACK TO SAVEPOINT all_new")
            return False
        con.execute("RELEASE SAVEPOINT all_new")
        return True

    def author_numbers(self, con: Connection, authors: Mapping[str, str]) -> dict[str, int]:
        """Find those that are there with one statement, and add the others with another."""
        known = _own(con).execute_with_lists(self.sql(_AUTHORS), [list(authors)])
        found = {unbind(data): int(number) for data, number in known}
        new = [data for data in authors if data not in found]
        if new:
            names = [authors[data] for data in new]
            added = _own(con).execute_with_lists(self.sql(_NEW_AUTHORS), [new, names])
            found |= {unbind(data): int(number) for data, number in added}
        return found

    def last_number(self, con: Connection) -> int:
        """Read the counter, which no number is ever above."""
        found = con.execute("SELECT last_number, version FROM index_builds WHERE prefix = ?", (self.prefix,)).get
        last, version = found
        if version != index_terms.VERSION:
            # A newer replica folds by other rules by now; what this one would add to the index could not be found.
            raise Unavailable(
                "The words of the store are folded by the rules of a newer Dragoman.", hint="Update and start again."
            )
        return int(last)

    def index(self, con: Connection, rows: Sequence[IndexRow]) -> None:
        """Copy the entries into the index, and count their words."""
        batch = IndexBatch(rows)
        self._add(con, batch, batch.parts())

    def prepare_index(self, rows: Iterable[IndexRow]) -> Callable[[Connection], None]:
        """Make many entries while the server takes the messages."""
        remaining = iter(rows)
        first = list(islice(remaining, _FEW))
        if len(first) < _FEW:
            return lambda con: self.index(con, first)
        batch = IndexBatch(chain(first, remaining))
        parts = make_ahead(batch.parts())
        return lambda con: self._add(con, batch, parts)

    def unindex(self, con: Connection, row: IndexRow) -> None:
        """Delete an entry, and count its words no more."""
        if con.execute(self.sql("DELETE FROM $index WHERE rowid = ? RETURNING rowid"), row[:1]).get is not None:
            batch = IndexBatch([row])
            deque(batch.parts(), maxlen=0)
            self._count(con, batch, -1)

    def empty_index(self, con: Connection) -> None:
        """Empty the tables of entries and of words."""
        con.execute(self.sql("TRUNCATE $index, $words"))
        con.execute("UPDATE index_builds SET messages = 0, lexemes = 0 WHERE prefix = ?", (self.prefix,))

    def update(self, con: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        """Change all of them with one statement."""
        key, *others = columns
        changes = ", ".join(f"{name} = n.{name}" for name in others)
        arrays = ", ".join(f"CAST(? AS {'bigint' if name in _NUMBERS else 'text'}[])" for name in columns)
        statement = self.sql(
            f"UPDATE ${table} t SET {changes} FROM unnest({arrays}) AS n({', '.join(columns)}) WHERE t.{key} = n.{key}"  # noqa: S608 - our own words
        )
        if rows:
            _own(con).execute_with_lists(statement, list(zip(*rows, strict=True)))

    def matching(self, con: Connection, expression: Expression) -> Condition:
        """GIN looks it up. Texts with more words than a vector has positions are looked through for phrases."""
        if not has_phrases(expression):
            return "i.lexemes @@ CAST(? AS tsquery)", (to_tsquery(expression),)
        found = long_texts.matching(con, self, expression)
        condition = "i.lexemes @@ CAST(? AS tsquery) AND NOT i.is_long"
        if not found:
            return condition, (to_tsquery(expression),)
        return f"({condition} OR i.rowid IN ({', '.join(map(str, found))}))", (to_tsquery(expression),)

    def ranking(self, con: Connection, expression: Expression) -> Condition:
        """Compute BM25."""
        return ranking.ranking(con, self, expression)

    def words_from(self, con: Connection, beginning: str, limit: int) -> list[tuple[str, int]]:
        """Read the words that are counted."""
        statement = self.sql(
            "SELECT term, doc FROM $words WHERE term >= ? AND term < ? AND is_body AND doc > 0 ORDER BY term LIMIT ?"
        )
        return [(term, doc) for term, doc in con.execute(statement, (beginning, beginning + "\U0010ffff", limit))]

    def _add(self, con: Connection, batch: IndexBatch, parts: Iterable[bytes]) -> None:
        _own(con).copy_parts(self.sql("$index"), COLUMNS, parts)
        self._count(con, batch, 1)

    def _count(self, con: Connection, batch: IndexBatch, sign: int) -> None:
        """Add messages to the counts of words, messages and lexemes, or take them away."""
        con.execute(self.sql(_COUNTED), (batch.terms, batch.are_body, batch.counts, sign))
        con.execute(
            "UPDATE index_builds SET messages = messages + ?, lexemes = lexemes + ? WHERE prefix = ?",
            (sign * batch.messages, sign * batch.lexemes, self.prefix),
        )


def _own(con: Connection) -> PostgresConnection:
    return cast("PostgresConnection", con)
