"""Completes arguments of prompts and addresses from known values; no service is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import mcp_types as types

from dragoman.core.folding import fold
from dragoman.core.model import Conversation
from dragoman.core.references import Reference
from dragoman.toolset import CallContext, known_conversations, recent_messages
from dragoman_server.mcp.addresses import uri_of

_TIMES: Final = ("1d", "1h", "2h", "4h", "8h", "2d", "3d", "7d", "14d", "30d", "today", "yesterday")


async def completions(call: CallContext, params: types.CompleteRequestParams) -> list[str]:
    """The values that go with what was typed, best first.

    Args:
        call: Who asks: other principals' accounts do not exist for them.
        params: What is completed, and what was typed.
    """
    complete = _BY_ARGUMENT.get(params.argument.name)
    return [] if complete is None else await complete(call, params)


async def _accounts(call: CallContext, params: types.CompleteRequestParams) -> list[str]:
    return [name for name in call.workspace.accounts if _typed(params) in name]


async def _conversations(call: CallContext, params: types.CompleteRequestParams) -> list[str]:
    within = (params.context.arguments or {}) if params.context else {}
    by_uri = isinstance(params.ref, types.ResourceTemplateReference)
    known = await known_conversations(call, within.get("account"))
    return [_name(found, by_uri=by_uri) for found in known if _is_meant(found, _typed(params))]


async def _messages(call: CallContext, params: types.CompleteRequestParams) -> list[str]:
    """Numbers of recent messages: those that begin as typed, then those whose text or author contains it."""
    if isinstance(params.ref, types.ResourceTemplateReference):
        return []  # the address wants the service's own ids, which nobody types
    typed = _typed(params)
    recent = [message for message in await recent_messages(call) if message.number is not None]
    begun = [str(message.number) for message in recent if str(message.number).startswith(typed)]
    found = [str(it.number) for it in recent if typed and typed in fold(f"{it.author.name} {it.text}")]
    return list(dict.fromkeys([*begun, *found]))


async def _times(_call: CallContext, params: types.CompleteRequestParams) -> list[str]:
    return [time for time in _TIMES if time.startswith(_typed(params))]


def _typed(params: types.CompleteRequestParams) -> str:
    return fold(params.argument.value)


def _is_meant(conversation: Conversation, typed: str) -> bool:
    reference = str(Reference(conversation.account, conversation.id))
    return typed in fold(reference) or typed.lstrip("#") in fold(conversation.title)


def _name(conversation: Conversation, *, by_uri: bool) -> str:
    reference = Reference(conversation.account, conversation.id)
    return uri_of(reference).rpartition("/")[2] if by_uri else str(reference)


_BY_ARGUMENT: Final[Mapping[str, Callable[[CallContext, types.CompleteRequestParams], Awaitable[list[str]]]]] = {
    "account": _accounts,
    "conversation": _conversations,
    "message": _messages,
    "since": _times,
}
