"""Expressions of a search -> ``tsquery``, and how often a message holds their phrases."""

from __future__ import annotations

from dragoman.store.postgres.index_entry import index_beginning, index_word
from dragoman.store.sql.connection import Condition
from dragoman.store.sql.search.expression import AllOf, AnyOf, Expression, Phrase, Without, all_of, lexeme


def to_tsquery(expression: Expression) -> str:
    """The text of a ``tsquery``."""
    match expression:
        case Phrase():
            return f"({' <-> '.join(_quoted_words(expression))})"
        case AllOf(expressions):
            return f"({' & '.join(map(to_tsquery, expressions))})"
        case AnyOf(expressions):
            return f"({' | '.join(map(to_tsquery, expressions))})"
        case Without(wanted, excluded):
            return f"({to_tsquery(wanted)} & !{to_tsquery(excluded)})"


def has_phrases(expression: Expression) -> bool:
    """Whether an expression needs the order of words."""
    match expression:
        case Phrase(lexemes):
            return len(lexemes) > 1
        case AllOf(expressions) | AnyOf(expressions):
            return any(map(has_phrases, expressions))
        case Without(wanted, excluded):
            return has_phrases(wanted) or has_phrases(excluded)


def without_order(expression: Expression) -> Expression:
    """An expression that matches at least the same texts and asks for the order of no words."""
    match expression:
        case Phrase(lexemes, open_ended):
            *before, last = lexemes
            return all_of([*map(lexeme, before), Phrase((last,), open_ended)])
        case AllOf(expressions):
            return AllOf(tuple(map(without_order, expressions)))
        case AnyOf(expressions):
            return AnyOf(tuple(map(without_order, expressions)))
        case Without(wanted):
            return without_order(wanted)


def occurrences(phrase: Phrase) -> Condition:
    """SQL for how often the entry ``i`` of the index holds a phrase."""
    *before, last = (index_word(word) for word in phrase.lexemes)
    if not before and not phrase.open_ended:
        # For a single lexeme ``ts_rank`` adds up 1/n^2 over its n occurrences, so it tells how many there are. That is
        # many times faster than taking the vector apart.
        rank = "ts_rank('{1,1,1,1}', i.lexemes, CAST(? AS tsquery))"
        return f"round(1 / (1.6449340668482264 - 1.64493406685 * {rank}) - 0.5)", (to_tsquery(phrase),)
    conditions = [("u.lexeme = ?", word) for word in before]
    if phrase.open_ended:
        conditions.append(("starts_with(u.lexeme, ?)", index_beginning(phrase.lexemes[-1])))
    else:
        conditions.append(("u.lexeme = ?", last))
    (first, first_word), *others = conditions
    following = "".join(
        f" AND EXISTS(SELECT 1 FROM unnest(i.lexemes) u WHERE {condition}"  # noqa: S608 - values are bound
        f" AND CAST(p.at + {distance} AS smallint) = ANY(u.positions))"
        for distance, (condition, _) in enumerate(others, 1)
    )
    sql = f"(SELECT count(*) FROM unnest(i.lexemes) u, unnest(u.positions) AS p(at) WHERE {first}{following})"  # noqa: S608 - values are bound
    return sql, (first_word, *(word for _, word in others))


def _quoted_words(phrase: Phrase) -> list[str]:
    # A lexeme holds no quotation mark and no backslash, so nothing that is typed can be syntax.
    words = [f"'{index_word(word)}'" for word in phrase.lexemes]
    if phrase.open_ended:
        words[-1] = f"'{index_beginning(phrase.lexemes[-1])}':*"
    return words
