"""Conversations, the last changed first, each once, although the list moves while it is read.

A conversation that changes jumps to the top: it may then be missed on its old page, and a list that goes on
after it begins anew. So a cursor carries marks of what was given, and when the end of a list of several
pages is reached, its top is looked at once more.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import PAGE, Api
from dragoman.providers.datagrid.cursors import Round

MOST_SEEN = 3000
"""Conversations that a cursor remembers; further down a list that moves may repeat one."""


async def read_recent(api: Api, size: int, cursor: str | None) -> tuple[Sequence[wire.Conversation], str | None]:
    """A page of conversations and the cursor of the next one.

    Raises:
        InvalidArgument: The cursor is not of this list.
    """
    size = min(size, PAGE)
    place = Round() if cursor is None else Round.read(cursor)
    try:
        listing = await api.conversations(limit=size, after=place.after)
    except (InvalidArgument, NotFound):
        if place.after is None:
            raise
        # The conversation to go on from was deleted; what was given is known, so the top does as well.
        return (), replace(place, after=None).write()
    found = [one for one in listing.data if one.id]
    known = set(place.seen)
    new = list({mark: one for one in found if (mark := mark_of(one)) not in known}.values())
    seen = (*place.seen, *(mark_of(one) for one in new))[-MOST_SEEN:]
    more = listing.goes_on(size) and bool(found) and found[-1].id != place.after
    following = _following(place, seen, found, more=more, news=bool(new))
    return new, following.write() if following else None


def mark_of(conversation: wire.Conversation) -> str:
    """A short mark that no other conversation is likely to have: 48 bits of a hash of its id."""
    digest = blake2b((conversation.id or "").encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return urlsafe_b64encode(digest).decode()


def _following(
    place: Round, seen: tuple[str, ...], found: Sequence[wire.Conversation], *, more: bool, news: bool
) -> Round | None:
    """Where to go on; ``news``: the page had something that was not given before."""
    if more and (not place.again or news):
        return Round(seen, found[-1].id, place.again)
    if place.again or place == Round():
        return None
    return Round(seen, None, again=True)
