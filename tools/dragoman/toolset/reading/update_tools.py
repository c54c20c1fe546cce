"""The tool that tells what is new in all accounts: get_updates."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import anyio

from dragoman.accounts.account import Account
from dragoman.accounts.account_list import account_errors
from dragoman.core.errors import DragomanError, InvalidArgument, Unavailable, UnsupportedOperation
from dragoman.core.model import Conversation
from dragoman.core.safe_text import Sentence
from dragoman.providers.base.provider import Capability
from dragoman.rendering import Failure, UpdatesView
from dragoman.rendering.views import ConversationKey
from dragoman.sync import AccountUpdates, Update, UpdatePosition, read_updates
from dragoman.toolset.addressing.load import NOTHING_YET, is_empty, load_conversations
from dragoman.toolset.addressing.resolve import resolve_for_reading
from dragoman.toolset.definition.context import CallContext, ToolResult
from dragoman.toolset.definition.parameters import CONVERSATION, Range
from dragoman.toolset.definition.time_arguments import parse_time
from dragoman.toolset.paging.feed import CursorState, FeedPosition
from dragoman.toolset.reading.update_filter import UpdateFilter

FIRST_TIME: Final = timedelta(days=1)
"""The window of a caller's first call."""

_log = logging.getLogger(__name__)
_TIME: Final = ""
"""Stands beside the accounts in a cursor: when the caller asked last."""


async def get_updates(
    call: CallContext,
    *,
    account: Annotated[str | None, "account name, default all"] = None,
    conversation: Annotated[str | None, CONVERSATION] = None,
    since: Annotated[str | None, "time as 2h; default your last call"] = None,
    only: Annotated[Literal["unread", "mentions"] | None, "default all"] = None,
    limit: Annotated[int, Range(1, 200), "1-200, default 50"] = 50,
    cursor: Annotated[CursorState | None, "from the answer before"] = None,
) -> ToolResult:
    """New and edited messages, by conversation."""
    listed_in, failures = await resolve_for_reading(call.workspace, conversation) if conversation else (None, [])
    accounts = _accounts(call, account, listed_in)
    # Different questions have different answers, so each remembers its own stop.
    stops = _Stops(call, f"{conversation or ''}|{only or ''}")
    begin = parse_time(since, zone=call.services.zone, now=call.now, name="since") if since else None
    start = await stops.start(cursor, begin)
    reading = _Reading(call, start, listed_in)
    await reading.read(accounts)
    updates, left = await reading.choose(UpdateFilter(only), limit)
    # An empty answer of an empty workspace would read like a quiet day.
    if not updates and await is_empty(call.workspace):
        reading.notes = [NOTHING_YET]
    view = UpdatesView(
        since=start.time,
        updates=[(one.message, one.edited) for one in updates],
        looked_at={name: reading.found[name].as_of for name in sorted(reading.found)},
        within=None if listed_in is None else (listed_in.account, listed_in.id),
        only=only or "",
        conversations=await reading.titles(updates),
        more=left,
        failures=[*failures, *reading.failures],
        notes=reading.notes,
    )
    position_at = reading.position_at(updates, more=left)
    return ToolResult(view, position_at, stopped=stops.save)


def _accounts(call: CallContext, account: str | None, conversation: Conversation | None) -> list[Account]:
    if conversation is None:
        listed = call.workspace.accounts_for(Capability.LIST_CONVERSATIONS, account)
        return [one for one in listed if one.supports(Capability.LIST_MESSAGES)]
    if account not in (None, conversation.account):
        raise InvalidArgument("conversation is not in that account.", hint="Leave account out.")
    return call.workspace.accounts_for(Capability.LIST_MESSAGES, conversation.account)


@dataclass(frozen=True, slots=True)
class _Start:
    """The start of a call: a position for each account, else a time."""

    time: datetime
    positions: CursorState

    def position_of(self, account: str) -> UpdatePosition:
        position = self.positions.get(account)
        return UpdatePosition.from_text(position.cursor) if position and position.cursor else UpdatePosition(self.time)


class _Stops:
    """Remembers in the store where a caller stopped, for each question."""

    def __init__(self, call: CallContext, scope: str) -> None:
        principal = call.caller.principal
        self._call = call
        self._caller = (principal.name if principal else "", call.caller.client)
        self._scope = scope

    async def start(self, cursor: CursorState | None, since: datetime | None) -> _Start:
        """The start: the cursor, else the time that was asked for, else the caller's last stop."""
        if cursor is None and since is not None:
            return _Start(since, CursorState())
        positions = cursor if cursor is not None else await self._load()
        time = positions.get(_TIME)
        # Without a bound the first call would read everything there is.
        if time is None or time.cursor is None:
            return _Start(self._call.services.clock() - FIRST_TIME, positions)
        return _Start(datetime.fromisoformat(time.cursor), positions)

    async def save(self, positions: CursorState) -> None:
        """Keep the positions beside those of accounts that were not asked."""
        store = await self._call.workspace.store()
        # A question about one account must not forget where the others stopped.
        merged = CursorState({**await self._load(), **positions})
        await store.cursors.save_position(self._caller, self._scope, merged.to_json())

    async def _load(self) -> CursorState:
        store = await self._call.workspace.store()
        return CursorState.from_json(await store.cursors.load_position(self._caller, self._scope) or {})


