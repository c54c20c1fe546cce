"""The hits of a service and those of the local index as one list, each message once.

Either finds what the other does not: a service knows what was never read here, and the local index forgives spelling
and knows conversations that the service does not search.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Final, Self

from dragoman.core.context.inline import run_together
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Hit, Page

FetchPage = Callable[[str | None], Awaitable[Page[Hit]]]

_BEGINNING: Final = ""
_MOST_SHOWN: Final = 4000
"""Hits of both lists after which only the first one goes on: a cursor holds the numbers of all that were shown."""


class MixedSearch:
    """Pages of two lists of hits, in turn from each.

    A cursor is JSON: the cursor of each list (``None`` after its end), and the numbers of the messages that were shown.
    So each is shown once though the lists change: what the service finds is stored, and the local index finds it then.
    """

    def __init__(self, service: FetchPage, local: FetchPage) -> None:
        """Take how a page of each list is read; its messages have numbers."""
        self._lists = (service, local)
        self._pages: list[tuple[_Position, list[int | str]]] = []

    async def fetch(self, at: str | None) -> Page[Hit]:
        """The page at a cursor.

        Raises:
            InvalidArgument: The cursor is none of this list.
            DragomanError: A list cannot be read.
        """
        begin = _Position.from_text(at)
        cursors, shown = begin.cursors, begin.shown
        pages: dict[int, Page[Hit]] = {}

        async def fetch(index: int, cursor: str) -> None:
            pages[index] = await self._lists[index](cursor or None)

        await run_together(partial(fetch, index, cursor) for index, cursor in enumerate(cursors) if cursor is not None)
        items = _new_hits([pages[index].items if index in pages else () for index in range(len(cursors))], shown)
        following = [pages[index].cursor if index in pages else None for index in range(len(cursors))]
        keys = list(map(_key, items))
        self._pages.append((begin, keys))
        # The service's list goes on: it is the one that nobody else can give.
        if following[0] is not None and len(shown) + len(keys) > _MOST_SHOWN:
            following[1] = None
        # After the end of one list nothing more can come twice.
        end = _Position(following, shown if None in cursors else [*shown, *keys]).to_text() if any(following) else None
        return replace(next(iter(pages.values())), items=items, cursor=end)

    def cursor_after(self, hit: Hit) -> str | None:
        """The cursor right after a hit of a page that was read."""
        key = _key(hit)
        for begin, keys in self._pages:
            if key in keys:
                return _Position(begin.cursors, [*begin.shown, *keys[: keys.index(key) + 1]]).to_text()
        return None


@dataclass(frozen=True, slots=True)
class _Position:
    """The cursor of each list, empty at its beginning, and what was shown before."""

    cursors: list[str | None]
    shown: list[int | str]

    def to_text(self) -> str:
        return json.dumps([self.cursors, self.shown], separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        if text is None:
            return cls([_BEGINNING, _BEGINNING], [])
        try:
            (service, local), shown = json.loads(text)
            return cls([service, local], list(shown))
        except (ValueError, TypeError) as error:
            raise InvalidArgument(
                "The cursor is not one of this search.", hint="Search again without a cursor."
            ) from error


def _new_hits(lists: Sequence[Sequence[Hit]], before: Sequence[int | str]) -> list[Hit]:
    """The hits in turn from each list, without those that were shown before."""
    first: dict[int | str, Hit] = {}
    shown = set(before)
    for hit in (hit for row in zip_longest(*lists) for hit in row if hit is not None):
        first.setdefault(_key(hit), hit)
    return [hit for key, hit in first.items() if key not in shown]


def _key(hit: Hit) -> int | str:
    message = hit.message
    return f"{message.conversation}/{message.id}" if message.number is None else message.number
