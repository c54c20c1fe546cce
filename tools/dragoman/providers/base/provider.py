"""The contract of a provider, which speaks to one service.

A provider subclasses :class:`Provider` and overrides what its service can do; what it overrides *is*
its list of capabilities. Methods may do I/O, may be called concurrently, raise only the family of
:mod:`dragoman.core.errors`, and let cancellation pass. What they return belongs to the caller.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import ClassVar, Self

from dragoman.core.errors import UnsupportedOperation
from dragoman.core.model import Audience, Author, AuthorKind, Changes, Conversation, Message, Page, SearchPage
from dragoman.core.queries import Change, ConversationQuery, Draft, MessageQuery, SearchQuery
from dragoman.core.safe_text import sentence, unquoted
from dragoman.providers.base.account_settings import AccountSettings, Limits, SettingsAdvice
from dragoman.providers.base.capability import WRITES, Capability
from dragoman.providers.base.import_batch import ArchiveTarget
from dragoman.providers.base.sent_message_match import CLOCKS_DIFFER, match_sent_message, newest_since

__all__ = [
    "WRITES",
    "AccountSettings",
    "Capability",
    "Change",
    "ConversationQuery",
    "Draft",
    "Limits",
    "MessageQuery",
    "Provider",
    "SearchQuery",
]


class Provider(ArchiveTarget):
    """Base of every provider. Constructing connects nothing; :meth:`open` does.

    Class attributes:
        name: What ``provider = "..."`` says in the settings.
        idempotent: Does sending again with the same ``idempotency_key`` certainly send nothing new.
        external: Do other people and systems take part, or is it only this machine.
        about: What there is to read and write, in a phrase of people, such as "support e-mail inbox and website chat".
        service_name: What people call the service, in a word or two, such as "Slack"; both make tools be found.
        filters_exactly: It filters as the toolset does, and a search without words gives what its filters leave.
        imports_at_open: Modules that opening an account imports; a server has them ready before the first call.
        opens_ahead: Opening asks nobody and reads no credential, so a server opens the account before the first call.
        returns_stored: Writes return the stored message, so it needs no reading back.
        reads_by_id: Messages are listed by the id of a conversation alone; its title is shown once it is known.
        first_position: The position before all changes that ever were, where :meth:`changes` can begin there.
    """

    name: ClassVar[str]
    Settings: ClassVar[type[AccountSettings]] = AccountSettings
    limits: ClassVar[Limits] = Limits()
    idempotent: ClassVar[bool] = False
    external: ClassVar[bool] = True
    imports_at_open: ClassVar[tuple[str, ...]] = ()
    opens_ahead: ClassVar[bool] = False
    about: ClassVar[str] = ""
    service_name: ClassVar[str] = ""
    filters_exactly: ClassVar[bool] = False
    returns_stored: ClassVar[bool] = False
    reads_by_id: ClassVar[bool] = False
    first_position: ClassVar[str | None] = None

    def __init__(self, settings: AccountSettings) -> None:
        """Keep the settings; no I/O."""
        self.settings = settings

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Connect, and close on leaving exactly what was opened here.

        Raises:
            DragomanError: The account cannot be used with these settings.
        """
        yield cls(settings)

    @classmethod
    def capabilities(cls) -> frozenset[Capability]:
        """Capabilities that this class overrides."""
        return frozenset(c for c in Capability if getattr(cls, c.value) is not getattr(Provider, c.value))

    def withheld(self) -> frozenset[Capability]:
        """Capabilities that answers showed the credentials to lack; nothing is asked."""
        return frozenset()

    @classmethod
    async def advise(cls, settings: Mapping[str, object]) -> SettingsAdvice:
        """Find out what helps somebody who adds an account, from its required settings."""
        del settings
        return SettingsAdvice()

    async def check(self) -> str:
        """Prove with the cheapest call that the account works; a short sentence about what was reached, or an error."""
        try:
            await self.list_conversations(ConversationQuery(limit=1))
        except UnsupportedOperation:
            return "is ready; it lists no conversations, so name the one to read, as its service calls it"
        return "works"

    async def own_author(self) -> Author | None:
        """Whom the account speaks as, for ``author="me"``; ``None`` where the service does not tell."""
        return None

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Conversations, most recent first. Filters narrow as far as the service can; the caller filters again."""
        raise self._cannot(Capability.LIST_CONVERSATIONS)

    async def get_conversation(self, conversation: str) -> Conversation:
        """One conversation by id. The base knows only the id, which is right for services that tell no more.

        Raises:
            NotFound: The service says that there is none.
        """
        return Conversation(id=conversation)

    async def audience(self, conversation: str, draft: Draft | None = None) -> Audience:
        """Readers of a conversation now, read from the service for each question before a write.

        The base tells what :meth:`get_conversation` does; override it where more can be told of who is reached.

        Args:
            conversation: Where something is to be written.
            draft: What is to be sent; ``None`` when a message is changed or imported.

        Raises:
            NotFound: There is no such conversation.
        """
        del draft
        return Audience(conversation=await self.get_conversation(conversation))

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """Messages of a conversation, within a page oldest to newest whatever the order.

        The order of all messages is total and stable: a message never appears on two pages, also while
        others are added. Filters narrow as far as the service can; the caller filters again.

        Raises:
            NotFound: There is no such conversation. An empty one is an empty page.
        """
        raise self._cannot(Capability.LIST_MESSAGES)

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message with everything that is known of it.

        Raises:
            NotFound: There is no such conversation or message.
        """
        raise self._cannot(Capability.GET_MESSAGE)

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        """Messages that match, best first, as the service searches."""
        raise self._cannot(Capability.SEARCH_MESSAGES)

    @classmethod
    def tells_changes(cls) -> bool:
        """Whether this class overrides :meth:`changes`."""
        return cls.changes is not Provider.changes

    async def changes(self, position: str | None) -> Changes:
        """New, edited and deleted messages since a position. Reactions and reading are no changes.

        Args:
            position: That of the changes before; ``None`` asks for the position of this moment and no messages.

        Raises:
            Conflict: The service no longer knows the position; the caller reads the conversations instead.
        """
        raise UnsupportedOperation(sentence("The provider {} does not tell what has changed.", self.name))

    @classmethod
    def waits_for_changes(cls) -> bool:
        """Whether this class overrides :meth:`wait_for_changes`."""
        return cls.wait_for_changes is not Provider.wait_for_changes

    async def wait_for_changes(self, position: str, timeout: float) -> bool:  # noqa: ASYNC109  # callers go on either way
        """Wait until the service tells of a change. Cancelling it leaves nothing behind.

        Args:
            position: That of the last :meth:`changes`; a change between them and this call ends the wait at once.
            timeout: Most seconds to wait.

        Returns:
            True when :meth:`changes` is worth asking, False after the timeout.

        Raises:
            Conflict: The service no longer knows the position.
        """
        raise UnsupportedOperation(sentence("The provider {} cannot wait for changes.", self.name))

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Send, and return the message as the service stored it.

        Raises:
            OutcomeUnknown: It may have gone out. Every other error means that it certainly did not.
        """
        raise self._cannot(Capability.SEND_MESSAGE)

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change a message, and return it as it is afterwards."""
        raise self._cannot(Capability.UPDATE_MESSAGE)

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store a message from elsewhere with its author and time; nothing is sent to anybody.

        A non-empty ``message.id`` is the id it had elsewhere: importing it again changes nothing.
        """
        raise self._cannot(Capability.IMPORT_MESSAGE)

    async def find_sent(
        self, conversation: str, draft: Draft, since: datetime, known: Collection[str] = ()
    ) -> Message | None:
        """Look for a message whose sending was cut off, to find out whether it went out.

        The base looks for the same text among the newest messages; override it where there is a surer way.

        Args:
            conversation: Where it was to go.
            draft: What was to be sent.
            since: When sending began, by this machine's clock.
            known: Ids of messages that came of other writes.

        Raises:
            UnsupportedOperation: The service cannot be asked.
        """
        newest = await newest_since(partial(self.list_messages, conversation), since - CLOCKS_DIFFER)
        return match_sent_message(newest, draft.text, draft.reply_to, since, known, self.could_be_sent_by_us)

    @classmethod
    def begins_conversation(cls, conversation: str) -> bool:
        """Whether an id is that of a conversation which the first message begins. It gets another id then."""
        del conversation
        return False

    def text_to_send(self, text: str) -> str:
        """A text as it goes out, with a signature perhaps."""
        return text

    def check_draft(self, conversation: str, draft: Draft) -> None:
        """Refuse what the service cannot send, before anybody is asked; no I/O.

        Raises:
            InvalidArgument: What is missing or wrong.
        """

    @classmethod
    def names_recipients(cls, entry: str) -> bool:
        """Whether an entry of ``write_to`` names people instead of a conversation, in a form of the service's own."""
        del entry
        return False

    async def may_write_to(self, conversation: str, draft: Draft) -> bool:
        """Whether such entries of ``write_to`` name every recipient of a message.

        Asked only where ``write_to`` does not name the conversation itself.
        """
        del conversation, draft
        return False

    def could_be_sent_by_us(self, message: Message) -> bool:
        """Whether a message may be the result of sending. Override it where a service tells who wrote what.

        What others have said in the same words is not taken for a message whose sending was cut off.
        """
        return message.author.kind is not AuthorKind.ASSISTANT

    @classmethod
    def mass_mentions(cls, text: str) -> Sequence[str]:
        """Calls to many people that the service makes of a text, beyond the forms that are known of all services."""
        del text
        return ()

    @classmethod
    def linked_hosts(cls, text: str) -> Sequence[str]:
        """Hosts that the service makes a text link to, beyond the forms that are known of all services."""
        del text
        return ()

    def parse_link(self, link: str) -> tuple[str, str | None] | None:
        """Conversation id, and message id if any, of one of the service's own links; ``None`` for others."""
        return None

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """The cursor that goes on right after ``message`` in the order of ``query``, where it can be made.

        Lets a page be cut anywhere without reading it again; ``None`` makes the caller read it again.
        """
        return None

    def _cannot(self, capability: Capability) -> UnsupportedOperation:
        return UnsupportedOperation(
            sentence("The provider {} cannot {}.", self.name, unquoted(capability.value.replace("_", " ")))
        )
