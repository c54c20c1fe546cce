from datetime import timedelta

import anyio
import pytest
from glean_account import opened, read_all
from glean_service import GleanServer
from glean_store import Tenant, Variant
from glean_tenants import START, filled, in_order, joined, minutes
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Order
from dragoman.providers.base.provider import MessageQuery

CHANNEL = "slack.channel.C02QF8N7J"
pytestmark = pytest.mark.anyio


variants = st.builds(
    Variant,
    page_size=st.integers(5, 9),
    order=st.sampled_from(["asc", "desc", "shuffled"]),
    inclusive=st.booleans(),
    seconds=st.booleans(),
    has_more=st.sampled_from(["true", "always", "missing"]),
    ties=st.sampled_from(["id", "given"]),
)
# At most four messages share a second, so that a page is always longer than what one reference stands for.
spans = st.lists(st.tuples(st.integers(1, 3), st.lists(st.integers(0, 999), min_size=1, max_size=4)), max_size=8)


def moments(spans):
    second = 0
    for step, milliseconds in spans:
        second += step
        yield from (START + timedelta(seconds=second, milliseconds=ms) for ms in milliseconds)


@given(spans=spans, variant=variants, order=st.sampled_from(list(Order)))
@settings(deadline=None)
def test_each_message_comes_once_in_order_whatever_the_service_leaves_open(spans, variant, order):
    tenant = filled(list(moments(spans)), variant)

    async def run():
        server = GleanServer(tenant)
        async with opened(server) as account:
            pages = await read_all(account, CHANNEL, MessageQuery(order=order))
        found = joined(pages, order)
        assert sorted(found) == sorted(m.id for m in tenant.messages)
        times = {m.id: m.at.replace(microsecond=0) if variant.seconds else m.at for m in tenant.messages}
        assert [times[one] for one in found] == sorted(times.values())
        assert len(server.journal) <= 3 * len(pages) + 6

    anyio.run(run)


@given(
    count=st.integers(0, 25),
    variant=st.builds(
        Variant,
        page_size=st.integers(1, 3),
        order=st.sampled_from(["asc", "desc", "shuffled"]),
        inclusive=st.booleans(),
        has_more=st.sampled_from(["true", "always"]),
        whole=st.integers(1, 4),
        overlap=st.integers(0, 1),
    ),
    order=st.sampled_from(list(Order)),
)
@settings(deadline=None)
def test_whole_conversations_as_results_lose_and_double_nothing(count, variant, order):
    tenant = filled(minutes(count), variant)

    async def run():
        async with opened(GleanServer(tenant)) as account:
            pages = await read_all(account, CHANNEL, MessageQuery(order=order))
        found = joined(pages, order)
        assert sorted(found) == in_order(tenant)
        assert all(page == sorted(page) for page in pages)

    anyio.run(run)


@pytest.mark.parametrize("order", Order)
async def test_more_overlapping_conversations_than_a_cursor_remembers_still_come_once(order):
    tenant = filled([START + timedelta(seconds=n) for n in range(1600)], Variant(page_size=3, whole=60, overlap=1))
    async with opened(GleanServer(tenant)) as account:
        pages = await read_all(account, CHANNEL, MessageQuery(order=order))
    assert sorted(each for page in pages for each in page) == sorted(m.id for m in tenant.messages)


@given(
    replies=st.integers(0, 12),
    variant=st.builds(
        Variant,
        page_size=st.integers(2, 5),
        order=st.sampled_from(["asc", "desc", "shuffled"]),
        inclusive=st.booleans(),
        root=st.sampled_from(["apart", "within", "repeated", "first"]),
    ),
    order=st.sampled_from(list(Order)),
)
@settings(deadline=None)
def test_the_first_message_of_a_thread_comes_once_and_first_of_all(replies, variant, order):
    tenant = Tenant(variant)
    root = tenant.add("C1", "root", START)
    for number in range(replies):
        tenant.add("C1", f"r{number:02d}", START + timedelta(minutes=number + 1), parent=root)

    async def run():
        async with opened(GleanServer(tenant)) as account:
            pages = await read_all(account, f"slack.thread.{root.stamp}", MessageQuery(order=order))
        assert joined(pages, order) == ["root", *(f"r{n:02d}" for n in range(replies))]

    anyio.run(run)


@pytest.mark.parametrize("order", Order)
async def test_an_ignored_timestamp_gives_what_can_be_reached_once_and_ends(order):
    tenant = filled(minutes(10), Variant(page_size=4, ignore_timestamp=True, has_more="always"))
    server = GleanServer(tenant)
    async with opened(server) as account:
        pages = await read_all(account, CHANNEL, MessageQuery(order=order))
    assert joined(pages, order) == ["m006", "m007", "m008", "m009"]
    assert len(server.journal) == 2


async def test_where_only_older_ones_can_be_asked_for_the_oldest_are_still_found_first():
    tenant = filled(minutes(10), Variant(page_size=4, ignore_direction=True))
    async with opened(GleanServer(tenant)) as account:
        pages = await read_all(account, CHANNEL, MessageQuery(order=Order.OLDEST))
    assert [each for page in pages for each in page] == in_order(tenant)


