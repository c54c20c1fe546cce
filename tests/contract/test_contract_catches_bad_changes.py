from dataclasses import replace

import pytest
from breakage import Breakage, caught
from carrier_pigeon import LOFTS, CarrierPigeon

from dragoman import Changes, Conflict

MOMENT = "test_the_position_of_this_moment_comes_without_messages"
WRITTEN = "test_what_is_written_after_a_position_is_told_once"
CHANGED = "test_a_changed_message_is_told_as_it_is_now"
UNKNOWN = "test_a_position_that_is_not_known_is_a_conflict"
WAITING = "test_waiting_ends_at_once_for_what_was_written_before"
breakage = Breakage()
LOGS: dict[str, list[tuple[str, str]]] = {}


class TellingPigeon(CarrierPigeon):
    """A pigeon that tells what it has carried, two letters at a time."""

    @property
    def log(self):
        return LOGS.setdefault(self.settings.loft, [])

    async def _deliver(self, conversation, message):
        letter = await super()._deliver(conversation, message)
        self.log.append((conversation, letter.id))
        return letter

    async def update_message(self, conversation, message, change):
        letter = await super().update_message(conversation, message, change)
        self.log.append((conversation, message))
        return letter

    async def changes(self, position):
        loft = await self._fly()
        end = len(self.log)
        if position is None:
            return Changes(position=str(end))
        if not position.isdigit() or int(position) > end:
            raise Conflict("The position is not known.", hint="Read the conversations instead.")
        start = int(position)
        told = self.log[start : start + 2]
        letters = [self._find(self._letters(loft, room), letter) for room, letter in told]
        return Changes(messages=letters, position=str(start + len(told)), more=start + len(told) < end)

    async def wait_for_changes(self, position, timeout):  # noqa: ASYNC109 - the name that the contract gives it
        del timeout
        return int(position) < len(self.log)


@breakage.caught_by(MOMENT, saying="gave messages")
class TellsEverythingAtOnce(TellingPigeon):
    async def changes(self, position):
        if position is None:
            return Changes(messages=next(iter(LOFTS[self.settings.loft].letters.values())), position="0")
        return await super().changes(position)


@breakage.caught_by(WRITTEN, saying="not told exactly once")
class ForgetsWhatItSent(TellingPigeon):
    async def changes(self, position):
        return replace(await super().changes(position), messages=())


@breakage.caught_by(WRITTEN, saying="told again")
class StaysWhereItWas(TellingPigeon):
    async def changes(self, position):
        changes = await super().changes(position)
        return changes if position is None else replace(changes, position=position)


@breakage.caught_by(CHANGED, saying="not told")
class TellsNothingOfEdits(TellingPigeon):
    async def update_message(self, conversation, message, change):
        return await CarrierPigeon.update_message(self, conversation, message, change)


@breakage.caught_by(UNKNOWN, saying="Conflict was to be raised")
class BelievesEveryPosition(TellingPigeon):
    async def changes(self, position):
        return await super().changes(position if position is None or position.isdigit() else "0")


@breakage.caught_by(WAITING, saying="waiting says so")
class WakesForNothing(TellingPigeon):
    async def wait_for_changes(self, position, timeout):  # noqa: ASYNC109 - the name that the contract gives it
        return True


@breakage.caught_by(WAITING, saying="misses what was written before")
class WaitsForWhatComesLater(TellingPigeon):
    async def wait_for_changes(self, position, timeout):  # noqa: ASYNC109 - the name that the contract gives it
        return False


@pytest.mark.anyio
@pytest.mark.parametrize("scenario", [MOMENT, WRITTEN, CHANGED, UNKNOWN, WAITING])
async def test_a_provider_that_tells_its_changes_passes(scenario):
    assert await caught(TellingPigeon, scenario) == ""


@pytest.mark.anyio
@pytest.mark.parametrize(("provider", "scenario", "saying"), breakage.cases)
async def test_it_is_caught(provider, scenario, saying):
    assert saying in await caught(provider, scenario)
