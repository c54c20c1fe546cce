"""The rank of messages by BM25, as FTS5 computes it, so that both databases list hits in the same order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from dragoman.store.postgres import tsquery
from dragoman.store.postgres.index_entry import index_word, is_of_body, is_of_scope
from dragoman.store.sql.connection import Condition, Connection, Tables
from dragoman.store.sql.search.expression import AllOf, AnyOf, Expression, Phrase, Without
from dragoman.store.sql.values import Value

_K1: Final = 1.2
_B: Final = 0.75
_OF_BODY: Final = 1.0
_OF_PARTS: Final = 0.25
_LEAST: Final = 1e-6

_MOST_COUNTED: Final = 5000
"""Messages with a phrase in which its occurrences are counted; where there are more, one is assumed in each."""


def ranking(con: Connection, tables: Tables, expression: Expression) -> Condition:
    """SQL for the rank of an entry ``i`` of the index that the expression matches; lower is better."""
    messages, lexemes = con.execute("SELECT messages, lexemes FROM index_builds WHERE prefix = ?", (tables.prefix,)).get
    average = lexemes / messages if lexemes and messages else 1.0
    phrases = [phrase for phrase in dict.fromkeys(_phrases(expression)) if not is_of_scope(phrase.lexemes[0])]
    if not phrases:
        return "0.0", ()
    holding = {phrase: _holding(con, tables, phrase, alone=len(phrases) == 1) for phrase in phrases}
    weights = {phrase: _weight(messages, count) for phrase, count in holding.items()}
    scores = {phrase: _score(phrase, weights[phrase], average, holding[phrase]) for phrase in phrases}
    sql, values = _sum(expression, scores, is_root=True)
    return f"-({sql})", values


def _sum(expression: Expression, scores: dict[Phrase, Condition], *, is_root: bool = False) -> Condition:
    match expression:
        case Phrase():
            return scores.get(expression, ("0", ()))
        case AllOf(expressions) | AnyOf(expressions):
            found = [_sum(one, scores, is_root=is_root and isinstance(expression, AllOf)) for one in expressions]
            sql, values = _added(found)
        case Without(wanted):
            sql, values = _sum(wanted, scores, is_root=is_root)
    if is_root or isinstance(expression, AnyOf):
        return sql, values
    # A part of a choice counts where all of it is there.
    condition = f"CASE WHEN i.lexemes @@ CAST(? AS tsquery) THEN {sql} ELSE 0 END"
    return condition, (tsquery.to_tsquery(expression), *values)


def _added(found: list[Condition]) -> Condition:
    return f"({' + '.join(sql for sql, _ in found)})", tuple(value for _, values in found for value in values)


def _phrases(expression: Expression) -> Iterator[Phrase]:
    """The phrases that messages hold."""
    match expression:
        case Phrase():
            yield expression
        case AllOf(expressions) | AnyOf(expressions):
            for one in expressions:
                yield from _phrases(one)
        case Without(wanted):
            yield from _phrases(wanted)


def _holding(con: Connection, tables: Tables, phrase: Phrase, *, alone: bool) -> int:
    """How many messages hold a phrase; of a word alone 1, for all its hits are weighed alike."""
    if _is_word(phrase):
        if alone:
            return 1
        statement = tables.sql("SELECT doc FROM $words WHERE term = ?")
        return con.execute(statement, (index_word(phrase.lexemes[0]),)).get or 0
    statement = tables.sql("SELECT count(*) FROM $index i WHERE i.lexemes @@ CAST(? AS tsquery)")
    return int(con.execute(statement, (tsquery.to_tsquery(phrase),)).get)


def _is_word(phrase: Phrase) -> bool:
    return len(phrase.lexemes) == 1 and not phrase.open_ended


def _weight(messages: int, holding: int) -> float:
    """How much a phrase tells: rare ones more."""
    share = (messages - holding + 0.5) / (holding + 0.5)
    return max(math.log(share), _LEAST) if share > 0 else _LEAST


def _score(phrase: Phrase, weight: float, average: float, holding: int) -> Condition:
    column = _OF_BODY if is_of_body(phrase.lexemes[0]) else _OF_PARTS
    values: tuple[Value, ...]
    if _is_word(phrase) or holding <= _MOST_COUNTED:
        frequency, values = tsquery.occurrences(phrase)
    else:
        frequency, values = "CASE WHEN i.lexemes @@ CAST(? AS tsquery) THEN 1 ELSE 0 END", (tsquery.to_tsquery(phrase),)
    length = f"{_K1 * (1 - _B)!r} + {_K1 * _B / average!r} * i.size"
    # Written so that the occurrences are computed once: f / (f + length) = 1 - length / (f + length).
    sql = f"{weight * (_K1 + 1)!r} * (1 - ({length}) / ({column} * CAST({frequency} AS double precision) + {length}))"
    return sql, values
