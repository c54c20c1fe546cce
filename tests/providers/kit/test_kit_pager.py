"""Every way of listing gives every item exactly once, in order, whatever happens between the pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from scripted_list import BOTH, WAYS, ScriptedList, key

from dragoman.core.errors import DeadlineExceeded, DragomanError
from dragoman.core.model import Order
from dragoman.core.queries import MessageQuery
from dragoman.providers.kit.cursor import encode
from dragoman.providers.kit.list_walk import Position
from dragoman.providers.kit.listings import Key, tokens
from dragoman.providers.kit.pager import Pager, list_id

pytestmark = pytest.mark.anyio

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RUNS = 8


class Reading:
    """Reads a list to its end, page by page, and lets things happen between the pages."""

    def __init__(self, seed, way, most_batches=100, times=(2, 10, 100)):
        self.rng = Random(seed)
        self.service = ScriptedList(self.rng, self.rng.choice((0, 1, 5, 40, 90)), self.rng.choice(times))
        ttl = self.rng.choice((0.0, 120.0))
        self.pager = Pager("The service", key, most_batches=most_batches, trust_after=20, ttl=ttl)
        self.way = way
        self.found = []
        self.present = list(self.service.items)
        self.between = lambda: None

    async def read(self, query, *, keep=None, cut=False):
        listing, pages = WAYS[self.way](self.service), 0
        while True:
            page = await self.pager.page(listing, query, name="list", keep=keep)
            items, cursor = list(page.items), page.cursor
            if cut and items and self.rng.random() < 0.5:
                items, cursor = self.cut(listing, items, query.order) or (items, cursor)
            self.found = [*items, *self.found] if query.order is Order.LATEST else [*self.found, *items]
            pages += 1
            assert pages <= 300
            if cursor is None:
                return
            self.between()
            query = replace(query, cursor=cursor)

    def cut(self, listing, items, order):
        at = self.rng.randrange(len(items))
        cursor = self.pager.cursor_after(listing, items[at], order, name="list")
        return cursor and ((items[at:] if order is Order.LATEST else items[: at + 1]), cursor)

    def things_happen(self):
        for _ in range(self.rng.randint(0, 3)):
            if self.rng.random() < 0.5:
                self.service.add(self.rng.choice((0, 101, 102, self.rng.randint(0, 102))))
            elif self.service.items:
                self.service.remove(self.rng.choice(self.service.items))

    def check(self, expected=lambda _: True, *, ordered=True):
        ids = [one.id for one in self.found]
        assert len(set(ids)) == len(ids)
        stayed = [one.id for one in self.present if one in self.service.items and expected(one)]
        assert set(stayed) <= set(ids)
        if ordered:
            assert [key(one) for one in self.found] == sorted(key(one) for one in self.found)


def query_of(reading, order):
    return MessageQuery(order=order, limit=reading.rng.choice((1, 3, 10, 50)))


def runs(test):
    return pytest.mark.parametrize("order", Order)(pytest.mark.parametrize("way", WAYS)(test))


@runs
async def test_each_item_comes_once_in_order(way, order):
    for seed in range(RUNS):
        reading = Reading(seed, way)
        await reading.read(query_of(reading, order))
        reading.check()
        assert len(reading.found) == len(reading.present), seed


@runs
async def test_items_that_come_and_go_disturb_no_other(way, order):
    for seed in range(RUNS):
        reading = Reading(seed, way)
        reading.between = reading.things_happen
        await reading.read(query_of(reading, order))
        reading.check()


@runs
async def test_pages_can_be_cut_after_any_item(way, order):
    for seed in range(RUNS):
        reading = Reading(seed, way)
        reading.between = reading.things_happen
        await reading.read(query_of(reading, order), cut=True)
        reading.check()


@runs
async def test_filters_lose_nothing(way, order):
    for seed in range(RUNS):
        reading = Reading(seed, way)
        reading.between = reading.things_happen
        since, until = sorted(reading.rng.choices(range(103), k=2))
        asked = replace(
            query_of(reading, order),
            since=EPOCH + timedelta(microseconds=since) if reading.rng.random() < 0.7 else None,
            until=EPOCH + timedelta(microseconds=until) if reading.rng.random() < 0.7 else None,
        )

        def wanted(item, asked=asked):
            at = EPOCH + timedelta(microseconds=item.at)
            in_time = (asked.since is None or at >= asked.since) and (asked.until is None or at < asked.until)
            return in_time and item.id[0] < "5"

        await reading.read(asked, keep=lambda item: item.id[0] < "5", cut=True)
        assert all(map(wanted, reading.found))
        reading.check(wanted)


@runs
async def test_short_pages_make_headway_where_one_page_may_read_little(way, order):
    for seed in range(RUNS):
        reading = Reading(seed, way, most_batches=4, times=(100,))
        reading.service.batch += 3
        reading.between = reading.things_happen
        try:
            await reading.read(query_of(reading, order), keep=lambda item: item.id[0] == "5")
        except DeadlineExceeded as error:
            assert "other order" in error.hint
            continue
        reading.check(lambda item: item.id[0] == "5", ordered=way != "tokens without an order")


@runs
async def test_tokens_that_the_service_forgets_lose_nothing(way, order):
    for seed in range(RUNS):
        reading = Reading(seed, way)

        def between(reading=reading):
            reading.things_happen()
            if reading.rng.random() < 0.3:
                reading.service.forget_tokens()

        reading.between = between
        await reading.read(query_of(reading, order))
        reading.check()


async def test_an_order_that_is_not_that_of_the_times_is_kept():
    service = ScriptedList(Random(1), 60, 100)
    for item in service.items:
        service.misplace(item)
    listing = tokens(service.by_token, BOTH, stable=True, by_time=False)
    pager = Pager("The service", key)
    found, query = [], MessageQuery(order=Order.LATEST, limit=5)
    while True:
        page = await pager.page(listing, query, name="list")
        found += page.items[::-1]
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
    assert found == service.listed(Order.LATEST)
    assert service.calls <= 60


async def test_going_on_reads_nothing_again():
    service = ScriptedList(Random(2), 90, 10_000)
    service.batch = 30
    pager = Pager("The service", key)
    query, pages = MessageQuery(order=Order.LATEST, limit=10), 0
    while pages == 0 or query.cursor:
        page = await pager.page(tokens(service.by_token, BOTH, stable=True), query, name="list")
        query, pages = replace(query, cursor=page.cursor), pages + 1
    assert (pages, service.calls) == (9, 3)


@runs
async def test_a_list_that_is_not_in_order_after_all_gives_each_item_once(way, order):
    if way.startswith("anchored"):
        pytest.skip("what stands beside a time cannot be out of order")
    for seed in range(RUNS):
        reading = Reading(seed, way)
        for item in reading.rng.sample(reading.present, min(2, len(reading.present))):
            reading.service.misplace(item)
        await reading.read(query_of(reading, order))
        reading.check(ordered=False)
        assert len(reading.found) == len(reading.present), seed


@runs
async def test_a_first_page_always_asks_the_service(way, order):
    reading, pager = Reading(4, way), Pager("The service", key, trust_after=20)
    query, listing = MessageQuery(order=order, limit=1000), WAYS[way](reading.service)
    for _ in range(3):
        reading.service.add(50)
        page = await pager.page(listing, query, name="list")
        while page.cursor is not None:
            later = await pager.page(listing, replace(query, cursor=page.cursor), name="list")
            page = replace(later, items=[*later.items, *page.items])
        assert {one.id for one in page.items} == {one.id for one in reading.service.items}


@pytest.mark.parametrize("way", ["anchored by id", "numbered both ways", "offsets both ways", "whole"])
@pytest.mark.parametrize(
    "position",
    [
        Position(None, "x", ordered=True),
        Position(Key(1, "a"), "", ordered=True),
        Position(Key(1, "a"), "9" * 5000, ordered=True),
        Position(Key(1 << 70, "a"), ordered=True),
        Position(None, "1e5 x", loose=True),
    ],
)
async def test_a_cursor_that_somebody_made_up_is_refused_or_a_place(way, position):
    service = ScriptedList(Random(3), 20, 100)
    cursor = encode(position, list_id=list_id("list", Order.LATEST))
    try:
        page = await Pager("The service", key).page(WAYS[way](service), MessageQuery(cursor=cursor), name="list")
    except DragomanError as error:
        assert "cursor" in str(error)
    else:
        assert set(page.items) <= set(service.items)


@pytest.mark.parametrize("order", Order)
async def test_a_window_of_time_keeps_the_total_of_the_list(order):
    reading = Reading(3, "whole")
    while len(reading.service.items) < 20:
        reading.service.add(len(reading.service.items))
    since, until = EPOCH + timedelta(microseconds=5), EPOCH + timedelta(microseconds=15)
    query = MessageQuery(order=order, since=since, until=until, limit=2)
    page = await reading.pager.page(WAYS["whole"](reading.service), query, name="list")
    assert page.total == len(reading.service.items)
    kept = await reading.pager.page(WAYS["whole"](reading.service), query, name="list", keep=lambda item: item.at == 7)
    assert kept.total is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("seed", range(RUNS))
async def test_what_was_read_whole_in_one_order_is_not_given_twice_in_the_other(order, way, seed):
    reading = Reading(seed, way)
    other = Order.OLDEST if order is Order.LATEST else Order.LATEST
    first = await reading.pager.page(WAYS[way](reading.service), MessageQuery(order=other, limit=3), name="list")
    cursor = first.cursor
    while cursor is not None:
        query = MessageQuery(order=other, limit=1000, cursor=cursor)
        cursor = (await reading.pager.page(WAYS[way](reading.service), query, name="list")).cursor
    await reading.pager.page(WAYS[way](reading.service), MessageQuery(order=other, limit=1000), name="list")
    await reading.read(MessageQuery(order=order, limit=3))
    reading.check(ordered=False)
