"""Threads, and lists of conversations."""

from datetime import timedelta
from itertools import product

import pytest
from convore_service import BEGINNING, Convore, opened

from dragoman.core.errors import NotFound
from dragoman.providers.base.provider import ConversationQuery, MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

VARIANTS = list(product(("newest", "oldest", "recorded", "shuffled"), ("offset", "anchor"), (False, True)))


async def test_a_thread_is_found_by_ids_of_other_systems_too():
    service = Convore()
    root = service.add("room", "question", external_message_id="<1@mail.example>")
    service.add("room", "something else")
    reply = service.add("room", "answer", reply_to_message_id="<1@mail.example>", external_message_id="18e0c4")
    below = service.add("room", "thanks", reply_to_message_id="18e0c4")
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery(thread=root["id"]))
        alone = await account.get_message("room", reply["id"])
        with pytest.raises(NotFound):
            await account.list_messages("room", MessageQuery(thread="msg_nope"))
    assert [one.id for one in page.items] == [root["id"], reply["id"], below["id"]]
    assert [one.reply_to for one in page.items] == [None, root["id"], reply["id"]]
    assert alone.reply_to == root["id"]


async def test_an_answer_to_something_elsewhere_says_so_and_names_no_parent():
    service = Convore()
    for said in ("<77@mail.example>", "18e0c4aa", "msg_of_another_room"):
        service.add("room", "answer", reply_to_message_id=said)
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery())
    assert [one.reply_to for one in page.items] == [None] * 3
    assert page.items[0].extra["reply_to_external_id"] == "<77@mail.example>"


async def test_replies_in_a_circle_end():
    service = Convore()
    service.add("room", "a", identifier="a", reply_to_message_id="b")
    service.add("room", "b", identifier="b", reply_to_message_id="a")
    service.add("room", "c", identifier="c", reply_to_message_id="c")
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery(thread="a"))
        alone = await account.list_messages("room", MessageQuery(thread="c"))
    assert [one.id for one in page.items] == ["a", "b"]
    assert [one.reply_to for one in alone.items] == [None]


# conversations


@pytest.mark.parametrize(("order", "cursors", "gaps"), VARIANTS)
async def test_conversations_come_once_most_recent_first_under_every_variant(order, cursors, gaps):
    service = Convore(order=order, cursors=cursors, gaps=gaps, largest=4)
    for number in range(19):
        service.add(f"room {number}", "hello", date=BEGINNING + timedelta(minutes=number * 7 % 19))
    expected = sorted(range(19), key=lambda number: -(number * 7 % 19))
    found, cursor = [], None
    async with opened(service) as account:
        while True:
            page = await account.list_conversations(ConversationQuery(limit=5, cursor=cursor))
            found += [one.id for one in page.items]
            cursor = page.cursor
            if cursor is None:
                break
    assert found == [f"room {number}" for number in expected]


async def test_conversations_of_a_kind_that_convore_has_not_are_none():
    service = Convore()
    async with opened(service) as account:
        assert not (await account.list_conversations(ConversationQuery(kind="assistant"))).items
    assert not service.journal
