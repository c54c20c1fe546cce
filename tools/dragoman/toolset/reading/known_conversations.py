"""Conversations that can be told of at once, without asking a service."""

from __future__ import annotations

from typing import Final

from dragoman.accounts.account import Account
from dragoman.core.errors import DragomanError
from dragoman.core.model import Conversation, Message
from dragoman.providers.base.provider import Capability, ConversationQuery, MessageQuery
from dragoman.toolset.definition.context import CallContext

_MOST: Final = 200
_MOST_LOOKED_INTO: Final = 5
_MOST_MESSAGES: Final = 20
_LONG_AGO: Final = 0.0


async def known_conversations(call: CallContext, account: str | None = None) -> list[Conversation]:
    """Conversations that are known without asking a service.

    Args:
        call: Who asks: another principal's accounts do not exist for them.
        account: The only account to look in; one that is not there has none.

    Returns:
        At most two hundred of each account, most recent first.
    """
    found: list[Conversation] = []
    for one in call.workspace.accounts.values():
        if account in (None, one.name):
            found += await _of(call, one)
    return found


async def most_recent(call: CallContext, limit: int) -> list[Conversation]:
    """The conversations of all accounts that are known, most recent first.

    Args:
        call: Who asks.
        limit: How many.
    """
    found = await known_conversations(call)
    found.sort(key=lambda one: one.last_message_at.timestamp() if one.last_message_at else _LONG_AGO, reverse=True)
    return found[:limit]


async def recent_messages(call: CallContext) -> list[Message]:
    """The last messages of the last conversations on this machine, newest first; no service is asked."""
    found: list[Message] = []
    for conversation in (await most_recent(call, _MOST))[:_MOST_LOOKED_INTO]:
        account = call.workspace.account(conversation.account)
        # A service would be asked, and this has to be told at once.
        if not account.provider_class.external and Capability.LIST_MESSAGES in account.capabilities:
            page = await (await account.provider()).list_messages(conversation.id, MessageQuery(limit=_MOST_MESSAGES))
            found += await call.workspace.number_messages(account, page.items)
    found.sort(key=lambda message: message.sent_at.timestamp() if message.sent_at else _LONG_AGO, reverse=True)
    return found


async def _of(call: CallContext, account: Account) -> list[Conversation]:
    """Those of one account; none where it fails, because the others still have theirs."""
    try:
        return await _known_of(call, account)
    except DragomanError:
        return []


async def _known_of(call: CallContext, account: Account) -> list[Conversation]:
    if account.provider_class.external or Capability.LIST_CONVERSATIONS not in account.capabilities:
        return (await (await call.workspace.store()).messages.conversations(account.name))[:_MOST]
    page = await (await account.provider()).list_conversations(ConversationQuery(limit=_MOST))
    return await call.workspace.remember_conversations(account, page.items)
