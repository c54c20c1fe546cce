from dataclasses import replace
from datetime import timedelta

import anyio
import pytest
from glean_account import opened
from glean_service import GleanServer
from glean_store import Tenant, Variant
from glean_tenants import START, filled, in_order, joined, minutes
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.errors import Conflict, InvalidArgument, NotFound
from dragoman.core.model import Order
from dragoman.providers.base.provider import MessageQuery

CHANNEL = "slack.channel.C02QF8N7J"
pytestmark = pytest.mark.anyio


async def test_a_cursor_can_be_made_after_any_message():
    tenant = filled(minutes(12), Variant(page_size=5))
    async with opened(GleanServer(tenant)) as account:
        for order in Order:
            query = MessageQuery(order=order)
            page = await account.list_messages(CHANNEL, query)
            cursor = account.cursor_after(page.items[2], query)
            rest = await read_from(account, replace(query, cursor=cursor))
            ids = in_order(tenant)
            assert cursor is not None
            at = ids.index(page.items[2].id)
            assert rest == (ids[:at] if order is Order.LATEST else ids[at + 1 :])


async def read_from(account, query):
    pages = []
    while True:
        page = await account.list_messages(CHANNEL, query)
        pages.append([one.id for one in page.items])
        if page.cursor is None:
            return joined(pages, query.order)
        query = replace(query, cursor=page.cursor)


async def test_no_cursor_is_made_where_a_time_is_not_a_place():
    tenant = filled(minutes(6), Variant(page_size=2, whole=3))
    async with opened(GleanServer(tenant)) as account:
        page = await account.list_messages(CHANNEL, MessageQuery())
        assert account.cursor_after(page.items[0], MessageQuery()) is None


async def test_a_thread_read_from_the_middle_still_ends_with_its_first_message():
    tenant = Tenant(Variant(page_size=3, root="first"))
    root = tenant.add("C1", "root", START)
    for number in range(7):
        tenant.add("C1", f"r{number}", START + timedelta(minutes=number + 1), parent=root)
    conversation = f"slack.thread.{root.stamp}"
    async with opened(GleanServer(tenant)) as account:
        page = await account.list_messages(conversation, MessageQuery())
        cursor = account.cursor_after(page.items[1], MessageQuery())
        rest = []
        while cursor is not None:
            page = await account.list_messages(conversation, MessageQuery(cursor=cursor))
            rest = [*(one.id for one in page.items), *rest]
            cursor = page.cursor
    assert rest == ["root", "r0", "r1", "r2", "r3", "r4"]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "{}", "[]", '{"o":"oldest","t":1,"i":"m"}', '{"o":"latest","t":1e99,"i":"m"}', '{"o":"latest","t":1}',
     '{"o":"latest","t":9999999999999999999999,"i":"m"}', '{"o":"latest","t":1,"i":"m","s":"\\u0000"}',
     '{"o":"latest","t":"1","i":"m"}', '{"o":"latest","t":1,"i":"m","z":1}', "after:m1"],
)  # fmt: skip
async def test_a_cursor_that_is_none_of_this_list_is_refused(cursor):
    server = GleanServer(filled(minutes(3), Variant()))
    async with opened(server) as account:
        with pytest.raises(InvalidArgument, match="another list"):
            await account.list_messages(CHANNEL, MessageQuery(cursor=cursor))
    assert server.journal == []


@given(
    cursor=st.text()
    | st.dictionaries(st.sampled_from("otiscwrxh"), st.integers() | st.text() | st.booleans()).map(repr)
)
@settings(deadline=None)
def test_no_cursor_breaks_anything(cursor):
    async def run():
        async with opened(GleanServer(filled(minutes(3), Variant()))) as account:
            for conversation in (CHANNEL, "chat.none"):
                try:
                    page = await account.list_messages(conversation, MessageQuery(cursor=cursor))
                except (InvalidArgument, NotFound, Conflict):
                    continue
                assert {one.id for one in page.items} <= {"m000", "m001", "m002"}

    anyio.run(run)
