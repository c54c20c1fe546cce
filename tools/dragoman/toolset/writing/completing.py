"""A preview with what only the service knows: the message as it is now, the one that is answered."""

from __future__ import annotations

from dataclasses import replace

from dragoman.errors import DragomanError
from dragoman.model import Author, Message
from dragoman.provider import Capability
from dragoman.text import PreviewView
from dragoman.toolset.resolve import blaming
from dragoman.toolset.writing.plan import Plan


async def completed(plan: Plan, reasons: list[str]) -> PreviewView:
    """What somebody is shown who is asked.

    Raises:
        DragomanError: The message that is to be changed cannot be read.
    """
    view = replace(plan.preview, reasons=reasons)
    if view.verb == "change" and Capability.GET_MESSAGE in plan.account.capabilities:
        return replace(view, before=await _message(plan, view.message.id))
    if view.message.reply_to is not None:
        return replace(view, answers=await _answered(plan, view.message.reply_to))
    return view


async def _message(plan: Plan, identifier: str) -> Message:
    async with blaming(plan.account):
        message = await (await plan.account.provider()).get_message(plan.target.id, identifier)
    seen = await plan.call.workspace.see(plan.account, [message])
    return seen[0] if seen else message


async def _answered(plan: Plan, identifier: str) -> Message:
    try:
        return await _message(plan, identifier)
    except DragomanError:
        author = Author(name=identifier)
        return Message(
            id=identifier, conversation=plan.target.id, author=author, sent_at=None, text="it cannot be read"
        )
