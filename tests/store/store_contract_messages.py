"""What every store promises of numbers, messages and conversations."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Conversation, ConversationKind, Message
from dragoman.core.queries import MessageQuery, SearchQuery
from dragoman.store.messages import CONVERSATIONS

START = datetime(2026, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def message(id_, text="hello", **rest):
    fields = {"conversation": "room", "account": "acc", "author": Author(name="Ann"), "sent_at": START, **rest}
    return Message(id=id_, text=text, **fields)


async def found(store, text, account="acc", **query):
    page = await store.messages.search(account, SearchQuery(text=text, **query))
    return [hit.message.id for hit in page.items]


class MessagesContract:
    """Numbers are given once, texts are found, and conversations are remembered."""

    async def test_numbers_follow_first_sight_and_stay(self, store):
        first = await store.messages.number([message("a"), message("b")])
        again = await store.messages.number([message("b"), message("c")])
        assert [m.number for m in first] == [1, 2]
        assert [m.number for m in again] == [2, 3]

    async def test_a_parent_that_was_never_seen_gets_its_number_first(self, store):
        (reply,) = await store.messages.number([message("reply", reply_to="parent")])
        (parent,) = await store.messages.number([message("parent")])
        assert (reply.reply_to_number, reply.number) == (1, 2)
        assert parent.number == 1

    async def test_the_same_id_elsewhere_is_another_message(self, store):
        seen = await store.messages.number(
            [message("a"), message("a", conversation="other"), message("a", account="other")]
        )
        assert len({m.number for m in seen}) == 3

    async def test_a_number_leads_back_to_its_message(self, store):
        (seen,) = await store.messages.number([message("a/π 7?", conversation="cnv \ud800")])
        assert await store.messages.locate(seen.number) == ("acc", "cnv \ud800", "a/π 7?")
        assert [await store.messages.locate(n) for n in (0, -1, 99, 2**63, 10**30)] == [None] * 5

    async def test_numbers_only_keeps_no_text(self, store):
        (seen,) = await store.messages.number([message("a", "secret")], "numbers")
        assert seen.number == 1
        assert await found(store, "secret") == []
        await store.messages.number([message("a", "secret")], "full")
        assert await found(store, "secret") == ["a"]

    async def test_off_gives_no_number_and_keeps_nothing(self, store):
        assert await store.messages.number([message("a")], "off") == [message("a")]
        assert await store.messages.locate(1) is None

    async def test_an_edit_replaces_what_is_found(self, store):
        await store.messages.number([message("a", "old words")])
        await store.messages.number([message("a", "new words", edited_at=START)])
        assert await found(store, "old") == []
        assert await found(store, "new") == ["a"]

    async def test_an_earlier_state_or_an_excerpt_does_not_replace_the_whole_text(self, store):
        await store.messages.number([message("a", "the whole text", edited_at=START + timedelta(1))])
        await store.messages.number([message("a", "old text", edited_at=START)])
        await store.messages.number([message("a", "the whole", partial=True)])
        assert await found(store, "whole text") == ["a"]

    async def test_search_stays_within_account_and_conversation_and_tells_how_far_back_it_goes(self, store):
        late = {"sent_at": START + timedelta(1)}
        await store.messages.number(
            [message("a"), message("b", conversation="other", **late), message("c", account="second", **late)]
        )
        page = await store.messages.search("acc", SearchQuery(text="hello"))
        assert {hit.message.id for hit in page.items} == {"a", "b"}
        assert page.back_to == START
        narrow = await store.messages.search("acc", SearchQuery(text="hello", conversation="other"))
        assert [hit.message.id for hit in narrow.items] == ["b"]
        assert narrow.back_to == late["sent_at"]
        assert await found(store, "hello", "nobody") == []
        assert await found(store, "hello", conversation="nowhere") == []

    async def test_letters_as_typed_come_before_others_that_fold_to_them_however_pages_are_cut(self, store):
        folded = [message(f"f{n:03}", "café", sent_at=START + timedelta(minutes=n)) for n in range(300)]
        exact = [message(f"e{n}", "the cafe " + "and much else " * 9, sent_at=START - DAY * n) for n in range(4)]
        await store.messages.number([*folded, *exact])
        whole = await found(store, "cafe", limit=400)
        assert whole[:4] == ["e0", "e1", "e2", "e3"]
        assert whole[4:] == [f"f{n:03}" for n in reversed(range(300))]
        for limit in (1, 7, 100):
            pages, cursor = [], None
            while len(pages) < 2 * limit + 8:
                page = await store.messages.search("acc", SearchQuery(text="cafe", limit=limit, cursor=cursor))
                pages += [hit.message.id for hit in page.items]
                cursor = page.cursor
            assert pages == whole[: len(pages)]

    async def test_of_very_many_equals_the_newest_come_first_however_pages_are_cut(self, store):
        chance = random.Random(3)
        days = chance.sample(range(2300), 2300)
        await store.messages.number([message(f"m{day:04}", "many thanks", sent_at=START + DAY * day) for day in days])
        await store.messages.number([message("best", "thanks", sent_at=START)])
        for limit in (50, 170, 200):
            pages, cursor = [], None
            for _ in range(12):
                page = await store.messages.search("acc", SearchQuery(text="thanks", limit=limit, cursor=cursor))
                pages += [hit.message.id for hit in page.items]
                cursor = page.cursor
            assert pages == ["best", *(f"m{day:04}" for day in range(2299, -1, -1))][: 12 * limit]

    async def test_found_messages_have_account_number_and_parent(self, store):
        await store.messages.number([message("root"), message("reply", "needle", reply_to="root")])
        page = await store.messages.search("acc", SearchQuery(text="needle"))
        hit = page.items[0]
        assert (hit.message.account, hit.message.number, hit.message.reply_to_number) == ("acc", 2, 1)

    async def test_what_is_told_of_a_conversation_is_remembered_and_not_forgotten_by_silence(self, store):
        people = {"participants": ("Ann",), "members": 12, "external": ("Ann <ann@x.example>",)}
        told = Conversation(id="c", account="acc", title="Launch", kind=ConversationKind.CHANNEL, **people)
        await store.messages.remember_conversations([told])
        await store.messages.remember_conversations([Conversation(id="c", account="acc", unread=3)])
        assert await store.messages.conversation("acc", "c") == replace(told, unread=3)
        assert (
            await store.messages.conversations()
            == await store.messages.conversations("acc")
            == [replace(told, unread=3)]
        )
        assert await store.messages.conversations("other") == []

    async def test_conversations_that_were_only_passed_through_are_not_told(self, store):
        await store.messages.number([message("a")])
        assert await store.messages.conversation("acc", "room") is None
        assert await store.messages.conversations() == []

    async def test_ids_may_be_long_and_alike_for_thousands_of_letters(self, store):
        long = random.Random(4).randbytes(4000).hex()
        ids = [f"{long}a", f"{long}b", f"a{long}"]
        first = await store.messages.number([message(id_, conversation=long) for id_ in ids])
        answer = message("answer", conversation=long, reply_to=ids[1])
        assert await store.messages.number([message(id_, conversation=long) for id_ in ids]) == first
        (numbered,) = await store.messages.number([answer])
        assert len({one.number for one in first}) == 3
        assert numbered.reply_to_number == first[1].number
        assert await store.messages.locate(first[2].number) == ("acc", long, ids[2])
        page = await store.messages.page("acc", long, MessageQuery(limit=10))
        assert {one.id: one.replies for one in page.items} == {ids[0]: 0, ids[1]: 1, ids[2]: 0, "answer": 0}

    async def test_only_so_many_conversations_are_told_the_most_recent_ones(self, store):
        many = [
            Conversation(id=str(n), account="acc", last_message_at=START + timedelta(minutes=n))
            for n in range(CONVERSATIONS + 10)
        ]
        await store.messages.remember_conversations(many)
        told = await store.messages.conversations("acc")
        assert len(told) == CONVERSATIONS
        assert told[0].id == str(CONVERSATIONS + 9)

    async def test_a_foreign_search_cursor_is_refused(self, store):
        for cursor in ("", "x", "1.2", "9.9.9", "0.99999.1", "0.1.1; DROP"):
            with pytest.raises(InvalidArgument):
                await store.messages.search("acc", SearchQuery(text="a", cursor=cursor))
