"""What is asked of a provider: queries, and what is to be written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dragoman.core.model import ConversationKind, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationQuery:
    """Which conversations, most recent first. ``text`` is looked for in titles and participants."""

    text: str | None = None
    kind: ConversationKind | None = None
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQuery:
    """Which messages of a conversation.

    Attributes:
        thread: Id of a message: only it and the replies below it, however deep. This filter alone is
            the provider's whole duty; the others are applied again by the caller.
        author: Part of a name, an id or an e-mail address.
        since: Not before this moment.
        until: Before this moment.
        order: ``LATEST`` pages from the newest towards the past, ``OLDEST`` from the oldest on.
        limit: A wish; a provider may give fewer or more.
        cursor: From the page before, ``None`` for the first.
    """

    thread: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: Order = Order.LATEST
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What to look for; ``conversation`` is an id. Filters as in :class:`MessageQuery`."""

    text: str
    conversation: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to send; ``reply_to`` is the id of a message of the same conversation."""

    text: str
    reply_to: str | None = None
    subject: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What to change of a message; ``None`` leaves a member as it is, an empty one clears it."""

    text: str | None = None
    subject: str | None = None
    labels: tuple[str, ...] | None = None
