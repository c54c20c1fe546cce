"""Scenarios: conversations and messages are found."""

from __future__ import annotations

from dataclasses import replace

from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.model import Conversation, Hit, Message, Page, SearchPage
from dragoman.providers.base.provider import Capability, ConversationQuery, Provider, SearchQuery
from dragoman.testing.contract.base import Contract, scenario, seed
from dragoman.testing.contract.checks import require, require_once, require_plain, require_same, require_sound, walk
from dragoman.testing.contract.sample_messages import MINUTE, OTHER, ROOM, START, WORD, say, talk
from dragoman.testing.contract.service import Seeded, Service

CONVERSATIONS, SEARCH = Capability.LIST_CONVERSATIONS, Capability.SEARCH_MESSAGES
# Syntax of FTS5, of SQL and of other searches, and characters that nobody sees.
AWKWARD = ('"', "'", "*", "%", "_", "\\", "(", "a AND", "NOT", "near/3", "-", "^a", "x:y", "\x00", "", "  ", "\u202e")


class FindingScenarios(Contract):
    """What ``list_conversations`` and ``search_messages`` promise."""

    @scenario(CONVERSATIONS)
    async def test_all_conversations_come_once_most_recent_first(self, service: Service, account: Provider) -> None:
        """Over pages, to the end."""
        seeded = [await self._room(service, n) for n in range(1, self.many // 2)]
        found = await self._conversations(account, ConversationQuery(limit=2))
        ids = [each.id for each in found]
        wanted = [each.conversation.id for each in reversed(seeded)]
        require_once([each for each in ids if each in wanted], wanted)
        require(len(set(ids)) == len(ids), "A conversation came twice.")
        times = [each.last_message_at for each in found if each.last_message_at]
        require(times == sorted(times, reverse=True), "The conversations do not come most recent first.")

    @scenario(CONVERSATIONS)
    async def test_a_filter_of_conversations_loses_no_match(self, service: Service, account: Provider) -> None:
        """By a part of the title in any case, and by kind; a provider may give more and never less."""
        seeded = [await seed(service, talk(1), room) for room in (ROOM, OTHER)]
        listed = {each.id: each for each in await self._conversations(account, ConversationQuery())}
        require(listed.keys() >= {each.conversation.id for each in seeded}, "A conversation is not listed.")
        for conversation in [listed[each.conversation.id] for each in seeded]:
            word = next(iter(conversation.title.lower().split()), None)
            for query in (
                ConversationQuery(text=word, limit=1),
                ConversationQuery(kind=conversation.kind, limit=1),
            ):
                found = {each.id for each in await self._conversations(account, query)}
                require(conversation.id in found, f"The filter {query} lost {conversation.id!r}.")

    @scenario(CONVERSATIONS)
    async def test_a_conversation_by_its_id_is_the_one_of_the_list(self, service: Service, account: Provider) -> None:
        """At least its id; where more is told, the same title and kind."""
        seeded = await seed(service, talk(1))
        listed = {each.id: each for each in await self._conversations(account, ConversationQuery())}
        require(seeded.conversation.id in listed, "A conversation with a message is not listed.")
        found = await account.get_conversation(seeded.conversation.id)
        require(found.id == seeded.conversation.id, "get_conversation answers another conversation.")
        if type(account).get_conversation is not Provider.get_conversation:
            require(found.title == listed[found.id].title, "get_conversation and the list tell different titles.")
            require(found.kind == listed[found.id].kind, "get_conversation and the list tell different kinds.")
        asked = (await account.audience(found.id)).conversation
        require(
            (asked.id, asked.title, asked.kind) == (found.id, found.title, found.kind),
            "audience tells of another conversation than get_conversation.",
        )

    @scenario(SEARCH)
    async def test_a_search_finds_every_message_with_the_word(self, service: Service, account: Provider) -> None:
        """In every conversation, as the message that it is."""
        here, there = await self._two_rooms(service)
        wanted = {_place(m): m for m in (*here.messages, *there.messages) if WORD in m.text}
        hits = await self._hits(account, SearchQuery(text=WORD))
        require_once(sorted(_place(hit.message) for hit in hits), sorted(wanted))
        for hit in hits:
            expected = wanted[_place(hit.message)]
            require_sound(hit.message, expected.conversation)
            require_same(replace(hit.message, text=expected.text) if hit.message.partial else hit.message, expected)

    @scenario(SEARCH)
    async def test_search_pages_give_every_hit_once(self, service: Service, account: Provider) -> None:
        """Page by page, to the end."""
        seeded = await seed(service, [say(n, f"{WORD} number {n}") for n in range(1, self.many + 1)])
        hits = await self._hits(account, SearchQuery(text=WORD, limit=self.limit))
        require_once(sorted(hit.message.id for hit in hits), sorted(m.id for m in seeded.messages))

    @scenario(SEARCH)
    async def test_search_filters_lose_no_match(self, service: Service, account: Provider) -> None:
        """By conversation, author and time; a provider may give more and never less."""
        here, there = await self._two_rooms(service)
        first = here.messages[0]
        sent_at = first.sent_at or START
        wanted = {_place(m) for m in here.messages if WORD in m.text}
        for query, matches in (
            (SearchQuery(text=WORD, conversation=here.conversation.id), wanted),
            (SearchQuery(text=WORD, author=first.author.name), {_place(first)}),
            (SearchQuery(text=WORD, since=sent_at, until=sent_at + MINUTE), {_place(first)}),
        ):
            found = {_place(hit.message) for hit in await self._hits(account, query)}
            # More than the matches is allowed, because the caller filters again.
            require(matches <= found, f"The search lost {sorted(matches - found)}.")
        in_there = await self._hits(account, SearchQuery(text=WORD, conversation=there.conversation.id))
        require(bool(in_there), "The search in one conversation lost its only match.")

    @scenario(SEARCH)
    async def test_a_word_that_nobody_wrote_finds_nothing(self, service: Service, account: Provider) -> None:
        """An empty page that ends, not an error."""
        await seed(service, talk(2))
        require(
            not await self._hits(account, SearchQuery(text="zxqvjkwp")), "Something was found for a word nobody wrote."
        )

    @scenario(SEARCH)
    async def test_awkward_searches_are_answered_or_refused_in_plain_words(
        self, service: Service, account: Provider
    ) -> None:
        """What means something in a query language is only text to the person who looks for it."""
        await seed(service, talk(2))
        for text in AWKWARD:
            try:
                await account.search_messages(SearchQuery(text=text))
            except DragomanError as error:
                require_plain(error, account.settings)

    @scenario(SEARCH)
    async def test_a_search_in_an_unknown_conversation_finds_nothing(self, service: Service, account: Provider) -> None:
        """Nothing, or it is not found; never hits from elsewhere."""
        await seed(service, [say(1, WORD)])
        query = SearchQuery(text=WORD, conversation=self.missing[0])
        try:
            hits = await self._hits(account, query)
        except NotFound:
            return
        require(not hits, "A search in an unknown conversation found messages of another one.")

    async def _room(self, service: Service, number: int) -> Seeded:
        room = Conversation(id=f"room{number}", title=f"Room {number}", kind=ROOM.kind)
        return await seed(service, [replace(say(number), conversation=room.id)], room)

    async def _two_rooms(self, service: Service) -> tuple[Seeded, Seeded]:
        here = (say(1, f"To the {WORD}!"), say(2, "Which one?"), say(3, f"The old {WORD} of course."))
        there = replace(say(4, f"A {WORD} keeper wanted."), conversation=OTHER.id)
        return await seed(service, here), await seed(service, [there], OTHER)

    async def _conversations(self, account: Provider, query: ConversationQuery) -> list[Conversation]:
        async def fetch(cursor: str | None) -> Page[Conversation]:
            return await account.list_conversations(replace(query, cursor=cursor))

        found = [each for page in await walk(fetch) for each in page.items]
        require(all(each.id for each in found), "A conversation has no id.")
        return found

    async def _hits(self, account: Provider, query: SearchQuery) -> list[Hit]:
        async def fetch(cursor: str | None) -> SearchPage:
            return await account.search_messages(replace(query, cursor=cursor))

        hits = [hit for page in await walk(fetch) for hit in page.items]
        for hit in hits:
            _require_highlights(hit)
        return hits


def _place(message: Message) -> str:
    """What tells a message from all others: its id is unique in its conversation only."""
    return f"{message.conversation} / {message.id}"


def _require_highlights(hit: Hit) -> None:
    shown = hit.message.text if hit.excerpt is None else hit.excerpt
    inside = all(0 <= start < end <= len(shown) for start, end in hit.highlights)
    require(inside, f"A highlight of {hit.message.id!r} lies outside of what is shown.")
