import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from breakage import Breakage, caught
from carrier_pigeon import LOFTS, CarrierPigeon

from dragoman import InvalidArgument, Message, NotFound, Order, Page

LATEST = "test_latest_pages_give_every_message_once_in_order"
OLDEST = "test_oldest_pages_give_every_message_once_in_order"
ARRIVING = "test_messages_that_arrive_while_paging_to_the_past_disturb_nothing"
ARRIVING_LAST = "test_messages_that_arrive_while_paging_from_the_oldest_come_last"
SAME_MOMENT = "test_messages_of_the_same_moment_come_once_each_in_a_stable_order"
breakage = Breakage()


class Rewriting(CarrierPigeon):
    """Changes each page, or each message, on the way out."""

    def page(self, page, _query):
        return replace(page, items=[self.message(each) for each in page.items])

    def message(self, message: Message) -> Message:
        return message

    async def list_messages(self, conversation, query):
        return self.page(await super().list_messages(conversation, query), query)

    async def get_message(self, conversation, message):
        return self.message(await super().get_message(conversation, message))


@breakage.caught_by(LATEST, OLDEST, "test_many_reads_at_once_answer_as_one_does", saying="These were lost")
class LosesOneAtThePageBorder(Rewriting):
    def page(self, page, query):
        lost = slice(1, None) if query.order is Order.LATEST else slice(None, -1)
        return replace(page, items=page.items[lost]) if page.cursor and len(page.items) > 1 else page


@breakage.caught_by(LATEST, OLDEST, saying="These came twice")
class RepeatsOneAtThePageBorder(CarrierPigeon):
    def cursor_after(self, message, query):
        cursor = int(super().cursor_after(message, query))
        last = len(LOFTS[self.settings.loft].letters[message.conversation])
        return str(min(cursor + 1, last - 1) if query.order is Order.LATEST else max(cursor - 1, 1))


@breakage.caught_by(LATEST, OLDEST, saying="The order is")
class ShowsNewestFirst(Rewriting):
    def page(self, page, _query):
        return replace(page, items=page.items[::-1])


@breakage.caught_by("test_replies_name_their_parent", saying="other parents")
class ForgetsParents(Rewriting):
    def message(self, message):
        return replace(message, reply_to=None)


@breakage.caught_by(LATEST, OLDEST, "test_an_empty_conversation_is_an_empty_list", saying="empty string is none")
class EndsWithAnEmptyString(Rewriting):
    def page(self, page, _query):
        return replace(page, cursor=page.cursor or "")


@breakage.caught_by(LATEST, "test_a_filter_that_nothing_passes_ends", saying="never end")
class NeverEnds(Rewriting):
    def page(self, page, query):
        return replace(page, cursor=query.cursor or "1")


@breakage.caught_by(LATEST, saying="The total is told as")
class TellsThePageAsTheTotal(Rewriting):
    def page(self, page, _query):
        return replace(page, total=len(page.items))


@breakage.caught_by("test_a_limit_of_one_still_reaches_the_end", saying="These were lost")
class FindsOneTooSmall(Rewriting):
    def page(self, page, query):
        return Page() if query.limit == 1 else page


@breakage.caught_by(ARRIVING, saying="These came twice")
class CountsFromTheNewest(CarrierPigeon):
    async def list_messages(self, conversation, query):
        everything = self._letters(await self._fly(), conversation)
        start = int(query.cursor or 0)
        newest = everything[::-1][start : start + query.limit] if query.order is Order.LATEST else everything[::-1]
        more = start + query.limit < len(everything) and query.order is Order.LATEST
        return Page(items=newest[::-1], cursor=str(start + query.limit) if more else None)


@breakage.caught_by(ARRIVING_LAST, saying="These were lost")
class ReadsTheOldestFromAGrowingEnd(CarrierPigeon):
    async def list_messages(self, conversation, query):
        everything = self._letters(await self._fly(), conversation)
        if query.order is Order.LATEST:
            return await super().list_messages(conversation, query)
        left = int(query.cursor or len(everything))
        start = len(everything) - left
        end = start + query.limit
        return Page(items=everything[start:end], cursor=str(left - query.limit) if end < len(everything) else None)


@breakage.caught_by(SAME_MOMENT, saying="These were lost")
class GoesOnAfterTheTimeOfTheLastMessage(CarrierPigeon):
    async def list_messages(self, conversation, query):
        everything = self._letters(await self._fly(), conversation)
        sign = -1 if query.order is Order.LATEST else 1
        ordered = sorted(everything, key=lambda m: sign * m.sent_at.timestamp())
        rest = [m for m in ordered if query.cursor is None or sign * m.sent_at.timestamp() > float(query.cursor)]
        items = rest[: query.limit]
        cursor = str(sign * items[-1].sent_at.timestamp()) if len(rest) > query.limit else None
        return Page(items=items[::sign], cursor=cursor)


@breakage.caught_by("test_a_cursor_made_after_a_message_goes_on_right_there", saying="These do not belong here")
class MakesCursorsOneOff(CarrierPigeon):
    async def list_messages(self, conversation, query):
        page = await super().list_messages(conversation, query)
        return page if page.cursor is None else replace(page, cursor=str(int(page.cursor) - 1))

    def cursor_after(self, message, query):
        return str(int(super().cursor_after(message, query)) + 1)


