"""Reads and stores the conversations and messages of the local account, within one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dragoman.core.errors import Conflict, NotFound
from dragoman.core.model import Changes, Conversation, Message, Order, Page, SearchPage
from dragoman.providers.base.provider import ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.kit.cursor import decode, decode_token, encode, encode_token, foreign_cursor
from dragoman.store.conversations import ConversationRow, ConversationTables, PageQuery, StoredMessage

PARTICIPANTS: Final = 100
_CHANGES: Final = 500
_LONGEST_NUMBER: Final = 19
_MESSAGES: Final = "messages"
_CONVERSATIONS: Final = "conversations"


@dataclass(frozen=True, slots=True)
class _Recency:
    """Where the list of conversations goes on: behind one of that time and key."""

    recent: int
    key: int


def conversations(tables: ConversationTables, query: ConversationQuery) -> Page[Conversation]:
    """The conversations that match, most recent first."""
    before = _before(query.cursor)
    rows = tables.recent(query.text or "", exact=query.exact, before=before)
    found = (row for row in rows if query.kind in (None, row.conversation.kind))
    page = list(islice(found, query.limit + 1))
    shown = page[: query.limit]
    more = len(page) > query.limit
    cursor = encode(_Recency(shown[-1].last_activity_us, shown[-1].key), list_id=_CONVERSATIONS) if more else None
    return Page(items=[row.with_count for row in shown], cursor=cursor)


def conversation_of(tables: ConversationTables, conversation: str) -> ConversationRow:
    """The conversation of that id.

    Raises:
        NotFound: There is none.
    """
    row = tables.find(conversation)
    if row is None or not row.known:
        raise _no_conversation()
    return row


def messages(tables: ConversationTables, conversation: str, query: MessageQuery) -> Page[Message]:
    """A page of a conversation, oldest to newest.

    Raises:
        NotFound: There is no such conversation or thread.
        InvalidArgument: The cursor is none of ours.
    """
    row, after = _beginning(tables, conversation, query.cursor)
    if query.thread is not None and tables.get(conversation, query.thread) is None:
        raise _no_message()
    latest = query.order is Order.LATEST
    wanted = PageQuery(
        thread=query.thread,
        author=query.author,
        since=query.since,
        until=query.until,
        after=after,
        newest_first=latest,
        limit=query.limit + 1,
    )
    found = tables.page(row, wanted)
    shown = _with_replies(tables, row, found[: query.limit])
    cursor = cursor_after(shown[-1]) if len(found) > query.limit else None
    everything = query.thread is None and query.author is None  # a window of time leaves the conversation what it is
    return Page(items=shown[::-1] if latest else shown, cursor=cursor, total=row.message_count if everything else None)


def cursor_after(message: Message) -> str | None:
    """The cursor that goes on after a message."""
    return encode_token(message.id, list_id=_MESSAGES)


def message_of(tables: ConversationTables, conversation: str, message: str) -> Message:
    """One message.

    Raises:
        NotFound: There is no such conversation or message.
    """
    row, stored = tables.find_with_message(conversation, message) or (None, None)
    if row is None or not row.known:
        raise _no_conversation()
    if stored is None or not stored.visible:
        raise _no_message()
    return stored.message


def describe(tables: ConversationTables, conversation: Conversation) -> None:
    """Create a conversation, or change what is known of it. Without a title it is called by its id."""
    row = tables.find(conversation.id)
    titled = bool(conversation.title) or (row is not None and row.known)
    title = conversation.title if titled else conversation.id
    tables.describe(replace(conversation, account="", title=title, last_message_at=None, messages=None))


def described(tables: ConversationTables, conversation: str) -> Conversation | None:
    """The conversation, if it is there and not only messages of it."""
    row = tables.find(conversation)
    return row.conversation if row is not None and row.known else None


def join(tables: ConversationTables, row: ConversationRow, name: str) -> None:
    """Note that somebody takes part in a conversation."""
    names = row.conversation.participants
    if name not in names and len(names) < PARTICIPANTS:
        describe(tables, replace(row.conversation, participants=(*names, name)))


def may_answer(tables: ConversationTables, message: Message) -> bool:
    """Whether a message answers none, or one of its conversation."""
    if message.reply_to is None:
        return True
    parent = tables.get(message.conversation, message.reply_to)
    return parent is not None and parent.visible


def add(tables: ConversationTables, message: Message) -> Message:
    """Store a message unless its id is there already, and give it back as it is stored.

    Raises:
        Conflict: The one with its id was deleted.
    """
    added = tables.put(message.conversation, [message], lambda stored, _fresh: stored)
    stored = tables.get(message.conversation, message.id)
    if stored is None or not stored.visible:
        raise Conflict("The message with this id was deleted.", hint="Use another id.")
    if added:
        tables.record_change(message.conversation, message.id)
    return message_of(tables, message.conversation, message.id)


def change(tables: ConversationTables, message: Message) -> Message:
    """Store a message in the place of the one with its id, and give it back as it is stored."""
    tables.put(message.conversation, [message])
    tables.record_change(message.conversation, message.id)
    return message_of(tables, message.conversation, message.id)


def changes(tables: ConversationTables, position: str | None) -> Changes:
    """The messages that tools have written since a position, in the order of writing.

    Raises:
        Conflict: The position is none of ours, or what followed it is forgotten.
    """
    start = 0 if position is None else _number(position)
    log = tables.changes_after(start, _CHANGES)
    if position is None:
        return Changes(position=str(log.newest))
    # 0 is before all changes; any other position has to lie within what the log still holds.
    if start != 0 and not log.oldest - 1 <= start <= log.newest:
        raise _no_position()
    # The last change of a message stands for all of it.
    last = {(conversation, message): number for number, conversation, message in log.changes}
    found = [tables.get(*key) for key in sorted(last, key=last.__getitem__)]
    end = log.changes[-1][0] if log.changes else start
    messages = [stored.message for stored in found if stored is not None and stored.visible]
    return Changes(messages=messages, position=str(end), more=end < log.newest)


def _number(position: str) -> int:
    if not (position.isascii() and position.isdecimal() and len(position) < _LONGEST_NUMBER):
        raise _no_position()
    return int(position)


def _no_position() -> Conflict:
    return Conflict("What was changed since then is not known.", hint="Read the conversations instead.")


def _with_replies(tables: ConversationTables, row: ConversationRow, messages: Sequence[StoredMessage]) -> list[Message]:
    """The messages with the number of their replies, which one question tells for all of them."""
    counts = tables.reply_counts(row, [one.message.id for one in messages])
    return [
        one.message
        if (count := counts.get(one.message.id, 0)) == one.message.replies
        else replace(one.message, replies=count)
        for one in messages
    ]


def _beginning(
    tables: ConversationTables, conversation: str, cursor: str | None
) -> tuple[ConversationRow, tuple[int, int] | None]:
    """A conversation, and the position after which a page of it begins; one question tells both."""
    identifier = decode_token(cursor, list_id=_MESSAGES)
    if identifier is None:
        return conversation_of(tables, conversation), None
    row, stored = tables.find_with_message(conversation, identifier) or (None, None)
    if row is None or not row.known:
        raise _no_conversation()
    if stored is None:
        raise foreign_cursor()
    return row, stored.position


def _before(cursor: str | None) -> tuple[int, int] | None:
    found = decode(_Recency, cursor, list_id=_CONVERSATIONS)
    return None if found is None else (found.recent, found.key)


def search(tables: ConversationTables, query: SearchQuery) -> SearchPage:
    """A page of hits, everywhere or in a conversation that has to be there."""
    if query.conversation is not None:
        conversation_of(tables, query.conversation)
    return tables.search(query)


def _no_conversation() -> NotFound:
    return NotFound(
        "There is no such conversation.",
        hint="Find its reference with list_conversations; import_message creates new conversations.",
    )


def _no_message() -> NotFound:
    return NotFound("There is no such message in this conversation.", hint="Look for it with list_messages.")
