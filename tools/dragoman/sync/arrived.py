"""The news of an account out of the store, in the order in which sync has brought them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import Conflict
from dragoman.core.model import Changes
from dragoman.core.safe_text import Sentence, safe, sentence, unquoted
from dragoman.store import Store
from dragoman.store.coverage import BEGINNING, FRESH
from dragoman.sync.position import UpdatePosition

_PREFIX: Final = "store:"

_PART: Final = 500


@dataclass(frozen=True, slots=True)
class ArrivedChanges:
    """Tells changes as a provider does, from what has arrived in the store up to ``as_of``."""

    store: Store
    account: str
    as_of: datetime | None = None

    async def changes(self, position: str | None) -> Changes:
        """What has arrived since a position.

        Raises:
            Conflict: The store no longer knows the position.
        """
        serial = int((position or f"{_PREFIX}0").removeprefix(_PREFIX))
        found = await self.store.sync.arrivals(self.account, serial, _PART)
        # Cut from the log; or, if it is above all, given by a store of which this one is an older copy.
        if serial < found.oldest or serial > found.newest:
            raise Conflict("The store does not know this position any more.", account=self.account)
        more = len(found.items) == _PART
        # All accounts share the serials. A quiet account moves along, so its position is not cut off with the log.
        last = found.items[-1].serial if more else found.newest
        return Changes(messages=[one.message for one in found.items], position=f"{_PREFIX}{last}", more=more)


async def arrived_changes(
    workspace: Workspace, account: Account, position: UpdatePosition
) -> tuple[ArrivedChanges, str] | None:
    """The news that sync brings, and the position where they begin.

    Returns:
        ``None`` where the service has to be asked: sync is not current, or what is asked for is older than it.
    """
    if account.settings.sync is None:
        return None
    store = await workspace.store()
    state = await store.sync.account(account.name)
    now = await store.sync.time()
    # A time far ahead was noted by a wrong clock, and would count as current until then.
    if state.fresh_at is None or state.began_at is None or not now - FRESH <= state.fresh_at <= now + FRESH:
        return None
    source = ArrivedChanges(store, account.name, state.fresh_at)
    if is_of_store(position.service):
        return source, position.service or ""
    # Who has had an answer of the service since then has what is older than the sync; what was given is noted.
    complete_since = max(position.since, position.answered_at or position.since)
    return (source, f"{_PREFIX}0") if complete_since >= state.began_at else None


def is_of_store(position: str | None) -> bool:
    """Whether a position is one of the store, not of the service."""
    return position is not None and position.startswith(_PREFIX)


async def unread_note(workspace: Workspace, account: Account) -> list[Sentence]:
    """What sync could not read, as a sentence; nothing where it could read all."""
    summary = await (await workspace.store()).sync.summary(account.name, BEGINNING)
    if not summary.failed:
        return []
    reason = next((one.attempts.error for one in summary.failures if one.conversation), "")
    what = "conversation" if summary.failed == 1 else "conversations"
    return [sentence("{}: {} {} could not be read: {}", account.name, summary.failed, safe(what), unquoted(reason))]
