"""What is new, edited or deleted in Slack, late replies included, in a bounded number of requests."""

from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from slack_rounds import HOUR, KINDS, ids, told_since, workspace
from slack_service import BEGINNING, failed, opened

from dragoman import Change, Conflict, Draft, RateLimited

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
REFUSED = httpx.Response(200, json=failed("missing_scope", needed="search:read"))
LIMITED = httpx.Response(429, headers={"retry-after": "600"})


@KINDS
async def test_new_messages_and_replies_to_old_roots_are_told_once(is_bot):
    slack = workspace(is_bot=is_bot)
    first, second = slack.rooms
    old_root = slack.messages[first][0]["ts"]
    slack.add(first, "an early reply", root=old_root)
    async with opened(slack) as account:
        told, position = await told_since(account, (await account.changes(None)).position)
        assert told == []
        new = [slack.add(second, "new"), slack.add(first, "late reply", root=old_root)]
        told, position = await told_since(account, position)
        assert ids(told) == new
        assert [one.reply_to for one in told] == [None, old_root]
        assert (await told_since(account, position))[0] == []


@KINDS
async def test_a_reply_to_a_root_that_no_page_reaches_is_told_once(is_bot):
    slack = workspace(is_bot=is_bot, rooms=1)
    (room,) = slack.rooms
    root = slack.messages[room][0]["ts"]
    early = slack.add(room, "an early reply", root=root)
    slack.talk(room, 430)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        late = slack.add(room, "late reply", root=root)
        told, position = await told_since(account, position)
        assert ids(told) == [late]
        later = slack.add(room, "later reply", root=root)
    async with opened(slack) as account:  # in another process
        told, position = await told_since(account, position)
        assert ids(told) == [later]
        assert (await told_since(account, position))[0] == []
        assert early not in ids(told)


async def test_replies_to_old_roots_in_many_channels_are_found_a_few_pages_at_a_time():
    slack = workspace(is_bot=True, rooms=5)
    roots = {room: slack.messages[room][0]["ts"] for room in slack.rooms}
    for room in slack.rooms:
        slack.talk(room, 420)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        late = [slack.add(room, "late", root=root) for room, root in roots.items()]
        told = []
        for _ in range(4):
            slack.journal.clear()
            some, position = await told_since(account, position)
            told += some
            assert len(slack.calls("conversations.history")) <= 5 + 4
        assert sorted(ids(told)) == sorted(late)


async def test_a_reply_that_was_told_is_not_told_again_when_its_root_has_become_old():
    slack = workspace(is_bot=True, rooms=1)
    (room,) = slack.rooms
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        root = slack.add(room, "a question")
        reply = slack.add(room, "an answer", root=root)
        told, position = await told_since(account, position)
        assert ids(told) == [root, reply]
        slack.talk(room, 230)
        for _ in range(3):
            told, position = await told_since(account, position)
            assert reply not in ids(told)


async def test_a_channel_that_is_closed_to_a_bot_keeps_no_late_reply_of_another_one_back():
    slack = workspace(is_bot=True, rooms=3)
    rooms = list(slack.rooms)
    root = slack.messages[rooms[2]][0]["ts"]
    for room in rooms:
        slack.talk(room, 230)
    closed = httpx.Response(200, json=failed("channel_not_found"))
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        late = slack.add(rooms[2], "late", root=root)
        slack.before = lambda _, arguments: closed if arguments.get("channel") in rooms[:2] else None
        told, _ = await told_since(account, position)
    assert ids(told) == [late]


@KINDS
async def test_edits_and_deletions_are_told_and_a_root_that_is_only_a_tombstone_too(is_bot):
    slack = workspace(is_bot=is_bot, rooms=1)
    (room,) = slack.rooms
    keep, edited, gone, root, _ = (one["ts"] for one in slack.messages[room])
    reply = slack.add(room, "a reply", root=root)
    lost_reply = slack.add(room, "a reply that goes", root=root)
    async with opened(slack) as account:
        _, position = await told_since(account, (await account.changes(None)).position)
        there = {one["ts"]: one for one in slack.messages[room]}
        there[edited].update(text="edited", edited={"user": "U01MARIAK", "ts": f"{BEGINNING + HOUR}.000000"})
        there[root].update(subtype="tombstone", text="This message was deleted.", user="USLACKBOT")
        slack.messages[room] = [one for ts, one in there.items() if ts not in {gone, lost_reply}]
        told, position = await told_since(account, position)
        state = {one.id: (one.text, one.deleted_at is not None) for one in told}
        assert state == {edited: ("edited", False), gone: ("", True), root: ("", True), lost_reply: ("", True)}
        assert not {keep, reply} & state.keys()
        assert (await told_since(account, position))[0] == []


