"""The rank of messages by BM25, as FTS5 computes it, so that both databases list hits in the same order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from dragoman.store.postgres import tsquery
from dragoman.store.postgres.index_entry import index_word, is_of_body, is_of_scope
from dragoman.store.sql.connection import Condition, Connection, Tables
from dragoman.store.sql.search.expression import AllOf, AnyOf, Expression, Phrase, Without

_K1: Final = 1.2
_B: Final = 0.75
_OF_BODY: Final = 1.0
_OF_PARTS: Final = 0.25
_LEAST: Final = 1e-6

_AVERAGE: Final = (
    "(SELECT CASE WHEN messages > 0 AND lexemes > 0 THEN CAST(lexemes AS double precision) / messages ELSE 1 END"
    " FROM index_builds WHERE prefix = '{}')"
)
"""SQL for how many lexemes a message has; computed once for a statement."""

_MOST_COUNTED: Final = 5000
"""Messages with a phrase in which its occurrences are counted; where there are more, one is assumed in each."""


def ranking(con: Connection, tables: Tables, expression: Expression) -> Condition:
    """SQL for the rank of an entry ``i`` of the index that the expression matches; lower is better."""
    phrases = [phrase for phrase in dict.fromkeys(_phrases(expression)) if not is_of_scope(phrase.lexemes[0])]
    if not phrases:
        return "0.0", ()
    weights = _weights(con, tables, phrases)
    scores = {phrase: _score(tables, phrase, *weights[phrase]) for phrase in phrases}
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


def _weights(con: Connection, tables: Tables, phrases: Sequence[Phrase]) -> dict[Phrase, tuple[float, int]]:
    """How much each phrase tells, and how many messages hold it. One statement asks for all of them."""
    if len(phrases) == 1 and _is_word(phrases[0]):
        return {phrases[0]: (1.0, 1)}  # all hits are weighed alike
    counts = [_holding(phrase) for phrase in phrases]
    statement = f"SELECT messages, {', '.join(sql for sql, _ in counts)} FROM index_builds WHERE prefix = ?"  # noqa: S608 - values are bound
    values = [value for _, bound in counts for value in bound]
    messages, *holding = con.execute(tables.sql(statement), (*values, tables.prefix)).get
    return {phrase: (_weight(messages, count), count) for phrase, count in zip(phrases, holding, strict=True)}


def _holding(phrase: Phrase) -> Condition:
    """SQL for how many messages hold a phrase."""
    if _is_word(phrase):
        return "coalesce((SELECT doc FROM $words WHERE term = ?), 0)", (index_word(phrase.lexemes[0]),)
    count = "(SELECT count(*) FROM $index i WHERE i.lexemes @@ CAST(? AS tsquery))"
    return count, (tsquery.to_tsquery(phrase),)


def _is_word(phrase: Phrase) -> bool:
    return len(phrase.lexemes) == 1 and not phrase.open_ended


def _weight(messages: int, holding: int) -> float:
    """How much a phrase tells: rare ones more."""
    share = (messages - holding + 0.5) / (holding + 0.5)
    return max(math.log(share), _LEAST) if share > 0 else _LEAST


def _score(tables: Tables, phrase: Phrase, weight: float, holding: int) -> Condition:
    column = _OF_BODY if is_of_body(phrase.lexemes[0]) else _OF_PARTS
    if _is_word(phrase) or holding <= _MOST_COUNTED:
        frequency, values = tsquery.occurrences(phrase)
    else:
        frequency, values = "CASE WHEN i.lexemes @@ CAST(? AS tsquery) THEN 1 ELSE 0 END", (tsquery.to_tsquery(phrase),)
    average = _AVERAGE.format(tables.prefix)
    # Not as decimal numbers, which take a quarter of the time of a search.
    length = f"({_K1 * (1 - _B)!r} + {_K1 * _B!r} / {average} * CAST(i.size AS double precision))"
    # Written so that the occurrences are computed once: f / (f + length) = 1 - length / (f + length).
    sql = f"{weight * (_K1 + 1)!r} * (1 - {length} / ({column} * CAST({frequency} AS double precision) + {length}))"
    return sql, values
