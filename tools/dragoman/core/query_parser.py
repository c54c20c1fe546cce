"""The query language of people: what was typed into a search -> words and operators.

::

    query    = { item }                            items are combined with and
    item     = [ "-" ] ( operator | term )         "-" excludes
    term     = word | word "*" | '"' words '"'     word* is the beginning of a word
    either   = term "OR" term { "OR" term }        binds before and
    operator = name ":" ( word | '"' words '"' )   see OPERATORS

Nothing that is typed is an error of syntax: what is no operator is text. What was read in another way than it may
have been meant is told in a note. ``docs/query-language.md`` describes the language for its users.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from dragoman.core.errors import InvalidArgument
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.queries import Expression, Term
from dragoman.core.safe_text import Sentence, join, safe, sentence

OperatorName: TypeAlias = Literal[
    "from", "in", "has", "is", "subject", "label", "before", "after", "on", "since", "until"
]

OPERATORS: Final[dict[str, OperatorName]] = {
    "from": "from", "author": "from", "sender": "from",
    "in": "in", "conversation": "in", "channel": "in",
    "before": "before", "after": "after", "on": "on", "since": "since", "until": "until",
    "has": "has", "is": "is", "subject": "subject", "label": "label", "tag": "label",
}  # fmt: skip
"""Every spelling of an operator, and its name."""

LONGEST: Final = 1000
MOST_TERMS: Final = 32
_SHOWN: Final = "from: in: before: after: on: has:file has:link is:unread subject: label:"
_TYPOGRAPHIC: Final = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02\u300c\u300d\u300e\u300f", '"')
    | {"\uff1a": ":", "\u3000": " "}
)
"""Quotation marks, colons and spaces of all keyboards."""

_ITEM: Final = lazy_pattern(
    r"""(?P<minus>(?<!\S)-(?=[^\W\d_]|"))?                        # excludes words of letters, and phrases
    (?: (?P<name>[A-Za-z_]{2,20}):(?!/|:|\\) (?:"(?P<quoted>[^"]*)"|(?P<value>[^\s"]*))
      | "(?P<phrase>[^"]*)"
      | (?P<word>[^\s"]+)
      | (?P<open>") )""",
    re.VERBOSE,
)
_SMALL: Final = lazy_pattern(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of a query; ``text`` is how it was typed."""

    name: OperatorName
    value: str
    negated: bool
    text: str


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query taken apart.

    Attributes:
        text: The words as they were typed, without the operators.
        expression: The words.
        operators: In the order in which they were typed.
        notes: Sentences about what was read in another way than it may have been meant.
    """

    text: str = ""
    expression: Expression = field(default_factory=Expression)
    operators: tuple[Operator, ...] = ()
    notes: tuple[Sentence, ...] = ()


def parse_query(text: str, accepts: Callable[[Operator], bool] = lambda _: True) -> ParsedQuery:
    """Take a query apart.

    Args:
        text: What was typed.
        accepts: Whether the value of an operator makes sense; what does not is searched as text.

    Raises:
        InvalidArgument: The query is too long.
    """
    if len(text) > LONGEST:
        raise InvalidArgument(
            sentence("The query is longer than {:,} characters.", LONGEST), hint="Use a few telling words."
        )
    reader = _Reader(text, accepts)
    reader.read()
    if reader.terms > MOST_TERMS:
        raise InvalidArgument(
            sentence("The query has more than {} words.", MOST_TERMS), hint="Use a few telling words."
        )
    return reader.result()


@dataclass(slots=True)
class _Item:
    """A part of the query: a term, or an operator, which has none. OR, AND and NOT may be meant as words."""

    text: str
    term: Term | None
    excluded: bool = False

    @property
    def joins(self) -> bool:
        """Whether a word before it can join it to another."""
        return self.term is not None and not self.excluded

    def says(self, word: str) -> bool:
        return self.text == word


class _Reader:
    """The state of one parse."""

    def __init__(self, text: str, accepts: Callable[[Operator], bool]) -> None:
        self._matches = list(_ITEM.finditer(text.translate(_TYPOGRAPHIC)))
        self._accepts = accepts
        self._items: list[_Item] = []
        self._operators: list[Operator] = []
        self._notes: list[Sentence] = []
        letters = "".join(_SMALL.findall(text.replace("NOT", "")))
        self._shouted = letters.isupper()

    @property
    def terms(self) -> int:
        return sum(item.term is not None for item in self._items)

    def read(self) -> None:
        """Tell operators from terms."""
        rest = iter(self._matches)
        for match in rest:
            if match["open"]:
                self._notes.append("A quotation mark is not closed, so the words after it were searched one by one.")
            elif match["name"] is not None:
                self._read_named(match, rest)
            else:
                self._add(match, match["word"], match["phrase"])

    def result(self) -> ParsedQuery:
        """Put the items together."""
        groups, excluded = self._grouped()
        if excluded and not groups and not self._operators:
            typed = join((f"-{term.text}" for term in excluded), " ")
            self._notes.append(
                sentence("{} excludes nothing while nothing else is asked for, so it was searched as text.", typed)
            )
            groups, excluded = [[term] for term in excluded], []
        return ParsedQuery(
            text=" ".join(item.text for item in self._items if item.term is not None),
            expression=Expression(tuple(map(tuple, groups)), tuple(excluded)),
            operators=tuple(self._operators),
            notes=tuple(dict.fromkeys(self._notes)),
        )

    def _read_named(self, match: re.Match[str], rest: Iterator[re.Match[str]]) -> None:
        name = OPERATORS.get(match["name"].lower())
        value, text = match["quoted"] if match["quoted"] is not None else match["value"], match[0]
        following = self._following(match)
        if name is not None and not value.strip() and following is not None:
            value = following["phrase"] if following["word"] is None else following["word"]
            text = f"{match[0]}{following[0]}"
            self._notes.append(sentence("{!r} was read as {}.", f"{match[0]} {following[0]}", text))
            next(rest)
        operator = Operator(name, value.strip(), match["minus"] is not None, text) if name and value.strip() else None
        if operator is not None and self._accepts(operator):
            self._operators.append(operator)
            self._items.append(_Item(text, None))
            return
        if value.strip() or name is not None:
            self._notes.append(
                sentence("{} was not understood and searched as text. Operators: {}", text, safe(_SHOWN))
            )
        self._add(match, text.removeprefix("-").replace('"', " "), None)

    def _following(self, match: re.Match[str]) -> re.Match[str] | None:
        """The term after an operator that has no value."""
        at = self._matches.index(match) + 1
        following = self._matches[at] if at < len(self._matches) else None
        if following is None or following["minus"] or following["name"] or following["open"]:
            return None
        return None if following["word"] in {"OR", "AND", "NOT"} else following

    def _add(self, match: re.Match[str], word: str | None, phrase: str | None) -> None:
        if phrase is not None:
            term = Term(phrase, phrase=True)
        else:
            typed = word or ""
            term = Term(typed.rstrip("*"), beginning=typed.endswith("*"))
        if term.text.strip():
            self._items.append(_Item(match[0], term, match["minus"] is not None))

    def _grouped(self) -> tuple[list[list[Term]], list[Term]]:
        groups: list[list[Term]] = []
        excluded: list[Term] = []
        before: _Item | None = None
        items = iter([*self._items, None])
        item = next(items)
        while item is not None:
            following = next(items)
            joined = following if before is not None and following is not None and following.joins else None
            if joined is not None and joined.term is not None and self._joins(item, before):
                if item.says("OR"):
                    groups[-1].append(joined.term)
                elif item.says("NOT"):
                    excluded.append(joined.term)
                else:
                    groups.append([joined.term])
                before, item = joined, next(items)
                continue
            if item.term is not None:
                self._stand_alone(item, groups, excluded)
            before, item = item, following
        return groups, excluded

    def _joins(self, item: _Item, before: _Item | None) -> bool:
        """Whether this word joins the one before it to the one after it."""
        if item.says("OR"):
            return before is not None and before.joins
        return item.says("AND") or (item.says("NOT") and not self._shouted)

    def _stand_alone(self, item: _Item, groups: list[list[Term]], excluded: list[Term]) -> None:
        if item.term is None:
            return
        if item.says("OR") and len(self._items) > 1:
            self._notes.append("OR joins words only, and was left out where it stands beside something else.")
        elif item.excluded:
            excluded.append(item.term)
        else:
            groups.append([item.term])
