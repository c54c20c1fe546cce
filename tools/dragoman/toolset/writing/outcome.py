"""After a write: records its outcome, and reads the stored message back.

A failure of either never becomes a failure of the write.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final, Literal

import anyio

from dragoman.accounts.account_list import account_errors
from dragoman.core.errors import DragomanError
from dragoman.core.model import Message
from dragoman.core.safe_text import SafeText, safe, sentence
from dragoman.core.text_size import run_sized
from dragoman.providers.base.provider import Capability
from dragoman.providers.base.sent_message_match import same_text
from dragoman.store import Entry, Store
from dragoman.toolset.writing.plan import WritePlan

_log = logging.getLogger(__name__)

_PATIENCE: Final = 10.0
"""Seconds to wait for the stored message; the write itself has succeeded."""


async def record_outcome(
    store: Store,
    entry: Entry,
    state: Literal["done", "failed", "unknown"],
    message: str | None = None,
    *,
    outcome: str = "",
) -> list[SafeText]:
    """Record the outcome of a write, also after its call was cancelled.

    A write whose outcome could not be recorded counts as cut off: the next one of the same content looks at the
    service first.

    Args:
        store: Holds the outbox.
        entry: The write and its attempt.
        state: How it ended.
        message: Reference of the message that came of it.
        outcome: What the audit log says, by default the state.

    Returns:
        A sentence when a write that was made could not be recorded.
    """
    # A cancelled call must still record it: else the next one would have to ask the service.
    with anyio.CancelScope(shield=True):
        try:
            await store.writes.finish(entry.id, state, message, attempts=entry.attempts, outcome=outcome)
        except DragomanError as error:
            _log.warning("The outcome of a write could not be recorded: %s", error)
            return [
                sentence("It is written, so do not repeat it, though its end could not be noted: {}", error.message)
            ]
    return []


async def read_back(plan: WritePlan, made: Message, shown: str | None = None) -> tuple[Message, list[SafeText]]:
    """Return the stored message and sentences about its differences.

    Args:
        plan: The write.
        made: The message as the write returned it.
        shown: The written text as the service shows it, where that is known to be another one.
    """
    account = plan.account
    # Some services answer with what they stored, so reading it again shows nothing more.
    if account.provider_class.returns_stored or Capability.GET_MESSAGE not in account.capabilities or not made.id:
        return made, await _differences(plan, made, shown)
    stored: Message | None = None
    with anyio.move_on_after(_PATIENCE):
        try:
            with account_errors(account):
                stored = await (await account.provider()).get_message(made.conversation, made.id)
        except DragomanError:
            # The write succeeded; a failure to read must not look like a failure to write.
            stored = None
    if stored is None or stored.deleted_at is not None:
        return made, [*await _differences(plan, made, shown), safe("It is written, but could not be read back.")]
    return stored, await _differences(plan, stored, shown)


async def _differences(plan: WritePlan, stored: Message, shown: str | None) -> list[SafeText]:
    if shown is not None and same_text(stored.text, shown):
        stored = replace(stored, text=plan.texts[0])
    return await run_sized(lambda: plan.differs(stored), len(stored.text) + sum(map(len, plan.texts)))
