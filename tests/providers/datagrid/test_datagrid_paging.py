"""Reading to the end in both orders, whatever the service leaves open."""

from datetime import timedelta
from itertools import product

import pytest
from datagrid_service import BEGINNING, Datagrid, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.errors import DeadlineExceeded, DragomanError, InvalidArgument, NotFound
from dragoman.core.model import Order
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.datagrid import message_listing, wire
from dragoman.providers.datagrid.message_listing import direction

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "conv/ä 1?#%"
VARIANTS = [
    pytest.param({"newest_first": newest, "tells_more": tells}, id=f"{'newest' if newest else 'oldest'}-first-{tells}")
    for newest, tells in product((False, True), repeat=2)
]


async def read(account, order, *, limit=3, conversation=ROOM, between=lambda: None):
    pages, cursor = [], None
    while True:
        page = await account.list_messages(conversation, MessageQuery(order=order, limit=limit, cursor=cursor))
        pages.append([one.id for one in page.items])
        cursor = page.cursor
        if cursor is None:
            break
        between()
        assert len(pages) < 500
    ordered = pages[::-1] if order is Order.LATEST else pages
    return [one for page in ordered for one in page]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 99, 100, 101, 230])
async def test_every_message_comes_once_in_order(variant, order, count):
    datagrid = Datagrid(**variant)
    datagrid.open(ROOM)
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(count)])
    async with opened(datagrid) as account:
        for limit in (1, 3, 100, 200) if count < 10 else (40, 200):
            assert await read(account, order, limit=limit) == ids


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", Order)
async def test_equal_times_lose_and_repeat_nothing_and_a_question_stands_before_its_answer(variant, order):
    datagrid = Datagrid(**variant)
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(10)], at=BEGINNING)
    async with opened(datagrid) as account:
        # A list whose times say nothing is read in the order that questions and answers have.
        assert await read(account, order, limit=4) == ids


@pytest.mark.parametrize("order", Order)
async def test_a_list_without_any_hint_is_taken_to_be_in_the_order_of_the_others(order):
    datagrid = Datagrid(newest_first=True)
    datagrid.converse_about("other", ["a", "b"])
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(6)], at=BEGINNING, roles=("user",))
    async with opened(datagrid) as account:
        await account.list_messages("other", MessageQuery())
        assert await read(account, order, limit=2) == ids


async def test_times_that_begin_to_differ_later_still_decide():
    datagrid = Datagrid(newest_first=True)
    datagrid.converse_about(ROOM, ["early"])
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(4)], at=BEGINNING + timedelta(hours=1))
    async with opened(datagrid) as account:
        assert await read(account, Order.LATEST, limit=2) == ids


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", Order)
async def test_messages_that_arrive_while_paging_do_no_harm(variant, order):
    datagrid = Datagrid(**variant)
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(12)])
    arrive = iter(["new 1", "new 2", "new 3"])

    def between():
        text = next(arrive, None)
        if text:
            datagrid.converse_about(ROOM, [text])

    async with opened(datagrid) as account:
        found = await read(account, order, limit=2, between=between)
    assert found[:12] == ids
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("order", Order)
async def test_what_was_said_since_the_last_reading_is_read_the_next_time(variant, order):
    datagrid = Datagrid(**variant)
    datagrid.converse_about(ROOM, [f"Text {n}" for n in range(250)])
    async with opened(datagrid) as account:
        await read(account, order, limit=50)
        ids = datagrid.converse_about(ROOM, [f"Later {n}" for n in range(150)])
        assert await read(account, order, limit=50) == ids


async def test_the_far_end_of_a_long_conversation_is_remembered():
    datagrid = Datagrid()
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(1050)])
    async with opened(datagrid) as account:
        for requests in (11, 1):
            datagrid.journal.clear()
            page = await account.list_messages(ROOM, MessageQuery(limit=50))
            assert [one.id for one in page.items] == ids[-50:]
            assert len([one for one in datagrid.journal if one.path.endswith("/messages")]) <= requests + 1


async def test_a_remembered_place_that_is_gone_is_no_obstacle():
    datagrid = Datagrid()
    datagrid.converse_about(ROOM, [f"Text {n}" for n in range(350)])
    async with opened(datagrid) as account:
        await account.list_messages(ROOM, MessageQuery(limit=10))
        del datagrid.messages[ROOM][100:]
        page = await account.list_messages(ROOM, MessageQuery(limit=10))
        assert [one.text for one in page.items] == [f"Text {n}" for n in range(90, 100)]


