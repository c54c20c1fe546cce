"""Scenarios: what a provider tells of changes, if it tells any."""

from __future__ import annotations

from dragoman.core.errors import Conflict, UnsupportedOperation
from dragoman.core.model import Message
from dragoman.providers.base.provider import Capability, Draft, Provider
from dragoman.testing.contract.base import Contract, old_letter, require_missing, scenario, seed
from dragoman.testing.contract.checks import require, require_sound
from dragoman.testing.contract.sample_messages import talk
from dragoman.testing.contract.service import Service, Trait

_MOST_PARTS = 50
# Waiting ends at once where a provider is right; this bounds one that misses the change.
_LONGEST_WAIT = 20.0


class ChangesScenarios(Contract):
    """What ``changes`` promises."""

    @scenario()
    async def test_the_position_of_this_moment_comes_without_messages(
        self, service: Service, account: Provider
    ) -> None:
        """Or the provider refuses in plain words."""
        await seed(service, talk(2))
        if not self.provider.tells_changes():
            await require_missing(account, UnsupportedOperation, account.changes(None))
            return
        now = await account.changes(None)
        require(not now.messages, "Asked for the position alone, it gave messages.")
        require(not await _messages(account, now.position), "Nothing was changed, and something is told.")

    @scenario()
    async def test_what_is_written_after_a_position_is_told_once(self, service: Service, account: Provider) -> None:
        """By the changes from there on, and not again by those after them."""
        if not self.provider.tells_changes() or not self.can(Capability.LIST_MESSAGES):
            return
        seeded = await seed(service, talk(2))
        start = (await account.changes(None)).position
        written = await self._write(account, seeded.conversation.id)
        if written is None:
            return
        told = await _messages(account, start)
        require([one.id for one in told].count(written.id) == 1, "A new message is not told exactly once.")
        for one in told:
            require_sound(one, one.conversation)
        require(not {one.id for one in seeded.messages} & {one.id for one in told}, "Older messages are told as new.")
        # From the end of the log, not from the position that came with the message.
        require(not await _messages(account, await _end(account, start)), "What was told is told again.")

    @scenario(Capability.UPDATE_MESSAGE)
    async def test_a_changed_message_is_told_as_it_is_now(self, service: Service, account: Provider) -> None:
        """With the time of its edit where its text has changed."""
        if not self.provider.tells_changes() or not self.has(Trait.EDITS_TOLD):
            return
        seeded = await seed(service, talk(2))
        start = (await account.changes(None)).position
        change = self.change
        await account.update_message(seeded.conversation.id, seeded.messages[0].id, change)
        told = [one for one in await _messages(account, start) if one.id == seeded.messages[0].id]
        if change.text is not None:
            require([one.text for one in told[-1:]] == [change.text], "A changed text is not told.")
            require(told[-1].edited_at is not None, "A changed message has no time of its edit.")

    @scenario()
    async def test_a_position_that_is_not_known_is_a_conflict(self, service: Service, account: Provider) -> None:
        """So that the caller reads the conversations instead."""
        await seed(service, talk(1))
        if self.provider.tells_changes():
            await require_missing(account, Conflict, account.changes("no-such-position"))

    @scenario()
    async def test_waiting_ends_at_once_for_what_was_written_before(self, service: Service, account: Provider) -> None:
        """So that nothing is missed between asking and waiting; a provider that cannot wait says so."""
        seeded = await seed(service, talk(2))
        if not self.provider.waits_for_changes():
            await require_missing(account, UnsupportedOperation, account.wait_for_changes("", 0))
            return
        start = (await account.changes(None)).position
        require(not await account.wait_for_changes(start, 0), "Nothing was changed, and waiting says so.")
        if await self._write(account, seeded.conversation.id) is not None:
            require(await account.wait_for_changes(start, _LONGEST_WAIT), "Waiting misses what was written before.")

    async def _write(self, account: Provider, conversation: str) -> Message | None:
        if self.can(Capability.SEND_MESSAGE):
            return await account.send_message(conversation, Draft(text="Written after the position"))
        if self.can(Capability.IMPORT_MESSAGE):
            return await account.import_message(conversation, old_letter(conversation))
        return None


async def _messages(account: Provider, position: str) -> list[Message]:
    found: list[Message] = []
    for _ in range(_MOST_PARTS):
        changes = await account.changes(position)
        found += changes.messages
        if not changes.more:
            return found
        position = changes.position
    raise AssertionError("The changes do not end.")


async def _end(account: Provider, position: str) -> str:
    for _ in range(_MOST_PARTS):
        changes = await account.changes(position)
        position = changes.position
        if not changes.more:
            return position
    raise AssertionError("The changes do not end.")
