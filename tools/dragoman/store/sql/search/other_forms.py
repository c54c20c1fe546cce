"""Words as other people write them: joined or apart, with an umlaut as two letters, with an article.

Searched only where nothing has the words as they were typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.queries import Expression, Term
from dragoman.store import index_terms

Group = tuple[Term, ...]

_MOST_PARTS: Final = 4
_SHORTEST: Final = 3
_LONGEST: Final = 24
_THOUSANDS: Final = lazy_pattern(r"\d{1,3}(?:,\d{3})+")
_WEIGHT: Final = lazy_pattern(r"(?<=[^\W\d_])[~^][\d.]*$")
_UMLAUTS: Final = {umlaut: f"{vowel}e" for umlaut, vowel in zip("äöü", "aou", strict=True)}
_ARTICLE: Final = "ال"


def other_forms(expression: Expression) -> Expression | None:
    """The words with other forms beside them; ``None`` where they have none."""
    groups = _joined_by_words([tuple(map(_without_weight, group)) for group in expression.wanted])
    wanted = [one for at in range(len(groups)) for one in _forms_of(groups, at)]
    return None if tuple(wanted) == expression.wanted else Expression(tuple(wanted), expression.excluded)


def _without_weight(term: Term) -> Term:
    """The word of ``word^2`` and ``word~1``, as other systems weigh and blur words."""
    return term if term.phrase else replace(term, text=_WEIGHT.sub("", term.text))


def _joined_by_words(groups: Sequence[Group]) -> list[Group]:
    """The groups with a small ``and`` and ``or`` between words read as they are meant."""
    joined: list[Group] = []
    is_either = False
    for group in groups:
        word = group[0].text.lower() if joined and not group[0].phrase else ""
        if word in {"and", "&"}:
            continue
        if word == "or":
            is_either = True
            continue
        if is_either:
            joined[-1] = (*joined[-1], *group)
        else:
            joined.append(group)
        is_either = False
    return joined


def _forms_of(groups: Sequence[Group], at: int) -> list[Group]:
    """What stands for a group: all of these."""
    group = groups[at]
    word = _plain_word(group)
    if word:
        before, after = (_plain_word(groups[near]) if 0 <= near < len(groups) else "" for near in (at - 1, at + 1))
        near = [Term(both) for both in (before and before + word, after and word + after) if both]
        return [(*group, *near, *_forms_of_word(group[0].text, word))]
    term = _single(group)
    parts = index_terms.joined_parts(term.text) if term else []
    whole = Term("".join(parts))
    if term and _THOUSANDS.fullmatch(term.text):
        return [(term, whole)]
    # Numbers side by side are a version or an address: joined they would be another number.
    if not 1 < len(parts) <= _MOST_PARTS or any(one.isdigit() and next_.isdigit() for one, next_ in pairwise(parts)):
        return [group]
    return [(Term(part), whole) for part in parts]


def _single(group: Group) -> Term | None:
    """The term of a group that has no other, and that is to be found as it is."""
    (first, *others) = group
    return None if others or first.phrase or first.beginning else first


def _plain_word(group: Group) -> str:
    """The folded word of a group that is only that; empty for any other."""
    term = _single(group)
    parts = index_terms.joined_parts(term.text) if term else []
    return parts[0] if term and len(parts) == 1 and not index_terms.query_signs(term.text) else ""


def _forms_of_word(typed: str, word: str) -> Iterator[Term]:
    if word.isdigit():
        # What begins with 0 is a code, not an amount.
        if len(word) > _SHORTEST and word[0] != "0":
            yield Term(f"{int(word):,}")
        return
    for umlaut, letters in _UMLAUTS.items():
        if umlaut in typed.lower():
            yield Term(typed.lower().replace(umlaut, letters))
        if letters in word:
            yield Term(word.replace(letters, letters[0]))
    if word.startswith(_ARTICLE):
        yield Term(word.removeprefix(_ARTICLE))
    elif "\u0621" <= word[0] <= "\u064a":
        yield Term(_ARTICLE + word)
    if word.isascii() and _SHORTEST <= len(word) <= _LONGEST:
        yield from (Term(f"{word[:at]} {word[at:]}", phrase=True) for at in range(1, len(word)))
