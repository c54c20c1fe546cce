"""Each message once, sorted, in both orders, however the service lists them."""

from datetime import timedelta
from itertools import product

import pytest
from convore_service import BEGINNING, Convore, ok, opened, refused

from dragoman.core.context.clock import current_clock
from dragoman.core.errors import Conflict, DeadlineExceeded, NotFound
from dragoman.core.model import Order
from dragoman.providers.base.provider import MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

LIST = "GET /v1/messages"
ORDERS = ("newest", "oldest", "recorded", "shuffled")
VARIANTS = list(product(ORDERS, ("offset", "anchor"), (False, True)))


async def ids(account, query, room="room", arriving=None):
    """All ids, oldest first, read page by page; ``arriving`` is called after each page."""
    found, cursor = [], None
    while True:
        page = await account.list_messages(room, MessageQuery(**query, cursor=cursor))
        here = [one.id for one in page.items]
        found = here + found if query["order"] is Order.LATEST else found + here
        if arriving:
            await arriving()
        if page.cursor is None:
            return found
        assert page.cursor != cursor
        cursor = page.cursor


@pytest.mark.parametrize(("order", "cursors", "gaps"), VARIANTS)
@pytest.mark.parametrize("wanted", Order)
async def test_every_message_comes_once_in_order_of_time_under_every_variant(order, cursors, gaps, wanted):
    service = Convore(order=order, cursors=cursors, gaps=gaps, largest=7)
    expected = service.talk("room", 30)
    old = service.add("room", "imported", date=BEGINNING - timedelta(days=400))["id"]
    async with opened(service) as account:
        assert await ids(account, {"order": wanted, "limit": 8}) == [old, *expected]


@pytest.mark.parametrize(("order", "cursors"), list(product(ORDERS, ("offset", "anchor"))))
@pytest.mark.parametrize("wanted", Order)
async def test_going_on_reads_nothing_again(order, cursors, wanted):
    service = Convore(order=order, cursors=cursors)
    expected = service.talk("room", 250)
    async with opened(service) as account:
        assert await ids(account, {"order": wanted, "limit": 40}) == expected
    assert len(service.calls(LIST)) == 3


@pytest.mark.parametrize("wanted", Order)
async def test_what_was_read_long_ago_is_read_again(wanted):
    service = Convore(order="shuffled")
    expected = service.talk("room", 150)

    async def arriving():
        service.add("room", "new")
        await current_clock().sleep(121)

    async with opened(service) as account:
        found = await ids(account, {"order": wanted, "limit": 60}, arriving=arriving)
    assert found[: len(expected)] == expected
    assert len(set(found)) == len(found)
    assert len(service.calls(LIST)) == 6


LONG = [("newest", Order.LATEST), ("oldest", Order.OLDEST)]


@pytest.mark.parametrize(("order", "wanted"), LONG)
@pytest.mark.parametrize("cursors", ["offset", "anchor"])
async def test_a_long_list_in_the_wanted_order_is_read_only_as_far_as_needed(order, wanted, cursors):
    service = Convore(order=order, cursors=cursors)
    expected = service.talk("room", 2000)
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery(order=wanted, limit=50))
        assert len(service.calls(LIST)) == 4
        assert page.total == 2000
        await account.list_messages("room", MessageQuery(order=wanted, limit=50, cursor=page.cursor))
        assert len(service.calls(LIST)) <= 6
        assert await ids(account, {"order": wanted, "limit": 150}) == expected


@pytest.mark.parametrize("cursors", ["offset", "anchor"])
async def test_a_long_list_that_grows_while_it_is_read_gives_each_message_once(cursors):
    service = Convore(order="newest", cursors=cursors)
    expected = service.talk("room", 900)

    async def arriving():
        service.add("room", "one more")

    async with opened(service) as account:
        assert await ids(account, {"order": Order.LATEST, "limit": 70}, arriving=arriving) == expected


