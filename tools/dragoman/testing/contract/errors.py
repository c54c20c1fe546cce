"""Scenarios: what a service does wrong, and what a provider cannot do, is said in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.providers.base.provider import WRITES, Capability, Provider
from dragoman.testing.contract.base import READS, Contract, call, require_refused, scenario, seed
from dragoman.testing.contract.checks import FEWEST_WORDS, expect, require, require_plain
from dragoman.testing.contract.sample_messages import talk
from dragoman.testing.contract.service import Service, Trait

# Without OutcomeUnknown, because a read leaves nothing unknown.
READ_FAILURES: tuple[type[DragomanError], ...] = (
    InvalidArgument,
    NotFound,
    Unauthenticated,
    PermissionDenied,
    RateLimited,
    Unavailable,
    DeadlineExceeded,
    BadResponse,
)
WRITE_FAILURES: tuple[type[DragomanError], ...] = (
    Unauthenticated,
    PermissionDenied,
    RateLimited,
    Unavailable,
    Conflict,
    OutcomeUnknown,
)


class FailingScenarios(Contract):
    """What a provider promises about its errors."""

    @scenario()
    async def test_what_it_cannot_do_is_refused_in_a_sentence(self, service: Service, account: Provider) -> None:
        """Every operation that it does not override."""
        await seed(service, talk(1))
        await require_refused(account, [c for c in Capability if not self.can(c)])

    @scenario()
    async def test_every_exemption_has_a_reason(self, service: Service, account: Provider) -> None:  # noqa: ARG002  # as every scenario
        """A sentence for the reader of the test class."""
        for what, reason in self.exempt.items():
            name = what.name if isinstance(what, Trait) else what.__name__
            require(len(reason.split()) >= FEWEST_WORDS, f"The exemption {name} needs a reason in words.")

    @scenario()
    async def test_a_failing_read_raises_the_error_that_it_is(self, service: Service, account: Provider) -> None:
        """In plain words, without codes, pages or secrets; and when it is over the account works again."""
        reads = [c for c in READS if self.can(c)]  # one is enough: a provider maps failures in one place
        await self._require_failures(service, account, reads[:1], READ_FAILURES)

    @scenario()
    async def test_a_failing_write_raises_the_error_that_it_is(self, service: Service, account: Provider) -> None:
        """And says whether the message may have gone out: only ``OutcomeUnknown`` leaves that open."""
        writes = [c for c in Capability if c in WRITES and self.can(c)]
        await self._require_failures(service, account, writes, WRITE_FAILURES)

    async def _require_failures(
        self,
        service: Service,
        account: Provider,
        capabilities: list[Capability],
        kinds: tuple[type[DragomanError], ...],
    ) -> None:
        seeded = await seed(service, talk(2))
        room, message = seeded.conversation.id, seeded.messages[0].id
        wrong: list[str] = []
        for kind, capability in self._cases(capabilities, kinds):
            try:
                async with service.broken(kind):
                    error = await expect(kind, call(account, capability, room, message, self.change))
                require_plain(error, account.settings)
                unsure = isinstance(error, OutcomeUnknown)
                require((error.sent is None) == unsure, f"{kind.__name__}.sent is {error.sent}.")
                # Once it is over, the account works again: no failure may leave it broken.
                await call(account, capability, room, message, self.change)
            # Collected, so that the author of a provider sees all that is wrong in one run.
            except (AssertionError, DragomanError, NotImplementedError) as failure:
                wrong.append(f"{capability.value}, {kind.__name__}: {failure}")
        require(not wrong, "\n".join(wrong))

    def _cases(
        self, capabilities: list[Capability], kinds: tuple[type[DragomanError], ...]
    ) -> Iterator[tuple[type[DragomanError], Capability]]:
        for kind in kinds:
            for capability in capabilities:
                # Such a service may break down after it took the message, and then the outcome is unknown.
                unsure = kind is Unavailable and capability in WRITES and not self.has(Trait.UNAVAILABLE_WRITES)
                if kind not in self.exempt and not unsure:
                    yield kind, capability
