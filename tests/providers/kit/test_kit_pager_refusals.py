"""What a page is where a list breaks its promises, the service refuses in the middle, or too much would be held."""

from dataclasses import replace
from random import Random

import pytest
from scripted_list import BOTH, NEWEST, ScriptedList, key

from dragoman.core.errors import InvalidArgument, NotFound, RateLimited
from dragoman.core.model import Order
from dragoman.core.queries import MessageQuery
from dragoman.providers.kit import list_reader
from dragoman.providers.kit.listings import Batch, Key, anchored, streamed, tokens
from dragoman.providers.kit.pager import Pager

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("stable", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 10])
async def test_a_list_whose_beginning_is_not_in_its_documented_order_is_read_to_its_end(limit, stable):
    batches = [[9, 7, 8], [6, 5], [4, 3]]

    async def fetch(_order, token):
        at = int(token or 0)
        return Batch(batches[at], str(at + 1) if at + 1 < len(batches) else None)

    pager, found = Pager("The service", lambda number: Key(number, str(number))), []
    query, cursors = MessageQuery(order=Order.LATEST, limit=limit), 0
    while query.cursor or not cursors:
        page = await pager.page(tokens(fetch, BOTH, stable=stable), query, name="list")
        found, query, cursors = [*page.items, *found], replace(query, cursor=page.cursor), cursors + 1
    assert sorted(found) == [3, 4, 5, 6, 7, 8, 9]
    assert cursors <= len(batches)


@pytest.mark.parametrize("error", [NotFound, InvalidArgument])
async def test_a_refusal_after_the_first_batch_is_no_token_that_the_service_forgot(error):
    calls = []

    async def fetch(_order, token):
        calls.append(token)
        if token is not None:
            raise error("The channel is gone.")
        return Batch([9, 8], "next")

    pager = Pager("The service", lambda number: Key(number, str(number)))
    with pytest.raises(error, match="The channel is gone"):
        await pager.page(tokens(fetch, BOTH, stable=True), MessageQuery(limit=10), name="list")
    assert calls == [None, "next"]


async def test_what_was_read_before_the_service_wants_a_pause_is_a_page():
    busy = []

    async def fetch(order, anchor):
        if busy and anchor is not None:
            raise RateLimited("Too many calls.")
        below = [n for n in range(1, 7) if anchor is None or n < anchor.at]
        return sorted(below)[-2:], len(below) > 2

    pager = Pager("The service", lambda number: Key(number, str(number)))
    listing, query, busy = anchored(fetch, lambda n: Key(n, str(n)), NEWEST), MessageQuery(limit=5), [True]
    page = await pager.page(listing, query, name="list")
    assert (list(page.items), page.cursor is None) == ([6], False), "others of the time of 5 may follow"
    busy.clear()
    rest = await pager.page(listing, replace(query, cursor=page.cursor), name="list")
    assert (list(rest.items), rest.cursor) == ([1, 2, 3, 4, 5], None)


async def test_what_was_read_before_a_pause_is_a_page_of_a_list_in_the_order_of_the_service_too():
    batches, busy = [[3, 9], [4, 1], [8, 2]], [True]

    async def fetch(_order, token):
        at = int(token or 0)
        if busy and at == 2:
            raise RateLimited("Too many calls.")
        return Batch(batches[at], str(at + 1) if at + 1 < len(batches) else None)

    pager = Pager("The service", lambda number: Key(number, str(number)))
    listing = tokens(fetch, NEWEST, stable=True, by_time=False, token_at=lambda found: found.id)
    query = MessageQuery(limit=6)
    page = await pager.page(listing, query, name="list")
    assert (list(page.items), page.cursor is None) == ([1, 4, 9, 3], False)
    busy.clear()
    rest = await pager.page(listing, replace(query, cursor=page.cursor), name="list")
    assert (list(rest.items), rest.cursor) == ([2, 8], None)


async def test_a_pause_before_anything_was_read_is_told():
    async def fetch(_order, _token):
        raise RateLimited("Too many calls.")

    with pytest.raises(RateLimited):
        await Pager("The service", key).page(tokens(fetch, BOTH), MessageQuery(), name="list")


async def test_a_list_in_the_other_order_that_is_too_large_to_be_held_is_given_page_by_page(monkeypatch):
    monkeypatch.setattr(list_reader, "MOST_SIZE", 5000)
    service, held = ScriptedList(Random(5), 90, 10_000), []
    listing = streamed(lambda: service.stream(Order.OLDEST), Order.OLDEST)

    def relate(items, _):
        held.append(len(items))
        return items

    pager, query, found = Pager("The service", key), MessageQuery(limit=3), []
    while not found or query.cursor:
        page = await pager.page(listing, query, name="list", relate=relate)
        found, query = [*page.items, *found], replace(query, cursor=page.cursor)
    assert [key(one) for one in found] == sorted(map(key, service.items))
    assert held[0] < 30, "the list was held as a whole"


@pytest.mark.parametrize("order", [Order.LATEST, Order.OLDEST])
async def test_a_service_that_ignores_where_a_list_goes_on_is_not_asked_for_ever(order):
    asked = []

    async def fetch(_, anchor):
        asked.append(anchor)
        assert len(asked) < 20, "it is asked for ever"
        return list(range(1, 31)), True

    listing, query = anchored(fetch, lambda n: Key(n, str(n))), MessageQuery(limit=20, order=order)
    pager, found = Pager("The service", lambda n: Key(n, str(n))), []
    while not found or query.cursor:
        page = await pager.page(listing, query, name="room")
        found += page.items
        query = replace(query, cursor=page.cursor)
    assert sorted(found) == list(range(1, 31))


@pytest.mark.parametrize("orders", [BOTH, None])
async def test_a_token_that_comes_again_ends_the_list(orders):
    calls = []

    async def fetch(_order, token):
        calls.append(token)
        return Batch([9 - len(calls)], f"t{len(calls) % 3}")

    pager = Pager("The service", lambda number: Key(number, str(number)))
    page = await pager.page(tokens(fetch, orders, stable=True), MessageQuery(limit=100), name="list")
    assert (list(page.items), page.cursor) == ([5, 6, 7, 8], None)
    assert calls == [None, "t1", "t2", "t0"]
