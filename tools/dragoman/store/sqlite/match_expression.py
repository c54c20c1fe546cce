"""Expressions of a search -> text for ``MATCH`` of FTS5."""

from __future__ import annotations

from dragoman.store.sql.search.expression import AllOf, AnyOf, Expression, Phrase, Without


def to_match(expression: Expression) -> str:
    """The text for ``MATCH``; what consists of several parts is in brackets."""
    match expression:
        case Phrase(lexemes, open_ended):
            # A lexeme holds no quotation mark and no zero character, so nothing that is typed can be syntax.
            return f'"{" ".join(lexemes)}"' + (" *" if open_ended else "")
        case AllOf(expressions):
            return f"({' AND '.join(map(to_match, expressions))})"
        case AnyOf(expressions):
            return f"({' OR '.join(map(to_match, expressions))})"
        case Without(wanted, excluded):
            return f"({to_match(wanted)} NOT {to_match(excluded)})"
