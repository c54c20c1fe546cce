"""The news of one account since a position."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import Conflict
from dragoman.core.model import Changes, Conversation, Message
from dragoman.core.safe_text import Sentence
from dragoman.sync.arrived import ArrivedChanges, arrived_changes, is_of_store, unread_note
from dragoman.sync.polling import read_since
from dragoman.sync.position import UpdatePosition
from dragoman.sync.update import Update

_MOST_EMPTY: Final = 20
"""Parts of a service's changes without any news that are passed at once."""

# A part out of the store costs no request.
_MOST_EMPTY_IN_STORE: Final = 1000


@dataclass(frozen=True, slots=True)
class AccountUpdates:
    """News of an account, oldest first.

    Attributes:
        more: There is more after these.
        notes: What was left out.
        start: Where they begin.
        end: The service's position after them; ``None`` where it has none.
        conversations: Those of them that were just asked for, by id.
        by_time: They are changes of which only the time tells which are wanted.
        asked_at: When the service was asked, where it has told everything up to then.
        as_of: Up to when the store has them; ``None`` where the service was asked.
    """

    items: list[Update]
    start: UpdatePosition
    end: str | None = None
    more: bool = False
    notes: list[Sentence] = field(default_factory=list[Sentence])
    conversations: dict[str, Conversation] = field(default_factory=dict[str, Conversation])
    by_time: bool = False
    asked_at: datetime | None = None
    as_of: datetime | None = None

    def position_before(self, left: Collection[Update]) -> UpdatePosition:
        """Where the account goes on while these of the items wait to be given."""
        waiting = {id(one) for one in left}
        given = [one for one in self.items if id(one) not in waiting]
        after = self.start.after(given, left)
        if self.by_time:
            # Changes come in the order of arrival, so later ones may be of an earlier time.
            after = replace(after, since=self.start.since)
        caught_up = self.start.caught_up or (self.end is not None and not self.more)
        if left:
            return after
        return replace(after.moved_to(self.end, caught_up=caught_up), answered_at=self.asked_at or after.answered_at)


async def read_updates(
    workspace: Workspace, account: Account, position: UpdatePosition, conversation: Conversation | None = None
) -> AccountUpdates:
    """Read what is new or was edited since a position.

    A service that tells changes is asked for them; of others the conversations that moved are read.

    Args:
        workspace: The accounts.
        account: Which one.
        position: Where the caller stopped.
        conversation: The only conversation of interest.

    Raises:
        DragomanError: The account cannot answer.
    """
    arrived = await arrived_changes(workspace, account, position)
    if arrived is not None:
        source, begin_at = arrived
        caught_up = position.caught_up and is_of_store(position.service)
        try:
            begin = replace(position, service=begin_at, caught_up=caught_up)
            found = await _changes(workspace, account, source, begin, conversation)
            return replace(found, notes=await unread_note(workspace, account), as_of=source.as_of)
        except Conflict:
            pass  # the store has forgotten the position, so the service is asked
    # A service knows no position of the store, so times tell what is new there.
    if is_of_store(position.service):
        position = replace(position, service=None, caught_up=False)
    # Taken before the question: what happens while the service answers may be missing in its answer.
    asked_at = await (await workspace.store()).sync.time()
    found = await _ask_service(workspace, account, position, conversation)
    # Only a complete answer tells everything up to the time of the question.
    return found if found.more or found.notes else replace(found, asked_at=asked_at)


async def _ask_service(
    workspace: Workspace, account: Account, position: UpdatePosition, conversation: Conversation | None
) -> AccountUpdates:
    if account.provider_class.tells_changes():
        start = account.provider_class.first_position if position.service is None else position.service
        if start is not None:
            try:
                provider = await account.provider()
                return await _changes(workspace, account, provider, replace(position, service=start), conversation)
            except Conflict:
                pass  # the service has forgotten the position, so what happened since is read
    return await _polled(workspace, account, position, conversation)


class _Source(Protocol):
    async def changes(self, position: str | None) -> Changes: ...


async def _changes(
    workspace: Workspace,
    account: Account,
    source: _Source,
    position: UpdatePosition,
    conversation: Conversation | None,
) -> AccountUpdates:
    at = position.service
    for _ in range(_MOST_EMPTY_IN_STORE if isinstance(source, ArrivedChanges) else _MOST_EMPTY):
        changes = await source.changes(at)
        wanted = [one for one in changes.messages if conversation is None or one.conversation == conversation.id]
        items = await _news(workspace, account, wanted, position, changed=position.caught_up)
        if items or not changes.more:
            # Where these changes begin: what the caller does not get now is asked for again from there.
            start = replace(position, service=at)
            return AccountUpdates(items, start, changes.position, changes.more, by_time=not position.caught_up)
        at = changes.position
    return AccountUpdates([], replace(position, service=at), at, more=True, by_time=not position.caught_up)


async def _polled(
    workspace: Workspace, account: Account, position: UpdatePosition, conversation: Conversation | None
) -> AccountUpdates:
    provider = await account.provider()
    # Asked for first: what happens while the conversations are read is told by the next changes.
    end = (await provider.changes(None)).position if account.provider_class.tells_changes() else None
    reading = await read_since(workspace, account, position.since, conversation)
    items = await _news(workspace, account, reading.messages, position, changed=False)
    until = reading.complete_until
    if until is not None:
        # A later message would move the caller's time past those that were not read yet.
        items = [one for one in items if one.time <= until]
    return AccountUpdates(
        items,
        position,
        # The service's position lies behind what was not read, so it is kept only after a complete reading.
        end if until is None else None,
        # Without an item the position stays, and a caller that goes on at once would ask the same for ever.
        until is not None and bool(items),
        reading.notes,
        reading.conversations,
    )


async def _news(
    workspace: Workspace, account: Account, messages: list[Message], position: UpdatePosition, *, changed: bool
) -> list[Update]:
    """The messages that are news, oldest first, with their numbers."""
    # Overlapping pages and logs of changes bring a message several times; its last version counts.
    latest = {(one.conversation, one.id): one for one in messages}
    numbered = await workspace.number_messages(account, list(latest.values()))
    found = [update for one in numbered if (update := position.update_of(one, changed=changed))]
    return sorted(found, key=lambda one: one.time)
