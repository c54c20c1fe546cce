"""Scenarios: what is read is what is there."""

from __future__ import annotations

from dataclasses import replace

from dragoman.core.errors import NotFound
from dragoman.core.model import Message, Order
from dragoman.providers.base.provider import Capability, MessageQuery, Provider
from dragoman.testing.contract.base import Contract, require_missing, scenario, seed
from dragoman.testing.contract.checks import in_order, read, require, require_same, require_sound
from dragoman.testing.contract.sample_messages import (
    HOSTILE,
    MINUTE,
    OTHER,
    ROOM,
    START,
    branching,
    furnished,
    say,
    talk,
)
from dragoman.testing.contract.service import Service, Trait

LIST, GET = Capability.LIST_MESSAGES, Capability.GET_MESSAGE
STRANGE_LINKS = (
    "",
    "4811",
    "not a link",
    "https://",
    "https://[::1",
    "https://dragoman.invalid/room/m1?x=%zz#y",
    "tel:+49-30-901820",
    "javascript:alert(1)",
    "\x00\u202e",
)


class ReadingScenarios(Contract):
    """What ``list_messages`` and ``get_message`` promise about messages."""

    @scenario(LIST)
    async def test_everything_that_the_service_has_of_a_message_arrives(
        self, service: Service, account: Provider
    ) -> None:
        """Author, time, subject, labels, reactions, files."""
        seeded = await seed(service, [furnished()])
        [found] = await self._messages(account, seeded.conversation.id)
        require_same(found, seeded.messages[0])

    @scenario(LIST)
    async def test_hostile_texts_arrive_unchanged(self, service: Service, account: Provider) -> None:
        """No quoting, trimming, unescaping or cutting on the way."""
        seeded = await seed(service, [say(n, text) for n, text in enumerate(HOSTILE, 1)])
        for found, expected in zip(await self._messages(account, seeded.conversation.id), seeded.messages, strict=True):
            require_same(found, expected)

    @scenario(GET)
    async def test_a_long_text_arrives_whole(self, service: Service, account: Provider) -> None:
        """``get_message`` gives all of it, up to what the service allows."""
        seeded = await seed(service, [say(1, self._long_text(account))])
        [expected] = seeded.messages
        found = await account.get_message(seeded.conversation.id, expected.id)
        require(found.text == expected.text, f"{len(found.text)} of {len(expected.text)} characters arrived unchanged.")

    @scenario(LIST, GET)
    async def test_a_message_by_its_id_is_the_one_of_the_list(self, service: Service, account: Provider) -> None:
        """The list may give an excerpt, marked as partial, and nothing else may differ."""
        seeded = await seed(service, (*branching(), furnished()))
        for listed in await self._messages(account, seeded.conversation.id):
            found = await account.get_message(seeded.conversation.id, listed.id)
            require_sound(found, seeded.conversation.id)
            require_same(found, replace(listed, text=found.text) if listed.partial else listed)

    @scenario(GET)
    async def test_an_unknown_message_is_not_found(self, service: Service, account: Provider) -> None:
        """In a conversation that exists, and in one that does not."""
        seeded = await seed(service, talk(1))
        conversation, message = self.missing
        await require_missing(account, NotFound, account.get_message(seeded.conversation.id, message))
        await require_missing(account, NotFound, account.get_message(conversation, message))

    @scenario(GET)
    async def test_a_message_of_another_conversation_is_not_found(self, service: Service, account: Provider) -> None:
        """Who may read one conversation does not read another one through it."""
        here = await seed(service, talk(1))
        there = await seed(service, [replace(say(n), conversation=OTHER.id) for n in (7, 8, 9)], OTHER)
        own = {one.id: one.text for one in here.messages}
        for message in there.messages:
            if message.id not in own:
                await require_missing(account, NotFound, account.get_message(here.conversation.id, message.id))
                continue
            found = await account.get_message(here.conversation.id, message.id)  # ids are unique in a conversation only
            require(found.text == own[message.id], f"Message {message.id!r} is the one of another conversation.")

    @scenario(LIST)
    async def test_a_thread_is_its_root_and_everything_below(self, service: Service, account: Provider) -> None:
        """A provider may give more and never less."""
        seeded = await seed(service, branching())
        root = seeded.messages[0]
        below = {root.id}
        for message in seeded.messages:
            below |= {message.id} if message.reply_to in below else set()
        pages = await read(account, seeded.conversation.id, MessageQuery(thread=root.id, limit=2))
        found = in_order(pages, latest=True)
        require(below <= set(found), f"The thread lacks {sorted(below - set(found))}.")
        require(len(set(found)) == len(found), "A message of the thread came twice.")

    @scenario(LIST)
    async def test_a_filter_by_time_loses_no_match(self, service: Service, account: Provider) -> None:
        """``since`` includes its moment, ``until`` does not; a provider may give more and never less."""
        seeded = await seed(service, talk(self.many))
        since, until = START + 3 * MINUTE, START + 7 * MINUTE
        # Nobody knows when a message without a time was sent, so a filter may not lose it.
        matches = [m.id for m in seeded.messages if m.sent_at is None or since <= m.sent_at < until]
        for order in Order:
            query = MessageQuery(since=since, until=until, order=order, limit=2)
            await self._require_found(account, seeded.conversation.id, query, matches)
            total = (await account.list_messages(seeded.conversation.id, query)).total
            told = f"A page with `since` tells {total} as the total of a conversation of {self.many} messages."
            require(total in (None, self.many), told)

    @scenario(LIST)
    async def test_a_filter_by_author_loses_no_match(self, service: Service, account: Provider) -> None:
        """By name, by a part of it in any case, and by id."""
        seeded = await seed(service, talk(self.many))
        wanted = seeded.messages[0].author
        matches = [m.id for m in seeded.messages if m.author.name == wanted.name]
        for author in (wanted.name, wanted.name[:2].lower(), wanted.id or wanted.name):
            query = MessageQuery(author=author, limit=2)
            await self._require_found(account, seeded.conversation.id, query, matches)

    @scenario(LIST)
    async def test_a_filter_that_nothing_passes_ends(self, service: Service, account: Provider) -> None:
        """An author who said nothing, and a time before everything."""
        seeded = await seed(service, talk(self.many))
        for query in (MessageQuery(author="Nobody Nowhere", limit=2), MessageQuery(until=START - MINUTE, limit=2)):
            await read(account, seeded.conversation.id, query)

    @scenario(LIST)
    async def test_replies_name_their_parent(self, service: Service, account: Provider) -> None:
        """By its id, whatever page the parent is on."""
        seeded = await seed(service, branching())
        pages = await read(account, seeded.conversation.id, MessageQuery(limit=1))
        found = {m.id: m.reply_to for page in pages for m in page.items}
        wrong = [
            f"{m.id!r} answers {found.get(m.id)!r} instead of {m.reply_to!r}"
            for m in seeded.messages
            if m.id not in found or found[m.id] != m.reply_to
        ]
        require(not wrong, f"The replies name other parents: {'; '.join(wrong)}.")
        some = any(m.reply_to for m in seeded.messages)
        require(some or not self.has(Trait.REPLIES), f"No reply was seeded; is {Trait.REPLIES.name} a trait?")

    @scenario(LIST, GET)
    async def test_odd_ids_work_as_any_other(self, service: Service, account: Provider) -> None:
        """Slashes, blanks, percent signs and question marks are part of an id."""
        said: dict[tuple[str, str], str] = {}
        for odd in self.odd_ids:
            letter = replace(say(1, f"Said in {odd}"), id=odd, conversation=odd)
            seeded = await seed(service, [letter], replace(ROOM, id=odd, title=f"Room {odd}"))
            [message] = seeded.messages
            said[seeded.conversation.id, message.id] = message.text
        require(len(said) == len(self.odd_ids), "Two odd ids became the same one.")
        for (conversation, message_id), text in said.items():
            [listed] = await self._messages(account, conversation)
            require(listed.text == text, f"Conversation {conversation!r} has {listed.text!r} instead of {text!r}.")
            found = await account.get_message(conversation, message_id)
            require(found.text == text, f"Message {message_id!r} is {found.text!r} instead of {text!r}.")

    @scenario(LIST)
    async def test_the_link_of_a_message_leads_back_to_it(self, service: Service, account: Provider) -> None:
        """Where a provider tells links and reads them."""
        seeded = await seed(service, talk(3))
        for message in await self._messages(account, seeded.conversation.id):
            located = account.parse_link(message.url) if message.url else None
            require(
                located in (None, (seeded.conversation.id, message.id)),
                f"The link {message.url!r} of message {message.id!r} leads to {located}.",
            )

    @scenario()
    async def test_what_is_no_link_of_the_service_leads_nowhere(self, service: Service, account: Provider) -> None:
        """Tools ask every account about whatever a caller wrote."""
        await seed(service, talk(1))
        for text in STRANGE_LINKS:
            require(account.parse_link(text) is None, f"{text!r} was taken for a link of the service.")

    async def _require_found(
        self, account: Provider, conversation: str, query: MessageQuery, matches: list[str]
    ) -> None:
        found = in_order(await read(account, conversation, query), latest=query.order is Order.LATEST)
        lost = [each for each in matches if each not in found]
        require(not lost, f"The filter lost {lost}.")
        require(len(set(found)) == len(found), "A filtered list repeats a message.")

    async def _messages(self, account: Provider, conversation: str) -> list[Message]:
        pages = await read(account, conversation, MessageQuery(order=Order.OLDEST))
        return [m for page in pages for m in page.items]

    def _long_text(self, account: Provider) -> str:
        length = min(self.long, account.limits.text_length or self.long)
        return "".join(f"{n:07d} " for n in range(length // 8 + 1))[:length].rstrip()