@pytest.mark.parametrize("wanted", Order)
async def test_equal_moments_across_pages_of_a_long_list_are_neither_lost_nor_doubled(wanted):
    service = Convore(order="newest" if wanted is Order.LATEST else "oldest")
    for number in range(900):
        service.add("room", "tick", date=BEGINNING + timedelta(seconds=number // 130))
    expected = [one["id"] for one in sorted(service.messages, key=lambda one: (one["date"], one["id"]))]
    async with opened(service) as account:
        assert await ids(account, {"order": wanted, "limit": 90}) == expected


@pytest.mark.parametrize(("limit", "hours"), [(50, 300), (130, 0), (130, 690), (200, 10)])
@pytest.mark.parametrize("cursors", ["offset", "anchor"])
async def test_a_list_that_turns_out_not_to_be_in_order_loses_nothing(limit, hours, cursors):
    service = Convore(order="recorded", cursors=cursors)
    expected = [service.add("room", "x", date=BEGINNING - timedelta(hours=n))["id"] for n in range(700)]
    late = service.add("room", "late", date=BEGINNING - timedelta(hours=hours, minutes=1))["id"]
    expected += [service.add("room", "x", date=BEGINNING - timedelta(hours=n))["id"] for n in range(700, 1000)]
    async with opened(service) as account:
        found = await ids(account, {"order": Order.LATEST, "limit": limit})
    assert sorted(found) == sorted([*expected, late])
    assert [one for one in found[::-1] if one != late] == expected


async def test_a_cursor_that_the_service_has_forgotten_is_done_without():
    service = Convore(order="newest", cursors="anchor")
    expected = service.talk("room", 900)
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery(limit=200))
        await current_clock().sleep(121)
        service.before = lambda it: (
            refused(400, "expired") if dict(it.query).get("cursor", "").startswith("after:") else None
        )
        service.cursors = "offset"
        page = await account.list_messages("room", MessageQuery(limit=200, cursor=page.cursor))
    assert [one.id for one in page.items] == expected[500:700]


@pytest.mark.parametrize(("order", "wanted"), list(product(ORDERS, Order)))
async def test_a_list_beyond_all_bounds_is_read_from_its_near_end_or_refused(order, wanted):
    service = Convore(order=order, cursors="anchor", largest=1)
    expected = service.talk("room", 150)
    async with opened(service) as account:
        try:
            found = await ids(account, {"order": wanted, "limit": 20})
        except DeadlineExceeded as error:
            assert "other order" in error.hint
            assert (order, wanted) not in LONG
            return
    assert sorted(found) == sorted(expected)
    assert found == expected or order == "shuffled"


async def test_a_place_far_down_that_the_service_has_forgotten_is_a_conflict():
    service = Convore(largest=1)
    service.talk("room", 120)
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery(limit=20))
        service.before = lambda it: refused(404, "gone") if "cursor" in dict(it.query) else None
        with pytest.raises(Conflict, match="does not know the place"):
            await account.list_messages("room", MessageQuery(limit=20, cursor=page.cursor))


async def test_a_cursor_that_comes_again_ends_the_list():
    service = Convore(largest=3)
    service.talk("room", 6)

    def circle(request, answer):
        body = answer.json()
        return type(answer)(200, json=body | {"next_cursor": "offset:3"}) if request.path == "/v1/messages" else None

    service.after = circle
    async with opened(service) as account:
        assert len(await ids(account, {"order": Order.LATEST, "limit": 50})) == 6
    assert len(service.calls(LIST)) == 2


@pytest.mark.parametrize("wanted", Order)
@pytest.mark.parametrize("length", [40, 900])
async def test_times_narrow_the_list_without_losing_a_match(wanted, length):
    service = Convore(order="newest" if wanted is Order.LATEST else "oldest")
    expected = service.talk("room", length)
    since, until = BEGINNING + timedelta(minutes=11), BEGINNING + timedelta(minutes=31)
    async with opened(service) as account:
        found = await ids(account, {"order": wanted, "limit": 6, "since": since, "until": until})
        page = await account.list_messages("room", MessageQuery(since=since, until=until, order=wanted))
    assert found == expected[10:30]
    assert page.total == length


async def test_a_message_without_a_date_keeps_its_place_by_when_it_was_recorded():
    service = Convore()
    first, second = service.talk("room", 2)
    del service.messages[0]["date"]
    service.order = "recorded"
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery())
    assert [(one.id, one.sent_at is None) for one in page.items] == [(second, False), (first, True)]


async def test_one_bad_message_costs_no_other():
    service = Convore()
    service.talk("room", 3)
    service.messages[1] = {"conversation_id": "room", "date": service.messages[1]["date"]}
    bad = [7, None, "x", {}]

    def spoil(request, answer):
        body = answer.json()
        return (
            type(answer)(200, json=body | {"data": [*bad, *body["data"]]}) if request.path == "/v1/messages" else None
        )

    service.after = spoil
    service.messages[1]["id"] = None
    async with opened(service) as account:
        page = await account.list_messages("room", MessageQuery())
    assert [one.id for one in page.items] == ["msg_00001", "msg_00003"]


async def test_an_unknown_conversation_is_not_found():
    async with opened(Convore()) as account:
        with pytest.raises(NotFound):
            await account.list_messages("conv_nope", MessageQuery())


@pytest.mark.parametrize("wanted", Order)
async def test_a_list_of_empty_pages_that_always_goes_on_is_given_up(wanted):
    service = Convore()
    service.talk("room", 1)
    service.before = lambda request: ok({"data": [], "next_cursor": f"c{len(service.journal)}"})
    async with opened(service) as account:
        with pytest.raises(DeadlineExceeded, match="nothing to show on 100 pages"):
            await account.list_messages("room", MessageQuery(order=wanted))
