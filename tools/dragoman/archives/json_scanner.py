"""Finds where a JSON value ends, without parsing it."""

from __future__ import annotations

import re
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

_SCAN: Final = lazy_pattern(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]"]', re.DOTALL)
_IN_STRING: Final = lazy_pattern(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_BETWEEN: Final = lazy_pattern(r'[^"{}\[\]]+')
_SCALAR: Final = lazy_pattern(r"[^,\]}\s]*")


class Scanner:
    """Finds the end of a value that comes in pieces."""

    def __init__(self) -> None:
        self.done = False
        self._depth = 0
        self._in_string = False

    def feed(self, text: str, at: int) -> int:
        """Go on; where the value ends, or where the next piece has to begin."""
        while at < len(text):
            if self._in_string:
                found = _IN_STRING.match(text, at)
                at = found.end() if found else at
                # The pattern stops before a backslash only where the text ends behind it.
                if at >= len(text) or text[at] == "\\":
                    return at  # an escape may go on in the next piece
                self._in_string = False
                at += 1
            else:
                at = self._structure(text, at)
            if self.done:
                return at
        return at

    def _structure(self, text: str, at: int) -> int:
        sign = text[at]
        if sign == '"':
            self._in_string = True
            return at + 1
        if sign in "{[":
            self._depth += 1
        elif sign in "}]":
            self._depth -= 1
        else:
            found = _BETWEEN.match(text, at)
            return found.end() if found else at + 1
        self.done = self._depth <= 0
        return at + 1


def end_of(text: str, start: int) -> int:
    """Where the value at ``start`` ends, valid or not; 0 when the text does not hold its end."""
    if text[start] not in '{["':
        found = _SCALAR.match(text, start)
        end = found.end() if found else start
        # A number at the end of the text may go on behind it.
        return end if start < end < len(text) else 0
    depth = 0
    at = start
    while found := _SCAN.search(text, at):
        at = found.end()
        sign = found[0]
        if sign == '"':  # a string without its end
            return 0
        depth += 1 if sign in "{[" else -1 if sign in "}]" else 0
        if depth == 0:
            return at
    return 0
