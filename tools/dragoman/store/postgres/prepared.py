"""Statements that the server of a connection has parsed and planned, so that running them again costs it little.

They are prepared in SQL: ``EXECUTE`` goes in one message with what begins and ends a transaction, in one round trip.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Final

MOST: Final = 100
"""Of one connection."""

LASTS: Final = 60.0
"""Seconds after which a statement is planned anew: a plan for a small table is bad once an import has filled it."""

_SEEN_BEFORE: Final = 2
_REMEMBERED: Final = 500
_INT4: Final = range(-(2**31), 2**31)
_PREPARABLE: Final = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b[^;]*\Z")
# What a search costs depends on its words, so each is planned for them.
_PLANNED_ANEW: Final = "tsquery"
_MARK: Final = re.compile(r"\?(\d?)")


class PreparedStatements:
    """Those of one connection. A statement is prepared when it comes a third time; the least recent ones give way."""

    def __init__(self) -> None:
        """Begin with none."""
        self._names: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._uses: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._new: list[tuple[str, str]] = []
        self._is_outdated = False
        self._since = time.monotonic()
        self._surplus: list[str] = []
        self._numbers = count(1)

    def call(self, statement: str, values: Sequence[object]) -> str | None:
        """How to run a statement.

        Args:
            statement: With ``?`` for each value, or ``?1`` for the first one.
            values: What the marks stand for.

        Returns:
            What runs it, with ``%s`` for each value, after its preparation where that is due; ``None`` to send the
            statement as it is.
        """
        if _PLANNED_ANEW in statement or not _PREPARABLE.match(statement):
            return None
        self._begin_anew_if_due()
        key = (statement, ", ".join(map(_type, values)))
        first = ""
        name = self._names.get(key)
        if name is None:
            if not self._is_frequent(key):
                return None
            first, name = self._prepare(key)
        self._names.move_to_end(key)
        marks = f"({', '.join(['%s'] * len(values))})" if values else ""
        return f"{first}EXECUTE {name}{marks}"

    def confirm(self) -> None:
        """Note that the server has run what was given by :meth:`call`."""
        self._new.clear()

    def withdraw(self) -> None:
        """Note that it has not: what was to be prepared may not be."""
        for key in self._new:
            self._names.pop(key, None)
        self._new.clear()

    def forget(self) -> None:
        """Have all of them prepared anew. Any thread may ask for that.

        Under their old names they stay at the server until the connection ends.
        """
        self._is_outdated = True

    def _begin_anew_if_due(self) -> None:
        now = time.monotonic()
        if self._is_outdated:
            self._surplus.clear()  # the session may have forgotten all of them
        elif now - self._since > LASTS:
            self._surplus += self._names.values()
        else:
            return
        self._names.clear()
        self._is_outdated, self._since = False, now

    def _is_frequent(self, key: tuple[str, str]) -> bool:
        uses = self._uses[key] = self._uses.pop(key, 0) + 1
        if uses > _SEEN_BEFORE:
            return True
        if len(self._uses) > _REMEMBERED:
            self._uses.popitem(last=False)
        return False

    def _prepare(self, key: tuple[str, str]) -> tuple[str, str]:
        statement, types = key
        # A name is never given twice, so it does not matter whether the server has come to an earlier one.
        name = self._names[key] = f"dragoman_{next(self._numbers)}"
        self._new.append(key)
        first = f"PREPARE {name}{f'({types})' if types else ''} AS {_numbered(statement)}; "
        if len(self._names) > MOST:
            self._surplus.append(self._names.popitem(last=False)[1])
        first = "".join(f"DEALLOCATE {one}; " for one in self._surplus) + first
        self._surplus.clear()
        return first.replace("%", "%%") if types else first, name


def _type(value: object) -> str:
    """The type that the server gives to a literal: texts and lists have that of their place in the statement."""
    if isinstance(value, int):
        return "int4" if value in _INT4 else "int8"
    return "float8" if isinstance(value, float) else "unknown"


def _numbered(statement: str) -> str:
    numbers = count(1)
    return _MARK.sub(lambda mark: f"${mark[1] or next(numbers)}", statement)
