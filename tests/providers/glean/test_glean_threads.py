import pytest
from glean_account import opened, read_all
from glean_service import Fault, GleanServer
from glean_store import Variant
from glean_tenants import START, tenant, threaded

from dragoman.core.errors import (
    NotFound,
)
from dragoman.core.model import Order
from dragoman.providers.base.provider import MessageQuery

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(
    ("thread", "expected"),
    [("m0", ["m0", "r1", "r2", "r3"]), ("r1", ["r1", "r2"]), ("r3", ["r3"]), ("m1", ["m1"])],
)
async def test_a_thread_of_a_channel_is_a_message_and_all_below_it(thread, expected, order):
    it = threaded()
    it.variant = Variant(page_size=2)
    async with opened(GleanServer(it)) as account:
        pages = await read_all(account, "slack.channel.C1", MessageQuery(thread=thread, order=order))
        page = await account.list_messages("slack.channel.C1", MessageQuery(thread=thread, order=order))
    joined = pages if order is Order.OLDEST else pages[::-1]
    assert [one for page in joined for one in page] == expected
    assert {one.conversation for one in page.items} == {"slack.channel.C1"}


async def test_a_message_that_nobody_answered_is_its_own_thread_also_where_that_is_an_error():
    server = GleanServer(threaded())
    server.always = lambda _, body: Fault(400, "no thread") if body.get("idType") == "THREAD_ID" else None
    async with opened(server) as account:
        page = await account.list_messages("slack.channel.C1", MessageQuery(thread="m1"))
    assert ([one.id for one in page.items], page.cursor) == (["m1"], None)


async def test_within_a_thread_a_message_is_read_with_what_answers_it():
    it = threaded()
    async with opened(GleanServer(it)) as account:
        conversation = f"slack.thread.{it.messages[0].stamp}"
        for thread, expected in (("m0", ["m0", "r1", "r2", "r3"]), ("r1", ["r1", "r2"])):
            page = await account.list_messages(conversation, MessageQuery(thread=thread))
            assert [one.id for one in page.items] == expected


async def test_a_thread_of_another_channel_is_not_found():
    it = threaded()
    it.add("C2", "x", START)
    async with opened(GleanServer(it)) as account:
        with pytest.raises(NotFound):
            await account.list_messages("slack.channel.C1", MessageQuery(thread="x"))


async def test_a_message_of_a_thread_is_not_one_of_another():
    it = threaded()
    async with opened(GleanServer(it)) as account:
        assert (await account.get_message(f"slack.thread.{it.messages[0].stamp}", "r2")).text == "reply to it"
        with pytest.raises(NotFound):
            await account.get_message(f"slack.thread.{it.messages[1].stamp}", "r2")


async def test_a_message_of_a_whole_conversation_is_found_in_it():
    it = tenant("eng")
    async with opened(GleanServer(it)) as account:
        assert (await account.get_message("doc.CONV_eng", "m1")).text == "hello 1"
        with pytest.raises(NotFound):
            await account.get_message("doc.CONV_eng", "m9")
