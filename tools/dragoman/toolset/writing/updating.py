"""update_message."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from dragoman.accounts.account import Account
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.references import Reference
from dragoman.core.safe_text import SafeText, safe
from dragoman.providers.base.provider import Capability, Change, Provider
from dragoman.rendering import PreviewView
from dragoman.toolset.addressing.resolve import resolve_message
from dragoman.toolset.definition.context import CallContext, ToolResult
from dragoman.toolset.definition.parameters import MESSAGE
from dragoman.toolset.writing.audit_scope import audit_scope
from dragoman.toolset.writing.pipeline import run_write
from dragoman.toolset.writing.plan import WritePlan
from dragoman.toolset.writing.sending import CONFIRM, check_text, writable
from dragoman.toolset.writing.stored_differences import differences


async def update_message(
    call: CallContext,
    *,
    message: Annotated[str, MESSAGE],
    text: Annotated[str | None, "new text"] = None,
    subject: Annotated[str | None, "new subject"] = None,
    labels: Annotated[tuple[str, ...] | None, "all labels it is to have"] = None,
    confirm: Annotated[str | None, CONFIRM] = None,
) -> ToolResult:
    """Change a message."""
    reference = await resolve_message(call.workspace, message)
    where = Reference(reference.account, reference.conversation)
    async with audit_scope(call, Capability.UPDATE_MESSAGE, where) as attempt:
        account = writable(call, reference.account, Capability.UPDATE_MESSAGE)
        change = _change(account, text, subject, labels)
        # The preview must show who reads along now, not who did.
        target = await call.workspace.load_conversation(reference, fresh=True)
        return await run_write(_plan(call, account, target, reference.message or "", change), attempt, confirm)


def _change(account: Account, text: str | None, subject: str | None, labels: tuple[str, ...] | None) -> Change:
    if text is None and subject is None and labels is None:
        raise InvalidArgument("Nothing is to be changed.", hint="Give text, subject or labels.")
    if any(not label.strip() for label in labels or ()):
        raise InvalidArgument("A label is empty.", hint="Leave it out; labels=[] takes all labels off.")
    if text is not None:
        check_text(account, text)
    return Change(text=text, subject=subject, labels=labels)


def _plan(call: CallContext, account: Account, target: Conversation, identifier: str, change: Change) -> WritePlan:
    async def find(provider: Provider, _since: datetime, _known: Collection[str]) -> Message | None:
        stored = await provider.get_message(target.id, identifier)
        return stored if _is_made(stored, change) else None

    return WritePlan(
        call=call,
        account=account,
        target=target,
        operation=Capability.UPDATE_MESSAGE,
        content={"message": identifier, "text": change.text, "subject": change.subject, "labels": change.labels},
        preview=_preview(call, account, target, identifier, change),
        texts=(change.text or "", change.subject or ""),
        act=lambda provider, _: provider.update_message(target.id, identifier, change),
        find=find,
        differs=lambda stored: _differences(stored, change, target.id),
    )


def _is_made(stored: Message, change: Change) -> bool:
    """Whether a message is exactly as it was to become. A near match may be its state before the update."""
    return (
        (change.text is None or stored.text.strip() == change.text.strip())
        and (change.subject is None or (stored.subject or "") == change.subject)
        and (change.labels is None or set(stored.labels) == set(change.labels))
    )


def _differences(stored: Message, change: Change, conversation: str) -> list[SafeText]:
    found = differences(
        replace(stored, author=Author(name="me")),  # an answer of an assistant that was changed is compared too
        text=change.text,
        subject=change.subject,
        reply_to=None,
        conversation=conversation,
    )
    if change.labels is not None and set(stored.labels) != set(change.labels):
        found.append(safe("The service stored other labels."))
    return found


def _preview(call: CallContext, account: Account, target: Conversation, identifier: str, change: Change) -> PreviewView:
    """The message as it will be; the current one is read when the user is asked."""
    message = Message(
        id=identifier,
        conversation=target.id,
        account=target.account,
        author=Author(name="you"),
        sent_at=call.now,
        text=change.text or "",
        subject=change.subject,
        labels=change.labels or (),
    )
    given = {"text": change.text, "subject": change.subject, "labels": change.labels}
    return PreviewView(
        conversation=target,
        verb="change",
        service=account.provider_class.name,
        message=message,
        changes=[name for name, value in given.items() if value is not None],
    )
