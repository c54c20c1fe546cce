"""The tools that read one conversation: list_messages and get_message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final, Literal

from dragoman.accounts.account import Account
from dragoman.accounts.account_list import account_errors
from dragoman.core.context.inline import run_together
from dragoman.core.errors import Conflict, DragomanError, InvalidArgument, NotFound
from dragoman.core.model import Author, Conversation, Message, Order
from dragoman.core.names import author_matches
from dragoman.core.queries import MessageQuery, SearchQuery
from dragoman.core.references import Reference
from dragoman.core.safe_text import Sentence, sentence
from dragoman.providers.base.provider import Capability
from dragoman.rendering import MessagesView, MessageView
from dragoman.rendering.content.message_facts import message_facts
from dragoman.toolset.addressing.people import ANYBODY, author_filter, nobody_note
from dragoman.toolset.addressing.resolve import (
    resolve_for_reading,
    resolve_message,
)
from dragoman.toolset.definition.context import CallContext, ToolResult
from dragoman.toolset.definition.parameters import AUTHOR, CONVERSATION, CURSOR, MESSAGE, SINCE, UNTIL, Range
from dragoman.toolset.definition.time_arguments import time_window
from dragoman.toolset.paging.feed import (
    CollectedMessages,
    CursorState,
    Feed,
    FeedPosition,
    Source,
    collect,
    message_source,
)
from dragoman.toolset.reading.held_messages import held_part, held_source, held_source_at

if TYPE_CHECKING:
    from dragoman.accounts.workspace import Workspace

_SAME_INSTANT: Final = 200
_DEEPEST_THREAD: Final = 20
_TICK: Final = timedelta(microseconds=1)


async def list_messages(
    call: CallContext,
    *,
    conversation: Annotated[str, CONVERSATION],
    thread: Annotated[str | None, "only this message and its replies"] = None,
    author: Annotated[str | None, AUTHOR] = None,
    since: Annotated[str | None, SINCE] = None,
    until: Annotated[str | None, UNTIL] = None,
    order: Annotated[Literal["latest", "oldest"], "start at the newest (default) or oldest"] = "latest",
    limit: Annotated[int, Range(1, 200), "1-200, default 50"] = 50,
    cursor: Annotated[CursorState | None, CURSOR] = None,
) -> ToolResult:
    """List a page of a conversation, from its newest or its oldest message on."""
    target, failures = await resolve_for_reading(call.workspace, conversation, by_id=True)
    # The title may have been found in an account that cannot list messages.
    (account,) = call.workspace.accounts_for(Capability.LIST_MESSAGES, target.account)
    begin, end = time_window(call, since, until) if since or until else (None, None)
    person = ANYBODY if author is None else await author_filter(account, author)
    root = None if thread is None else await _thread(call, account, target, thread)
    query = MessageQuery(
        thread=None if root is None else root.id,
        author=person.asked,
        since=begin,
        until=end,
        order=Order(order),
        limit=limit,
    )
    with account_errors(account):
        position = (cursor or CursorState()).get(account.name) or FeedPosition()
        source, as_of = await _source(call, account, target.id, query, position.cursor)
        feed = Feed(source, position)
        # The service filters as well as it can; the exact filter runs here, over what it lets pass.
        taken = await collect(feed, replace(query, author=person.exact))
        if taken.tombstones:
            # The store forgets the texts of messages that were deleted at the service.
            await call.workspace.number_messages(account, taken.tombstones)
        messages = taken.messages[::-1] if query.order is Order.LATEST else taken.messages
        # What comes from the store has its numbers already.
        if any(message.number is None for message in messages):
            messages = await call.workspace.number_messages(account, messages)
        notes: list[Sentence] = [person.note] if person.note else []
        if taken.interruption is not None:
            notes.append(sentence("There is more, which has to wait. {}", taken.interruption.sentences))
        if author is not None and not (messages or taken.more or cursor):
            notes.append(await _nobody_note(account, target, author, query, taken))
    view = MessagesView(
        conversation=target,
        messages=messages,
        order=query.order,
        total=feed.total,
        thread=root,
        more=taken.more,
        notes=notes,
        failures=failures,
        as_of=as_of,
    )
    return ToolResult(view, lambda shown, _: taken.cursor_after(account.name, shown))


async def _source(
    call: CallContext, account: Account, conversation: str, query: MessageQuery, cursor: str | None
) -> tuple[Source[Message], datetime | None]:
    """The source of a list; with it the time up to which the store is current, where the store answers."""
    # A list goes on where it began: the store and the service have cursors of their own.
    if cursor is not None:
        held = await held_source_at(call, account, conversation, query, cursor)
        return held or await message_source(account, conversation, query), None
    part = None if account.settings.sync is None else await held_part(call, account, conversation, query)
    if part is None:
        return await message_source(account, conversation, query), None
    return await held_source(call, account, conversation, query, part), part.as_of


async def _nobody_note(
    account: Account, conversation: Conversation, wanted: str, query: MessageQuery, taken: CollectedMessages
) -> Sentence:
    """A note for an author filter that left nothing."""
    people = [Author(name=name) for name in conversation.participants if name]
    known = next((one.name for one in people if author_matches(one, query.author or wanted)), None)
    # They take part, or the window is narrow: then only the range is to blame.
    if known is not None or query.since is not None or query.until is not None or query.thread is not None:
        return sentence("{:60} wrote nothing in what was asked for.", known or wanted)
    note = nobody_note(wanted, conversation, taken.other_names)
    provider = await account.provider()
    if not provider.filters_exactly:
        return note
    # Its list holds nobody but those who pass, so the names come from its index.
    asked = SearchQuery(text="", conversation=conversation.id, author=query.author, limit=1)
    return (await provider.search_messages(asked)).advice or note


async def get_message(
    call: CallContext,
    *,
    message: Annotated[str, MESSAGE],
    context: Annotated[int, Range(0, 20), "neighbours each side, 0-20, default 0"] = 0,
    cursor: Annotated[CursorState | None, "rest of a long message"] = None,
) -> ToolResult:
    """One message with everything that is known of it."""
    with (await call.workspace.store()).reading_once():
        reference = await resolve_message(call.workspace, message)
        (account,) = call.workspace.accounts_for(Capability.GET_MESSAGE, reference.account)
        found, conversation = await _with_conversation(call.workspace, account, reference)
        with account_errors(account):
            before, after = await _neighbours(account, found, context)
        seen = await call.workspace.number_messages(account, [*before, found, *after])
    # Numbering drops deleted neighbours, so the places may have moved.
    middle = next(index for index, one in enumerate(seen) if one.id == found.id)
    view = MessageView(
        conversation=conversation,
        message=seen[middle],
        before=seen[:middle],
        after=seen[middle + 1 :],
        offset=_offset(seen[middle], cursor),
    )
    return ToolResult(view, lambda _, rest: None if rest is None else CursorState(text=_text_at(seen[middle], rest)))


async def _with_conversation(
    workspace: Workspace, account: Account, reference: Reference
) -> tuple[Message, Conversation]:
    """A message and its conversation, which are read side by side: the store may be far away.

    Raises:
        DragomanError: The message cannot be read, or else its conversation.
    """
    found: list[Message | DragomanError] = []
    loaded: list[Conversation | DragomanError] = []

    async def read() -> None:
        try:
            with account_errors(account):
                provider = await account.provider()
                found.append(await provider.get_message(reference.conversation, reference.message or ""))
        except DragomanError as error:
            found.append(error)

    async def load() -> None:
        try:
            loaded.append(await workspace.load_conversation(reference))
        except DragomanError as error:
            loaded.append(error)

    await run_together([read, load])
    (message,), (conversation,) = found, loaded
    if isinstance(message, DragomanError):
        raise message
    if isinstance(conversation, DragomanError):
        raise conversation
    return message, conversation


async def _thread(call: CallContext, account: Account, conversation: Conversation, said: str) -> Message:
    """The message at the root of the thread that a message belongs to: the message itself when it answers none."""
    reference = await resolve_message(call.workspace, said)
    if (reference.account, reference.conversation) != (conversation.account, conversation.id):
        raise InvalidArgument(
            "thread is a message of another conversation.",
            hint=sentence("It is in {}.", Reference(reference.account, reference.conversation)),
        )
    named = Message(
        id=reference.message or "", conversation=conversation.id, author=Author(name=""), sent_at=None, text=""
    )
    with account_errors(account):
        root = await _root(account, named)
        return root if root is named else next(iter(await call.workspace.number_messages(account, [root])), root)


async def _root(account: Account, message: Message) -> Message:
    """The first message above one that answers nothing, as far as the service shows what is answered."""
    if Capability.GET_MESSAGE not in account.capabilities:
        return message
    provider = await account.provider()
    wanted: str | None = message.id
    known: set[str] = set()
    while wanted is not None and wanted not in known and len(known) < _DEEPEST_THREAD:
        known.add(wanted)
        try:
            message = await provider.get_message(message.conversation, wanted)
        except NotFound:
            break  # whoever asked for it hears so from the list; a parent may be gone
        wanted = message.reply_to
    return message


async def _neighbours(account: Account, message: Message, count: int) -> tuple[list[Message], list[Message]]:
    # Without a time nothing tells what stands beside the message.
    if not count or message.sent_at is None:
        return [], []
    older = MessageQuery(until=message.sent_at + _TICK, order=Order.LATEST, limit=count + 1)
    newer = MessageQuery(since=message.sent_at, order=Order.OLDEST, limit=count + 1)
    before = await _neighbours_on_one_side(account, message, older, count)
    return before[::-1], await _neighbours_on_one_side(account, message, newer, count)


async def _neighbours_on_one_side(account: Account, message: Message, query: MessageQuery, count: int) -> list[Message]:
    """Up to ``count`` messages on the far side of a message, nearest first."""
    source = await message_source(account, message.conversation, query)
    # A cursor at the message itself needs no search among those of one time.
    exactly = source.cursor_after(message)
    if exactly is not None:
        return (await collect(Feed(source, FeedPosition(exactly)), replace(query, limit=count))).messages
    feed = Feed(source)
    taken = await collect(feed, replace(query, limit=_SAME_INSTANT + count))
    ids = [one.id for one in taken.messages]
    start = ids.index(message.id) + 1 if message.id in ids else len(ids)
    return taken.messages[start : start + count]


def _text_at(message: Message, offset: int) -> FeedPosition:
    return FeedPosition(str(offset), _digest(message, offset))


def _offset(message: Message, cursor: CursorState | None) -> int:
    position = (cursor or CursorState()).get("text")
    if position is None:
        return 0
    offset = int(position.cursor or 0)
    if position.after != _digest(message, offset):
        raise Conflict("The message was changed since the page before.", hint="Repeat the call without cursor.")
    return offset


def _digest(message: Message, offset: int) -> str:
    """Of what the pages before an offset have shown: the text, and behind it the facts that are counted."""
    # New reactions must not spoil the cursor of a long text.
    counted = message.text if offset < len(message.text) else f"{message.text}{message_facts(message)}"
    return sha256(counted.encode("utf-8", "surrogatepass")).hexdigest()[:16]
