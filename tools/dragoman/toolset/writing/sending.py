"""send_message."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from dragoman.accounts.account import Account
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.references import Reference
from dragoman.core.safe_text import sentence
from dragoman.providers.base.provider import Capability, Draft
from dragoman.rendering import PreviewView
from dragoman.toolset.addressing.resolve import resolve_conversation, resolve_message
from dragoman.toolset.definition.context import CallContext, ToolResult
from dragoman.toolset.definition.parameters import CONVERSATION
from dragoman.toolset.writing.audit_scope import audit_scope
from dragoman.toolset.writing.pipeline import run_write
from dragoman.toolset.writing.plan import WritePlan, scoped_key
from dragoman.toolset.writing.stored_differences import differences

CONFIRM: Final = "token from the preview"


async def send_message(
    call: CallContext,
    *,
    conversation: Annotated[str, CONVERSATION],
    text: Annotated[str, "plain text or Markdown"],
    reply_to: Annotated[str | None, "message to answer"] = None,
    subject: Annotated[str | None, "for mail"] = None,
    idempotency_key: Annotated[str | None, "repeat it to retry without sending twice"] = None,
    confirm: Annotated[str | None, CONFIRM] = None,
) -> ToolResult:
    """Send a message."""
    target = await resolve_conversation(call.workspace, conversation, fresh=True)
    async with audit_scope(call, Capability.SEND_MESSAGE, Reference(target.account, target.id)) as attempt:
        account = writable(call, target.account, Capability.SEND_MESSAGE)
        check_text(account, text)
        # The signature belongs to what is previewed, agreed to and compared.
        text = account.text_to_send(text)
        answered = await answered_message(call, target, reply_to)
        key = scoped_key(call, idempotency_key)
        draft = Draft(text=text, reply_to=answered, subject=subject or None, idempotency_key=key)
        # Before anybody is asked: nobody should agree to what the service refuses anyway.
        account.check_draft(target.id, draft)
        plan = WritePlan(
            call=call,
            account=account,
            target=target,
            operation=Capability.SEND_MESSAGE,
            content={"text": text, "reply_to": answered, "subject": subject or None},
            preview=await _preview(call, account, target, draft),
            texts=(text, subject or ""),
            key=idempotency_key,
            # The same text twice is mostly a mistake, so it needs somebody's agreement.
            once=True,
            act=lambda provider, begun: provider.send_message(target.id, replace(draft, begun=begun)),
            find=lambda provider, since, known: provider.find_sent(
                target.id, replace(draft, begun=since), since, known
            ),
            differs=lambda stored: differences(
                stored,
                text=text,
                subject=draft.subject,
                reply_to=answered,
                # A new conversation has another id than the address that it was sent to.
                conversation=None if account.provider_class.begins_conversation(target.id) else target.id,
            ),
            names_all=lambda provider: provider.may_write_to(target.id, draft),
        )
        return await run_write(plan, attempt, confirm)


def writable(call: CallContext, name: str, capability: Capability) -> Account:
    """The account, if it can do this and may.

    Raises:
        UnsupportedOperation: It cannot, or may not write at all.
    """
    (account,) = call.workspace.accounts_for(capability, name)
    return account


def check_text(account: Account, text: str) -> None:
    """Refuse a text that the service would refuse or cut.

    Raises:
        InvalidArgument: It is empty or too long.
    """
    if not text.strip():
        raise InvalidArgument("The text is empty.", hint="Give the text of the message.")
    longest = account.provider_class.limits.text_length
    if longest is not None and len(text) > longest:
        raise InvalidArgument(
            sentence("The text has {:,} characters, and this account takes at most {:,}.", len(text), longest),
            hint="Shorten it or send it in parts.",
        )


async def answered_message(call: CallContext, target: Conversation, reply_to: str | None) -> str | None:
    """The id of the message that is to be answered, which has to be of the same conversation.

    Raises:
        InvalidArgument: It is of another one.
    """
    if reply_to is None:
        return None
    reference = await resolve_message(call.workspace, reply_to)
    if (reference.account, reference.conversation) != (target.account, target.id):
        raise InvalidArgument(
            "reply_to is a message of another conversation.",
            hint=sentence("It is in {}.", Reference(reference.account, reference.conversation)),
        )
    return reference.message


async def _preview(call: CallContext, account: Account, target: Conversation, draft: Draft) -> PreviewView:
    message = Message(
        id="",
        conversation=target.id,
        account=target.account,
        author=Author(name="you"),
        sent_at=call.now,
        text=draft.text,
        reply_to=draft.reply_to,
        subject=draft.subject,
    )
    return PreviewView(conversation=target, verb="send", service=account.provider_class.name, message=message)
