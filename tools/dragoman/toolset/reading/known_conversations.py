"""Conversations that can be told of at once, without asking a service."""

from __future__ import annotations

from typing import Final

from dragoman.accounts.workspace import Account
from dragoman.core.model import Conversation
from dragoman.providers.base.provider import Capability, ConversationQuery
from dragoman.toolset.definition.context import CallContext

_MOST: Final = 200


async def known_conversations(call: CallContext, account: str | None = None) -> list[Conversation]:
    """What is stored on this machine, and what services were seen to have.

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


async def _of(call: CallContext, account: Account) -> list[Conversation]:
    if account.provider_class.external or Capability.LIST_CONVERSATIONS not in account.capabilities:
        return (await (await call.workspace.store()).messages.conversations(account.name))[:_MOST]
    page = await (await account.provider()).list_conversations(ConversationQuery(limit=_MOST))
    return await call.workspace.remember_conversations(account, page.items)