async def test_more_new_messages_than_a_page_are_told_in_parts_in_order():
    slack = workspace(is_bot=True, rooms=1)
    slack.largest = 15
    (room,) = slack.rooms
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        new = slack.talk(room, 70)
        late = slack.add(room, "a reply after all of them", root=new[0])
        told, _ = await told_since(account, position)
    assert [one for one in ids(told) if one != late] == new
    assert ids(told).count(late) == 1


async def test_what_was_sent_and_changed_through_the_account_is_told_as_it_is():
    slack = workspace(is_bot=False, rooms=1)
    (room,) = slack.rooms
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        sent = await account.send_message(room, Draft(text="From here"))
        await account.update_message(room, sent.id, Change(text="From here, changed"))
        told, _ = await told_since(account, position)
    assert [(one.id, one.text) for one in told] == [(sent.id, "From here, changed")]


async def test_a_quiet_round_of_a_person_costs_a_search_and_the_newest_conversation():
    slack = workspace(is_bot=False, rooms=30)
    room = list(slack.rooms)[3]
    slack.add(room, at=f"{BEGINNING + 90 * HOUR}.000001")
    async with opened(slack) as account:
        _, position = await told_since(account, (await account.changes(None)).position)
        slack.journal.clear()
        await account.changes(position)
    assert [method for method, _ in slack.journal] == ["search.messages", "conversations.history"]


async def test_a_bot_in_many_channels_asks_a_bounded_number_at_a_time():
    slack = workspace(is_bot=True, rooms=40)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        new = sorted(slack.add(room, "new") for room in slack.rooms)
        slack.journal.clear()
        changes = await account.changes(position)
        assert len(slack.journal) <= 14
        assert changes.more
        told, _ = await told_since(account, changes.position)
    assert sorted(ids([*changes.messages, *told])) == new


async def test_the_first_position_of_a_bot_in_many_channels_costs_few_requests():
    slack = workspace(is_bot=True, rooms=90)
    last = max(one["ts"] for there in slack.messages.values() for one in there)
    now = datetime.fromtimestamp(int(last[:10]) + 60, UTC)
    dated = {"date": format_datetime(now, usegmt=True)}
    slack.before = lambda method, arguments: (
        httpx.Response(200, json=slack.call(method, arguments), headers=dated) if "conversations" in method else None
    )
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        assert len(slack.journal) <= 15
        new = [slack.add(room, "new", at=f"{int(last[:10]) + 61 + n}.000001") for n, room in enumerate(slack.rooms)]
        told, _ = await told_since(account, position)
    assert sorted(ids(told)) == new


async def test_a_search_that_is_refused_makes_every_conversation_be_asked():
    slack = workspace(is_bot=False)
    slack.before = lambda method, _: REFUSED if method == "search.messages" else None
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        new = [slack.add(room, "new") for room in slack.rooms]
        told, _ = await told_since(account, position)
    assert ids(told) == new


async def test_a_limit_in_the_middle_loses_nothing():
    slack = workspace(is_bot=True, rooms=3)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        new = sorted(slack.add(room, "new") for room in slack.rooms)
        blocked = list(slack.rooms)[1]

        slack.before = lambda method, arguments: LIMITED if arguments.get("channel") == blocked else None
        changes = await account.changes(position)
        assert changes.more
        with pytest.raises(RateLimited):
            await account.changes(changes.position)
        slack.before = None
        told, _ = await told_since(account, changes.position)
    assert sorted(ids([*changes.messages, *told])) == new


async def test_the_same_ts_in_two_shared_channels_is_two_messages():
    slack = workspace(is_bot=True)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        at = f"{BEGINNING + HOUR}.000001"
        for room in slack.rooms:
            slack.add(room, "twice", at=at)
        told, _ = await told_since(account, position)
    assert [(one.conversation, one.id) for one in told] == [(room, at) for room in slack.rooms]


async def test_a_position_of_something_else_is_a_conflict():
    async with opened(workspace(is_bot=True)) as account:
        with pytest.raises(Conflict):
            await account.changes("no-such-position")
