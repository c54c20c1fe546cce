"""Coverage of an account by the local index: decides whether it can answer a search for the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from dragoman.core.queries import SearchQuery

if TYPE_CHECKING:
    from dragoman.accounts.account import Account
    from dragoman.toolset.definition.context import CallContext

_STATE: Final = "is"
"""A filter of what changes without a message being edited, so that only the service knows."""


@dataclass(frozen=True, slots=True)
class HeldIndex:
    """Looks up the coverage of an account that is kept current.

    Attributes:
        answers: It holds everything that is asked for, up to the present.
        adds: It holds a part of it, which is searched beside the service.
        conversations: How many it holds, and how many there are.
        since: From when on.
        as_of: Until when, if it answers.
    """

    answers: bool = False
    adds: bool = False
    conversations: tuple[int, int] | None = None
    since: datetime | None = None
    as_of: datetime | None = None


NOT_HELD: Final = HeldIndex()


async def held_index(call: CallContext, account: Account, query: SearchQuery) -> HeldIndex:
    """The coverage of the local index for one search."""
    settings = account.settings
    if settings.sync is None or settings.remember != "full":
        return NOT_HELD
    from dragoman.store.coverage import BEGINNING, FRESH  # noqa: PLC0415  # takes time, and few accounts are kept current

    store = await call.workspace.store()
    now = await store.sync.time()
    horizon = settings.sync_since(now) or BEGINNING
    since = query.since or BEGINNING
    summary = await store.sync.summary(account.name, horizon)
    fresh_at, is_whole = summary.fresh_at, summary.listed and summary.held >= summary.conversations
    answers = is_whole and since >= horizon
    if query.conversation is not None:
        cover = await store.sync.coverage(account.name, query.conversation)
        fresh_at, answers = cover.fresh_at, cover.covers(query.since, query.until)
    is_fresh = fresh_at is not None and now - FRESH <= fresh_at <= now + FRESH
    is_state = any(one.name == _STATE for one in query.filters)
    may_answer = not is_state and not settings.live
    answers = answers and is_fresh and may_answer
    return HeldIndex(
        answers=answers,
        adds=may_answer and summary.conversations > 0 and not answers,
        conversations=(summary.held, summary.conversations) if summary.conversations else None,
        since=None if horizon == BEGINNING else horizon,
        as_of=fresh_at if answers else None,
    )
