"""Scenarios: what is written is there, once, and nothing else changed."""

from __future__ import annotations

from dataclasses import replace

import anyio

from dragoman.core.errors import NotFound
from dragoman.core.model import Author, Message, Order
from dragoman.providers.base.provider import Capability, Change, Draft, MessageQuery, Provider
from dragoman.testing.contract.base import REFUSED, Contract, old_letter, require_missing, scenario, seed
from dragoman.testing.contract.checks import read, require, require_same, require_sound
from dragoman.testing.contract.sample_messages import HOSTILE, furnished, talk
from dragoman.testing.contract.service import Service, Trait

LIST, SEND = Capability.LIST_MESSAGES, Capability.SEND_MESSAGE
UPDATE, IMPORT = Capability.UPDATE_MESSAGE, Capability.IMPORT_MESSAGE
AT_ONCE = 8


class WritingScenarios(Contract):
    """What ``send_message``, ``update_message`` and ``import_message`` promise."""

    @scenario(SEND, LIST)
    async def test_a_sent_message_is_read_back_as_it_was_returned(self, service: Service, account: Provider) -> None:
        """After everything that was there before, with an id."""
        seeded = await seed(service, talk(2))
        sent = await account.send_message(seeded.conversation.id, Draft(text="Sent just now"))
        found = await self._messages(account, seeded.conversation.id)
        ids = [m.id for m in found]
        require(ids.count(sent.id) == 1, "The sent message is not in the list exactly once.")
        require(ids[:2] == [m.id for m in seeded.messages], "Sending changed what was there before.")
        require_sound(sent, seeded.conversation.id)
        require_same(found[ids.index(sent.id)], sent)

    @scenario(SEND, LIST)
    async def test_what_was_sent_is_marked_as_the_users_own(self, service: Service, account: Provider) -> None:
        """Where the provider knows whom it speaks for; nobody's name makes a message the user's own."""
        me = await account.own_author()
        # Names can be chosen freely, so one that equals the user's must not make a message the user's.
        namesake = Author(name=me.name if me else "me", id="somebody-else")
        seeded = await seed(service, [replace(talk(1)[0], author=namesake)])
        await account.send_message(seeded.conversation.id, Draft(text="Sent by the user"))
        own = [m for m in await self._messages(account, seeded.conversation.id) if m.author.own]
        require(me is None or "Sent by the user" in [m.text for m in own], "The user's message is not marked as own.")
        keeps_authors = seeded.messages[0].author.id == namesake.id
        forged = keeps_authors and seeded.messages[0].id in [m.id for m in own]
        require(not forged, "A name alone has made a message the user's own.")

    @scenario(SEND, LIST)
    async def test_sent_texts_arrive_as_they_were_written(self, service: Service, account: Provider) -> None:
        """Hostile and long ones too; what is returned is what the service stored."""
        seeded = await seed(service, talk(1))
        long = ("0123456789 " * self.long)[: min(self.long, account.limits.text_length or self.long)].rstrip()
        for text in (*HOSTILE, long):
            sent = await account.send_message(seeded.conversation.id, Draft(text=text))
            [found] = [m for m in await self._messages(account, seeded.conversation.id) if m.id == sent.id]
            # Lists may shorten texts, which they mark as partial.
            require(found.partial or found.text == sent.text, "What was returned differs from what is stored.")
            require(sent.text == text or not self.has(Trait.VERBATIM), f"{text[:40]!r} became {sent.text[:40]!r}.")

    @scenario(SEND, LIST)
    async def test_a_reply_is_sent_as_one_or_refused(self, service: Service, account: Provider) -> None:
        """Never quietly as a message of its own."""
        seeded = await seed(service, talk(2))
        draft = Draft(text="An answer", reply_to=seeded.messages[0].id)
        if not self.has(Trait.REPLIES):
            await require_missing(account, REFUSED, account.send_message(seeded.conversation.id, draft))
            return
        sent = await account.send_message(seeded.conversation.id, draft)
        require(sent.reply_to == seeded.messages[0].id, "The reply does not name its parent.")

    @scenario(SEND)
    async def test_nothing_is_sent_to_an_unknown_conversation(self, service: Service, account: Provider) -> None:
        """It is not found, and certainly did not go out."""
        await seed(service, talk(1))
        await require_missing(account, NotFound, account.send_message(self.missing[0], Draft(text="Anybody there?")))

    @scenario(SEND, LIST)
    async def test_messages_sent_at_the_same_time_all_arrive_once(self, service: Service, account: Provider) -> None:
        """Each under an id of its own."""
        seeded = await seed(service, talk(1))
        texts, sent = [f"Sent at once, number {n}" for n in range(AT_ONCE)], list[Message]()

        async def send(text: str) -> None:
            sent.append(await account.send_message(seeded.conversation.id, Draft(text=text)))

        async with anyio.create_task_group() as tasks:
            for text in texts:
                tasks.start_soon(send, text)
        require(len({m.id for m in sent}) == AT_ONCE, "Two messages that were sent at once have the same id.")
        found = [m.id for m in await self._messages(account, seeded.conversation.id)]
        for message in sent:
            require(found.count(message.id) == 1, f"{message.text!r} is there {found.count(message.id)} times.")

    @scenario(UPDATE, LIST)
    async def test_a_changed_text_is_read_back_and_nothing_else_changed(
        self, service: Service, account: Provider
    ) -> None:
        """The message keeps its id, author, time and place; its neighbours stay as they were."""
        seeded = await seed(service, talk(3))
        before = seeded.messages[1]
        if not self.has(Trait.TEXTS):
            change = Change(text="Changed my mind")
            await require_missing(account, REFUSED, account.update_message(seeded.conversation.id, before.id, change))
            return
        changed = await account.update_message(seeded.conversation.id, before.id, Change(text="Changed my mind"))
        expected = replace(before, text="Changed my mind", edited_at=changed.edited_at)
        require_same(changed, expected)
        found = await self._messages(account, seeded.conversation.id)
        for message, wanted in zip(found, (seeded.messages[0], expected, seeded.messages[2]), strict=True):
            require_same(message, wanted)

    @scenario(UPDATE)
    async def test_subject_and_labels_change_and_clear_or_are_refused(
        self, service: Service, account: Provider
    ) -> None:
        """``None`` leaves a member, an empty one clears it; what cannot be changed is never ignored."""
        seeded = await seed(service, [furnished()])
        room, message = seeded.conversation.id, seeded.messages[0].id
        for change in (Change(subject="Another"), Change(subject="")):
            if not self.has(Trait.SUBJECTS):
                await require_missing(account, REFUSED, account.update_message(room, message, change))
                continue
            found = await account.update_message(room, message, change)
            require((found.subject or "") == change.subject, f"The subject is {found.subject!r} after {change}.")
            require(found.text == seeded.messages[0].text, "Changing the subject changed the text.")
        for change in (Change(labels=("one", "two")), Change(labels=())):
            if not self.has(Trait.LABELS):
                await require_missing(account, REFUSED, account.update_message(room, message, change))
                continue
            found = await account.update_message(room, message, change)
            require(set(found.labels) == set(change.labels or ()), f"The labels are {found.labels} after {change}.")
            require(found.text == seeded.messages[0].text, "Changing the labels changed the text.")

    @scenario(UPDATE)
    async def test_an_unknown_message_cannot_be_changed(self, service: Service, account: Provider) -> None:
        """It is not found, also under the id of a message of another conversation."""
        seeded = await seed(service, talk(1))
        for ids in ((seeded.conversation.id, self.missing[1]), (self.missing[0], seeded.messages[0].id)):
            await require_missing(account, NotFound, account.update_message(*ids, self.change))

    @scenario(IMPORT, LIST)
    async def test_an_imported_message_is_read_back_with_its_author_and_time(
        self, service: Service, account: Provider
    ) -> None:
        """In its place among the others, which stay as they were."""
        seeded = await seed(service, talk(2))
        letter = old_letter(seeded.conversation.id)
        imported = await account.import_message(seeded.conversation.id, letter)
        require_sound(imported, seeded.conversation.id)
        found = {m.id: m for m in await self._messages(account, seeded.conversation.id)}
        require(set(found) == {imported.id, *(m.id for m in seeded.messages)}, "The import lost or added something.")
        require_same(found[imported.id], imported)
        by, at = imported.author.name == letter.author.name, imported.sent_at == letter.sent_at
        require(by or not self.has(Trait.IMPORT_AUTHORS), f"The author became {imported.author.name!r}.")
        require(at or not self.has(Trait.IMPORT_TIMES), f"The time became {imported.sent_at}.")

    @scenario(IMPORT, LIST)
    async def test_imported_texts_arrive_as_they_were_written(self, service: Service, account: Provider) -> None:
        """Hostile ones too."""
        seeded = await seed(service, talk(1))
        for text in HOSTILE:
            imported = await account.import_message(seeded.conversation.id, old_letter(seeded.conversation.id, text))
            [found] = [m for m in await self._messages(account, seeded.conversation.id) if m.id == imported.id]
            require(found.partial or found.text == imported.text, "What was returned differs from what is stored.")
            require(imported.text == text or not self.has(Trait.VERBATIM), f"{text!r} became {imported.text!r}.")

    @scenario(IMPORT, LIST)
    async def test_importing_the_same_message_again_changes_nothing(self, service: Service, account: Provider) -> None:
        """The id that it had elsewhere tells that it is there already."""
        if not self.has(Trait.IMPORT_ONCE):
            return
        seeded = await seed(service, talk(1))
        letter = old_letter(seeded.conversation.id, id="letter/1 ?")
        first = await account.import_message(seeded.conversation.id, letter)
        before = await self._messages(account, seeded.conversation.id)
        again = await account.import_message(seeded.conversation.id, letter)
        require_same(again, first)
        after = await self._messages(account, seeded.conversation.id)
        require([m.id for m in after] == [m.id for m in before], "Importing again added or lost a message.")

    async def _messages(self, account: Provider, conversation: str) -> list[Message]:
        pages = await read(account, conversation, MessageQuery(order=Order.OLDEST))
        return [m for page in pages for m in page.items]
