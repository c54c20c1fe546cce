"""Reads JSON with comments and trailing commas, and notes where everything stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import sentence

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

BOM: Final = "\ufeff"
"""A byte order mark, as text."""

# Each level takes two calls, so this stays far below Python's limit of recursion.
_DEEPEST: Final = 100
_SKIPPED: Final = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_TOKEN: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"/]+')


@dataclass(slots=True)
class Value:
    """A value and where it stands: the text from ``start`` up to ``end``."""

    start: int
    end: int
    value: Json
    members: list[Member] = field(default_factory=list["Member"])


@dataclass(slots=True)
class Member:
    """A key with its value; ``comma`` is where the comma after it stands."""

    key: str
    start: int
    value: Value
    comma: int | None = None


class Parser:
    """Reads a text from its beginning to its end.

    Attributes:
        comment: The line of the first comment.
        trailing_comma: The line in which the first trailing comma is followed by its bracket.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1 if text.startswith(BOM) else 0
        self.comment: int | None = None
        self.trailing_comma: int | None = None

    def document(self) -> Value:
        """The whole text.

        Raises:
            InvalidArgument: It is no JSON, also with comments and trailing commas.
        """
        found = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._wrong()
        return found

    def _value(self, depth: int) -> Value:
        self._skip()
        start = self._at
        token = self._token()
        if depth > _DEEPEST:
            raise self._wrong()
        if token == "{":  # noqa: S105  # a brace
            members = self._members(depth + 1)
            return Value(start, self._at, {member.key: member.value.value for member in members}, members)
        if token == "[":  # noqa: S105  # a bracket
            items = self._items(depth + 1)
            return Value(start, self._at, items)
        return Value(start, self._at, self._scalar(token))

    def _members(self, depth: int) -> list[Member]:
        members: list[Member] = []
        while not self._closes("}", after_comma=bool(members) and members[-1].comma is not None):
            if members and members[-1].comma is None:
                raise self._wrong()
            start = self._at
            key = self._scalar(self._token())
            self._skip()
            if not isinstance(key, str) or self._token() != ":":
                raise self._wrong()
            member = Member(key, start, self._value(depth))
            member.comma = self._comma()
            members.append(member)
        return members

    def _items(self, depth: int) -> list[Json]:
        items: list[Json] = []
        more = True
        while not self._closes("]", after_comma=bool(items) and more):
            if not more:
                raise self._wrong()
            items.append(self._value(depth).value)
            more = self._comma() is not None
        return items

    def _closes(self, bracket: str, *, after_comma: bool) -> bool:
        self._skip()
        if not self._text.startswith(bracket, self._at):
            return False
        if after_comma and self.trailing_comma is None:
            self.trailing_comma = self._line()
        self._at += 1
        return True

    def _comma(self) -> int | None:
        self._skip()
        if self._text.startswith(",", self._at):
            self._at += 1
            return self._at - 1
        return None

    def _skip(self) -> None:
        found = _SKIPPED.match(self._text, self._at)
        if found is None:
            return
        # Between values only a comment has a slash.
        if self.comment is None and "/" in found[0]:
            self._at += found[0].index("/")
            self.comment = self._line()
        self._at = found.end()

    def _token(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._wrong()
        self._at = found.end()
        return found[0]

    def _scalar(self, token: str) -> Json:
        try:
            found: Json = json.loads(token, parse_constant=refuse_constant)
        except ValueError:
            raise self._wrong() from None
        return found

    def _wrong(self) -> InvalidArgument:
        return InvalidArgument(sentence("Line {} is no JSON.", self._line()))

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1


def refuse_constant(name: str) -> Json:
    """Refuse NaN and the infinities, which no other parser takes."""
    raise ValueError(name)
