"""The command ``outbox``: lists writes of unknown outcome, and records an outcome that the user found out."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

import anyio

from dragoman.core.errors import Conflict, NotFound
from dragoman.core.references import Reference
from dragoman.core.safe_text import sentence
from dragoman.core.sanitize import clean_line
from dragoman.store import Entry, Store
from dragoman.toolset import ToolServices
from dragoman_server.config.load import Config
from dragoman_server.mcp.call_slot import LONGEST
from dragoman_server.runtime import tool_context

_LONGEST_NAME: Final = 60
_LONGEST_REFERENCE: Final = 200
_WHAT_TO_DO: Final = """\
None of them is sent again by itself. Look whether it is there, with `dragoman call list_messages conversation=...`,
then say so with `dragoman outbox --sent NUMBER` or `dragoman outbox --not-sent NUMBER`."""


def unknown(config: Config) -> str:
    """A line for each write without a known outcome, oldest first, and what to do about them.

    Raises:
        DragomanError: The store cannot be read.
    """
    return anyio.run(_unknown, config)


def settle(config: Config, number: int, outcome: Literal["done", "failed"]) -> str:
    """Record the outcome of a write that the user found out.

    Args:
        config: The settings.
        number: Of the write, as the list shows it.
        outcome: ``failed`` means that it was certainly not made: the same key may then make it.

    Raises:
        NotFound: No write of that number waits for an outcome.
        Conflict: A call may still be at work on it.
    """
    return anyio.run(_settle, config, number, outcome)


async def _unknown(config: Config) -> str:
    async with tool_context.open_services(config) as shared:
        entries = await (await shared.workspace.store()).writes.pending()
        if not entries:
            return "There is no write whose outcome is unknown."
        count = "1 write has" if len(entries) == 1 else f"{len(entries)} writes have"
        lines = [_line(entry, shared) for entry in entries]
        return "\n".join([f"{count} no known outcome.", *lines, _WHAT_TO_DO])


def _line(entry: Entry, shared: ToolServices) -> str:
    begun = entry.begun.astimezone(shared.zone).strftime("%Y-%m-%d %H:%M") if entry.begun else "?"
    where = clean_line(str(Reference(entry.intent.account, entry.intent.conversation)), _LONGEST_REFERENCE)
    who = clean_line(entry.intent.who, _LONGEST_NAME) or "somebody"
    going_on = " (perhaps still under way)" if _may_be_at_work(entry, shared) else ""
    return f"{entry.id:>6}  {begun}  {entry.intent.operation}  {where}  by {who}{going_on}"


async def _settle(config: Config, number: int, outcome: Literal["done", "failed"]) -> str:
    async with tool_context.open_services(config) as shared:
        store = await shared.workspace.store()
        entry = await _entry(store, number)
        if _may_be_at_work(entry, shared):
            raise Conflict(
                sentence("A call may still be at work on the write {}.", number), hint="Say so in ten minutes."
            )
        # Another process may have settled the write since it was listed.
        if not await store.writes.finish(entry.id, outcome):
            raise NotFound(
                sentence("The write {} has an outcome by now.", number), hint="`dragoman outbox` lists the others."
            )
    return f"Noted: the write {number} was {'made' if outcome == 'done' else 'not made'}."


async def _entry(store: Store, number: int) -> Entry:
    for entry in await store.writes.pending():
        if entry.id == number:
            return entry
    raise NotFound(sentence("No write {} waits for an outcome.", number), hint="`dragoman outbox` lists those that do.")


def _may_be_at_work(entry: Entry, shared: ToolServices) -> bool:
    """Whether the call may still be running: it has not given up, and the longest time limit has not passed."""
    return (
        # Any other state means that the call has given up without knowing the outcome.
        entry.state.value == "pending"
        and entry.begun is not None
        and shared.clock() - entry.begun < timedelta(seconds=LONGEST)
    )
