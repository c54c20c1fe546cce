"""Completes a preview from the service: the readers, the current message, and the message that is answered."""

from __future__ import annotations

from dataclasses import replace

from dragoman.accounts.account_list import account_errors
from dragoman.core.errors import DragomanError
from dragoman.core.model import Audience, Author, Message
from dragoman.core.safe_text import SafeText
from dragoman.providers.base.provider import Capability, Draft
from dragoman.rendering import PreviewView
from dragoman.toolset.writing.plan import WritePlan


async def complete_preview(
    plan: WritePlan, told: Audience, reasons: list[SafeText], warnings: list[SafeText]
) -> PreviewView:
    """Build the preview that the user confirms.

    Args:
        plan: The write.
        told: Who would read it.
        reasons: Why somebody is asked.
        warnings: Those of the reasons that are alarming.

    Raises:
        DragomanError: The message that is to be changed cannot be read.
    """
    view = replace(
        plan.preview,
        conversation=told.conversation,
        receivers=told.receivers,
        copied=told.copied,
        perhaps=told.perhaps,
        sender=told.sender,
        below=told.below,
        reasons=[*reasons, *told.reasons],
        warnings=[*warnings, *told.reasons],
    )
    if view.verb == "change" and Capability.GET_MESSAGE in plan.account.capabilities:
        return replace(view, before=await _message(plan, view.message.id))
    if view.message.reply_to is not None:
        return replace(view, answers=await _answered(plan, view.message.reply_to))
    return view


async def audience_of(plan: WritePlan) -> Audience:
    """The readers as the service names them now; a remembered or listed conversation may be old or incomplete.

    Raises:
        DragomanError: The service does not say who would get a message.
    """
    sent = plan.preview.message
    draft = Draft(text=sent.text, reply_to=sent.reply_to, subject=sent.subject) if plan.preview.verb == "send" else None
    try:
        with account_errors(plan.account):
            told = await (await plan.account.provider()).audience(plan.target.id, draft)
    except DragomanError:
        # Nobody can agree to a message of which it is not known whom it goes to.
        if draft is not None:
            raise
        # An import may begin a conversation; of any other the call itself has just read what there is.
        return Audience(conversation=plan.target)
    here = replace(told.conversation, id=plan.target.id, account=plan.account.name)
    return replace(told, conversation=here)


async def _message(plan: WritePlan, identifier: str) -> Message:
    with account_errors(plan.account):
        message = await (await plan.account.provider()).get_message(plan.target.id, identifier)
    numbered = await plan.call.workspace.number_messages(plan.account, [message])
    return replace(numbered[0] if numbered else message, account=plan.account.name)


async def _answered(plan: WritePlan, identifier: str) -> Message:
    try:
        return await _message(plan, identifier)
    except DragomanError:
        return Message(
            id=identifier,
            conversation=plan.target.id,
            account=plan.account.name,
            author=Author(name=identifier),
            sent_at=None,
            text="it cannot be read",
        )
