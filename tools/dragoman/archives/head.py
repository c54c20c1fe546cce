"""The beginning of a file, by which formats recognise it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dragoman.archives.fields import JsonObject, object_of
from dragoman.archives.text import decode
from dragoman.core.lazy_pattern import lazy_pattern

SIZE: Final = 32 << 10
"""Bytes of a file that recognition looks at."""

_LINES: Final = 50
_DEPTH: Final = 8
# A text that is cut off takes all that is left: its escaped quotes begin no other ones.
_TOKEN: Final = lazy_pattern(r'"((?:[^"\\]|\\.)*+)"|".*|([{}\[\],])|[^\s{}\[\],:"]+', re.DOTALL)


@dataclass(frozen=True)
class Head:
    """The beginning of a file.

    Attributes:
        data: At most :data:`SIZE` bytes; empty for a folder and for an empty file.
        name: The file's own name, which may break a tie and nothing more.
    """

    data: bytes = b""
    name: str = ""

    @cached_property
    def text(self) -> str:
        """The bytes as text, without a byte order mark."""
        return decode(self.data, complete=len(self.data) < SIZE)

    @cached_property
    def lines(self) -> list[str]:
        """The first lines."""
        return self.text.splitlines()[:_LINES]

    @cached_property
    def is_json(self) -> bool:
        """Whether it begins like a JSON object or array."""
        return self.text[:200].lstrip()[:1] in ("{", "[")

    @cached_property
    def members(self) -> frozenset[str]:
        """Paths of the JSON members at the beginning, such as ``messages[].id``.

        The members of an array's items are united. For JSON Lines they are the first line's.
        """
        return _paths(self.text) if self.is_json else frozenset()

    @cached_property
    def record(self) -> JsonObject:
        """The first line as a JSON object; empty when it is none."""
        first = next((line for line in self.text.split("\n") if line.strip()), "")
        try:
            # Some exporters write control characters into strings as they are.
            return object_of(json.loads(first, strict=False))
        except (ValueError, RecursionError):
            return {}


def _paths(text: str) -> frozenset[str]:
    """Paths of all members in the first JSON value of a text, which may be cut off."""
    found: set[str] = set()
    levels: list[tuple[bool, str]] = []  # is it an object, and its path
    path, awaits_key = "", False
    for token in _TOKEN.finditer(text):
        name, sign = token[1], token[2]
        if name is not None and awaits_key:
            path = f"{levels[-1][1]}.{name}".removeprefix(".")
            found.add(path)
            awaits_key = False
        elif sign in ("{", "["):
            # No format is told by members that lie so deep.
            if len(levels) >= _DEPTH:
                break
            is_object = sign == "{"
            path = path if is_object else f"{path}[]"
            levels.append((is_object, path))
            awaits_key = is_object
        elif sign == ",":
            if levels:
                awaits_key, path = levels[-1]
        elif sign is not None:
            levels.pop()
            if not levels:
                break
            path, awaits_key = levels[-1][1], False
    return frozenset(found)
