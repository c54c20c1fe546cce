"""Queries and drafts for providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from dragoman.core.model import ConversationKind, Order

FilterName: TypeAlias = Literal["from", "in", "has", "is", "subject", "label"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationQuery:
    """A query for conversations, most recent first.

    Attributes:
        text: Is looked for in titles and participants.
        exact: Only conversations that are called ``text`` as a whole are needed; a provider may give others as well.
    """

    text: str | None = None
    exact: bool = False
    kind: ConversationKind | None = None
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQuery:
    """A query for messages of a conversation.

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


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for, as it was typed.

    Attributes:
        text: A word, several joined by signs (``10.0.0.1``), or the words of a phrase.
        phrase: It stood in quotes.
        beginning: It ended with ``*``: words that begin so are meant as much.
    """

    text: str
    phrase: bool = False
    beginning: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition beside the words.

    Attributes:
        name: ``from``, ``in``, ``has``, ``is``, ``subject`` or ``label``.
        value: A name, id or address; the id of a conversation; ``file`` or ``link``; ``unread``; words; a label.
        negated: Only messages that do not meet it are wanted.
    """

    name: FilterName
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Expression:
    """The words of a query.

    Attributes:
        wanted: Groups that must all occur; of a group one term is enough.
        excluded: Terms that must not occur.
    """

    wanted: tuple[tuple[Term, ...], ...] = ()
    excluded: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """A search; ``conversation`` is an id. The caller applies the filters again, as for :class:`MessageQuery`.

    Attributes:
        text: The words as they were typed. Empty: every message that the filters leave, newest first.
        expression: The same taken apart; ``None`` when nobody has, see :func:`dragoman.core.query_parser.parse_query`.
        filters: Further conditions, all of which must hold.
    """

    text: str
    expression: Expression | None = None
    conversation: str | None = None
    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    filters: tuple[Filter, ...] = ()
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to send.

    Attributes:
        reply_to: Id of a message of the same conversation.
        begun: When it was first begun to send it; the same for each attempt, and another one for the same text later.
    """

    text: str
    reply_to: str | None = None
    subject: str | None = None
    idempotency_key: str | None = None
    begun: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a message; ``None`` leaves a member as it is, an empty one clears it."""

    text: str | None = None
    subject: str | None = None
    labels: tuple[str, ...] | None = None
