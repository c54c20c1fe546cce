"""Rounds of asking a Slack in memory what is new."""

import pytest
from slack_service import Slack

KINDS = pytest.mark.parametrize("is_bot", [True, False], ids=["bot", "person"])
HOUR = 3600


async def told_since(account, position):
    told = []
    for _ in range(50):
        changes = await account.changes(position)
        told += changes.messages
        position = changes.position
        if not changes.more:
            return told, position
    raise AssertionError("The changes do not end.")


def ids(messages):
    return [one.id for one in messages]


def workspace(*, is_bot, rooms=2):
    slack = Slack(is_bot=is_bot)
    for number in range(rooms):
        slack.talk(f"C0{number:08d}", 5)
    return slack
