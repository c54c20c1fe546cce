"""Regular expressions that are compiled when they are first used.

Compiling those of this package takes as long as starting Python does, and a short command uses few of them.
"""

from __future__ import annotations

import re
from typing import AnyStr, cast


class _LazyPattern:
    """Compiles at the first look for a method, and keeps the method."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        found: object = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """A pattern whose methods and attributes are those of ``re.compile(source, flags)``.

    It is no instance of ``re.Pattern``: functions of ``re`` do not take it.
    """
    return cast("re.Pattern[AnyStr]", _LazyPattern(source, flags))
