"""Scenarios: opening, closing, many calls at once, and calls that are given up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import anyio
import anyio.lowlevel

from dragoman.core.model import Order
from dragoman.providers.base.provider import Capability, Draft, MessageQuery, Provider
from dragoman.testing.contract.base import READS, Contract, call, scenario, seed
from dragoman.testing.contract.checks import in_order, read, require, require_once
from dragoman.testing.contract.sample_messages import talk
from dragoman.testing.contract.service import Seeded, Service

AT_ONCE = 16
# Turns of the event loop before a call is given up: it is met at different points of its way.
STEPS = 6


class _MarkError(Exception):
    """Something that goes wrong in the code that uses an account."""


class LivingScenarios(Contract):
    """What a provider promises about its life and about calls at the same time."""

    @scenario()
    async def test_its_capabilities_are_what_it_overrides(self, service: Service, account: Provider) -> None:
        """And it has a name and settings of its own that refuse misspelt keys."""
        own = type(account)
        overridden = frozenset(c for c in Capability if getattr(own, c.value) is not getattr(Provider, c.value))
        require(account.capabilities() == overridden, "capabilities() differs from what the class overrides.")
        require(account.name == service.settings.provider, "The name differs from the one in the settings.")
        forbids = account.Settings.model_config.get("extra") == "forbid"
        require(forbids, "Settings has to forbid extra keys, or a misspelt setting is without effect.")

    @scenario()
    async def test_checking_says_in_one_line_what_was_reached(self, service: Service, account: Provider) -> None:
        """For people who run ``dragoman check``; without ``list_conversations`` a provider brings its own."""
        await seed(service, talk(1))
        said = await account.check()
        require(bool(said.strip()) and "\n" not in said, f"check() said {said!r}.")

    @scenario()
    async def test_an_account_opened_twice_works_twice(self, service: Service, account: Provider) -> None:
        """And goes on working when one of the two is closed."""
        seeded = await seed(service, talk(3))
        async with self.provider.open(service.settings) as second:
            await self._require_usable(second, seeded)
            await self._require_usable(account, seeded)
        await self._require_usable(account, seeded)

    @scenario()
    async def test_closing_twice_is_the_same_as_once(self, service: Service, account: Provider) -> None:
        """And afterwards it can be opened anew."""
        seeded = await seed(service, talk(3))
        opening = self.provider.open(service.settings)
        first = await opening.__aenter__()
        await self._require_usable(first, seeded)
        await opening.__aexit__(None, None, None)
        await opening.__aexit__(None, None, None)
        await self._require_usable(account, seeded)
        async with self.provider.open(service.settings) as anew:
            await self._require_usable(anew, seeded)

    @scenario()
    async def test_an_error_of_its_user_passes_through_and_closes_it(self, service: Service, account: Provider) -> None:
        """Closing neither swallows nor replaces it."""
        seeded = await seed(service, talk(3))
        try:
            await self._go_wrong(service)
        except _MarkError:
            await self._require_usable(account, seeded)
        else:
            raise AssertionError("The error of the code that used the account was swallowed.")

    async def _go_wrong(self, service: Service) -> None:
        async with self.provider.open(service.settings):
            raise _MarkError

    @scenario()
    async def test_closing_in_any_order_is_fine(self, service: Service, account: Provider) -> None:
        """Accounts of the same settings do not share what they close."""
        seeded = await seed(service, talk(3))
        async with AsyncExitStack() as first, AsyncExitStack() as second:
            await first.enter_async_context(self.provider.open(service.settings))
            later = await second.enter_async_context(self.provider.open(service.settings))
            await self._require_usable(later, seeded)
        await self._require_usable(account, seeded)

    @scenario(Capability.LIST_MESSAGES)
    async def test_many_reads_at_once_answer_as_one_does(self, service: Service, account: Provider) -> None:
        """Each with its own pages."""
        seeded = await seed(service, talk(self.many))

        async def whole(order: Order) -> None:
            query = MessageQuery(order=order, limit=self.limit)
            pages = await read(account, seeded.conversation.id, query)
            require_once(in_order(pages, latest=order is Order.LATEST), [m.id for m in seeded.messages])

        async with anyio.create_task_group() as tasks:
            for n in range(AT_ONCE):
                tasks.start_soon(whole, list(Order)[n % 2])

    @scenario()
    async def test_a_cancelled_read_ends_and_leaves_the_account_usable(
        self, service: Service, account: Provider
    ) -> None:
        """Wherever it was: it is cancelled, or it had the right answer already."""
        seeded = await seed(service, talk(3))
        room, message = seeded.conversation.id, seeded.messages[0].id
        for capability in (c for c in READS if self.can(c)):
            whole = await call(account, capability, room, message)
            for steps in range(STEPS):
                answer = await _give_up_after(steps, partial(call, account, capability, room, message))
                # The answer may have been there in the moment of the cancellation; half of it never.
                require(answer in ([], [whole]), f"A cancelled {capability.value} answered {answer!r:.200}.")
            await self._require_usable(account, seeded)

    @scenario(Capability.SEND_MESSAGE, Capability.LIST_MESSAGES)
    async def test_a_cancelled_send_goes_out_at_most_once(self, service: Service, account: Provider) -> None:
        """And leaves the account usable."""
        seeded = await seed(service, talk(1))
        room = seeded.conversation.id
        for steps in range(STEPS):
            draft = Draft(text=f"Given up after {steps} steps")
            answer = await _give_up_after(steps, partial(account.send_message, room, draft))
            texts = [m.text for page in await read(account, room, MessageQuery()) for m in page.items]
            require(texts.count(draft.text) <= 1, "A cancelled message went out twice.")
            # Cancelled without an answer it may be there or not: the service may have had it already.
            require(not answer or draft.text in texts, "A message was acknowledged and is not there.")

    async def _require_usable(self, account: Provider, seeded: Seeded) -> None:
        """Check with one read that the account works."""
        if self.can(Capability.LIST_MESSAGES):
            pages = await read(account, seeded.conversation.id, MessageQuery())
            require_once(in_order(pages, latest=True), [m.id for m in seeded.messages])
        elif self.can(Capability.GET_MESSAGE):
            for message in seeded.messages:
                await account.get_message(seeded.conversation.id, message.id)
        else:
            await account.check()


async def _give_up_after(steps: int, make: Callable[[], Awaitable[object]]) -> list[object]:
    """Cancel a call after some turns of the event loop; its answer if it had one by then."""
    answers: list[object] = []

    async def run() -> None:
        answers.append(await make())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    return answers
