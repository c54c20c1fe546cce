"""The local account's conversations and messages in its file. Synchronous; runs inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dragoman.core.errors import Conflict, NotFound
from dragoman.core.model import Conversation, Message, Order, Page
from dragoman.providers.base.provider import ConversationQuery, MessageQuery
from dragoman.providers.kit.cursor import decode, decode_token, encode, encode_token, foreign_cursor
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages import conversations as conversation_table
from dragoman.store.sqlite.messages import message_pages
from dragoman.store.sqlite.messages.conversations import ConversationRow
from dragoman.store.sqlite.messages.message_pages import PageQuery
from dragoman.store.sqlite.messages.message_table import MessageTable, Stored

ARCHIVE: Final = MessageTable("local")
ACCOUNT: Final = ""
"""The account under which the archive keeps them: a provider does not know the name of its account."""

PARTICIPANTS: Final = 100
_MESSAGES: Final = "messages"
_CONVERSATIONS: Final = "conversations"


@dataclass(frozen=True, slots=True)
class _Recency:
    """Where the list of conversations goes on: behind one of that time and key."""

    recent: int
    key: int


def conversations(con: Connection, query: ConversationQuery) -> Page[Conversation]:
    """The conversations that match, most recent first."""
    before = _before(query.cursor)
    rows = conversation_table.recent(
        con, ARCHIVE.tables, ACCOUNT, text=query.text or "", exact=query.exact, before=before
    )
    found = (row for row in rows if query.kind in (None, row.conversation.kind))
    page = list(islice(found, query.limit + 1))
    shown = page[: query.limit]
    more = len(page) > query.limit
    cursor = encode(_Recency(shown[-1].last_activity_us, shown[-1].key), list_id=_CONVERSATIONS) if more else None
    return Page(items=[place.with_count for place in shown], cursor=cursor)


def place_of(con: Connection, conversation: str) -> ConversationRow:
    """The conversation of that id.

    Raises:
        NotFound: There is none.
    """
    place = conversation_table.find(con, ARCHIVE.tables, ACCOUNT, conversation)
    if place is None or not place.known:
        raise NotFound(
            "There is no such conversation.",
            hint="Find its reference with list_conversations; import_message creates new conversations.",
        )
    return place


def messages(con: Connection, conversation: str, query: MessageQuery) -> Page[Message]:
    """A page of a conversation, oldest to newest.

    Raises:
        NotFound: There is no such conversation or thread.
        InvalidArgument: The cursor is none of ours.
    """
    place = place_of(con, conversation)
    if query.thread is not None and not ARCHIVE.numbers(con, ACCOUNT, conversation, [query.thread]):
        raise _no_message()
    latest = query.order is Order.LATEST
    stretch = PageQuery(
        thread=query.thread,
        author=query.author,
        since=query.since,
        until=query.until,
        after=_after(con, conversation, query.cursor),
        newest_first=latest,
        limit=query.limit + 1,
    )
    found = message_pages.page(con, ARCHIVE, place.key, (ACCOUNT, conversation), stretch)
    shown = _counted(con, place.key, [stored.message for stored in found[: query.limit]])
    cursor = cursor_after(shown[-1]) if len(found) > query.limit else None
    everything = query.thread is None and query.author is None  # a window of time leaves the conversation what it is
    return Page(
        items=shown[::-1] if latest else shown, cursor=cursor, total=place.message_count if everything else None
    )


def cursor_after(message: Message) -> str | None:
    """The cursor that goes on after a message."""
    return encode_token(message.id, list_id=_MESSAGES)


def message_of(con: Connection, conversation: str, message: str) -> Message:
    """One message.

    Raises:
        NotFound: There is no such conversation or message.
    """
    place = place_of(con, conversation)
    stored = stored_of(con, conversation, message)
    if stored is None or not stored.visible:
        raise _no_message()
    return _counted(con, place.key, [stored.message])[0]


def stored_of(con: Connection, conversation: str, message: str) -> Stored | None:
    """What is stored under an id, also a tombstone."""
    return ARCHIVE.get(con, ACCOUNT, conversation, [message]).get(message)


def describe(con: Connection, conversation: Conversation) -> None:
    """Create a conversation, or change what is told of it. Without a title it is called by its id."""
    place = conversation_table.find(con, ARCHIVE.tables, ACCOUNT, conversation.id)
    titled = bool(conversation.title) or (place is not None and place.known)
    told = replace(
        conversation,
        account=ACCOUNT,
        title=conversation.title if titled else conversation.id,
        last_message_at=None,
        messages=None,
    )
    conversation_table.save_all(con, ARCHIVE.tables, conversation_table.changed(con, ARCHIVE.tables, [told]))


def described(con: Connection, conversation: str) -> Conversation | None:
    """The conversation, if it is there and not only messages of it."""
    place = conversation_table.find(con, ARCHIVE.tables, ACCOUNT, conversation)
    return place.conversation if place is not None and place.known else None


def join(con: Connection, place: ConversationRow, name: str) -> None:
    """Note that somebody takes part in a conversation."""
    names = place.conversation.participants
    if name not in names and len(names) < PARTICIPANTS:
        describe(con, replace(place.conversation, participants=(*names, name)))


def may_answer(con: Connection, message: Message) -> bool:
    """Whether a message answers none, or one of its conversation."""
    if message.reply_to is None:
        return True
    parent = stored_of(con, message.conversation, message.reply_to)
    return parent is not None and parent.visible


def add(con: Connection, message: Message) -> Message:
    """Store a message unless its id is there already, and give it back as it is stored.

    Raises:
        Conflict: The one with its id was deleted.
    """
    ARCHIVE.put(con, ACCOUNT, message.conversation, [message], lambda stored, _fresh: stored)
    stored = stored_of(con, message.conversation, message.id)
    if stored is None or not stored.visible:
        raise Conflict("The message with this id was deleted.", hint="Use another id.")
    return message_of(con, message.conversation, message.id)


def change(con: Connection, message: Message) -> Message:
    """Store a message in the place of the one with its id, and give it back as it is stored."""
    ARCHIVE.put(con, ACCOUNT, message.conversation, [message])
    return message_of(con, message.conversation, message.id)


def _counted(con: Connection, place: int, messages: Sequence[Message]) -> list[Message]:
    """The messages with the number of their replies, which one question tells for all of them."""
    counts = message_pages.replies(con, ARCHIVE, place, [message.id for message in messages])
    return [
        message if (counted := counts.get(message.id, 0)) == message.replies else replace(message, replies=counted)
        for message in messages
    ]


def _after(con: Connection, conversation: str, cursor: str | None) -> tuple[int, int] | None:
    identifier = decode_token(cursor, list_id=_MESSAGES)
    if identifier is None:
        return None
    stored = stored_of(con, conversation, identifier)
    if stored is None:
        raise foreign_cursor()
    return stored.row.time_us, stored.number


def _before(cursor: str | None) -> tuple[int, int] | None:
    found = decode(_Recency, cursor, list_id=_CONVERSATIONS)
    return None if found is None else (found.recent, found.key)


def _no_message() -> NotFound:
    return NotFound("There is no such message in this conversation.", hint="Look for it with list_messages.")


def total(con: Connection) -> tuple[int, int]:
    """How many conversations and messages there are."""
    statement = "SELECT count(*), coalesce(sum(held), 0) FROM $places WHERE described = 1"
    counted: Sequence[int] = con.execute(ARCHIVE.tables.sql(statement)).get
    return counted[0], counted[1]
