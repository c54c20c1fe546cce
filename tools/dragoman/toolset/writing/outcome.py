"""How a write ended, in the outbox: that it cannot be noted changes nothing of what has happened."""

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
    """Note the end of a write, also when nobody waits for it any more.

    What could not be noted counts as cut off: whoever writes the same again is told, and the service is looked at.

    Args:
        store: Where.
        entry: The write and its attempt.
        state: How it ended.
        message: Reference of the message that came of it.
        outcome: What the audit log says, by default the state.

    Returns:
        For what is done, a sentence when it could not be noted.
    """
    with anyio.CancelScope(shield=True):
        try:
            await store.writes.finish(entry.id, state, message, attempts=entry.attempts, outcome=outcome)
        except DragomanError as error:
            _log.warning("How a write ended could not be noted: %s", error)
            return [
                sentence("It is written, so do not repeat it, though its end could not be noted: {}", error.message)
            ]
    return []
