"""What a tool found, in the shape that is laid out for the assistant.

A view holds model objects in reading order and says what else there is; it knows nothing of layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dragoman.core.model import Conversation, Hit, Message, Order
from dragoman.core.safe_text import Sentence


@dataclass(frozen=True, slots=True)
class Failure:
    """An account that could not answer, and the sentence that says why."""

    account: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Searched:
    """What one account's part of a search covered.

    Attributes:
        where: ``service`` or ``local index``.
        back_to: The oldest moment that was covered; ``None`` means everything.
        missed: A sentence about what could not be searched.
    """

    account: str
    where: str
    back_to: datetime | None = None
    missed: Sentence = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsView:
    """Conversations, most recent first. ``more``: there are others after the last one."""

    conversations: Sequence[Conversation]
    more: bool = False
    failures: Sequence[Failure] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView:
    """A stretch of one conversation, oldest to newest.

    Attributes:
        order: ``LATEST``: ``more`` is older, and what does not fit the budget is cut at the old end.
            ``OLDEST``: ``more`` is newer, and the cut is at the new end.
        total: How many messages the conversation holds, where that is known.
        thread: Set when only the thread below this message was asked for.
        notes: Sentences about the result.
        failures: Accounts that could not be asked for the title.
    """

    conversation: Conversation
    messages: Sequence[Message]
    order: Order = Order.LATEST
    total: int | None = None
    more: bool = False
    thread: Message | None = None
    notes: Sequence[str] = ()
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One message with everything that is known, and its neighbours.

    Attributes:
        offset: Characters of the text that earlier pages have shown.
    """

    conversation: Conversation
    message: Message
    before: Sequence[Message] = ()
    after: Sequence[Message] = ()
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchView:
    """Hits, best first; ``conversations`` by ``(account, conversation id)`` for their titles.

    Attributes:
        notes: Sentences about the result.
    """

    query: str
    hits: Sequence[Hit]
    conversations: Mapping[tuple[str, str], Conversation] = field(default_factory=dict[tuple[str, str], Conversation])
    searched: Sequence[Searched] = ()
    more: bool = False
    failures: Sequence[Failure] = ()
    notes: Sequence[Sentence] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenView:
    """A message after it was written. ``verb``: ``sent``, ``updated`` or ``imported``."""

    conversation: Conversation
    message: Message
    verb: str
    notes: Sequence[Sentence] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView:
    """A message before it is written, for somebody to agree to. Nothing of it is ever cut.

    Attributes:
        verb: ``send``, ``change`` or ``import``.
        service: Name of the provider.
        message: As it would be; for a change only what is to be changed counts.
        receivers: Those whom it is sent to, where that is told: names, addresses, or ``Name <address>``.
        perhaps: Those whom it may be sent to as well.
        before: For a change: the message as it is now.
        changes: For a change: which of ``text``, ``subject`` and ``labels`` it is about.
        answers: The message that it answers.
        reasons: Sentences that say why somebody is asked.
        warnings: Those of the reasons that are alarming; they stand in the first lines of a question.
        how: How to agree: the first line, in which there is nothing foreign.
    """

    conversation: Conversation
    verb: str
    service: str
    message: Message
    receivers: Sequence[str] = ()
    perhaps: Sequence[str] = ()
    before: Message | None = None
    changes: Sequence[str] = ()
    answers: Message | None = None
    reasons: Sequence[str] = ()
    warnings: Sequence[str] = ()
    how: str = ""


View = ConversationsView | MessagesView | MessageView | SearchView | WrittenView | PreviewView
