"""The tools that look over many conversations: list_conversations and search_messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import anyio

from dragoman.accounts.workspace import Account
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.model import Conversation, ConversationKind, Hit, Page
from dragoman.core.references import Reference
from dragoman.providers.base.provider import Capability, ConversationQuery, SearchQuery
from dragoman.rendering import ConversationsView, Searched, SearchView
from dragoman.toolset.addressing.resolve import load_conversation, resolve_conversation
from dragoman.toolset.definition.context import CallContext, ToolResult
from dragoman.toolset.definition.spec import Range
from dragoman.toolset.paging.feed import CursorState, Source
from dragoman.toolset.paging.filters import conversation_matches, matches
from dragoman.toolset.paging.merge import Merge
from dragoman.toolset.reading.message_tools import AUTHOR, CONVERSATION, CURSOR, SINCE, UNTIL, time_window

Kind = Literal["channel", "group", "direct", "thread", "mail", "room", "assistant"]

_NOTHING_YET: Final = "none yet: `dragoman import FILE` brings some in, `dragoman init` adds a service"
_NO_MATCH: Final = "nothing fits; leave out query and kind to see all"
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


async def list_conversations(
    call: CallContext,
    *,
    account: Annotated[str | None, "account name, default all"] = None,
    query: Annotated[str | None, "part of a title or participant"] = None,
    kind: Annotated[Kind | None, "default any"] = None,
    limit: Annotated[int, Range(1, 200), "1-200, default 20"] = 20,
    cursor: Annotated[CursorState | None, CURSOR] = None,
) -> ToolResult:
    """Conversations of one or all accounts, most recent first."""
    accounts = call.workspace.accounts_for(Capability.LIST_CONVERSATIONS, account)
    asked = ConversationQuery(text=query, kind=ConversationKind(kind) if kind else None, limit=limit)
    merge = Merge[Conversation](cursor)

    async def open_feed(one: Account) -> Source[Conversation]:
        provider = await one.provider()

        async def fetch(at: str | None) -> Page[Conversation]:
            page = await provider.list_conversations(replace(asked, cursor=at))
            return replace(page, items=await call.workspace.remember_conversations(one, page.items))

        return Source(fetch=fetch, key=lambda conversation: conversation.id)

    await merge.open(accounts, open_feed, lambda conversation: conversation_matches(conversation, asked))
    await merge.take(limit, lambda conversation: (conversation.last_message_at or _LONG_AGO).timestamp())
    notes: list[str] = []
    if cursor is None and not (merge.items or merge.more or merge.failures):
        notes.append(_NO_MATCH if query or kind else _NOTHING_YET)
    view = ConversationsView(conversations=merge.items, more=merge.more, failures=merge.failures, notes=notes)
    return ToolResult(view, merge.cursor_at)


async def search_messages(
    call: CallContext,
    *,
    query: Annotated[str, 'words, all of which must occur; "a phrase"; -without'],
    account: Annotated[str | None, "account name, default all"] = None,
    conversation: Annotated[str | None, CONVERSATION] = None,
    author: Annotated[str | None, AUTHOR] = None,
    since: Annotated[str | None, SINCE] = None,
    until: Annotated[str | None, UNTIL] = None,
    limit: Annotated[int, Range(1, 200), "1-200, default 20"] = 20,
    cursor: Annotated[CursorState | None, CURSOR] = None,
) -> ToolResult:
    """Messages that match, best first, wherever they are."""
    target = await resolve_conversation(call.workspace, conversation) if conversation else None
    if target is not None and account not in (None, target.account):
        raise InvalidArgument("conversation is not in that account.", hint="Leave account out.")
    accounts = call.workspace.accounts_for(Capability.SEARCH_MESSAGES, target.account if target else account)
    begin, end = time_window(call, since, until)
    asked = SearchQuery(
        text=query, conversation=target.id if target else None, author=author, since=begin, until=end, limit=limit
    )
    merge = Merge[Hit](cursor)
    searched: dict[str, Searched] = {}
    advice: set[str] = set()

    async def open_feed(one: Account) -> Source[Hit]:
        return await _hits(call, one, asked, searched, advice)

    await merge.open(accounts, open_feed, lambda hit: matches(hit.message, asked))
    await merge.take(limit, None)
    view = SearchView(
        query=query,
        hits=merge.items,
        conversations=await _titles(call, merge.items),
        searched=[searched[one.name] for one in accounts if one.name in searched],
        more=merge.more,
        failures=merge.failures,
        notes=[
            *(f"{one.account}: {one.missed}" for one in searched.values() if one.missed),
            *([] if merge.items or merge.more or cursor else sorted(advice - {""})),
        ],
    )
    return ToolResult(view, merge.cursor_at)


async def _hits(
    call: CallContext, account: Account, asked: SearchQuery, searched: dict[str, Searched], advice: set[str]
) -> Source[Hit]:
    by_service = Capability.SEARCH_MESSAGES in account.capabilities
    store = await call.workspace.store()
    provider = await account.provider() if by_service else None

    async def fetch(at: str | None) -> Page[Hit]:
        question = replace(asked, cursor=at)
        page = await (provider.search_messages(question) if provider else store.search(account.name, question))
        where = "service" if provider else "local index"
        searched[account.name] = Searched(account.name, where, page.back_to, page.missed)
        advice.add(page.advice)
        return replace(page, items=await _seen(call, account, page.items))

    return Source(fetch=fetch, key=lambda hit: f"{hit.message.conversation}/{hit.message.id}")


async def _seen(call: CallContext, account: Account, hits: Sequence[Hit]) -> list[Hit]:
    messages = await call.workspace.number_messages(account, [hit.message for hit in hits])
    by_id = {(message.conversation, message.id): message for message in messages}
    keyed = [(hit, by_id.get((hit.message.conversation, hit.message.id))) for hit in hits]
    return [replace(hit, message=message) for hit, message in keyed if message is not None]


async def _titles(call: CallContext, hits: Sequence[Hit]) -> Mapping[tuple[str, str], Conversation]:
    wanted = {(hit.message.account, hit.message.conversation) for hit in hits}
    found: dict[tuple[str, str], Conversation] = {}

    async def look(key: tuple[str, str]) -> None:
        try:
            found[key] = await load_conversation(call.workspace, Reference(*key))
        except DragomanError:
            # A hit is worth showing without the title of its conversation.
            found[key] = Conversation(id=key[1], account=key[0])

    async with anyio.create_task_group() as group:
        for key in wanted:
            group.start_soon(look, key)
    return found
