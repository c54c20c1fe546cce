"""Reads a written message back, and tells how it differs from what was written."""

from __future__ import annotations

from typing import Final

import anyio

from dragoman.core.context.large_work import run_sized
from dragoman.core.errors import DragomanError
from dragoman.core.model import Message
from dragoman.core.safe_text import SafeText, safe
from dragoman.providers.base.provider import Capability
from dragoman.toolset.addressing.resolve import account_errors
from dragoman.toolset.writing.plan import WritePlan

PATIENCE: Final = 10.0
"""Seconds to wait for the stored message; the write itself has succeeded."""


async def read_back(plan: WritePlan, made: Message) -> tuple[Message, list[SafeText]]:
    """Return the stored message and sentences about its differences."""
    account = plan.account
    if account.provider_class.returns_stored or Capability.GET_MESSAGE not in account.capabilities or not made.id:
        return made, await _differences(plan, made)
    stored: Message | None = None
    with anyio.move_on_after(PATIENCE):
        try:
            async with account_errors(account):
                stored = await (await account.provider()).get_message(made.conversation, made.id)
        except DragomanError:
            # The write succeeded; a failure to read must not look like a failure to write.
            stored = None
    if stored is None or stored.deleted_at is not None:
        return made, [*await _differences(plan, made), safe("It is written, but could not be read back.")]
    return stored, await _differences(plan, stored)


async def _differences(plan: WritePlan, stored: Message) -> list[SafeText]:
    return await run_sized(lambda: plan.differs(stored), len(stored.text) + sum(map(len, plan.texts)))
