"""Messages and the replies to them, listed apart by the service, are one list in which each comes once."""

from dataclasses import dataclass, field, replace

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman import Author, Conversation, Message, MessageQuery, NotFound, Order, RateLimited, Unavailable
from dragoman.core.times import to_us
from dragoman.providers.kit import InlineThreads, Post, ThreadChanges, from_us, parse_time

pytestmark = pytest.mark.anyio
START = to_us(parse_time("2026-03-10T09:00:00Z"))
MINUTE = 60_000_000


@dataclass
class Part:
    entries: list
    more: bool


@dataclass
class Threads:
    """A service whose ids are times. A message is its id and that of its root; ``posted`` has them by time."""

    largest: int = 7
    posted: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    failing: dict = field(default_factory=dict)

    def add(self, minute, root=None):
        one = str(START + minute * MINUTE), root
        self.posted = sorted([*self.posted, one], key=lambda it: int(it[0]))
        return one[0]

    async def history(self, conversation, span):
        self.asked.append("history")
        there = [one for one in self.posted if one[1] is None]
        if span.order is Order.LATEST:
            there.reverse()
        if span.at is not None:
            sign = -1 if span.order is Order.LATEST else 1
            there = [one for one in there if (int(one[0]) - span.at) * sign > (-1 if span.inclusive else 0)]
        return Part(there[: self.largest], len(there) > self.largest)

    async def replies(self, conversation, root, since=None):
        self.asked.append("replies")
        if root in self.failing:
            raise self.failing[root]
        found = [one for one in self.posted if root in one and (since is None or int(one[0]) > since)]
        if not found and since is None:
            raise NotFound("There is no such message.")
        return found

    async def to_messages(self, conversation, raw, part=None):
        me = Author(name="Me")
        return [
            Message(id=id_, conversation=conversation, author=me, sent_at=from_us(int(id_)), text="", reply_to=root)
            for id_, root in raw
        ]

    def post(self, raw):
        times = [int(one[0]) for one in self.posted if one[1] == raw[0]]
        return Post(raw[0], raw[1], False, len(times), max(times, default=0))

    def time_of(self, identifier):
        return int(identifier)

    def is_listed(self, message):
        return False

    # what a list of them has to give

    def in_order(self):
        return sorted(self.posted, key=lambda one: (int(one[1] or one[0]), one[1] is not None, int(one[0])))


async def walk(threads, query):
    lists, pages = InlineThreads("The service", threads), []
    while True:
        page = await lists.page("room", query)
        pages.append([one.id for one in page.items])
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
        assert len(pages) < 200
    if query.order is Order.LATEST:
        pages.reverse()
    return [one for page in pages for one in page]


MESSAGES = st.lists(st.tuples(st.integers(0, 30), st.lists(st.integers(31, 200), max_size=4)), max_size=25)


def service_of(messages):
    threads, taken = Threads(), set()
    for minute, replies in messages:
        if minute in taken:
            continue
        taken.add(minute)
        root = threads.add(minute)
        for late in replies:
            if late not in taken:
                taken.add(late)
                threads.add(late, root)
    return threads


@given(MESSAGES, st.sampled_from(Order), st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_every_message_and_reply_comes_once_in_order(messages, order, limit):
    threads = service_of(messages)
    found = anyio.run(walk, threads, MessageQuery(order=order, limit=limit))
    assert found == [id_ for id_, _ in threads.in_order()]


@given(MESSAGES, st.sampled_from(Order), st.integers(1, 9), st.integers(0, 200), st.integers(1, 100))
@settings(max_examples=150, deadline=None)
def test_a_window_of_time_has_its_messages_and_the_replies_to_those_of_its_first_page(
    messages, order, limit, begin, size
):
    threads = service_of(messages)
    threads.largest = 100
    since, until = START + begin * MINUTE, START + (begin + size) * MINUTE
    query = MessageQuery(order=order, limit=limit, since=from_us(since), until=from_us(until))
    found = anyio.run(walk, threads, query)
    assert found == [id_ for id_, _ in threads.in_order() if since <= int(id_) < until]


async def test_a_thread_is_read_again_only_when_it_was_answered():
    threads = Threads()
    root = threads.add(1)
    threads.add(2, root)
    lists = InlineThreads("The service", threads)
    await lists.page("room", MessageQuery())
    await lists.page("room", MessageQuery())
    assert threads.asked == ["history", "replies", "history"]
    threads.add(3, root)
    assert len((await lists.page("room", MessageQuery())).items) == 3


@pytest.mark.parametrize("error", [NotFound, RateLimited])
async def test_a_thread_that_may_not_be_read_costs_no_page(error):
    threads = Threads()
    root = threads.add(1)
    threads.add(2, root)
    threads.failing[root] = error("No.")
    [found] = (await InlineThreads("The service", threads).page("room", MessageQuery())).items
    assert found.id == root


async def test_a_service_that_is_away_fails_the_page_instead_of_leaving_replies_out():
    threads = Threads()
    root = threads.add(1)
    threads.add(2, root)
    threads.failing[root] = Unavailable("Away.")
    with pytest.raises(Unavailable):
        await InlineThreads("The service", threads).page("room", MessageQuery())


async def test_the_thread_of_a_reply_is_that_of_its_root():
    threads = Threads()
    root = threads.add(1)
    reply = threads.add(2, root)
    found = (await InlineThreads("The service", threads).page("room", MessageQuery(thread=reply))).items
    assert [one.id for one in found] == [root, reply]


def changes_of(threads):
    async def moved(since):
        return [Conversation(id="room")]

    async def is_gone(conversation, message):
        return all(id_ != message for id_, _ in threads.posted)

    return ThreadChanges(threads, moved, is_gone, page_size=threads.largest)


STEPS = st.lists(st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=3), min_size=1, max_size=5)


@given(st.integers(1, 40), STEPS, st.booleans())
@settings(max_examples=100, deadline=None)
def test_every_later_message_and_reply_is_told_once_however_old_its_root(count, steps, restarts):
    anyio.run(tell_steps, count, steps, restarts)


async def tell_steps(count, steps, restarts):
    threads = Threads()
    minute = 0
    for _ in range(count):
        minute += 5
        threads.add(minute)
    changes = changes_of(threads)
    position = (await changes.changes(None)).position
    told, wanted = [], []
    for step in [*steps, [], [], []]:
        for is_reply, which in step:
            minute += 5
            roots = [id_ for id_, root in threads.posted if root is None]
            wanted.append(threads.add(minute, roots[which % len(roots)] if is_reply else None))
        more = True
        while more:
            found = await (changes_of(threads) if restarts else changes).changes(position)
            told += [one.id for one in found.messages]
            position, more = found.position, found.more
    assert sorted(told, key=int) == wanted
