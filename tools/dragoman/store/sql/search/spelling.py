"""Words that nobody wrote -> words that differ from them by one letter and were written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from dragoman.core.folding import fold
from dragoman.core.queries import Expression, Term
from dragoman.store import index_terms
from dragoman.store.search_terms import Pattern, pattern_of
from dragoman.store.sql.connection import Connection, unbind
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.expression import Expression as IndexExpression
from dragoman.store.sql.search.expression import any_of, lexeme

_SHORTEST: Final = 4
_LONGEST: Final = 30
_MOST_TRIED: Final = 3
_MOST_SCANNED: Final = 3000
_MOST_BEGINNINGS: Final = 500
_FREQUENT: Final = 20_000
_DISTINCT: Final = 5
"""Letters of a word of which some tell enough to look through all that begin so."""

_TELLING: Final = 3
_MOST_READ: Final = 30
_BLOCK: Final = 64


def corrections(con: Connection, table: MessageTable, expression: Expression) -> Iterator[dict[str, str]]:
    """What to try instead of the words of a query that occur nowhere, the most likely first."""
    near: dict[str, list[str]] = {}
    for word in _single_words(expression):
        if not exists(con, table, lexeme(word)):
            near[word] = _neighbours(con, table, word)
    # One word without a near one is enough for nothing to be found.
    if not near or not all(near.values()):
        return
    for attempt in range(max(map(len, near.values()))):
        yield {word: words[min(attempt, len(words) - 1)] for word, words in near.items()}


def is_frequent(con: Connection, table: MessageTable, beginning: str) -> bool:
    """Do so many messages have words that begin so that looking all of them up takes long."""
    found = table.tables.words_from(con, beginning, _MOST_BEGINNINGS + 1)
    messages = 0
    # Not counted to the end: the word itself comes first, and is mostly the most frequent.
    for words, (_, count) in enumerate(found, 1):
        messages += count
        if messages > _FREQUENT or words > _MOST_BEGINNINGS:
            return True
    return False


def replace_words(expression: Expression, replaced: dict[str, str]) -> Expression:
    """The expression with other words in the place of some."""
    groups = (tuple(_replaced(term, replaced) for term in group) for group in expression.wanted)
    return Expression(tuple(groups), expression.excluded)


def _replaced(term: Term, replaced: dict[str, str]) -> Term:
    word = _single_word(term, pattern_of(term))
    return Term(replaced[word]) if word is not None and word in replaced else term


def _single_words(expression: Expression) -> Iterator[str]:
    for group in expression.wanted:
        for term in group:
            word = _single_word(term, pattern_of(term))
            if word is not None:
                yield word


def _single_word(term: Term, pattern: Pattern | None) -> str | None:
    """The word of a term that is one, and long enough for one letter to be a mistake."""
    if pattern is None or term.phrase or term.beginning or pattern.signs or len(pattern.words) != 1:
        return None
    (word,) = pattern.words
    return word if _SHORTEST <= len(word) <= _LONGEST and all(map(_is_letter, word)) else None


def _neighbours(con: Connection, table: MessageTable, word: str) -> list[str]:
    """Words of the index that differ by one letter, the most frequent first."""
    half = len(word) if len(word) < _DISTINCT else max(len(word) // 2, _TELLING)
    alike = table.tables.words_from(con, word[:half], _MOST_SCANNED)
    found = {term: doc for term, doc in alike if _is_one_edit(word, term)}
    edited = _edited_before(word, half)
    # One question to the index for all of them, and a look at what it finds: asking for each takes ten times as long.
    for text in _newest_texts(con, table, any_of(map(lexeme, sorted(edited)))):
        found.update((term, 1) for term in edited.intersection(index_terms.lexemes(index_terms.body(text))))
    return sorted(found, key=lambda term: (-found[term], term))[:_MOST_TRIED]


def exists(con: Connection, table: MessageTable, expression: IndexExpression) -> bool:
    """Whether any text matches an expression for the index."""
    matching, values = table.tables.matching(con, expression)
    statement = f"SELECT EXISTS(SELECT 1 FROM $index i WHERE {matching})"  # noqa: S608 - values are bound
    return bool(con.execute(table.tables.sql(statement), values).get)


def _newest_texts(con: Connection, table: MessageTable, expression: IndexExpression) -> Iterator[str]:
    """Some texts that an expression for the index matches, newest first."""
    matching, values = table.tables.matching(con, expression)
    statement = (
        "SELECT m.text FROM $index i @join $messages m ON m.number = i.rowid"  # noqa: S608 - values are bound
        f" WHERE {matching} AND m.text IS NOT NULL ORDER BY i.rowid DESC LIMIT ?"
    )
    return (unbind(text) for (text,) in con.execute(table.tables.sql(statement), (*values, _MOST_READ)))


def _edited_before(word: str, half: int) -> set[str]:
    """The word with one letter of its first half left out, added, changed, or changed about."""
    alphabet = _alphabet(word)
    edited: set[str] = set()
    for at in range(half + 1):
        before, after = word[:at], word[at:]
        edited.add(before + after[1:])
        edited.add(before + after[1:2] + after[:1] + after[2:])
        # A short word is known by its first letter.
        if at > 0 or len(word) >= _DISTINCT:
            edited.update(before + letter + after for letter in alphabet)
            edited.update(before + letter + after[1:] for letter in alphabet)
    return {one for one in edited if len(one) >= _SHORTEST - 1} - {word}


def _alphabet(word: str) -> str:
    """The small letters that stand near those of the word in Unicode."""
    starts = {ord(letter) // _BLOCK * _BLOCK for letter in word}
    near = (chr(code) for start in sorted(starts) for code in range(start, start + _BLOCK))
    return "".join(letter for letter in near if _is_letter(letter) and fold(letter) == letter)


def _is_letter(char: str) -> bool:
    """Whether it is a letter, or a mark that belongs to the spelling."""
    return unicodedata.category(char)[0] in "LM"


def _is_one_edit(word: str, other: str) -> bool:
    """Whether one edit makes one word of the other: a letter left out, added, changed or swapped with the next."""
    shorter, longer = sorted((word, other), key=len)
    if len(longer) - len(shorter) > 1 or word == other:
        return False
    at = next((i for i, letter in enumerate(shorter) if letter != longer[i]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[at:] == longer[at + 1 :]
    swapped = longer[:at] + longer[at : at + 2][::-1] + longer[at + 2 :]
    return shorter[at + 1 :] == longer[at + 1 :] or shorter == swapped
