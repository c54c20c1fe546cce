"""The query language of people: what was typed into a search -> words and operators.

::

    query    = { item }                            items are combined with and
    item     = either | [ "-" | "NOT" ] ( operator | term | "(" query ")" )
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
from dragoman.core.query_groups import CLOSE, GroupReader, Item, mark_groups
from dragoman.core.safe_text import Sentence, join, safe, sentence

OperatorName: TypeAlias = Literal[
    "from", "in", "has", "is", "subject", "label", "before", "after", "on", "since", "until"
]

OPERATORS: Final[dict[str, OperatorName]] = {
    "from": "from", "author": "from", "sender": "from",
    "in": "in", "conversation": "in", "channel": "in",
    "before": "before", "after": "after", "on": "on", "since": "since", "until": "until",
    "has": "has", "is": "is", "subject": "subject", "label": "label", "tag": "label",
    "by": "from", "date": "on", "during": "on", "newer_than": "after", "older_than": "before",
}  # fmt: skip
"""Every spelling of an operator, and its name."""

LONGEST: Final = 1000
MOST_TERMS: Final = 32
_TEXT: Final = frozenset({"text", "body", "message", "content"})
_SIGNS: Final = {"&&": "AND", "||": "OR", "|": "OR"}
_SHOWN: Final = "from: in: before: after: on: has:file has:link is:unread subject: label:"
_TYPOGRAPHIC: Final = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02\u300c\u300d\u300e\u300f", '"')
    | {"\uff1a": ":", "\u3000": " ", "\u2212": "-", "\u2013": "-"}
)
"""Quotation marks, colons, spaces and signs before words of all keyboards."""

_ITEM: Final = lazy_pattern(
    r"""(?P<minus>(?<![^\s\x01])-(?=[^\W\d_]|["\x01]))?                # excludes words of letters, phrases and groups
    (?: (?P<group>[\x01\x02])
      | (?P<name>[A-Za-z_]{2,20}):(?!/|:|\\)
        (?: "(?P<quoted>[^"]*)" | '(?P<single>[^'"\x02]+)'(?=[\s\x02]|$) | \((?P<bracketed>[^()"]+)\)
          | (?P<value>[^\s"\x02]*) )
      | "(?P<phrase>[^"]*)"
      | (?P<word>[^\s"\x01\x02]+)
      | (?P<open>") )""",
    re.VERBOSE,
)
_VALUES: Final = ("quoted", "single", "bracketed", "value")
_WORDS: Final = frozenset({"OR", "AND", "NOT"})
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
    # Before anything is read: each sign costs time, and a pasted document is no query.
    if len(text) > LONGEST:
        raise InvalidArgument(
            sentence("The query is longer than {:,} characters.", LONGEST), hint="Use a few telling words."
        )
    reader = _Reader(text, accepts)
    reader.read()
    # Counted after reading: operators are no words to search for.
    if reader.terms > MOST_TERMS:
        raise InvalidArgument(
            sentence("The query has more than {} words.", MOST_TERMS), hint="Use a few telling words."
        )
    return reader.result()


class _Reader:
    """The state of one parse."""

    def __init__(self, text: str, accepts: Callable[[Operator], bool]) -> None:
        self._matches = list(_ITEM.finditer(mark_groups(text.translate(_TYPOGRAPHIC))))
        self._accepts = accepts
        self._items: list[Item] = []
        self._operators: list[Operator] = []
        self._notes: list[Sentence] = []
        self._negated = False
        # Who types everything in capitals means OR and AND as words.
        letters = "".join(_SMALL.findall(text.replace("NOT", "")))
        self._shouted = letters.isupper()

    @property
    def terms(self) -> int:
        return sum(item.term is not None for item in self._items)

    def read(self) -> None:
        """Tell operators from terms."""
        rest = iter(self._matches)
        for match in rest:
            following = self._next(match)
            if match["word"] == "NOT" and following is not None and self._can_be_negated(following):
                self._negated = True
                continue
            excluded, self._negated = self._negated or match["minus"] is not None, False
            if match["group"]:
                self._items.append(Item(match["group"], excluded=excluded))
            elif match["open"]:
                self._notes.append("A quotation mark is not closed, so the words after it were searched one by one.")
            elif match["name"] is not None:
                self._read_named(match, rest, negated=excluded)
            else:
                self._add(match, _SIGNS.get(match["word"], match["word"]), match["phrase"], excluded=excluded)

    def result(self) -> ParsedQuery:
        """Put the items together."""
        reader = GroupReader(self._items)
        found = reader.read()
        wanted, excluded = found.wanted, found.excluded
        self._notes += reader.notes
        # A full-text index cannot list everything but a word.
        if excluded and not wanted and not self._operators:
            typed = join((f"-{term.text}" for term in excluded), " ")
            self._notes.append(
                sentence("{} excludes nothing while nothing else is asked for, so it was searched as text.", typed)
            )
            wanted, excluded = [[term] for term in excluded], []
        return ParsedQuery(
            text=" ".join(item.text for item in self._items if item.term is not None),
            expression=Expression(tuple(map(tuple, wanted)), tuple(excluded)),
            operators=tuple(self._operators),
            notes=tuple(dict.fromkeys(self._notes)),
        )

    def _read_named(self, match: re.Match[str], rest: Iterator[re.Match[str]], *, negated: bool) -> None:
        name = OPERATORS.get(match["name"].lower())
        value, text = next(match[form] for form in _VALUES if match[form] is not None), match[0]
        following = self._next(match)
        if name is not None and match["value"] == "" and following is not None and _is_value(following):
            value = following["phrase"] if following["word"] is None else following["word"]
            text = f"{match[0]}{following[0]}"
            self._notes.append(sentence("{!r} was read as {}.", f"{match[0]} {following[0]}", text))
            next(rest)
        if match["name"].lower() in _TEXT and value.strip():
            self._notes.append(sentence("{} was searched as {}.", text, value))
            self._add(match, value, value if match["quoted"] is not None else None, excluded=negated)
            return
        operator = Operator(name, value.strip(), negated, text) if name and value.strip() else None
        if operator is not None and self._accepts(operator):
            self._operators.append(operator)
            self._items.append(Item(text))
            return
        if value.strip() or name is not None:
            self._notes.append(
                sentence("{} was not understood and searched as text. Operators: {}", text, safe(_SHOWN))
            )
        self._add(match, text.removeprefix("-").replace('"', " "), None, excluded=negated)

    def _next(self, match: re.Match[str]) -> re.Match[str] | None:
        at = self._matches.index(match) + 1
        return self._matches[at] if at < len(self._matches) else None

    def _can_be_negated(self, following: re.Match[str]) -> bool:
        """Whether NOT before it is an operator."""
        return not (self._shouted or following["open"] or following["group"] == CLOSE or following["word"] in _WORDS)

    def _add(self, match: re.Match[str], word: str | None, phrase: str | None, *, excluded: bool) -> None:
        if phrase is not None:
            term = Term(phrase, phrase=True)
        else:
            typed = word or ""
            term = Term(typed.rstrip("*"), beginning=typed.endswith("*"))
        if term.text.strip():
            self._items.append(Item(match[0], term, excluded))


def _is_value(following: re.Match[str]) -> bool:
    """Whether an operator before it that has no value takes it."""
    taken = following["minus"] or following["name"] or following["open"] or following["group"]
    return not taken and following["word"] not in _WORDS
