"""A set of tables in a SQLite file, with its full-text index by FTS5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import apsw

from dragoman.store.sql.connection import Condition, Connection, IndexRow, Tables, Value, bind
from dragoman.store.sql.search.expression import AllOf, AnyOf, Expression, Phrase, Without

INSERT: Final = "REPLACE INTO $index(rowid, body, parts, scope) VALUES(?, ?, ?, ?)"
"""Takes an :data:`IndexRow`."""


_AUTHOR: Final = "SELECT author FROM $authors WHERE data = ?"
_NEW_AUTHOR: Final = "INSERT INTO $authors(data, names) VALUES(?, ?) RETURNING author"


@dataclass(frozen=True, slots=True)
class SqliteTables(Tables):
    """See :class:`Tables`."""

    words: ClassVar[Mapping[str, str]] = {
        # One statement that is prepared once and run for each id is the fastest here.
        "among": "= ?",
        "by_author": "INDEXED BY $messages_author",
        "by_called": "INDEXED BY $places_called",
        "by_moment": "INDEXED BY $messages_moment",
        "by_time": "INDEXED BY $messages_time",
        "contains": "instr",
        # Fixes the order in which SQLite reads the tables.
        "join": "CROSS JOIN",
        "key": "",
        "largest": "max",
        "not_indexed": "",
        "numbers": "json_each(?) n",
        "smallest": "min",
    }

    def select_each(
        self, con: Connection, template: str, place: int | str, ids: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Run the statement for each id."""
        return iter(con.executemany(self.sql(template), ((place, bind(id_)) for id_ in ids)))

    def insert(self, con: Connection, table: str, columns: str, rows: Sequence[Sequence[Value]]) -> None:
        """Add the rows one by one, with one statement."""
        marks = ", ".join("?" * (columns.count(",") + 1))
        con.executemany(self.sql(f"INSERT INTO ${table}({columns}) VALUES({marks})"), rows)

    def insert_if_all_new(self, con: Connection, table: str, columns: str, rows: Sequence[Sequence[Value]]) -> bool:
        """Add the rows, and take them back when one is refused."""
        try:
            self.insert(con, table, columns, rows)
        except apsw.ConstraintError:
            # A savepoint would do the same, but with each the index writes out what it holds in memory.
            con.execute(self.sql(f"DELETE FROM ${table} WHERE number >= ?"), (rows[0][0],))  # noqa: S608 - our own words
            return False
        return True

    def author_numbers(self, con: Connection, authors: Mapping[str, str]) -> dict[str, int]:
        """Find or add them one by one. Most are there, and finding one writes nothing."""
        find, add = self.sql(_AUTHOR), self.sql(_NEW_AUTHOR)
        found: dict[str, int] = {}
        for data, names in authors.items():
            stored = bind(data)
            row = con.execute(find, (stored,)).fetchone()
            found[data] = con.execute(add, (stored, names)).get if row is None else row[0]
        return found

    def last_number(self, con: Connection) -> int:
        """What SQLite remembers of the table."""
        name = f"{self.prefix}_messages"
        return con.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).get or 0

    def index(self, con: Connection, rows: Sequence[IndexRow]) -> None:
        """Add the rows one by one, with one statement."""
        con.executemany(self.sql(INSERT), rows)

    def unindex(self, con: Connection, row: IndexRow) -> None:
        """Delete one row."""
        con.execute(self.sql("DELETE FROM $index WHERE rowid = ?"), row[:1])

    def empty_index(self, con: Connection) -> None:
        """Make it anew."""
        from dragoman.store.sqlite.schema.messages import recreate_index  # noqa: PLC0415  # seldom needed

        recreate_index(con, self.prefix)

    def update(self, con: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        """Change the rows one by one."""
        key, *others = columns
        changes = ", ".join(f"{name} = ?" for name in others)
        statement = self.sql(f"UPDATE ${table} SET {changes} WHERE {key} = ?")  # noqa: S608 - our own words
        con.executemany(statement, ((*row[1:], row[0]) for row in rows))

    def matching(self, con: Connection, expression: Expression) -> Condition:
        """FTS5 looks it up."""
        del con
        return self.sql("i.$index MATCH ?"), (_match_text(expression),)

    def ranking(self, con: Connection, expression: Expression) -> Condition:
        """FTS5 ranks by itself; :mod:`.schema.messages` has set how."""
        del con, expression
        return "i.rank", ()

    def words_from(self, con: Connection, beginning: str, limit: int) -> list[tuple[str, int]]:
        """Read the vocabulary of the index."""
        statement = "SELECT term, doc FROM $words WHERE term >= ? AND term < ? AND col = 'body' LIMIT ?"
        return list(con.execute(self.sql(statement), (beginning, beginning + "\U0010ffff", limit)))


def _match_text(expression: Expression) -> str:
    """The text for ``MATCH``; what consists of several parts is in brackets."""
    match expression:
        case Phrase(lexemes, open_ended):
            # A lexeme holds no quotation mark and no zero character, so nothing that is typed can be syntax.
            return f'"{" ".join(lexemes)}"' + (" *" if open_ended else "")
        case AllOf(expressions):
            return f"({' AND '.join(map(_match_text, expressions))})"
        case AnyOf(expressions):
            return f"({' OR '.join(map(_match_text, expressions))})"
        case Without(wanted, excluded):
            return f"({_match_text(wanted)} NOT {_match_text(excluded)})"
