import re
from dataclasses import replace

import pytest
from breakage import Breakage, caught
from carrier_pigeon import LOFTS, CarrierPigeon

ROOMS = "test_all_conversations_come_once_most_recent_first"
breakage = Breakage()


@breakage.caught_by(ROOMS, saying="The order is")
class ListsRoomsAsTheyCome(CarrierPigeon):
    def _last(self, _loft, _room):
        return None


@breakage.caught_by(ROOMS, saying="These were lost")
class ListsOnePageOfRooms(CarrierPigeon):
    async def list_conversations(self, query):
        return replace(await super().list_conversations(query), cursor=None)


@breakage.caught_by("test_a_filter_of_conversations_loses_no_match", saying="The filter .* lost")
class MindsTheCaseOfTitles(CarrierPigeon):
    async def list_conversations(self, query):
        page = await super().list_conversations(query)
        return replace(page, items=[each for each in page.items if (query.text or "") in each.title])


@breakage.caught_by("test_a_conversation_by_its_id_is_the_one_of_the_list", saying="different titles")
class RenamesRooms(CarrierPigeon):
    async def get_conversation(self, conversation):
        return replace(await super().get_conversation(conversation), title="")


@breakage.caught_by("test_a_conversation_by_its_id_is_the_one_of_the_list", saying="audience tells of another")
class AsksAboutAnotherRoom(CarrierPigeon):
    async def audience(self, conversation, draft=None):
        told = await super().audience(conversation, draft)
        return replace(told, conversation=replace(told.conversation, id="another"))


@breakage.caught_by("test_search_pages_give_every_hit_once", saying="These were lost")
class FindsOnePage(CarrierPigeon):
    async def search_messages(self, query):
        return replace(await super().search_messages(query), cursor=None)


@breakage.caught_by(
    "test_a_search_finds_every_message_with_the_word", "test_search_filters_lose_no_match", saying="lost"
)
class FindsTheFirstRoomOnly(CarrierPigeon):
    async def search_messages(self, query):
        page = await super().search_messages(query)
        first = next(iter(LOFTS[self.settings.loft].rooms))
        return replace(page, items=[hit for hit in page.items if hit.message.conversation == first])


@breakage.caught_by("test_a_search_finds_every_message_with_the_word", saying="highlight")
class HighlightsTooFar(CarrierPigeon):
    async def search_messages(self, query):
        page = await super().search_messages(query)
        return replace(page, items=[replace(hit, highlights=((0, 10_000),)) for hit in page.items])


@breakage.caught_by("test_a_word_that_nobody_wrote_finds_nothing", saying="a word nobody wrote")
class FindsAnything(CarrierPigeon):
    async def search_messages(self, query):
        return await super().search_messages(replace(query, text=""))


@breakage.caught_by("test_awkward_searches_are_answered_or_refused_in_plain_words", saying="error: ")
class ReadsTextAsAPattern(CarrierPigeon):
    async def search_messages(self, query):
        re.compile(query.text)
        return await super().search_messages(query)


@breakage.caught_by("test_a_search_in_an_unknown_conversation_finds_nothing", saying="messages of another one")
class SearchesElsewhereInstead(CarrierPigeon):
    async def search_messages(self, query):
        return await super().search_messages(replace(query, conversation=None))


@pytest.mark.anyio
@pytest.mark.parametrize(("provider", "scenario", "saying"), breakage.cases)
async def test_a_broken_finder_is_caught(provider, scenario, saying):
    assert re.search(saying, await caught(provider, scenario))