async def test_where_only_older_ones_can_be_asked_for_since_reads_no_further_back_than_needed():
    tenant = filled(minutes(40), Variant(page_size=4, ignore_direction=True))
    server = GleanServer(tenant)
    async with opened(server) as account:
        query = MessageQuery(order=Order.OLDEST, since=START + timedelta(minutes=35))
        pages = await read_all(account, CHANNEL, query)
    assert set(in_order(tenant)[35:]) <= {each for page in pages for each in page}
    assert len(server.journal) <= 5


async def test_a_conversation_too_long_to_turn_around_is_refused_with_a_way_out():
    tenant = filled([START + timedelta(seconds=n) for n in range(6500)], Variant(page_size=1000, ignore_direction=True))
    async with opened(GleanServer(tenant)) as account:
        with pytest.raises(InvalidArgument, match="order=latest"):
            await account.list_messages(CHANNEL, MessageQuery(order=Order.OLDEST))


async def test_more_to_come_without_any_message_is_the_end():
    tenant = filled([], Variant(has_more="always"))
    server = GleanServer(tenant)
    async with opened(server) as account:
        page = await account.list_messages(CHANNEL, MessageQuery())
    assert (list(page.items), page.cursor, len(server.journal)) == ([], None, 1)


async def test_the_next_page_overlaps_by_one_millisecond_and_nothing_else_is_sent():
    tenant = filled(minutes(6), Variant(page_size=4))
    server = GleanServer(tenant)
    async with opened(server) as account:
        await read_all(account, CHANNEL, MessageQuery())
        await read_all(account, CHANNEL, MessageQuery(order=Order.OLDEST))
    base = {"idType": "CHANNEL_NAME", "id": "C02QF8N7J", "datasource": "SLACK"}
    oldest, newest = tenant.messages[2].ms, tenant.messages[3].ms
    assert server.sent("messages") == [
        base,
        {**base, "direction": "OLDER", "timestampMillis": oldest + 1},
        {**base, "direction": "NEWER", "timestampMillis": 1},
        {**base, "direction": "NEWER", "timestampMillis": newest - 1},
    ]


async def test_times_in_whole_seconds_overlap_by_a_second():
    tenant = filled(minutes(6), Variant(page_size=4, seconds=True))
    server = GleanServer(tenant)
    async with opened(server) as account:
        await read_all(account, CHANNEL, MessageQuery())
    assert server.sent("messages")[1]["timestampMillis"] == tenant.messages[2].ms + 1000


async def test_messages_that_fill_a_page_with_one_moment_do_not_stop_the_list():
    times = [*minutes(3), *[START + timedelta(hours=1)] * 4, START + timedelta(hours=2)]
    tenant = filled(times, Variant(page_size=4, has_more="true"))
    async with opened(GleanServer(tenant)) as account:
        latest = joined(await read_all(account, CHANNEL, MessageQuery()), Order.LATEST)
        oldest = joined(await read_all(account, CHANNEL, MessageQuery(order=Order.OLDEST)), Order.OLDEST)
    assert latest == oldest == in_order(tenant)


async def test_messages_of_one_moment_at_the_end_of_a_page_have_the_same_order_in_both_directions():
    names = ["d", "b", "a", "c"]
    tenant = Tenant(Variant(page_size=3, ties="given"))
    for number, name in enumerate(["x1", *names[:2], "x2", *names[2:], "x3"]):
        tenant.add("C1", name, START + timedelta(minutes=number if name[0] == "x" else 1 + 3 * (number > 3)))
    async with opened(GleanServer(tenant)) as account:
        latest = joined(await read_all(account, "slack.channel.C1", MessageQuery()), Order.LATEST)
        oldest = joined(await read_all(account, "slack.channel.C1", MessageQuery(order=Order.OLDEST)), Order.OLDEST)
    assert latest == oldest == ["x1", "b", "d", "x2", "a", "c", "x3"]


async def test_since_and_until_are_where_reading_begins():
    tenant = filled(minutes(10), Variant(page_size=20))
    server = GleanServer(tenant)
    async with opened(server) as account:
        late = await account.list_messages(CHANNEL, MessageQuery(until=tenant.messages[4].at))
        early = await account.list_messages(CHANNEL, MessageQuery(since=tenant.messages[4].at, order=Order.OLDEST))
    assert [one.id for one in late.items] == ["m000", "m001", "m002", "m003"]
    assert early.items[0].id == "m004"
    assert [(one["direction"], one["timestampMillis"]) for one in server.sent("messages")] == [
        ("OLDER", tenant.messages[4].ms),
        ("NEWER", tenant.messages[4].ms - 1),
    ]


async def test_messages_without_a_time_come_once():
    tenant = filled(minutes(6), Variant(page_size=4))
    tenant.messages[3].metadata["createTime"] = None
    async with opened(GleanServer(tenant)) as account:
        found = joined(await read_all(account, CHANNEL, MessageQuery()), Order.LATEST)
    assert sorted(found) == in_order(tenant)
