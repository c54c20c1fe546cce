"""How the tokens of an answer are shared out among its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

CURSOR_LENGTH: Final = 8
PLACEHOLDER: Final = "9qXVWCDQ"
"""Costs as much as any cursor of eight characters can."""

_SHARE_OF_TEXT: Final = 6
_SHARE_OF_PART: Final = 8
_SHARE_OF_REFERENCE: Final = 3
_SQUEEZES: Final = 12


@dataclass(frozen=True, slots=True)
class TokenShares:
    """Limits that make an answer fit, in tokens.

    Attributes:
        total: The whole answer.
        text: The text of one message.
        part: A title, a name, the marks of a message, a detail.
        reference: A reference; cut only when nothing else helps, because a cut one leads nowhere.
    """

    total: int
    text: float
    part: float
    reference: float

    @property
    def entries(self) -> int:
        """The most entries of one list of a message: files, reactions, labels."""
        return max(1, int(self.part / 4))


def share_plans(max_tokens: int) -> Iterator[TokenShares]:
    """Ways to share an answer out: first without cutting any text, then cutting more and more."""
    room = TokenShares(
        total=max_tokens,
        text=max_tokens,
        part=max_tokens / _SHARE_OF_PART,
        reference=max_tokens / _SHARE_OF_REFERENCE,
    )
    yield room
    room = replace(room, text=max_tokens / _SHARE_OF_TEXT)
    yield room
    for _ in range(_SQUEEZES):
        room = replace(room, text=room.text * 0.6, part=room.part * 0.7, reference=room.reference * 0.8)
        yield room
