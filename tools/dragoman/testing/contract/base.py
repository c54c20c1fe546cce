"""What every group of scenarios stands on: the hooks of a test class and the decorator of a scenario."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import wraps
from itertools import count
from typing import ClassVar, Final, TypeVar

import anyio
import pytest

from dragoman.core.errors import DragomanError, InvalidArgument, UnsupportedOperation
from dragoman.core.model import Author, Conversation, Message
from dragoman.providers.base.provider import (
    Capability,
    Change,
    ConversationQuery,
    Draft,
    MessageQuery,
    Provider,
    SearchQuery,
)
from dragoman.testing.contract.checks import expect, require, require_plain
from dragoman.testing.contract.sample_messages import ROOM
from dragoman.testing.contract.service import Exempt, Seeded, Service, Trait

SCENARIO: Final = "__dragoman_scenario__"
# A label that a message has already would be no change.
_changes: Final = count(1)
READS: Final = (
    Capability.LIST_MESSAGES,
    Capability.GET_MESSAGE,
    Capability.SEARCH_MESSAGES,
    Capability.LIST_CONVERSATIONS,
)


class Contract:
    """The hooks of a provider's test class.

    Class attributes:
        provider: The class under test.
        exempt: Every honest difference, with its reason: traits that the service lacks, errors it cannot cause.
        odd_ids: The oddest ids that conversations and messages of the service may have; each is seeded as both.
        missing: Ids of a conversation and of a message, of the service's form, that do not exist.
        limit: How many messages a page of the scenarios asks for.
        large: How many a page may be asked for at most by a tool; services that give fewer go on with a cursor.
        many: How many messages make several pages at that limit; raise it where a service's pages are coarser.
        long: Characters of the longest text that is seeded and sent.
        patience: Seconds after which a scenario counts as hanging.
    """

    provider: ClassVar[type[Provider]]
    exempt: ClassVar[Exempt] = {}
    odd_ids: ClassVar[tuple[str, ...]] = ("cnv/π 7?", "50%25 & more/../é", "a:b#c=d+e", "Ünï©ode-\U0001f680")
    missing: ClassVar[tuple[str, str]] = ("no-such-conversation", "no-such-message")
    limit: ClassVar[int] = 3
    large: ClassVar[int] = 200
    many: ClassVar[int] = 10
    long: ClassVar[int] = 200_000
    patience: ClassVar[float] = 20.0

    pytestmark: ClassVar[list[pytest.MarkDecorator]] = [pytest.mark.anyio]

    @pytest.fixture(scope="module")
    @staticmethod
    def anyio_backend() -> str:
        """The event loop that Dragoman is made for."""
        return "asyncio"

    @pytest.fixture
    def service(self) -> Service:
        """What stands behind the provider, fresh for each scenario; every test class has its own."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `service` that returns a Service.")

    @pytest.fixture
    async def account(self, service: Service) -> AsyncIterator[Provider]:
        """The provider, opened on the service."""
        async with self.provider.open(service.settings) as account:
            yield account

    def has(self, trait: Trait) -> bool:
        """Whether the service has a trait."""
        return trait not in self.exempt

    @property
    def change(self) -> Change:
        """A change that the service can make, if it can make any; another one each time."""
        return Change(text="Changed") if self.has(Trait.TEXTS) else Change(labels=(f"changed{next(_changes)}",))

    def can(self, *capabilities: Capability) -> bool:
        """Whether the provider has all of these."""
        return self.provider.capabilities().issuperset(capabilities)


Kinds = type[DragomanError] | tuple[type[DragomanError], ...]

C = TypeVar("C", bound=Contract)
Body = Callable[[C, Service, Provider], Awaitable[None]]


def scenario(*needs: Capability) -> Callable[[Body[C]], Body[C]]:
    """Make a method a scenario: bounded in time, and for providers that can do what it needs.

    Of a provider without one of the capabilities it asks that the operation is refused in plain words.
    """

    def decorate(body: Body[C]) -> Body[C]:
        @wraps(body)
        async def run(self: C, service: Service, account: Provider) -> None:
            lacking = [capability for capability in needs if not self.can(capability)]
            with anyio.move_on_after(self.patience) as scope:
                if lacking:
                    await require_refused(account, lacking)
                else:
                    await body(self, service, account)
            # A sentence of its own: a runner's time limit would not say which scenario hangs.
            require(not scope.cancelled_caught, f"It did not end within {self.patience:g} seconds.")

        # By it the suite tells its scenarios from other methods.
        setattr(run, SCENARIO, True)
        return run

    return decorate


async def require_refused(account: Provider, capabilities: Iterable[Capability]) -> None:
    """Check that operations raise ``UnsupportedOperation`` with a sentence."""
    for capability in capabilities:
        error = await expect(UnsupportedOperation, call(account, capability, ROOM.id, "m1"))
        require_plain(error, account.settings)


async def require_missing(account: Provider, kinds: Kinds, call: Awaitable[object]) -> None:
    """Check that a call fails in this way, in plain words."""
    require_plain(await expect(kinds, call), account.settings)


REFUSED: Final = (UnsupportedOperation, InvalidArgument)


async def call(
    account: Provider, capability: Capability, conversation: str, message: str, change: Change | None = None
) -> object:
    """The plainest call of each operation."""
    wanted = change or Change(text="Changed")
    calls: dict[Capability, Callable[[], Awaitable[object]]] = {
        Capability.LIST_CONVERSATIONS: lambda: account.list_conversations(ConversationQuery()),
        Capability.LIST_MESSAGES: lambda: account.list_messages(conversation, MessageQuery()),
        Capability.GET_MESSAGE: lambda: account.get_message(conversation, message),
        Capability.SEARCH_MESSAGES: lambda: account.search_messages(SearchQuery(text="anything")),
        Capability.SEND_MESSAGE: lambda: account.send_message(conversation, Draft(text="Hello")),
        Capability.UPDATE_MESSAGE: lambda: account.update_message(conversation, message, wanted),
        Capability.IMPORT_MESSAGE: lambda: account.import_message(conversation, old_letter(conversation)),
    }
    return await calls[capability]()


def old_letter(conversation: str, text: str = "An old letter", id: str = "") -> Message:  # noqa: A002  # as in the model
    """A message from elsewhere."""
    sent_at = datetime(2019, 5, 4, 3, 2, 1, tzinfo=UTC)
    return Message(id=id, conversation=conversation, author=Author(name="Old Friend"), sent_at=sent_at, text=text)


async def seed(service: Service, messages: Sequence[Message], conversation: Conversation = ROOM) -> Seeded:
    """Seed a conversation and check that the service gave back as much as it was given."""
    seeded = await service.seed(conversation, messages)
    if len(seeded.messages) != len(messages):
        raise AssertionError("Service.seed() has to return every message that it was given, in the same order.")
    return seeded