async def test_a_conversation_that_is_too_long_is_reached_by_calling_again(monkeypatch):
    monkeypatch.setattr(message_listing, "MOST_PAGES", 3)
    datagrid = Datagrid()
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(800)])
    async with opened(datagrid) as account:
        with pytest.raises(DeadlineExceeded, match="Repeat the call"):
            await account.list_messages(ROOM, MessageQuery(limit=10))
        with pytest.raises(DeadlineExceeded):
            await account.list_messages(ROOM, MessageQuery(limit=10))
        page = await account.list_messages(ROOM, MessageQuery(limit=10))
        assert [one.id for one in page.items] == ids[-10:]


async def test_a_filter_reads_large_pages_and_a_wish_is_no_order():
    datagrid = Datagrid(newest_first=True)
    datagrid.converse_about(ROOM, [f"Text {n}" for n in range(300)])
    async with opened(datagrid) as account:
        await account.list_messages(ROOM, MessageQuery(limit=5, author="Harbor"))
        await account.list_messages(ROOM, MessageQuery(limit=5))
    limits = [one.query["limit"] for one in datagrid.journal if one.path.endswith("/messages")]
    assert limits == ["100", "5"]


async def test_a_thread_is_the_message_alone():
    datagrid = Datagrid()
    ids = datagrid.converse_about(ROOM, ["one", "two"])
    async with opened(datagrid) as account:
        page = await account.list_messages(ROOM, MessageQuery(thread=ids[1]))
    assert ([one.id for one in page.items], page.cursor) == ([ids[1]], None)


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_place_after_any_message_is_known_without_asking(variant):
    datagrid = Datagrid(**variant)
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(7)])
    async with opened(datagrid) as account:
        query = MessageQuery(limit=3)
        [first, *_] = (await account.list_messages(ROOM, query)).items
        assert account.cursor_after(first, MessageQuery(thread=first.id)) is None
        cursor = account.cursor_after(first, query)
        page = await account.list_messages(ROOM, MessageQuery(limit=10, cursor=cursor))
    assert [one.id for one in page.items] == ids[: ids.index(first.id)]


async def test_a_bad_entry_of_a_page_loses_no_other_and_does_not_end_the_list():
    datagrid = Datagrid(tells_more=False)
    ids = datagrid.converse_about(ROOM, [f"Text {n}" for n in range(6)])

    def spoil(request, response):
        page = wire_page(response)
        if page and len(page["data"]) > 1:
            page["data"][0] = ["no", "message"] if "after" in request.query else {"id": None, "content": 7}
            return changed(response, page)
        return None

    datagrid.after = spoil
    async with opened(datagrid) as account:
        found = await read(account, Order.OLDEST, limit=3)
    assert found == [ids[1], ids[2], ids[4], ids[5]]


def wire_page(response):
    body = response.json()
    return body if body.get("object") == "list" else None


def changed(response, body):
    import httpx

    return httpx.Response(response.status_code, json=body)


@pytest.mark.parametrize("order", Order)
async def test_a_cursor_of_the_other_order_is_refused(order):
    datagrid = Datagrid()
    datagrid.converse_about(ROOM, [f"Text {n}" for n in range(9)])
    other = Order.OLDEST if order is Order.LATEST else Order.LATEST
    async with opened(datagrid) as account:
        page = await account.list_messages(ROOM, MessageQuery(order=order, limit=2))
        with pytest.raises(InvalidArgument, match="without cursor"):
            await account.list_messages(ROOM, MessageQuery(order=other, cursor=page.cursor))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
@settings(max_examples=50)
async def test_a_list_and_its_reverse_have_opposite_directions(minutes):
    times = sorted(minutes)
    messages = [wire.Message(created_at=f"2026-05-04T14:0{minute}:00Z") for minute in times]
    expected = None if times[0] == times[-1] else True
    assert direction(messages) is expected
    assert direction(messages[::-1]) is (None if expected is None else False)


@pytest.mark.parametrize("identifier", ["", ".", ".."])
async def test_ids_that_would_address_something_else_are_not_sent(identifier):
    datagrid = Datagrid()
    async with opened(datagrid) as account:
        for call in (
            account.list_messages(identifier, MessageQuery()),
            account.get_conversation(identifier),
            account.get_message(identifier, "msg"),
            account.get_message("conv", identifier),
        ):
            with pytest.raises(NotFound):
                await call
    assert not datagrid.journal
    assert issubclass(NotFound, DragomanError)