@breakage.caught_by("test_an_unknown_conversation_is_not_found", saying="NotFound was to be raised")
class KnowsEveryConversation(CarrierPigeon):
    def _letters(self, loft, conversation):
        return loft.letters.get(conversation, [])


@breakage.caught_by(
    "test_an_unknown_conversation_is_not_found", "test_an_unknown_message_is_not_found", saying="KeyError"
)
class CrashesOnTheUnknown(CarrierPigeon):
    def _letters(self, loft, conversation):
        return loft.letters[conversation]

    def _find(self, letters, message):
        return {each.id: each for each in letters}[message]


@breakage.caught_by("test_a_cursor_from_nowhere_is_no_crash", saying="ValueError")
class TrustsEveryCursor(CarrierPigeon):
    async def list_messages(self, conversation, query):
        int(query.cursor or 0)
        return await super().list_messages(conversation, query)


@breakage.caught_by("test_odd_ids_work_as_any_other", saying="NotFound")
class ReadsIdsAsPaths(CarrierPigeon):
    async def list_messages(self, conversation, query):
        return await super().list_messages(conversation.partition("?")[0], query)


@breakage.caught_by("test_hostile_texts_arrive_unchanged", saying="text is")
class TidiesTexts(Rewriting):
    def message(self, message):
        return replace(message, text=re.sub(r"[\x00-\x08]", "", message.text))


@breakage.caught_by(
    "test_a_long_text_arrives_whole",
    "test_a_message_by_its_id_is_the_one_of_the_list",
    saying="arrived unchanged|text is",
)
class CutsTexts(CarrierPigeon):
    async def get_message(self, conversation, message):
        found = await super().get_message(conversation, message)
        return replace(found, text=found.text[:10])


@breakage.caught_by("test_everything_that_the_service_has_of_a_message_arrives", saying="attachments is")
class ForgetsFiles(Rewriting):
    def message(self, message):
        return replace(message, attachments=())


@breakage.caught_by(LATEST, saying="without a zone")
class TellsTimesWithoutAZone(Rewriting):
    def message(self, message):
        return replace(message, sent_at=message.sent_at.replace(tzinfo=None))


@breakage.caught_by(LATEST, saying="has no name")
class NamesNobody(Rewriting):
    def message(self, message):
        return replace(message, author=replace(message.author, name=" "))


@breakage.caught_by("test_a_message_of_another_conversation_is_not_found", saying="NotFound was to be raised")
class LooksEverywhere(CarrierPigeon):
    async def get_message(self, conversation, message):
        rooms = (await self._fly()).letters.values()
        found = [each for room in rooms for each in room if each.id == message]
        if not found:
            raise NotFound("The loft has no such letter.")
        return replace(found[0], conversation=conversation)


@breakage.caught_by("test_a_filter_by_time_loses_no_match", saying="The filter lost")
class LeavesOutItsFirstMoment(Rewriting):
    def page(self, page, query):
        return replace(page, items=[each for each in page.items if each.sent_at != query.since])


@breakage.caught_by("test_a_filter_by_time_loses_no_match", saying="with `since` tells 4 as the total")
class CountsWhatItShows(Rewriting):
    def page(self, page, query):
        return replace(page, total=4 if query.since else page.total)


@breakage.caught_by("test_a_filter_by_author_loses_no_match", saying="The filter lost")
class WantsTheWholeName(Rewriting):
    def page(self, page, query):
        kept = [each for each in page.items if query.author in {None, each.author.name, each.author.id}]
        return replace(page, items=kept)


@breakage.caught_by("test_a_thread_is_its_root_and_everything_below", saying="The thread lacks")
class KnowsChildrenOnly(Rewriting):
    def page(self, page, query):
        kept = [each for each in page.items if query.thread in {None, each.id, each.reply_to}]
        return replace(page, items=kept)


@breakage.caught_by("test_the_largest_limit_of_the_tools_is_no_error", saying="The limit is too large")
class RefusesLargePages(CarrierPigeon):
    async def list_messages(self, conversation, query):
        if query.limit > 100:
            raise InvalidArgument("The limit is too large.")
        return await super().list_messages(conversation, query)


@breakage.caught_by("test_the_link_of_a_message_leads_back_to_it", saying="leads to")
class LinksToTheFirst(Rewriting):
    def message(self, message):
        return replace(message, url=f"pigeon://{message.conversation}/{message.id}")

    def parse_link(self, link):
        return link.removeprefix("pigeon://").split("/")[0], "m1"


@breakage.caught_by("test_what_is_no_link_of_the_service_leads_nowhere", saying="Invalid IPv6 URL")
class TrustsEveryLink(CarrierPigeon):
    def parse_link(self, link):
        return ("room", None) if urlsplit(link).netloc == "pigeon.example" else None


@pytest.mark.anyio
@pytest.mark.parametrize(("provider", "scenario", "saying"), breakage.cases)
async def test_a_broken_reader_is_caught(provider, scenario, saying):
    assert re.search(saying, await caught(provider, scenario))
