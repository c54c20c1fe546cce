"""Parentheses, OR and AND of a query: its parts -> groups of words, all of which are wanted, one word of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.queries import Term
from dragoman.core.safe_text import Sentence

OPEN: Final = "\x01"
CLOSE: Final = "\x02"
"""What stands for parentheses that group, after :func:`mark_groups`."""

_DEEPEST: Final = 20
_MOST_GROUPS: Final = 64
_OR_IS_LEFT_OUT: Final = "OR joins words only, and was left out where it stands beside something else."


def mark_groups(text: str) -> str:
    """The text with each pair of parentheses that groups words made :data:`OPEN` and :data:`CLOSE`.

    A parenthesis groups when it opens before a word, behind white space, and closes behind one: not in ``f(x)``.
    """
    text = text.replace(OPEN, " ").replace(CLOSE, " ")
    marked = list(text)
    opened: list[int] = []
    quoted, depth = False, 0
    for place, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        # Within quotes a parenthesis is text.
        elif sign == "(" and not quoted:
            opened.append(place)
        elif sign == ")" and not quoted and opened:
            begin = opened.pop()
            if _begins_group(text, begin) and _ends_group(text, place) and text[begin + 1 : place].strip(" ()"):
                marked[begin], marked[place] = OPEN, CLOSE
    for sign in marked:
        depth += (sign == OPEN) - (sign == CLOSE)
        # Reading groups recurses; so deep a query is no search but an attack.
        if depth > _DEEPEST:
            return text
    return "".join(marked)


def _begins_group(text: str, place: int) -> bool:
    before = text[:place].rstrip("(")
    return not before or before[-1].isspace() or (before[-1] == "-" and (before[:-1] == "" or before[-2].isspace()))


def _ends_group(text: str, place: int) -> bool:
    after = text[place + 1 :].lstrip(")")
    return not after or after[0].isspace()


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a query: a term, a parenthesis, or an operator, which has no term. OR and AND may be meant as words."""

    text: str
    term: Term | None = None
    excluded: bool = False

    @property
    def closes(self) -> bool:
        """Whether it is the end of a group."""
        return self.text == CLOSE


@dataclass(slots=True)
class Groups:
    """What is wanted and what is excluded.

    Attributes:
        wanted: Groups of terms: one term of each group has to occur.
        excluded: None of them may occur.
        can_be_joined: There are wanted terms alone, which OR can join to others.
    """

    wanted: list[list[Term]] = field(default_factory=list[list[Term]])
    excluded: list[Term] = field(default_factory=list[Term])
    can_be_joined: bool = False

    def add(self, others: Groups) -> None:
        """Want and exclude what others do as well."""
        self.can_be_joined = others.can_be_joined and (self.can_be_joined or not (self.wanted or self.excluded))
        self.wanted += others.wanted
        self.excluded += others.excluded

    def or_else(self, others: Groups) -> Groups:
        """Both groups want nothing but terms: what either of them wants."""
        if len(self.wanted) * len(others.wanted) > _MOST_GROUPS:
            raise InvalidArgument("The query joins too many words in parentheses.", hint="Use a few telling words.")
        # (a b) OR c means a OR c, and b OR c: an index takes groups of alternatives only.
        joined = [list(dict.fromkeys([*one, *other])) for one, other in product(self.wanted, others.wanted)]
        return Groups(joined, can_be_joined=True)


class GroupReader:
    """Puts the items of a query together.

    Args:
        items: In their order, with a parenthesis closed for each that is opened.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._at = 0
        self.notes: list[Sentence] = []

    def read(self) -> Groups:
        """Everything up to the end or to the parenthesis that closes."""
        found = Groups()
        start = self._at
        while self._is_operand(self._at):
            if self._says("AND") and self._at > start and self._is_operand(self._at + 1):
                self._at += 1
            found.add(self._read_either())
        return found

    def _read_either(self) -> Groups:
        found = self._read_one()
        while self._says("OR") and found.can_be_joined and self._is_operand(self._at + 1):
            place, self._at = self._at, self._at + 1
            other = self._read_one()
            if not other.can_be_joined:
                self._at = place
                break
            found = found.or_else(other)
        return found

    def _read_one(self) -> Groups:
        item = self._items[self._at]
        self._at += 1
        if item.text == OPEN:
            inner = self.read()
            self._at += 1
            return self._without(inner) if item.excluded else inner
        if item.term is None:
            return Groups()
        if item.text == "OR" and len(self._items) > 1:
            self.notes.append(_OR_IS_LEFT_OUT)
            return Groups()
        if item.excluded:
            return Groups(excluded=[item.term])
        return Groups([[item.term]], can_be_joined=True)

    def _without(self, inner: Groups) -> Groups:
        if len(inner.wanted) > 1:
            self.notes.append("A minus before parentheses leaves out messages with any of the words in them.")
        return Groups(excluded=[term for group in inner.wanted for term in group])

    def _is_operand(self, place: int) -> bool:
        return place < len(self._items) and not self._items[place].closes

    def _says(self, word: str) -> bool:
        return self._is_operand(self._at) and self._items[self._at].text == word
