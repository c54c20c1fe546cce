"""The facts of one message beside its text, one by one, so that both forms page through them alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from dragoman.core.model import Attachment, Author, Citation, Edit, Message, Reaction

_MARKED: Final = 3


class Link(NamedTuple):
    """Where people open the message."""

    url: str


class Label(NamedTuple):
    """One label."""

    name: str


class Status(NamedTuple):
    """The state in the service's words."""

    name: str


class Replies(NamedTuple):
    """How many messages answer it."""

    number: int


class Edited(NamedTuple):
    """When it last changed."""

    at: datetime


class Extra(NamedTuple):
    """The service's own members of a message."""

    key: str
    value: object


MessageFact = Author | Link | Attachment | Reaction | Label | Status | Replies | Edited | Edit | Citation | Extra

LISTED: Final = (Attachment, Reaction, Label, Edit, Citation, Extra)
"""Those that are entries of lists in the JSON form."""


def message_facts(message: Message) -> list[MessageFact]:
    """Everything, in a fixed order; places in it are what the cursor of a long message counts."""
    return list(_facts(message))


def shown_by_mark(message: Message, reaction: Reaction) -> bool:
    """Do the marks of the text form say all there is to a reaction: nobody is named, and there are few."""
    return not reaction.by and len(message.reactions) <= _MARKED


def missing_neighbours(number: int) -> str:
    """The note that messages around this one have no room."""
    return f"{number} neighbour{'s' if number > 1 else ''} left out, list_messages has them" if number else ""


def _facts(message: Message) -> Iterator[MessageFact]:
    # What is most often asked for comes first: a page of a long message may hold only some.
    yield message.author
    if message.url:
        yield Link(message.url)
    yield from message.attachments
    yield from message.reactions
    yield from map(Label, message.labels)
    if message.status:
        yield Status(message.status)
    # Zero may mean that the service does not count them.
    if message.replies > 0:
        yield Replies(message.replies)
    if message.edited_at is not None:
        yield Edited(message.edited_at)
    yield from message.history
    yield from message.citations
    for key, value in message.extra.items():
        yield Extra(str(key), value)
