"""Records a write's outcome; a failure to record never becomes a failure of the write."""

from __future__ import annotations

import logging
from typing import Literal

import anyio

from dragoman.core.errors import DragomanError
from dragoman.core.safe_text import SafeText, sentence
from dragoman.store import Entry, Store

_log = logging.getLogger(__name__)


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
    with anyio.CancelScope(shield=True):
        try:
            await store.writes.finish(entry.id, state, message, attempts=entry.attempts, outcome=outcome)
        except DragomanError as error:
            _log.warning("The outcome of a write could not be recorded: %s", error)
            return [
                sentence("It is written, so do not repeat it, though its end could not be noted: {}", error.message)
            ]
    return []
