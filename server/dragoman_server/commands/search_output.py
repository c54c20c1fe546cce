"""What ``dragoman search`` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

MOST_TOKENS: Final = 100_000
"""Size of an answer: a person reads all messages of a page, at whatever length."""

HEADER: Final = lazy_pattern(r"\A(\d+) hits?\b")
# What a message begins with: its number, perhaps the one that it replies to, the time, and the author.
_PLACE: Final = lazy_pattern(r"(?m)^(>?\d+(?: re \d+)?)( \d{4}-\d\d-\d\d \d\d:\d\d)? ([^:\n]+):")
_GROUP: Final = lazy_pattern(r"(?m)^# .*$")
_FOUND: Final = lazy_pattern(r"\*\*(\S(?:[^\n*]*\S)?)\*\*")
_DIM, _BOLD, _YELLOW, _CYAN, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Found:
    """An answer.

    Attributes:
        text: As the tool gives it.
        hits: How many messages it shows.
    """

    text: str
    hits: int

    def coloured(self) -> str:
        """The text for a terminal: conversations, authors and what was found stand out."""
        header, newline, rest = self.text.partition("\n")
        if not HEADER.match(header):
            return self.text
        rest = _FOUND.sub(rf"{_YELLOW}\1{_PLAIN}", rest)
        rest = _PLACE.sub(rf"{_DIM}\1\2{_PLAIN} {_BOLD}\3{_PLAIN}:", rest)
        return f"{_DIM}{header}{_PLAIN}{newline}{_GROUP.sub(lambda line: f'{_CYAN}{line[0]}{_PLAIN}', rest)}"


def shown(text: str) -> str:
    """The text without control characters and invisible ones."""
    # Nearly every answer is plain, and spares the import below.
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    from dragoman.core.sanitize import clean  # noqa: PLC0415  # most answers are plain

    return clean(text)
