"""Cursors into search results: the service's own, and what was shown already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dragoman.core.errors import InvalidArgument
from dragoman.providers.glean.mapping.mapping import message_id
from dragoman.providers.glean.mapping.result_tree import Piece
from dragoman.providers.glean.mapping.wire import SearchAnswer
from dragoman.providers.glean.messages.cursor import digest, digests

_MOST_SEEN: Final = 8000  # characters of digests


class SearchMark(BaseModel):
    """A place in a search.

    Attributes:
        cursor: The service's; empty at the beginning.
        token: Its token of the search, which it wants back.
        seen: Digests of the messages that were given, because one can come as a hit and as a part of another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    cursor: str = Field(default="", alias="c")
    token: str = Field(default="", alias="k")
    seen: str = Field(default="", alias="s", pattern=r"^[A-Za-z0-9_-]*$")

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        """Read a cursor back; without one the beginning.

        Raises:
            InvalidArgument: It is none of a search.
        """
        if cursor is None:
            return cls()
        try:
            mark = cls.model_validate_json(cursor)
        except ValidationError:
            mark = cls()
        if not mark.cursor:
            raise InvalidArgument("This cursor belongs to another list.", hint="Repeat the call without cursor.")
        return mark

    def write(self) -> str:
        """As a cursor."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    def fresh(self, pieces: Iterable[Piece]) -> list[Piece]:
        """The pieces that were not given yet, each once."""
        known, found = set(digests(self.seen)), list[Piece]()
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
        seen = self.seen + "".join(digest(message_id(piece.result)) for piece in given)
        return self.model_validate({
            "c": answer.cursor,
            "k": answer.tracking_token or self.token,
            "s": seen[-_MOST_SEEN:],
        })  # fmt: skip
