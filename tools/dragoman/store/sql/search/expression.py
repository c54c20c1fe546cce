"""What a search asks of a full-text index, whatever database it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dragoman.store.search_terms import Pattern


@dataclass(frozen=True, slots=True)
class Phrase:
    """Texts that hold lexemes one after the other; if ``open_ended``, the last one may go on."""

    lexemes: tuple[str, ...]
    open_ended: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Texts that all of the expressions match."""

    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Texts that one of the expressions matches."""

    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Texts that the first expression matches and the second does not."""

    wanted: Expression
    excluded: Expression


Expression: TypeAlias = Phrase | AllOf | AnyOf | Without


def exact(pattern: Pattern) -> Expression:
    """Texts that hold a term as it was typed."""
    return all_of([*_words(pattern, open_ended=pattern.open_ended), *map(lexeme, pattern.signs)])


def loose(pattern: Pattern) -> Expression:
    """These, and texts where its last word goes on, or that hold it as a piece of an identifier."""
    if not pattern.has_loose_step:
        return exact(pattern)
    found = all_of(_words(pattern, open_ended=pattern.open_ended or pattern.loosely_open))
    others = [Phrase(words) for words in (pattern.pieces, pattern.version) if words]
    found = any_of([found, *others])
    return all_of([found, *map(lexeme, pattern.signs)]) if pattern.loosely_signed else found


def all_groups(groups: Sequence[Sequence[Pattern]], form: Callable[[Pattern], Expression]) -> Expression:
    """Texts that hold a term of each group."""
    return all_of(any_of(map(form, group)) for group in groups)


def all_of(expressions: Iterable[Expression]) -> Expression:
    """Texts that all of the expressions match."""
    found = tuple(expressions)
    return found[0] if len(found) == 1 else AllOf(found)


def any_of(expressions: Iterable[Expression]) -> Expression:
    """Texts that one of the expressions matches."""
    found = tuple(dict.fromkeys(expressions))
    return found[0] if len(found) == 1 else AnyOf(found)


def lexeme(word: str) -> Expression:
    """Texts with this lexeme in any column."""
    return Phrase((word,))


def _words(pattern: Pattern, *, open_ended: bool) -> list[Expression]:
    return [Phrase(pattern.words, open_ended)] if pattern.words else []
