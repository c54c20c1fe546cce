"""Cursors into search results: the service's own, and what was shown already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from dragoman.providers.glean.mapping.mapping import message_id
from dragoman.providers.glean.mapping.result_tree import Piece
from dragoman.providers.glean.mapping.wire import SearchAnswer
from dragoman.providers.kit.cursor import decode, digest, encode

_LIST: Final = "search"
_MOST_SEEN: Final = 1000


@dataclass(frozen=True, slots=True)
class SearchPosition:
    """Where a search goes on.

    Attributes:
        cursor: The service's; empty at the beginning.
        token: Its token of the search, which it wants back.
        seen: Digests of the messages that were given, because one can come as a hit and as a part of another.
    """

    cursor: str = ""
    token: str = ""
    seen: tuple[str, ...] = ()

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        """Read a cursor; without one the beginning.

        Raises:
            InvalidArgument: It is none of a search.
        """
        return decode(cls, cursor, list_id=_LIST) or cls()

    def write(self) -> str:
        """As a cursor."""
        return encode(self, list_id=_LIST)

    def fresh(self, pieces: Iterable[Piece]) -> list[Piece]:
        """The pieces that were not given yet, each once."""
        known, found = set(self.seen), list[Piece]()
        for piece in pieces:
            short = digest(message_id(piece.result))
            if short not in known:
                known.add(short)
                found.append(piece)
        return found

    def following(self, answer: SearchAnswer, given: Sequence[Piece]) -> Self | None:
        """The place after an answer; ``None`` at the end, which a cursor that comes again is, too."""
        if not answer.has_more_results or not answer.cursor or answer.cursor == self.cursor:
            return None
        seen = (*self.seen, *(digest(message_id(piece.result)) for piece in given))
        return type(self)(answer.cursor, answer.tracking_token or self.token, seen[-_MOST_SEEN:])
