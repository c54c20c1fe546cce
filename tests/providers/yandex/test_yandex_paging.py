import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Message, Order
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.yandex import paging

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def message(number, second, author="user"):
    at = None if second is None else NOON + timedelta(seconds=second)
    return Message(id=f"m{number}", conversation="t", author=Author(name=author), sent_at=at, text=str(number))


class Stream:
    """A thread as the service tells it, newest first; ``read`` counts what was taken of it."""

    def __init__(self, messages):
        self.messages = messages
        self.read = 0

    async def __aiter__(self):
        for each in self.messages:
            self.read += 1
            yield each


def take(coroutine):
    """Run what never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits")


def pages(newest_first, query, shuffled=lambda messages: messages, arriving=lambda: None):
    found = []
    while True:
        start = paging.anchor_of(query)
        read = paging.latest_page if query.order is Order.LATEST else paging.oldest_page
        page = take(read(aiter(Stream(shuffled(newest_first))), query, start))
        found.append([each.id for each in page.items])
        assert len(page.items) <= query.limit
        arriving()
        if page.cursor is None:
            return found
        query = replace(query, cursor=page.cursor)


def chronological(found, order):
    return [each for page in (reversed(found) if order is Order.LATEST else found) for each in page]


# Seconds of messages, newest first: few instants, so that many messages share one; some have no time at all.
thread_times = st.lists(st.integers(0, 3), max_size=12).map(lambda times: sorted(times, reverse=True))


@given(thread_times, st.sets(st.integers(0, 11)), st.integers(1, 5), st.sampled_from(Order))
def test_pages_have_every_message_once_in_the_order_of_the_stream(times, timeless, limit, order):
    thread = [message(n, None if n in timeless else second) for n, second in enumerate(times)]
    found = chronological(pages(thread, MessageQuery(order=order, limit=limit)), order)
    assert found == [each.id for each in reversed(thread)]


@given(thread_times, st.integers(1, 5), st.sampled_from(Order), st.randoms(use_true_random=False))
def test_no_message_is_lost_or_doubled_when_ties_come_in_another_order_each_time(times, limit, order, rng):
    thread = [message(n, second) for n, second in enumerate(times)]

    def shuffled(messages):
        mixed = rng.sample(messages, len(messages))
        return sorted(mixed, key=lambda each: each.sent_at, reverse=True)

    found = chronological(pages(thread, MessageQuery(order=order, limit=limit), shuffled), order)
    assert sorted(found) == sorted(each.id for each in thread)


@given(thread_times, st.integers(1, 4), st.sampled_from(Order))
def test_messages_that_arrive_at_the_head_disturb_no_page(times, limit, order):
    thread = [message(n, second) for n, second in enumerate(times)]
    old = [each.id for each in reversed(thread)]
    left = [5]

    def arriving():
        if left[0]:
            left[0] -= 1
            thread.insert(0, message(100 - left[0], 10 - left[0]))

    found = chronological(pages(thread, MessageQuery(order=order, limit=limit), arriving=arriving), order)
    assert found[: len(old)] == old
    assert len(set(found)) == len(found)


@given(thread_times.filter(bool), st.data(), st.sampled_from(Order))
def test_a_cursor_made_after_any_message_gives_the_rest(times, data, order):
    thread = [message(n, second) for n, second in enumerate(times)]
    at = data.draw(st.integers(0, len(thread) - 1))
    cursor = str(paging.anchor_after(thread[at], order))
    found = chronological(pages(thread, MessageQuery(order=order, limit=2, cursor=cursor)), order)
    rest = thread[at + 1 :] if order is Order.LATEST else thread[:at]
    assert found == [each.id for each in reversed(rest)]


@pytest.mark.parametrize("order", Order)
def test_a_page_goes_on_where_its_anchor_was_when_that_is_gone(order):
    thread = [message(n, 10 - n) for n in range(6)]
    first = take(_page(thread, MessageQuery(order=order, limit=2)))
    gone = first.items[0 if order is Order.LATEST else -1]
    thread.remove(gone)
    rest = chronological(pages(thread, MessageQuery(order=order, limit=2, cursor=first.cursor)), order)
    shown = {each.id for each in first.items}
    assert rest == [each.id for each in reversed(thread) if each.id not in shown]


def test_more_messages_of_one_instant_than_a_cursor_holds_come_once_each():
    thread = [message(n, 0) for n in range(1000)]
    found = pages(thread, MessageQuery(limit=7))
    assert chronological(found, Order.LATEST) == [each.id for each in reversed(thread)]


def test_the_newest_page_reads_one_message_more_than_it_shows():
    stream = Stream([message(n, -n) for n in range(1000)])
    page = take(paging.latest_page(aiter(stream), MessageQuery(limit=5), None))
    assert len(page.items) == 5
    assert stream.read == 6


def test_a_filtered_page_ends_after_a_bound_and_goes_on_there():
    thread = [message(n, -n, "rare" if n == 7000 else "user") for n in range(8000)]
    found = pages(thread, MessageQuery(author="rare", limit=5))
    assert found == [[], ["m7000"]]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_filters_by_time_keep_what_lies_within(order, limit):
    thread = [message(n, 10 - n) for n in range(10)]
    since, until = NOON + timedelta(seconds=3), NOON + timedelta(seconds=8)
    query = MessageQuery(order=order, limit=limit, since=since, until=until)
    assert chronological(pages(thread, query), order) == ["m7", "m6", "m5", "m4", "m3"]


HOSTILE = ["", "x", "\x00", "é", "=" * 9, "bnVsbA", "W10", "W1tdXQ", "A" * 100_000, "[" * 50_000, "🙂"]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("cursor", HOSTILE)
def test_a_cursor_from_elsewhere_is_refused(cursor, order):
    with pytest.raises(InvalidArgument, match="another list"):
        paging.anchor_of(MessageQuery(order=order, cursor=cursor))
    with pytest.raises(InvalidArgument, match="another list"):
        paging.unpack(cursor, 1)


@given(st.binary(max_size=60))
def test_no_bytes_in_a_cursor_break_anything(data):
    cursor = base64.urlsafe_b64encode(data).decode()
    for order in Order:
        try:
            anchor = paging.anchor_of(MessageQuery(order=order, cursor=cursor))
        except InvalidArgument:
            continue
        assert anchor is not None


def test_a_cursor_of_the_other_order_is_refused():
    cursor = str(paging.anchor_after(message(1, 1), Order.OLDEST))
    with pytest.raises(InvalidArgument):
        paging.anchor_of(MessageQuery(order=Order.LATEST, cursor=cursor))


def test_texts_in_a_cursor_come_back():
    token = "abc=/+ё\n" * 25
    assert paging.unpack(paging.pack(token), 1) == [token]


async def _page(thread, query):
    read = paging.latest_page if query.order is Order.LATEST else paging.oldest_page
    return await read(aiter(Stream(thread)), query, paging.anchor_of(query))
