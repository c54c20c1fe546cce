"""Patterns -> expressions for ``MATCH`` of FTS5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dragoman.store.search_terms import Pattern


def exact(pattern: Pattern) -> str:
    """Texts that hold a term as it was typed."""
    return _all([*_words(pattern, open_ended=pattern.open_ended), *map(_quoted, pattern.signs)])


def loose(pattern: Pattern) -> str:
    """These, and texts where its last word goes on, or that hold it as a piece of an identifier."""
    if not pattern.has_loose_step:
        return exact(pattern)
    found = _all(_words(pattern, open_ended=pattern.open_ended or pattern.loosely_open))
    others = [_quoted(" ".join(words)) for words in (pattern.pieces, pattern.version) if words]
    found = any_of([found, *others])
    return _all([found, *map(_quoted, pattern.signs)]) if pattern.loosely_signed else found


def all_groups(groups: Sequence[Sequence[Pattern]], form: Callable[[Pattern], str]) -> str:
    """Texts that hold a term of each group."""
    return _all(any_of(map(form, group)) for group in groups)


def any_of(expressions: Iterable[str]) -> str:
    """Texts that one of the expressions matches."""
    found = list(dict.fromkeys(expressions))
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})"


def lexeme(word: str) -> str:
    """Texts with this lexeme in any column."""
    return _quoted(word)


def _words(pattern: Pattern, *, open_ended: bool) -> list[str]:
    return [_quoted(" ".join(pattern.words)) + (" *" if open_ended else "")] if pattern.words else []


def _all(expressions: Iterable[str]) -> str:
    found = list(expressions)
    return found[0] if len(found) == 1 else f"({' AND '.join(found)})"


def _quoted(words: str) -> str:
    # A lexeme holds no quotation mark and no zero character, so nothing that is typed can be syntax.
    return f'"{words}"'
