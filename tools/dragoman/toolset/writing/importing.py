"""import_message."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Annotated, Final

from dragoman.accounts.account import Account
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.references import Reference
from dragoman.providers.base.provider import Capability, Draft, MessageQuery, Provider
from dragoman.providers.base.sent_message_match import originally_said
from dragoman.rendering import PreviewView
from dragoman.toolset.addressing.resolve import conversation_address, expand_truncated, resolve_conversation
from dragoman.toolset.addressing.titles import TitleCache
from dragoman.toolset.definition.context import CallContext, ToolResult
from dragoman.toolset.definition.time_arguments import parse_time
from dragoman.toolset.writing.audit_scope import audit_scope
from dragoman.toolset.writing.pipeline import run_write
from dragoman.toolset.writing.plan import WritePlan
from dragoman.toolset.writing.sending import CONFIRM, answered_message, writable
from dragoman.toolset.writing.stored_differences import differences

_ADDRESS: Final = re.compile(r"(?:mailto:)?([^\s@:<>\"]+@[^\s@:<>\"]+\.[^\s@:<>\"]+)")
_NEAR: Final = timedelta(seconds=1)


async def import_message(
    call: CallContext,
    *,
    conversation: Annotated[str, "reference (local: a new one is created) or title"],
    text: Annotated[str, "its text"],
    author: Annotated[str, "Name or Name <email>"],
    sent_at: Annotated[str, "ISO time"],
    subject: Annotated[str | None, "if any"] = None,
    reply_to: Annotated[str | None, "message it answers"] = None,
    external_id: Annotated[str | None, "its id elsewhere: imported once"] = None,
    confirm: Annotated[str | None, CONFIRM] = None,
) -> ToolResult:
    """Store a message from elsewhere."""
    target = await _import_target(call, conversation)
    async with audit_scope(call, Capability.IMPORT_MESSAGE, Reference(target.account, target.id)) as attempt:
        account = writable(call, target.account, Capability.IMPORT_MESSAGE)
        message = Message(
            id=external_id or "",
            conversation=target.id,
            account=target.account,
            author=_author(author),
            sent_at=parse_time(sent_at, zone=call.services.zone, now=call.now, name="sent_at", exact=True),
            text=text,
            subject=subject,
            reply_to=await answered_message(call, target, reply_to),
        )
        # An import can create a conversation, whose title nobody has found before.
        TitleCache.clear(call.workspace)
        return await run_write(_plan(call, account, target, message), attempt, confirm)


def _plan(call: CallContext, account: Account, target: Conversation, message: Message) -> WritePlan:
    sent_at = message.sent_at
    author = [message.author.name, message.author.email]
    return WritePlan(
        call=call,
        account=account,
        target=target,
        operation=Capability.IMPORT_MESSAGE,
        content={
            "text": message.text,
            "author": author,
            "sent_at": sent_at.isoformat() if sent_at else None,
            "subject": message.subject,
            "reply_to": message.reply_to,
            "external_id": message.id,
        },
        preview=PreviewView(conversation=target, verb="import", service=account.provider_class.name, message=message),
        texts=(message.text, message.subject or ""),
        # With an id, or in the local store, the same message is recognised and not doubled.
        once=not message.id and account.provider_class.external,
        act=lambda provider, _: provider.import_message(target.id, message),
        find=lambda provider, since, known: _find(provider, message, since, known),
        differs=lambda stored: differences(
            stored, text=message.text, subject=message.subject, reply_to=message.reply_to, conversation=target.id
        ),
    )


async def _find(provider: Provider, message: Message, since: datetime, known: Collection[str]) -> Message | None:
    """At its own time, or else among the newest where a service cannot set the time."""
    if message.sent_at is not None:
        query = MessageQuery(since=message.sent_at - _NEAR, until=message.sent_at + _NEAR)
        page = await provider.list_messages(message.conversation, query)
        for one in page.items:
            # Services cut fractions of seconds.
            near = one.sent_at is not None and abs(one.sent_at - message.sent_at) <= _NEAR
            if near and one.id not in known and originally_said(one, message.text):
                return one
    return await provider.find_sent(message.conversation, Draft(text=message.text), since, known)


async def _import_target(call: CallContext, said: str) -> Conversation:
    """The target of an import: an address as it stands, because the conversation may not exist yet."""
    said = await expand_truncated(call.workspace, said)
    reference = conversation_address(call.workspace, said)
    if reference is not None:
        return Conversation(id=reference.conversation, account=reference.account)
    return await resolve_conversation(call.workspace, said, fresh=True)


def _author(said: str) -> Author:
    bare = _ADDRESS.fullmatch(said.strip())
    # parseaddr takes a bare name with a comma apart, so it reads only what has an address.
    name, email = ("", bare[1]) if bare else parseaddr(said) if "<" in said else (said, "")
    name = " ".join((name or email or said).split())
    if not name:
        raise InvalidArgument("The author has no name.", hint="Write Ann Lee or Ann Lee <ann@example.org>.")
    return Author(name=name, id=email, email=email or None)
