"""The one model that every messaging system is mapped to.

Plain frozen values without behaviour. Ids are the provider's own and opaque to everybody else;
a message id is unique within its conversation, a conversation id within its account. Times are
aware. ``None`` and the empty tuple mean *not known or not there*: a provider never invents a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from dragoman.core.safe_text import SafeText, Sentence

T_co = TypeVar("T_co", covariant=True)

# One read-only object for all values: a dict as a default could be changed through any of them.
NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class AuthorKind(StrEnum):
    """The kind of an author. ``SYSTEM`` is the service itself (somebody joined, a title changed)."""

    PERSON = "person"
    ASSISTANT = "assistant"
    BOT = "bot"
    SYSTEM = "system"


class ConversationKind(StrEnum):
    """The kind of a conversation; ``ROOM`` where a service tells nothing finer."""

    CHANNEL = "channel"
    GROUP = "group"
    DIRECT = "direct"
    THREAD = "thread"
    MAIL = "mail"
    ROOM = "room"
    ASSISTANT = "assistant"


class Order(StrEnum):
    """The order of a list: from the newest message to the past, or from the oldest."""

    LATEST = "latest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The sender of a message.

    Attributes:
        id: The service's id of the sender, empty when the service names none.
        name: What people see; never empty (``user`` when nobody is named).
        own: The account's own user wrote it, as the service tells and not by the name, which anybody may choose.
        aliases: Further names of the sender, such as a handle; a filter finds them, and nothing shows them.
    """

    name: str
    id: str = ""
    kind: AuthorKind = AuthorKind.PERSON
    email: str | None = None
    own: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Metadata of a file; its content is never fetched.

    Attributes:
        size: Bytes.
    """

    name: str
    id: str = ""
    media_type: str | None = None
    size: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One emoji under a message; ``by`` may name fewer people than ``count``."""

    emoji: str
    count: int
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source that an assistant's message rests on; ``text`` is the quoted passage."""

    title: str
    url: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An earlier text of a message and the moment when it was written."""

    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message.

    Attributes:
        reply_to: Id of the message that this one answers, in the same conversation.
        replies: How many messages answer this one, as far as the service tells.
        edited_at: When the text last changed.
        deleted_at: Set for a tombstone; tombstones are kept by stores and shown to nobody.
        partial: ``text`` is an excerpt because the service gives no more.
        history: Earlier texts, oldest first.
        extra: What only this service knows, for reading by people.
        account: Name of the account, filled in by the workspace.
        number: The store's number, filled in by the workspace.
        reply_to_number: The number of ``reply_to``, filled in by the workspace.
    """

    id: str
    conversation: str
    author: Author
    sent_at: datetime | None
    text: str
    reply_to: str | None = None
    replies: int = 0
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    partial: bool = False
    subject: str | None = None
    status: str | None = None
    url: str | None = None
    reactions: tuple[Reaction, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    labels: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    history: tuple[Edit, ...] = ()
    extra: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    account: str = ""
    number: int | None = None
    reply_to_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A channel, group, direct chat, thread, mail thread, room or assistant chat.

    Attributes:
        title: What people see, without a leading ``#``; empty when the service has none.
        participants: Names of the people in it, as many as the service tells.
        members: How many people can read it, where the service tells.
        external: Those who are not of the account's own organisation, where it tells: names, addresses, or
            ``Name <address>``.
        messages: How many messages it holds.
        status: What the service calls its state, where that is not the usual one (``done``, ``spam``, ``trash``).
        account: Name of the account, filled in by the workspace.
    """

    id: str
    title: str = ""
    kind: ConversationKind = ConversationKind.ROOM
    topic: str = ""
    last_message_at: datetime | None = None
    participants: tuple[str, ...] = ()
    members: int | None = None
    external: tuple[str, ...] = ()
    messages: int | None = None
    unread: int | None = None
    status: str | None = None
    url: str | None = None
    extra: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Readers and receivers of a write, for its confirmation. Names, addresses, or ``Name <address>``.

    Attributes:
        conversation: As it is now, with its people, how many can read it, and who of them is from outside.
        receivers: Those whom the message is sent to, where that is told beside the conversation.
        copied: Those who get a copy of it.
        perhaps: Those whom it may be sent to as well.
        sender: The person as whom it appears, where the account writes in somebody's name; empty otherwise.
        below: Text of others that goes out below the message, such as the quote of what it answers.
        reasons: Why whoever agrees should look twice, as the rest of a sentence that begins with "because".
    """

    conversation: Conversation
    receivers: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    sender: str = ""
    below: str = ""
    reasons: tuple[SafeText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A message found by a search.

    Attributes:
        excerpt: The passage around what was found; ``None`` shows the text from its beginning.
        highlights: ``(start, end)`` of each find within the excerpt (or else the text), in characters.
    """

    message: Message
    excerpt: str | None = None
    highlights: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T_co]):
    """Some items and where to go on.

    Attributes:
        cursor: Opaque; ``None`` is the end and the only sign of it: a page may be empty and go on.
        total: How many items the whole list has, whatever span of time is asked for; when the service tells.
    """

    items: Sequence[T_co] = ()
    cursor: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The changes of an account since a position.

    Attributes:
        messages: New, edited and deleted ones in the order of their arrival; a deleted one has ``deleted_at``.
        moved: Known ones that lie elsewhere now, which is no news.
        news_since: Of the messages that a store had already, what was written and edited before then is no news either;
            ``None``: all of them are news.
        position: Where the next question goes on, as opaque text.
        more: There is more already.
    """

    messages: Sequence[Message] = ()
    moved: Sequence[Message] = ()
    news_since: datetime | None = None
    position: str
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage(Page[Hit]):
    """Hits, best first.

    Attributes:
        back_to: The oldest moment that the search covered; ``None`` means everything.
        missed: A sentence about what the service could not search, though it searched the rest.
        advice: A sentence that says how more could be found, for when nothing was.
        notes: Sentences about what was searched otherwise than it was asked for.
        storable: May the store keep the messages; the terms of some searches forbid it.
    """

    back_to: datetime | None = None
    missed: Sentence = ""
    advice: Sentence = ""
    notes: tuple[Sentence, ...] = ()
    storable: bool = True