@dataclass(slots=True)
class _Reading:
    """The news of several accounts, read in parallel; one that fails does not fail the others."""

    call: CallContext
    start: _Start
    conversation: Conversation | None
    found: dict[str, AccountUpdates] = field(default_factory=dict[str, AccountUpdates])
    failures: list[Failure] = field(default_factory=list[Failure])
    notes: list[Sentence] = field(default_factory=list[Sentence])
    unread: list[str] = field(default_factory=list[str])
    time: datetime | None = None
    passing: list[Update] = field(default_factory=list[Update])

    async def read(self, accounts: Sequence[Account]) -> None:
        """Ask every account.

        Raises:
            DragomanError: None could answer.
        """
        # Taken before reading: what arrives meanwhile is news of the next call.
        self.time = self.call.services.clock()
        errors: list[DragomanError] = []

        async def ask(account: Account) -> None:
            try:
                with account_errors(account):
                    self.found[account.name] = await read_updates(
                        self.call.workspace, account, self.start.position_of(account.name), self.conversation
                    )
            except DragomanError as error:
                errors.append(error)
            except Exception:  # noqa: BLE001  # the boundary between accounts: a defect in one must not fail the others
                _log.exception("The account %s broke down.", account.name)
                errors.append(
                    Unavailable(
                        "The account broke down.", hint="The server's log has the details.", account=account.name
                    )
                )

        async with anyio.create_task_group() as group:
            for account in accounts:
                group.start_soon(ask, account)
        if not accounts:
            raise UnsupportedOperation("No account can tell what is new.")
        if len(errors) == len(accounts):
            raise errors[0]
        self.unread = [account.name for account in accounts if account.name not in self.found]
        self.failures += [Failure(error.account or "", error.sentences) for error in errors]
        for one in self.found.values():
            self.notes.extend(one.notes)

    async def choose(self, wanted: UpdateFilter, limit: int) -> tuple[list[Update], bool]:
        """The oldest news that are wanted, by conversation, and whether there are more."""
        for name, news in self.found.items():
            items, note = await wanted.choose(self.call.workspace.account(name), news)
            self.passing += items
            if note is not None:
                self.notes.append(note)
        # The oldest first: what is cut off comes with the next call, and nothing between is skipped.
        self.passing.sort(key=lambda one: one.time)
        groups: dict[ConversationKey, list[Update]] = defaultdict(list)
        for one in self.passing[:limit]:
            groups[one.message.account, one.message.conversation].append(one)
        more = len(self.passing) > limit or any(news.more for news in self.found.values())
        return [one for group in groups.values() for one in sorted(group, key=_sent)], more

    async def titles(self, updates: Sequence[Update]) -> dict[ConversationKey, Conversation]:
        """The conversations of the news."""
        wanted = {(one.message.account, one.message.conversation) for one in updates}
        fresh = {
            (name, id_): conversation
            for name, news in self.found.items()
            for id_, conversation in news.conversations.items()
        }
        # A title that was just read is newer than that of the store.
        known = {key: fresh[key] for key in wanted if key in fresh and fresh[key].title}
        return {**await load_conversations(self.call.workspace, wanted - known.keys()), **known}

    def position_at(self, updates: Sequence[Update], *, more: bool) -> Callable[[int, int | None], CursorState]:
        """Returns a function that makes the cursor after the first so many updates."""

        def at(shown: int, _offset: int | None) -> CursorState:
            given = {id(one) for one in updates[:shown]}
            left: dict[str, list[Update]] = defaultdict(list)
            for one in self.passing:
                if id(one) not in given:
                    left[one.message.account].append(one)
            positions = CursorState(self.start.positions)
            for name in self.unread:
                # Where it was to begin: the time of this call would skip what it could not tell.
                positions[name] = FeedPosition(self.start.position_of(name).to_text())
            for name, news in self.found.items():
                positions[name] = FeedPosition(news.position_before(left[name]).to_text())
            # As long as something is left, the next call begins at the same time.
            complete = shown == len(updates) and not more
            positions[_TIME] = FeedPosition((self.time if complete and self.time else self.start.time).isoformat())
            return positions

        return at


def _sent(update: Update) -> float:
    sent_at = update.message.sent_at
    return sent_at.timestamp() if sent_at else 0.0
