import re
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest
from breakage import Breakage, caught
from carrier_pigeon import LOFTS, CarrierPigeon, PigeonSettings

from dragoman import Author, BadResponse, Capability, Conversation, OutcomeUnknown, Page, UnsupportedOperation

SENT = "test_a_sent_message_is_read_back_as_it_was_returned"
CHANGED = "test_a_changed_text_is_read_back_and_nothing_else_changed"
MEMBERS = "test_subject_and_labels_change_and_clear_or_are_refused"
IMPORTED = "test_an_imported_message_is_read_back_with_its_author_and_time"
FAILING_READ = "test_a_failing_read_raises_the_error_that_it_is"
FAILING_WRITE = "test_a_failing_write_raises_the_error_that_it_is"
REFUSED = "test_what_it_cannot_do_is_refused_in_a_sentence"
breakage = Breakage()


@breakage.caught_by(SENT, saying="exactly once")
class AcknowledgesWithoutSending(CarrierPigeon):
    async def send_message(self, conversation, draft):
        sent = await super().send_message(conversation, draft)
        LOFTS[self.settings.loft].letters[conversation].remove(sent)
        return sent


@breakage.caught_by(SENT, saying="text is")
class ReturnsTheDraftInsteadOfTheLetter(CarrierPigeon):
    async def send_message(self, conversation, draft):
        sent = await super().send_message(conversation, replace(draft, text=f"{draft.text} (by pigeon)"))
        return replace(sent, text=draft.text)


@breakage.caught_by("test_sent_texts_arrive_as_they_were_written", saying="became")
@breakage.caught_by("test_imported_texts_arrive_as_they_were_written", saying="became")
class WritesPlainLetters(CarrierPigeon):
    async def _deliver(self, conversation, message):
        return await super()._deliver(conversation, replace(message, text=message.text.replace("\x00", "")))


OWN = "test_what_was_sent_is_marked_as_the_users_own"


@breakage.caught_by(OWN, saying="not marked as own")
class KnowsItselfAndMarksNothing(CarrierPigeon):
    async def own_author(self):
        return Author(id="me", name="Me", own=True)


@breakage.caught_by(OWN, saying="A name alone")
class TakesEveryNamesakeForTheUser(CarrierPigeon):
    async def own_author(self):
        return Author(id="me", name="Me", own=True)

    async def list_messages(self, conversation, query):
        page = await super().list_messages(conversation, query)
        mine = [
            replace(one, author=replace(one.author, own=True)) if one.author.name == "Me" else one for one in page.items
        ]
        return replace(page, items=mine)


@breakage.caught_by("test_a_reply_is_sent_as_one_or_refused", saying="does not name its parent")
class SendsRepliesAsLettersOfTheirOwn(CarrierPigeon):
    async def send_message(self, conversation, draft):
        return await super().send_message(conversation, replace(draft, reply_to=None))


@breakage.caught_by("test_nothing_is_sent_to_an_unknown_conversation", saying="NotFound was to be raised")
class SendsAnywhere(CarrierPigeon):
    def _letters(self, loft, conversation):
        loft.rooms.setdefault(conversation, Conversation(id=conversation))
        return loft.letters.setdefault(conversation, [])


@breakage.caught_by("test_messages_sent_at_the_same_time_all_arrive_once", saying="have the same id")
class GivesTheSameIdAtTheSameTime(CarrierPigeon):
    async def _deliver(self, conversation, message):
        number = len(self._letters(await self._fly(), conversation))
        await anyio.lowlevel.checkpoint()
        return await super()._deliver(conversation, replace(message, id=f"p{number}"))


@breakage.caught_by("test_a_cancelled_send_goes_out_at_most_once", saying="went out twice")
class SendsAgainWhenGivenUp(CarrierPigeon):
    async def send_message(self, conversation, draft):
        sent = await super().send_message(conversation, draft)
        try:
            await anyio.lowlevel.checkpoint()
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await super().send_message(conversation, draft)
            raise
        return sent


@breakage.caught_by(CHANGED, saying="text is")
class ChangesTheWholeRoom(CarrierPigeon):
    async def update_message(self, conversation, message, change):
        for letter in list(LOFTS[self.settings.loft].letters[conversation]):
            await super().update_message(conversation, letter.id, change)
        return await super().get_message(conversation, message)


@breakage.caught_by(CHANGED, saying="sent_at is")
class MovesWhatItChanges(CarrierPigeon):
    async def update_message(self, conversation, message, change):
        found = await super().update_message(conversation, message, change)
        return replace(found, sent_at=datetime.now(UTC))


@breakage.caught_by(MEMBERS, saying="The labels are")
class IgnoresLabels(CarrierPigeon):
    async def update_message(self, conversation, message, change):
        return await super().update_message(conversation, message, replace(change, labels=None))


@breakage.caught_by(MEMBERS, saying="The subject is")
class NeverClearsASubject(CarrierPigeon):
    async def update_message(self, conversation, message, change):
        return await super().update_message(conversation, message, replace(change, subject=change.subject or None))


@breakage.caught_by("test_an_unknown_message_cannot_be_changed", saying="KeyError")
class CrashesOnTheUnknown(CarrierPigeon):
    def _find(self, letters, message):
        return {each.id: each for each in letters}[message]


