"""Views: the results of tools, in the shape that is laid out for the assistant.

A view holds model objects in reading order and says what else there is; it knows nothing of layout.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from dragoman.core.model import Conversation, Hit, Message, Order
from dragoman.core.safe_text import Sentence
from dragoman.core.text_size import memory_size

ConversationKey: TypeAlias = tuple[str, str]
"""A conversation: account and id."""

NOTICE: Final = "written by others"
"""Stands in the header of every answer with messages; at most 6 tokens with what separates it."""


class AnswerView(ABC):
    """The facts that every view has to give; one without them cannot be built."""

    __slots__ = ()

    @abstractmethod
    def foreign_places(self) -> list[ConversationKey]:
        """The conversations of which the view shows text that others may have written, each once."""

    @property
    @abstractmethod
    def text_size(self) -> int:
        """Characters of what may be shown at length; names and titles are cut wherever they are shown."""


def _places_of(messages: Iterable[Message]) -> list[ConversationKey]:
    # A dict keeps the order, so equal views give equal lists.
    return list(dict.fromkeys((message.account, message.conversation) for message in messages))


@dataclass(frozen=True, slots=True)
class Failure:
    """An account that could not answer, and the sentence that says why."""

    account: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Searched:
    """The coverage of one account's part of a search.

    Attributes:
        where: ``service`` or ``local index``.
        back_to: The oldest moment that was covered; ``None`` means everything.
        missed: A sentence about what could not be searched.
        held: Of a local index that is kept current: how many conversations it holds, and how many there are.
        as_of: Until when it knows of them; ``None`` where it is not known to be current.
    """

    account: str
    where: str
    back_to: datetime | None = None
    missed: Sentence = ""
    held: tuple[int, int] | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsView(AnswerView):
    """Conversations, most recent first. ``more``: there are others after the last one."""

    conversations: Sequence[Conversation]
    more: bool = False
    failures: Sequence[Failure] = ()
    notes: Sequence[Sentence] = ()

    def foreign_places(self) -> list[ConversationKey]:
        """None: titles and names do not count as text."""
        # They stand in every list of tools as well, and a guard that they trip would never rest.
        return []

    @property
    def text_size(self) -> int:
        """Nothing is shown at length."""
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView(AnswerView):
    """A stretch of one conversation, oldest to newest.

    Attributes:
        order: ``LATEST``: ``more`` is older, and what does not fit the budget is cut at the old end.
            ``OLDEST``: ``more`` is newer, and the cut is at the new end.
        total: How many messages the conversation holds, where that is known.
        thread: Set when only the thread below this message was asked for.
        notes: Sentences about the result.
        failures: Accounts that could not be asked for the title.
        as_of: Until when the store knows of it, where it answers instead of the service.
    """

    conversation: Conversation
    messages: Sequence[Message]
    order: Order = Order.LATEST
    total: int | None = None
    more: bool = False
    thread: Message | None = None
    notes: Sequence[Sentence] = ()
    failures: Sequence[Failure] = ()
    as_of: datetime | None = None

    def foreign_places(self) -> list[ConversationKey]:
        """Where the messages are."""
        return _places_of(self.messages)

    @property
    def text_size(self) -> int:
        """Characters of the texts."""
        return sum(len(message.text) for message in self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView(AnswerView):
    """One message with everything that is known, and its neighbours.

    Attributes:
        offset: Characters of the text that earlier pages have shown.
    """

    conversation: Conversation
    message: Message
    before: Sequence[Message] = ()
    after: Sequence[Message] = ()
    offset: int = 0

    def foreign_places(self) -> list[ConversationKey]:
        """Where the message is."""
        return _places_of([*self.before, self.message, *self.after])

    @property
    def text_size(self) -> int:
        """Everything of the message, and the texts of its neighbours."""
        # All its members are shown; of the neighbours only the texts are.
        return memory_size(self.message) + sum(len(message.text) for message in (*self.before, *self.after))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchView(AnswerView):
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

    def foreign_places(self) -> list[ConversationKey]:
        """Where the hits are."""
        return _places_of(hit.message for hit in self.hits)

    @property
    def text_size(self) -> int:
        """Characters of the texts."""
        return sum(len(hit.message.text) for hit in self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatesView(AnswerView):
    """New and edited messages, by conversation, oldest first.

    Attributes:
        since: Where the news begin.
        looked_at: The accounts that answered, each with the time up to which the store knows it; ``None`` where the
            service was asked just now.
        within: The only conversation that was looked at.
        only: What was wanted of the news; empty for all.
        updates: Messages, and whether each was edited; those of one conversation stand together.
        conversations: By ``(account, conversation id)``, for their titles.
        more: There is more already. In any case a cursor leads to what comes next.
    """

    since: datetime
    updates: Sequence[tuple[Message, bool]]
    looked_at: Mapping[str, datetime | None] = field(default_factory=dict[str, datetime | None])
    within: ConversationKey | None = None
    only: str = ""
    conversations: Mapping[ConversationKey, Conversation] = field(default_factory=dict[ConversationKey, Conversation])
    more: bool = False
    failures: Sequence[Failure] = ()
    notes: Sequence[Sentence] = ()

    def foreign_places(self) -> list[ConversationKey]:
        """Where the messages are."""
        return _places_of(message for message, _ in self.updates)

    @property
    def text_size(self) -> int:
        """Characters of the texts."""
        return sum(len(message.text) for message, _ in self.updates)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenView(AnswerView):
    """A message after it was written.

    Attributes:
        verb: ``sent``, ``updated`` or ``imported``.
        by_others: Its text is not what the caller wrote, such as the answer of an agent.
        notes: Sentences about the result, for the header.
    """

    conversation: Conversation
    message: Message
    verb: str
    by_others: bool
    notes: Sequence[Sentence] = ()

    def foreign_places(self) -> list[ConversationKey]:
        """Where the message is, unless its text is the caller's own."""
        # A caller that reads back its own words learns nothing from others.
        return _places_of([self.message] if self.by_others else [])

    @property
    def text_size(self) -> int:
        """Everything of the message."""
        return memory_size(self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView(AnswerView):
    """A message before it is written, for somebody to agree to. Nothing of it is ever cut.

    Attributes:
        verb: ``send``, ``change`` or ``import``.
        service: Name of the provider.
        message: As it would be; for a change only what is to be changed counts.
        receivers: The people whom it is sent to, where the service names them: names, addresses, or ``Name <address>``.
        copied: Those who get a copy of it.
        perhaps: Those whom it may be sent to as well.
        sender: The person as whom it appears, where the account writes in somebody's name.
        below: Text of others that goes out below the message.
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
    copied: Sequence[str] = ()
    perhaps: Sequence[str] = ()
    sender: str = ""
    below: str = ""
    before: Message | None = None
    changes: Sequence[str] = ()
    answers: Message | None = None
    reasons: Sequence[str] = ()
    warnings: Sequence[str] = ()
    how: str = ""

    def foreign_places(self) -> list[ConversationKey]:
        """Where the messages are that the preview quotes."""
        return _places_of(one for one in (self.before, self.answers) if one is not None)

    @property
    def text_size(self) -> int:
        """Everything of the message and of those that are quoted."""
        return sum(memory_size(one) for one in (self.message, self.before, self.answers) if one is not None)


View = ConversationsView | MessagesView | MessageView | SearchView | UpdatesView | WrittenView | PreviewView
