"""What stands behind a provider in a test, and what a provider's tests may say about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum

from dragoman.core.errors import DragomanError
from dragoman.core.model import Conversation, Message
from dragoman.providers.base.provider import AccountSettings


class Trait(StrEnum):
    """Finer abilities that most services have; a service that lacks one is exempt with a reason.

    The value says what is expected of a service that has the trait.
    """

    EMPTY_CONVERSATIONS = "a conversation without messages can exist"
    KNOWN_CONVERSATIONS = "a conversation that does not exist is told from an empty one"
    REPLIES = "a message can answer another one"
    TEXTS = "the text of a message can be changed"
    SUBJECTS = "the subject of a message can be changed"
    LABELS = "the labels of a message can be changed"
    UNAVAILABLE_WRITES = "a service that cannot be reached certainly did not take the message"
    VERBATIM = "a text comes back exactly as it was written"
    IMPORT_AUTHORS = "an imported message keeps its author"
    IMPORT_TIMES = "an imported message keeps its time"
    IMPORT_ONCE = "importing the same id again changes nothing"
    EDITS_TOLD = "a changed text is among the changes that the service tells"


Exempt = Mapping[Trait | type[DragomanError], str]
"""Traits that a service lacks and errors that it cannot cause, each with the reason in a sentence."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """A conversation and its messages as the service has them now.

    Attributes:
        conversation: With the id under which the provider finds it.
        messages: In the order in which they were given, with the service's own ids and with those
            members only that the service really keeps; the contract compares what it reads with these.
    """

    conversation: Conversation
    messages: tuple[Message, ...] = ()


class Service(ABC):
    """The other side of a provider: a file, a fake in the same process, or a server on loopback."""

    @property
    @abstractmethod
    def settings(self) -> AccountSettings:
        """Settings with which the provider reaches this service."""

    @abstractmethod
    async def seed(self, conversation: Conversation, messages: Sequence[Message]) -> Seeded:
        """Put messages, oldest first, into a conversation of the service, behind the provider's back.

        Called again with the same conversation it adds to what is there. Ids are suggestions: a service
        that gives ids itself answers with its own and translates every ``reply_to``. It returns when the
        provider can see, and search, what was added.
        """

    def broken(self, error: type[DragomanError]) -> AbstractAsyncContextManager[None]:
        """While entered, the service behaves so that the provider has to raise ``error``.

        Reads and writes are tried. For a write every error except ``OutcomeUnknown`` means that the service
        certainly did not act, so a service that is ``Unavailable`` then refuses connections or says so itself.
        A service that cannot cause an error names it in ``exempt`` of the test class.
        """
        # Not abstract: a service may be exempt from every error.
        raise NotImplementedError(
            f"{type(self).__name__}.broken() has to cause {error.__name__}, or `exempt` says why it never happens."
        )
