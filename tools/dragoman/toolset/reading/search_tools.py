"""The tools that look over many conversations: list_conversations and search_messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Literal

from dragoman.core.errors import DragomanError, InvalidArgument, UnsupportedOperation
from dragoman.core.model import Conversation, ConversationKind, Hit, Page, SearchPage
from dragoman.core.queries import ConversationQuery, SearchQuery
from dragoman.core.safe_text import Sentence, join, safe, sentence
from dragoman.providers.base.capability import Capability
from dragoman.rendering.views import ConversationsView, Searched, SearchView
from dragoman.toolset.addressing.load import NOTHING_YET, is_empty, load_conversations
from dragoman.toolset.definition.context import CallContext, ToolResult
from dragoman.toolset.definition.parameters import AUTHOR, CONVERSATION, CURSOR, SINCE, UNTIL, Range
from dragoman.toolset.paging.feed import CursorState, Source
from dragoman.toolset.paging.filters import conversation_matches, matches
from dragoman.toolset.paging.merge import Merge
from dragoman.toolset.reading.held_index import NOT_HELD, held_index
from dragoman.toolset.reading.search_question import SearchQuestion, Window, nothing_found, read_question

if TYPE_CHECKING:
    from dragoman.accounts.account import Account
    from dragoman.providers.base.provider import Provider
    from dragoman.store import Store

_Where = Literal["service", "local index"]
Kind = Literal["channel", "group", "direct", "thread", "mail", "room", "assistant"]

_NO_MATCH: Final = "nothing fits; leave out query and kind to see all"
QUERY: Final = 'words, "a phrase", OR, -without; from: in: before: after: on: has: subject: label:'

_PLACES: Final[tuple[_Where, _Where]] = ("service", "local index")
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
            # The store remembers titles, by which later calls find a conversation without the service.
            page = await provider.list_conversations(replace(asked, cursor=at))
            return replace(page, items=await call.workspace.remember_conversations(one, page.items))

        return Source(fetch=fetch, key=lambda conversation: conversation.id)

    await merge.open(accounts, open_feed, lambda conversation: conversation_matches(conversation, asked))
    await merge.take(limit, lambda conversation: (conversation.last_message_at or _LONG_AGO).timestamp())
    is_empty_list = cursor is None and not (merge.items or merge.more or merge.failures)
    notes = await _nothing_listed(call, is_filtered=bool(query or kind)) if is_empty_list else []
    view = ConversationsView(conversations=merge.items, more=merge.more, failures=merge.failures, notes=notes)
    return ToolResult(view, merge.cursor_at)


async def _nothing_listed(call: CallContext, *, is_filtered: bool) -> list[Sentence]:
    """Notes for an empty list of conversations."""
    if is_filtered:
        return [_NO_MATCH]
    return [NOTHING_YET] if await is_empty(call.workspace) else []


async def search_messages(
    call: CallContext,
    *,
    query: Annotated[str, QUERY],
    account: Annotated[str | None, "account name, default all"] = None,
    conversation: Annotated[str | None, CONVERSATION] = None,
    author: Annotated[str | None, AUTHOR] = None,
    since: Annotated[str | None, SINCE] = None,
    until: Annotated[str | None, UNTIL] = None,
    limit: Annotated[int, Range(1, 200), "1-200, default 20"] = 20,
    cursor: Annotated[CursorState | None, CURSOR] = None,
) -> ToolResult:
    """Messages that match, best first, wherever they are."""
    window: Window = (None, None)
    if since or until:
        from dragoman.toolset.definition.time_arguments import time_window  # noqa: PLC0415  # few searches name a time

        window = time_window(call, since, until)
    question = await read_question(call, query, conversation, author, window)
    only = question.account
    if only is not None and account not in (None, only):
        raise InvalidArgument("conversation is not in that account.", hint="Leave account out.")
    accounts = call.workspace.accounts_for(Capability.SEARCH_MESSAGES, only or account)
    search = _Search(call, question, limit)
    merge = Merge[Hit](cursor)
    await merge.open(accounts, search.open_feed, search.passes)
    # Without words there is no best one, and all are newest first.
    await merge.take(limit, None if question.has_words else _sent_at)
    view = SearchView(
        query=query,
        hits=merge.items,
        conversations=await load_conversations(
            call.workspace, {(hit.message.account, hit.message.conversation) for hit in merge.items}
        ),
        searched=[
            search.searched[one.name, where]
            for one in accounts
            for where in _PLACES
            if (one.name, where) in search.searched
        ],
        more=merge.more,
        failures=[*question.failures, *merge.failures],
        notes=await search.result_notes(found=bool(merge.items or merge.more or cursor)),
    )
    return ToolResult(view, merge.cursor_at)


def _sent_at(hit: Hit) -> float:
    return (hit.message.sent_at or _LONG_AGO).timestamp()


class _Search:
    """One search over several accounts: what each was asked, and what it told beside its hits."""

    def __init__(self, call: CallContext, question: SearchQuestion, limit: int) -> None:
        self.searched: dict[tuple[str, _Where], Searched] = {}
        self._call = call
        self._question = question
        self._limit = limit
        self._exact: dict[str, SearchQuery] = {}
        self._notes: dict[Sentence, None] = dict.fromkeys(question.notes)
        self._advice: dict[Sentence, None] = {}

    def passes(self, hit: Hit) -> bool:
        """Whether a hit passes the filters of its account."""
        return matches(hit.message, self._exact[hit.message.account])

    async def open_feed(self, account: Account) -> Source[Hit]:
        """The source of an account's hits: its service, or else the local index."""
        query, self._exact[account.name], notes = await self._question.for_account(account, self._limit)
        self._notes.update(dict.fromkeys(notes))
        provider = await account.provider() if Capability.SEARCH_MESSAGES in account.capabilities else None
        # Most services search words only; without them they would list everything or nothing.
        if provider is not None and not (self._question.has_words or provider.filters_exactly):
            provider = None
            if account.settings.remember != "full":
                raise UnsupportedOperation("The service cannot search without words.", hint="Add a word to the query.")
        store = await self._call.workspace.store()
        held = await held_index(self._call, account, query)
        # What sync keeps complete is searched here: at once, without spending the service's rate.
        if held.answers:
            provider = None

        async def fetch(asked: Provider | None, at: str | None) -> Page[Hit]:
            page, where = await self._page(account, asked, store, replace(query, cursor=at))
            known = held if where == "local index" else NOT_HELD
            # Two limits hold at once: the later one is how far back the answer really goes.
            back_to = max((time for time in (page.back_to, known.since) if time is not None), default=None)
            self.searched[account.name, where] = Searched(
                account.name, where, back_to, page.missed, known.conversations, known.as_of
            )
            self._notes.update(dict.fromkeys(page.notes))
            self._advice.update(dict.fromkeys([page.advice] if page.advice else []))
            return replace(page, items=await _number_hits(self._call, account, page))

        if provider is None or not held.adds:
            return Source(fetch=partial(fetch, provider), key=_key)
        from dragoman.toolset.reading.mixed_search import MixedSearch  # noqa: PLC0415  # few searches need it

        mixed = MixedSearch(partial(self._or_nothing, account, partial(fetch, provider)), partial(fetch, None))
        return Source(fetch=mixed.fetch, key=_key, cursor_after=mixed.cursor_after)

    async def _or_nothing(
        self, account: Account, fetch: Callable[[str | None], Awaitable[Page[Hit]]], at: str | None
    ) -> Page[Hit]:
        """A page of the service; where it fails at once, nothing, for the local index has hits all the same."""
        try:
            return await fetch(at)
        except DragomanError as error:
            # In the middle of a list, leaving its rest out would look like its end.
            if at is not None:
                raise
            self._notes.update({sentence("{}: {}", account.name, error.sentences): None})
            return Page(items=())

    async def _page(
        self, account: Account, provider: Provider | None, store: Store, query: SearchQuery
    ) -> tuple[SearchPage, _Where]:
        """A page of the service, or of what the store remembers where these credentials cannot search there."""
        try:
            if provider is not None:
                return await provider.search_messages(query), "service"
        except UnsupportedOperation as error:
            if account.settings.remember != "full":
                raise
            self._notes.update({sentence("{}: {}", account.name, error.sentences): None})
        return await store.messages.search(account.name, query), "local index"

    async def result_notes(self, *, found: bool) -> list[Sentence]:
        """Notes beside the hits; without hits, advice on what would find more."""
        if not found and await is_empty(self._call.workspace):
            return [NOTHING_YET]
        gaps = [one for one in self.searched.values() if one.missed]
        notes: list[Sentence] = [*(sentence("{}: {}", one.account, safe(one.missed)) for one in gaps), *self._notes]
        if found:
            return notes
        notes += self._partial_index()
        # One account may say more than another one: what the longer sentence begins with is told by it.
        told: list[Sentence] = sorted(self._advice)
        advice: list[Sentence] = [one for one in told if not any(more != one and more.startswith(one) for more in told)]
        return [*notes, *advice, *nothing_found(self._question)]

    def _partial_index(self) -> list[Sentence]:
        """A note that names accounts whose index holds only what was read so far."""
        accounts = self._call.workspace.accounts
        found = [one for one in self.searched.values() if one.where == "local index" and one.held is None]
        # What an account on this machine holds is all there is.
        names = [one.account for one in found if accounts[one.account].provider_class.external]
        if not names:
            return []
        what = (
            "The local index has only what was read of {} so far; sync in the settings of an account reads all of it."
        )
        return [sentence(what, join(names))]


def _key(hit: Hit) -> str:
    return f"{hit.message.conversation}/{hit.message.id}"


async def _number_hits(call: CallContext, account: Account, page: SearchPage) -> list[Hit]:
    found = [hit.message for hit in page.items]
    messages = await call.workspace.number_messages(account, found, storable=page.storable)
    # Numbering drops tombstones, so the hits are put together by id, not by place.
    by_id = {(message.conversation, message.id): message for message in messages}
    keyed = [(hit, by_id.get((hit.message.conversation, hit.message.id))) for hit in page.items]
    return [replace(hit, message=message) for hit, message in keyed if message is not None]
