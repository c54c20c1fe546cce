"""Finds news by reading: the conversations in which something was written, and what was written there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import anyio

from dragoman.accounts.account import Account
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError
from dragoman.core.model import Conversation, Message, Order
from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.core.safe_text import Sentence, sentence

LOOKBACK: Final = timedelta(hours=1)
"""Messages from so long before, at most a page of them, are read again: they may have been edited."""

MOST_CONVERSATIONS: Final = 50
MOST_MESSAGES: Final = 200
"""Messages of one conversation that are read at once; the rest comes with the next question."""

_MOST_WITHOUT_TIME: Final = 20
_CONCURRENCY: Final = 4
_PAGE: Final = 100
_MOST_PAGES: Final = 50


@dataclass(slots=True)
class Reading:
    """What was read.

    Attributes:
        messages: Of all conversations.
        complete_until: Where some conversation was not read to its end, the time up to which all were.
        notes: What was left out.
        conversations: Those that were read, by id.
    """

    messages: list[Message] = field(default_factory=list[Message])
    complete_until: datetime | None = None
    notes: list[Sentence] = field(default_factory=list[Sentence])
    conversations: dict[str, Conversation] = field(default_factory=dict[str, Conversation])


async def read_since(
    workspace: Workspace, account: Account, since: datetime, conversation: Conversation | None = None
) -> Reading:
    """Read what was written or edited in an account since a time, within bounds of requests and of time.

    Args:
        workspace: The accounts.
        account: Which one.
        since: The earliest time of interest.
        conversation: The only conversation to read.

    Raises:
        DragomanError: Nothing could be read.
    """
    reading = Reading()
    moved = [conversation] if conversation else await _moved(workspace, account, since - LOOKBACK, reading)
    reading.conversations = {one.id: one for one in moved}
    failures: list[DragomanError] = []
    left = {one.id for one in moved}
    limiter = anyio.CapacityLimiter(_CONCURRENCY)

    async def read(one: Conversation) -> None:
        async with limiter:
            try:
                await _read_conversation(account, one, since, reading)
            except DragomanError as error:
                failures.append(error)
            # Not in a finally: what the time limit cuts off stays in the set, and is told.
            left.discard(one.id)

    # What was read in time is given; one slow conversation must not cost all the others.
    with anyio.move_on_after(account.settings.timeout):
        async with anyio.create_task_group() as group:
            for one in moved:
                group.start_soon(read, one)
    _tell_gaps(account, reading, failures, left, len(moved), since)
    return reading


def _tell_gaps(
    account: Account, reading: Reading, failures: Sequence[DragomanError], left: set[str], asked: int, since: datetime
) -> None:
    if failures and len(failures) == asked:
        raise failures[0]
    if failures:
        reading.notes.append(
            sentence(
                "{}: {} of {} conversations could not be read: {}",
                account.name, len(failures), asked, failures[0].sentences,
            )
        )  # fmt: skip
    if left:
        reading.complete_until = since
        reading.notes.append(
            sentence("{}: {} of {} conversations were not read in time; ask again.", account.name, len(left), asked)
        )


async def _moved(workspace: Workspace, account: Account, since: datetime, reading: Reading) -> list[Conversation]:
    """The conversations in which something was written since then, or may have been, most recent first."""
    provider = await account.provider()
    query = ConversationQuery(limit=MOST_CONVERSATIONS)
    moved: list[Conversation] = []
    without_time = 0
    while True:
        page = await provider.list_conversations(query)
        for one in await workspace.remember_conversations(account, page.items):
            without_time += one.last_message_at is None
            if one.last_message_at is not None and one.last_message_at < since:
                return moved
            # Only a time ends the list early, so conversations without one are counted instead.
            if one.last_message_at is not None or without_time <= _MOST_WITHOUT_TIME:
                moved.append(one)
        if page.cursor is None:
            return moved
        if len(moved) >= MOST_CONVERSATIONS or without_time > _MOST_WITHOUT_TIME:
            most = len(moved)
            reading.notes.append(
                sentence("{}: only the {} most recent conversations were looked into.", account.name, most)
            )
            return moved
        query = replace(query, cursor=page.cursor)


async def _read_conversation(account: Account, one: Conversation, since: datetime, reading: Reading) -> None:
    provider = await account.provider()
    newest = MessageQuery(since=since - LOOKBACK, order=Order.LATEST, limit=_PAGE)
    page = await provider.list_messages(one.id, newest)
    reading.messages += page.items
    oldest = min((message.sent_at for message in page.items if message.sent_at), default=since)
    if page.cursor is not None and oldest >= since:
        # More is new than one page holds: it is read from its beginning, and what was edited before it apart.
        reading.messages += (await provider.list_messages(one.id, replace(newest, until=since))).items
        await _read_from(account, one, since, reading)


async def _read_from(account: Account, one: Conversation, since: datetime, reading: Reading) -> None:
    provider = await account.provider()
    query = MessageQuery(since=since, order=Order.OLDEST, limit=_PAGE)
    read, last = 0, since
    for _ in range(_MOST_PAGES):
        page = await provider.list_messages(one.id, query)
        reading.messages += page.items
        read += len(page.items)
        last = max((message.sent_at for message in page.items if message.sent_at), default=last)
        if page.cursor is None:
            return
        # While all are of the first instant, stopping would give the caller the same messages for ever.
        if read >= MOST_MESSAGES and last > since:
            break
        query = replace(query, cursor=page.cursor)
    reading.complete_until = min(last, reading.complete_until or last)