@breakage.caught_by(IMPORTED, saying="The time became")
class ImportsAsOfNow(CarrierPigeon):
    async def import_message(self, conversation, message):
        return await super().import_message(conversation, replace(message, sent_at=datetime.now(UTC)))


@breakage.caught_by("test_importing_the_same_message_again_changes_nothing", saying="id is")
class ImportsAgain(CarrierPigeon):
    async def import_message(self, conversation, message):
        return await super().import_message(conversation, replace(message, id=""))


@breakage.caught_by(FAILING_READ, FAILING_WRITE, saying="BadResponse was raised instead of Unauthenticated")
class BlamesTheAnswer(CarrierPigeon):
    async def _fly(self):
        if LOFTS[self.settings.loft].failure:
            raise BadResponse("The letter makes no sense.")
        return await super()._fly()


class Grumbling(CarrierPigeon):
    grumble = ""

    async def _fly(self):
        loft = LOFTS[self.settings.loft]
        if loft.failure:
            raise loft.failure(self.grumble.format(whistle=self.settings.whistle.get_secret_value()))
        return await super()._fly()


@breakage.caught_by(FAILING_READ, saying="is no sentence")
class SaysACode(Grumbling):
    grumble = "503"


@breakage.caught_by(FAILING_READ, saying="shows a status code")
class SaysACodeInASentence(Grumbling):
    grumble = "The loft answered with HTTP 503 today."


@breakage.caught_by(FAILING_READ, saying="service's page")
class ShowsThePage(Grumbling):
    grumble = "The loft answered <html> bad gateway </html>."


@breakage.caught_by(FAILING_READ, saying="shows a secret")
class TellsTheWhistle(Grumbling):
    grumble = "The pigeon does not listen to {whistle}."


@breakage.caught_by(FAILING_WRITE, saying="sent is None")
class IsNeverSure(CarrierPigeon):
    async def _fly(self):
        failure = LOFTS[self.settings.loft].failure
        if failure and failure is not OutcomeUnknown:
            raise failure("The pigeon was not seen again.", sent=None)
        return await super()._fly()


@breakage.caught_by(FAILING_READ, saying="The pigeon came back")
class StaysBroken(CarrierPigeon):
    async def _fly(self):
        self.offended = vars(self).get("offended") or LOFTS[self.settings.loft].failure
        if self.offended:
            raise self.offended("The pigeon came back without a letter.")
        return await super()._fly()


@breakage.caught_by(REFUSED, "test_a_search_finds_every_message_with_the_word", saying="is no sentence")
class RefusesWithoutWords(CarrierPigeon):
    search_messages = CarrierPigeon.__mro__[1].search_messages

    def _cannot(self, capability):
        return UnsupportedOperation(capability.value)


@breakage.caught_by("test_its_capabilities_are_what_it_overrides", saying="differs from what the class overrides")
class Boasts(CarrierPigeon):
    search_messages = CarrierPigeon.__mro__[1].search_messages

    @classmethod
    def capabilities(cls):
        return frozenset(Capability)


@breakage.caught_by("test_its_capabilities_are_what_it_overrides", saying="forbid extra keys")
class TakesAnySetting(CarrierPigeon):
    class Settings(PigeonSettings, extra="ignore"):
        pass


@breakage.caught_by("test_checking_says_in_one_line_what_was_reached", saying="check.. said")
class ChecksWithoutAWord(CarrierPigeon):
    async def check(self):
        return ""


@breakage.caught_by(
    "test_a_cancelled_read_ends_and_leaves_the_account_usable", saying="A cancelled list_messages answered"
)
class AnswersNothingWhenGivenUp(CarrierPigeon):
    async def list_messages(self, conversation, query):
        try:
            return await super().list_messages(conversation, query)
        except anyio.get_cancelled_exc_class():
            return Page()


class Sharing(CarrierPigeon):
    """All accounts of a loft share one gate, which the first to leave closes."""

    @classmethod
    @asynccontextmanager
    async def open(cls, settings):
        LOFTS[settings.loft].shut = False
        yield cls(settings)
        LOFTS[settings.loft].shut = True

    async def _fly(self):
        loft = await super()._fly()
        if loft.shut:
            raise RuntimeError("The loft is shut.")
        return loft


breakage.caught_by(
    "test_an_account_opened_twice_works_twice",
    "test_closing_twice_is_the_same_as_once",
    "test_closing_in_any_order_is_fine",
    saying="The loft is shut",
)(Sharing)


@breakage.caught_by("test_closing_twice_is_the_same_as_once", saying="closed already")
class ClosesOnce(CarrierPigeon):
    class Opening:
        def __init__(self, provider):
            self.provider, self.closed = provider, False

        async def __aenter__(self):
            return self.provider

        async def __aexit__(self, *failure):
            if self.closed:
                raise RuntimeError("closed already")
            self.closed = True

    @classmethod
    def open(cls, settings):
        return cls.Opening(cls(settings))


@breakage.caught_by("test_an_error_of_its_user_passes_through_and_closes_it", saying="was swallowed")
class SwallowsErrors(CarrierPigeon):
    @classmethod
    @asynccontextmanager
    async def open(cls, settings):
        with suppress(Exception):
            yield cls(settings)


@pytest.mark.anyio
@pytest.mark.parametrize(("provider", "scenario", "saying"), breakage.cases)
async def test_a_broken_writer_is_caught(provider, scenario, saying):
    assert re.search(saying, await caught(provider, scenario))
