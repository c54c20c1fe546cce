"""Regular expressions that are compiled when they are first used, or all at once by a server that waits.

Compiling those of this package takes as long as starting Python does, and a short command uses few of them.
"""

from __future__ import annotations

import re
from typing import AnyStr, Final, cast

_METHODS: Final = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")


class _LazyPattern:
    """Compiles at the first look for a method, and has all methods from then on."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        return getattr(self.compile(), name)

    def compile(self) -> re.Pattern[str] | re.Pattern[bytes]:
        """Compile the pattern, so that a look for a method finds it at once."""
        compiled = re.compile(self._source, self._flags)
        # Members of the object are found before __getattr__ is asked, so the next look costs nothing.
        vars(self).update({name: getattr(compiled, name) for name in _METHODS})
        return compiled


_patterns: Final[list[_LazyPattern]] = []
"""Those that nobody has compiled ahead; constants of modules, so that it does not grow while a program runs."""


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """A pattern whose methods and attributes are those of ``re.compile(source, flags)``.

    It is no instance of ``re.Pattern``: functions of ``re`` do not take it.
    """
    pattern = _LazyPattern(source, flags)
    _patterns.append(pattern)
    return cast("re.Pattern[AnyStr]", pattern)


def compile_patterns() -> None:
    """Compile the patterns of all modules that were imported, before somebody waits for them."""
    while _patterns:
        _patterns.pop().compile()
