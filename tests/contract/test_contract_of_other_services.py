"""The contract fits services of other kinds, and says everything that is wrong at once."""

from dataclasses import replace
from typing import ClassVar

import pytest
from breakage import caught
from carrier_pigeon import CarrierPigeon
from pigeon_service import PigeonService

from dragoman.core.model import Hit
from dragoman.testing import ProviderContract
from dragoman.testing.contract.errors import READ_FAILURES, WRITE_FAILURES

ELSEWHERE = "test_a_message_of_another_conversation_is_not_found"
pytestmark = pytest.mark.anyio


class NumberedService(PigeonService):
    """Gives the messages of each conversation the ids 1, 2, 3, as IMAP and Telegram do."""

    async def seed(self, conversation, messages):
        first = len(self.loft.letters.get(conversation.id, ())) + 1
        numbers = {one.id: str(number) for number, one in enumerate(messages, first)}
        return await super().seed(
            conversation,
            [replace(one, id=numbers[one.id], reply_to=numbers.get(one.reply_to)) for one in messages],
        )


class TestNumberedPigeon(ProviderContract):
    provider = CarrierPigeon
    odd_ids: ClassVar = ("a b", "c/d")

    @pytest.fixture
    def service(self):
        return NumberedService()


class LooksEverywhere(CarrierPigeon):
    async def get_message(self, conversation, message):
        rooms = (await self._fly()).letters
        here = [each for each in rooms[conversation] if each.id == message]
        found = [each for name, room in rooms.items() if name != conversation for each in room if each.id == message]
        return replace((found or here)[0], conversation=conversation)


class SearchesTheWrongRoom(CarrierPigeon):
    async def search_messages(self, query):
        page = await super().search_messages(query)
        return replace(page, items=[Hit(message=replace(hit.message, conversation="room")) for hit in page.items])


async def caught_with_numbers(provider, scenario, monkeypatch):
    monkeypatch.setattr("breakage.PigeonService", NumberedService)
    return await caught(provider, scenario)


async def test_a_message_of_another_conversation_is_still_told_from_one_of_this(monkeypatch):
    assert "another conversation" in await caught_with_numbers(LooksEverywhere, ELSEWHERE, monkeypatch)
    said = await caught_with_numbers(
        SearchesTheWrongRoom, "test_a_search_finds_every_message_with_the_word", monkeypatch
    )
    assert "room" in said


class Rewriting(CarrierPigeon):
    """Rewrites every text that it sends or reads."""

    def rewrite(self, text):
        raise NotImplementedError

    async def send_message(self, conversation, draft):
        return await super().send_message(conversation, replace(draft, text=self.rewrite(draft.text)))

    async def list_messages(self, conversation, query):
        page = await super().list_messages(conversation, query)
        return replace(page, items=[replace(one, text=self.rewrite(one.text)) for one in page.items])


class Strips(Rewriting):
    def rewrite(self, text):
        return text.strip()


class StripsTheEnd(Rewriting):
    def rewrite(self, text):
        return text.rstrip()


class RewritesLineEnds(Rewriting):
    def rewrite(self, text):
        return text.replace("\r\n", "\n")


class DropsReturns(Rewriting):
    def rewrite(self, text):
        return text.replace("\r", "\n")


@pytest.mark.parametrize("provider", [Strips, StripsTheEnd, RewritesLineEnds, DropsReturns])
@pytest.mark.parametrize(
    "scenario", ["test_hostile_texts_arrive_unchanged", "test_sent_texts_arrive_as_they_were_written"]
)
async def test_outer_white_space_and_line_ends_are_part_of_a_text(provider, scenario):
    assert await caught(provider, scenario)


@pytest.mark.parametrize(
    ("scenario", "kinds"),
    [
        ("test_a_failing_read_raises_the_error_that_it_is", READ_FAILURES),
        ("test_a_failing_write_raises_the_error_that_it_is", WRITE_FAILURES),
    ],
)
async def test_all_errors_that_a_service_does_not_cause_yet_are_listed_at_once(scenario, kinds, monkeypatch):
    monkeypatch.delattr(PigeonService, "broken")
    said = await caught(CarrierPigeon, scenario)
    assert [kind.__name__ for kind in kinds if kind.__name__ not in said] == []


async def test_a_wrong_parent_is_named():
    class Misleads(CarrierPigeon):
        async def list_messages(self, conversation, query):
            page = await super().list_messages(conversation, query)
            return replace(page, items=[replace(one, reply_to="m6") if one.id == "m5" else one for one in page.items])

    said = await caught(Misleads, "test_replies_name_their_parent")
    assert "'m5' answers 'm6' instead of 'm3'" in said
    assert "m4" not in said
