"""Histories and threads: everything once, replies under their roots, whatever Slack's parts look like."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from slack_service import BEGINNING, Slack, opened
from slack_workspace import corpus

from dragoman.core.errors import NotFound
from dragoman.core.model import Order
from dragoman.core.queries import MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "C02RELAY01"
START = datetime.fromtimestamp(BEGINNING, UTC)


async def walk(account, query, room=ROOM):
    found, pages = [], 0
    while True:
        page = await account.list_messages(room, query)
        pages += 1
        assert pages < 200
        found = [*page.items, *found] if query.order is Order.LATEST else [*found, *page.items]
        if page.cursor is None:
            return found
        query = replace(query, cursor=page.cursor)


def thread_of(service, root, count, late=0):
    at = [f"{int(root[:10]) + late + 1 + n}.{900 + n:06d}" for n in range(count)]
    return [service.add(ROOM, f"reply {n}", root=root, at=one) for n, one in enumerate(at)]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 3, 50])
@pytest.mark.parametrize("short", [False, True])
async def test_replies_stand_under_their_roots_however_late_they_came(order, limit, short):
    service = Slack(largest=4, short=short)
    roots = service.talk(ROOM, 9)
    late = thread_of(service, roots[2], 5, late=9_000_000)
    near = thread_of(service, roots[7], 2)
    async with opened(service) as account:
        found = await walk(account, MessageQuery(order=order, limit=limit))
    expected = [*roots[:3], *late, *roots[3:8], *near, *roots[8:]]
    assert [one.id for one in found] == expected
    assert [one.reply_to for one in found if one.id in late] == [roots[2]] * 5
    assert next(one for one in found if one.id == roots[2]).replies == 5


async def test_a_reply_that_was_also_sent_to_the_channel_comes_once_where_it_stands_there():
    service = Slack()
    roots = service.talk(ROOM, 4)
    reply = service.add(ROOM, "for all", root=roots[0], subtype="thread_broadcast")
    async with opened(service) as account:
        found = await walk(account, MessageQuery(limit=2))
        thread = await walk(account, MessageQuery(thread=roots[0]))
    assert [one.id for one in found] == [*roots, reply]
    assert [one.id for one in thread] == [roots[0], reply]
    assert found[-1].reply_to == roots[0]


async def test_a_thread_is_read_whole_from_its_root_and_from_a_reply():
    service = Slack(largest=4, short=True)
    root = service.talk(ROOM, 2)[0]
    replies = thread_of(service, root, 11)
    async with opened(service) as account:
        for named in (root, replies[5], replies[5].replace(".", "")):
            for order in Order:
                found = await walk(account, MessageQuery(thread=named, order=order, limit=3))
                assert [one.id for one in found] == [root, *replies]
        with pytest.raises(NotFound):
            await account.list_messages(ROOM, MessageQuery(thread="1600000000.000100"))
        with pytest.raises(NotFound):
            await account.list_messages(ROOM, MessageQuery(thread="nonsense"))


@pytest.mark.parametrize("order", Order)
async def test_a_window_of_time_has_its_messages_and_late_replies_to_older_ones(order):
    service = Slack()
    roots = service.talk(ROOM, 20)
    late = service.add(ROOM, "late", root=roots[4], at=f"{BEGINNING + 12 * 60}.500000")
    since, until = START + timedelta(minutes=8), START + timedelta(minutes=15)
    async with opened(service) as account:
        found = await walk(account, MessageQuery(since=since, until=until, order=order, limit=3))
    assert [one.id for one in found] == [late, *roots[7:14]]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 3, 200])
@pytest.mark.parametrize("author", [None, "Oleg Sidorov"])
async def test_late_replies_to_roots_before_the_window_are_found_in_both_orders(order, limit, author):
    service = Slack()
    roots = service.talk(ROOM, 150)
    late = [
        service.add(ROOM, "late", root=root, user="U02OLEGSI", at=f"{BEGINNING + 60 * 141 + number}.000000")
        for number, root in enumerate((roots[45], roots[90]))
    ]
    service.add(ROOM, "too early", root=roots[46], user="U02OLEGSI", at=f"{BEGINNING + 60 * 100}.000000")
    query = MessageQuery(since=START + timedelta(minutes=141), author=author, order=order, limit=limit)
    async with opened(service) as account:
        found = await walk(account, query)
    assert [one.id for one in found] == [*late, *roots[140:]]


@pytest.mark.parametrize("order", Order)
async def test_many_old_threads_that_were_answered_lately_are_all_found(order):
    service = Slack()
    roots = service.talk(ROOM, 60)
    late = [
        service.add(ROOM, "late", root=root, at=f"{BEGINNING + 60 * 70 + n}.000000")
        for n, root in enumerate(roots[5:38])
    ]
    async with opened(service) as account:
        found = await walk(account, MessageQuery(since=START + timedelta(minutes=65), order=order, limit=10))
    assert [one.id for one in found] == late


async def test_the_first_page_is_one_call_and_threads_that_have_not_changed_are_not_read_again():
    service = Slack()
    roots = service.talk(ROOM, 60)
    thread_of(service, roots[55], 3)
    thread_of(service, roots[3], 3)
    async with opened(service) as account:
        await account.list_messages(ROOM, MessageQuery(limit=50))
        first = [method for method, _ in service.journal]
        await account.list_messages(ROOM, MessageQuery(limit=50))
        again = [method for method, _ in service.journal][len(first) :]
        thread_of(service, roots[55], 1, late=500)
        await account.list_messages(ROOM, MessageQuery(limit=50))
        after = [method for method, _ in service.journal][len(first) + len(again) :]
    assert sorted(first) == ["conversations.history", "conversations.replies", "users.info"]
    assert again == ["conversations.history"]
    assert sorted(after) == ["conversations.history", "conversations.replies"]


@pytest.mark.parametrize("name", ["kiosk-firmware", "rider-support", "incident-2026-04-12"])
async def test_a_channel_of_a_team_costs_four_calls_and_then_one(name):
    service, _ = corpus(name, 50)
    async with opened(service) as account:
        first = await account.list_messages("C0CORPUS01", MessageQuery(limit=50))
        cold = len(service.journal)
        again = await account.list_messages("C0CORPUS01", MessageQuery(limit=50))
    assert (cold, len(service.journal) - cold) == (4, 1)
    assert first == again


async def test_own_messages_are_marked_in_the_first_list_of_a_process():
    slack = Slack()
    slack.open(ROOM)
    slack.add(ROOM, "Theirs")
    slack.add(ROOM, "Ours", user="U0DRAGOMN", bot_id="B0DRAGOMN")
    async with opened(slack) as account:
        found = (await account.list_messages(ROOM, MessageQuery())).items
        again = (await account.list_messages(ROOM, MessageQuery())).items
    assert [one.author.own for one in found] == [False, True]
    assert again == found
    assert len(slack.calls("auth.test")) == 1


async def test_many_people_of_a_small_workspace_are_learnt_in_one_call():
    service = Slack()
    service.open(ROOM)
    for number in range(12):
        service.add_user(
            service.users["U01MARIAK"] | {"id": f"U0PERSON{number:02}", "profile": {"real_name": f"P{number}"}}
        )
        service.add(ROOM, text=f"By <@U0PERSON{(number + 1) % 12:02}>", user=f"U0PERSON{number:02}")
    async with opened(service) as account:
        page = await account.list_messages(ROOM, MessageQuery())
    assert [one.author.name for one in page.items] == [f"P{number}" for number in range(12)]
    assert page.items[0].text == "By @P1"
    assert len(service.calls("users.list")) == 1
    assert not service.calls("users.info")


async def test_people_who_are_gone_are_asked_for_once_and_the_next_list_is_one_call():
    service = Slack()
    service.open(ROOM)
    for number in range(6):
        service.add(ROOM, user=f"U0GONE{number:03}")
    async with opened(service) as account:
        await account.list_messages(ROOM, MessageQuery())
        service.journal.clear()
        await account.list_messages(ROOM, MessageQuery())
    assert [method for method, _ in service.journal] == ["conversations.history"]


async def test_what_cannot_be_read_of_threads_costs_no_page():
    service = Slack()
    roots = service.talk(ROOM, 3)
    thread_of(service, roots[1], 2)
    late = httpx.Response(429, json={"ok": False, "error": "ratelimited"}, headers={"retry-after": "60"})
    service.before = lambda method, _: late if method == "conversations.replies" else None
    async with opened(service) as account:
        page = await account.list_messages(ROOM, MessageQuery())
    assert [(one.id, one.replies) for one in page.items] == [(roots[0], 0), (roots[1], 2), (roots[2], 0)]


async def test_odd_times_of_messages_are_read_and_the_same_message_is_given_once():
    service = Slack()
    service.open(ROOM)
    good = service.add(ROOM, "good")
    odd = [
        {"type": "message", "ts": "1773133000000100", "text": "without point", "user": "U01MARIAK"},
        {"type": "message", "ts": 1773133000.0002, "text": "a number", "user": "U01MARIAK"},
        {"type": "message", "text": "no time"},
        {"type": "message", "ts": "soon", "text": "no time"},
        {"type": "message", "ts": good, "text": "good", "user": "U01MARIAK"},
        "nothing",
        None,
    ]

    def answer(method, _):
        if method != "conversations.history":
            return None
        return httpx.Response(200, json={"ok": True, "messages": [*odd, *service.messages[ROOM]], "has_more": False})

    service.before = answer
    async with opened(service) as account:
        page = await account.list_messages(ROOM, MessageQuery())
    assert [(one.id, one.text) for one in page.items] == [
        ("1773133000.000100", "without point"), ("1773133000.000200", "a number"), (good, "good"),
    ]  # fmt: skip


async def test_a_neighbour_is_not_taken_for_a_message_that_is_gone():
    service = Slack()
    roots = service.talk(ROOM, 3)
    joined = service.add(ROOM, "<@U02OLEGSI> has joined the channel", subtype="channel_join")
    async with opened(service) as account:
        assert (await account.get_message(ROOM, roots[1].replace(".", ""))).id == roots[1]
        assert (await account.get_message(ROOM, joined)).author.kind == "system"
        with pytest.raises(NotFound):
            await account.get_message(ROOM, f"{BEGINNING + 121}.000000")


async def test_an_app_of_fifteen_messages_a_minute_shows_what_it_has_and_says_why_there_is_no_more(tmp_path):
    service = Slack(largest=15)
    roots = service.talk(ROOM, 40)
    reads = []

    def once_a_minute(method, _):
        reads.extend([method] if method == "conversations.history" else [])
        if method == "conversations.history" and len(reads) % 2 == 0:
            body = {"ok": False, "error": "ratelimited"}
            return httpx.Response(429, json=body, headers={"retry-after": "60"})
        return None

    service.before = once_a_minute
    async with opened(service) as account:
        page = await account.list_messages(ROOM, MessageQuery(limit=50))
        following = await account.list_messages(ROOM, MessageQuery(limit=50, cursor=page.cursor))
    assert [one.id for one in page.items] == roots[25:]
    assert [one.id for one in following.items] == roots[10:25]
    assert following.cursor is not None


@pytest.mark.parametrize(("scope", "name"), [(",files:read", "theirs.pdf"), ("", "file of another organisation")])
async def test_a_file_of_another_organisation_is_looked_up_where_the_token_may(scope, name):
    service = Slack()
    service.scopes += scope
    service.open(ROOM)
    ts = service.add(ROOM, files=[{"id": "F08", "mode": "file_access", "file_access": "check_file_info", "user": None}])
    async with opened(service) as account:
        message = await account.get_message(ROOM, ts)
    assert [one.name for one in message.attachments] == [name]


async def test_answers_with_half_of_their_members_cost_no_page():
    service = Slack()
    service.open(ROOM)
    service.add(
        ROOM, "Hi", user="U01MARIAK", reactions=[{"name": None, "count": "x"}, None], files=[None, {}], edited=7
    )
    half = {"auth.test": {}, "users.info": {"user": None}, "conversations.info": {"channel": {"topic": None}}}
    service.before = lambda method, _: (
        httpx.Response(200, json={"ok": True, **half[method]}) if method in half else None
    )
    async with opened(service) as account:
        [message] = (await account.list_messages(ROOM, MessageQuery())).items
        conversation = await account.get_conversation(ROOM)
    assert (message.text, message.author.name, message.url) == ("Hi", "U01MARIAK", None)
    assert (conversation.id, conversation.title, conversation.url) == (ROOM, ROOM, None)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("window", [{}, {"since": START}, {"until": START + timedelta(days=9)}, {"author": "Maria"}])
async def test_of_many_threads_no_reply_is_left_out(order, window):
    service = Slack()
    roots = service.talk(ROOM, 45)
    expected = [one for root in roots for one in (root, *thread_of(service, root, 1))]
    async with opened(service) as account:
        found = await walk(account, MessageQuery(order=order, limit=200, **window))
    assert [one.id for one in found] == expected
