"""Edits and deletions of replies that no list of new messages shows any more are told once, for a day."""

import pytest
from slack_rounds import HOUR, KINDS, ids, told_since, workspace
from slack_service import opened

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


@KINDS
async def test_an_edit_of_a_late_reply_to_an_old_root_is_told_once(is_bot):
    slack = workspace(is_bot=is_bot, rooms=1)
    (room,) = slack.rooms
    root = slack.messages[room][0]["ts"]
    slack.talk(room, 430)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        late = slack.add(room, "late reply", root=root)
        told, position = await told_since(account, position)
        assert ids(told) == [late]
        for _ in range(3):  # hours later, when nothing else tells of the thread
            slack.talk(room, 230)
            told, position = await told_since(account, position)
            assert late not in ids(told)
    at = f"{int(slack.messages[room][-1]['ts'][:10]) + HOUR}.000000"
    next(one for one in slack.messages[room] if one["ts"] == late).update(text="better", edited={"ts": at})
    async with opened(slack) as account:  # in another process
        told, position = await told_since(account, position)
        assert [(one.id, one.text, one.reply_to) for one in told] == [(late, "better", root)]
        assert (await told_since(account, position))[0] == []


@KINDS
@pytest.mark.parametrize("others", [0, 1], ids=["alone", "with another"])
@pytest.mark.parametrize("later", [0, 230], ids=["at once", "when no page shows the root"])
async def test_the_deletion_of_a_late_reply_to_an_old_root_is_told_once(is_bot, others, later):
    slack = workspace(is_bot=is_bot, rooms=1)
    (room,) = slack.rooms
    root = slack.messages[room][0]["ts"]
    slack.talk(room, 430)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        late = [slack.add(room, "late reply", root=root) for _ in range(1 + others)]
        told, position = await told_since(account, position)
        assert ids(told) == late
        slack.talk(room, later)
        told, position = await told_since(account, position)
        assert late[0] not in ids(told)
    slack.messages[room] = [one for one in slack.messages[room] if one["ts"] != late[0]]
    async with opened(slack) as account:  # in another process
        told, position = await told_since(account, position)
        assert [(one.id, one.reply_to, one.deleted_at is not None) for one in told] == [(late[0], root, True)]
        for _ in range(3):
            told, position = await told_since(account, position)
            assert told == []


@KINDS
async def test_the_deletion_of_a_reply_whose_root_is_on_the_newest_page_is_told_once(is_bot):
    slack = workspace(is_bot=is_bot, rooms=1)
    (room,) = slack.rooms
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        late = slack.add(room, "late reply", root=slack.messages[room][0]["ts"])
        told, position = await told_since(account, position)
        assert ids(told) == [late]
        slack.messages[room] = [one for one in slack.messages[room] if one["ts"] != late]
        told = []
        for _ in range(4):
            some, position = await told_since(account, position)
            told += some
        assert [(one.id, one.deleted_at is not None) for one in told] == [(late, True)]


async def test_few_of_many_answered_threads_are_read_again_with_each_call_and_no_edit_is_lost():
    slack = workspace(is_bot=True, rooms=1)
    (room,) = slack.rooms
    roots = [slack.add(room, "a question") for _ in range(12)]
    slack.talk(room, 230)
    async with opened(slack) as account:
        position = (await account.changes(None)).position
        late = [slack.add(room, "an answer", root=root) for root in roots]
        told, position = await told_since(account, position)
        assert ids(told) == late
        at = f"{int(slack.messages[room][-1]['ts'][:10]) + HOUR}.000000"
        for one in slack.messages[room]:
            if one["ts"] in late:
                one.update(text="better", edited={"ts": at})
        told = []
        for _ in range(5):
            slack.journal.clear()
            some, position = await told_since(account, position)
            told += some
            assert len(slack.calls("conversations.replies")) <= 5
        assert sorted(ids(told)) == sorted(late)
