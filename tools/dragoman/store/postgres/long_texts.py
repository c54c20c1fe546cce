"""Phrases in texts that have more words than a ``tsvector`` has positions: 16,383, and 255 for one word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dragoman.store.index_terms import lexemes
from dragoman.store.postgres.tsquery import to_tsquery, without_order
from dragoman.store.sql.connection import Connection, IndexRow, Tables
from dragoman.store.sql.messages import rows
from dragoman.store.sql.messages.rows import Row, index_row
from dragoman.store.sql.search.expression import AllOf, AnyOf, Expression, Phrase, Without

_MOST: Final = 200
"""Long texts that are looked through for one search, the newest ones."""

_CANDIDATES: Final = (
    "SELECT m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data FROM $index i"
    " JOIN $messages m ON m.number = i.rowid JOIN $authors a USING(author)"
    " WHERE i.is_long AND i.lexemes @@ CAST(? AS tsquery) ORDER BY i.rowid DESC LIMIT ?"
)


def matching(con: Connection, tables: Tables, expression: Expression) -> list[int]:
    """The numbers of the long texts that an expression matches."""
    found = con.execute(tables.sql(_CANDIDATES), (to_tsquery(without_order(expression)), _MOST))
    return [number for number, *columns in found if _matches(expression, _columns(number, Row(*columns)))]


def _columns(number: int, row: Row) -> Sequence[Sequence[str]]:
    entry: IndexRow = index_row(rows.from_row(row, id="", conversation=""), number)
    return [lexemes(column) for column in entry[1:]]


def _matches(expression: Expression, columns: Sequence[Sequence[str]]) -> bool:
    match expression:
        case Phrase():
            return any(_holds(column, expression) for column in columns)
        case AllOf(expressions):
            return all(_matches(one, columns) for one in expressions)
        case AnyOf(expressions):
            return any(_matches(one, columns) for one in expressions)
        case Without(wanted, excluded):
            return _matches(wanted, columns) and not _matches(excluded, columns)


def _holds(column: Sequence[str], phrase: Phrase) -> bool:
    *before, last = phrase.lexemes
    for start in _positions(column, phrase.lexemes[0], is_open=phrase.open_ended and not before):
        if list(column[start : start + len(before)]) != before:
            continue
        ending = column[start + len(before) : start + len(before) + 1]
        if ending and (ending[0].startswith(last) if phrase.open_ended else ending[0] == last):
            return True
    return False


def _positions(column: Sequence[str], first: str, *, is_open: bool) -> Iterator[int]:
    return (at for at, word in enumerate(column) if word == first or (is_open and word.startswith(first)))
