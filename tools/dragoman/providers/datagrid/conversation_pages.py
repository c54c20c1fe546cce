"""Conversations, the last changed first, each once, although the list moves while it is read.

A conversation that changes jumps to the top: it may then be missed on its old page, and a list that goes on
after it begins anew. So a cursor carries digests of what was given, and when the end of a list of several
pages is reached, its top is looked at once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import PAGE, Api
from dragoman.providers.kit.cursor import decode, digest, encode

MOST_SEEN = 3000
"""Conversations that a cursor remembers; further down a list that moves may repeat one."""


_LIST = "conversations"


@dataclass(frozen=True, slots=True)
class Round:
    """A position in the list of conversations: after an id, or at the top.

    ``seen`` has digests of what was given. ``again``: the end was reached, and the top is looked at once more.
    """

    seen: tuple[str, ...] = ()
    after: str | None = None
    again: bool = False


async def read_recent(api: Api, size: int, cursor: str | None) -> tuple[Sequence[wire.Conversation], str | None]:
    """A page of conversations and the cursor of the next one."""
    size = min(size, PAGE)
    place = decode(Round, cursor, list_id=_LIST) or Round()
    try:
        listing = await api.conversations(limit=size, after=place.after)
    except (InvalidArgument, NotFound):
        if place.after is None:
            raise
        # The conversation to go on from was deleted; what was given is known, so the top does as well.
        return (), encode(replace(place, after=None), list_id=_LIST)
    found = [one for one in listing.data if one.id]
    known = set(place.seen)
    new = list({mark: one for one in found if (mark := digest(one.id or "")) not in known}.values())
    seen = (*place.seen, *(digest(one.id or "") for one in new))[-MOST_SEEN:]
    more = listing.goes_on(size) and bool(found) and found[-1].id != place.after
    following = _following(place, seen, found, more=more, news=bool(new))
    return new, encode(following, list_id=_LIST) if following else None


def _following(
    place: Round, seen: tuple[str, ...], found: Sequence[wire.Conversation], *, more: bool, news: bool
) -> Round | None:
    """The next position; ``news``: the page had something that was not given before."""
    if more and (not place.again or news):
        return Round(seen, found[-1].id, place.again)
    if place.again or place == Round():
        return None
    return Round(seen, None, again=True)
