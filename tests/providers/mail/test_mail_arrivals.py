"""What has arrived in a mailbox since a position."""

from __future__ import annotations

import pytest
from dovecot_mailbox import ARRIVED, deliver, opened, signed_in

from dragoman.core.errors import Conflict

pytestmark = pytest.mark.anyio


async def told(account, position):
    found = []
    while True:
        changes = await account.changes(position)
        found += [one.id.partition("@")[0] for one in changes.messages]
        position = changes.position
        if not changes.more:
            return found, position


async def test_mails_of_all_folders_are_told_once_in_the_order_of_arrival(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1)
        async with opened(mail_server) as account:
            position = (await account.changes(None)).position
            deliver(client, 3, folder="Sent", at=ARRIVED.replace(minute=3))
            deliver(client, 2, at=ARRIVED.replace(minute=2))
            found, position = await told(account, position)
            assert found == ["m2", "m3"]
            assert await told(account, position) == ([], position)
        async with opened(mail_server) as account:
            assert (await told(account, position))[0] == []


async def test_many_mails_come_in_parts_and_none_is_lost(mail_server):
    async with opened(mail_server) as account:
        position = (await account.changes(None)).position
        with signed_in(mail_server) as client:
            for number in range(150):
                deliver(client, number, folder="Archive" if number % 3 else "INBOX")
        first = await account.changes(position)
        assert first.more
        found, _ = await told(account, position)
        assert sorted(found) == sorted(f"m{number}" for number in range(150))


async def test_a_folder_that_is_new_is_told_whole_and_one_that_was_made_anew_is_a_conflict(mail_server):
    with signed_in(mail_server) as client:
        client.create_folder("Work")
        deliver(client, 1, folder="Work")
        async with opened(mail_server, folders=["Work"]) as account:
            position = (await account.changes(None)).position
        async with opened(mail_server, folders=["Work", "INBOX"]) as account:
            deliver(client, 2)
            assert (await told(account, position))[0] == ["m2"]
        client.delete_folder("Work")
        client.create_folder("Work")
        async with opened(mail_server, folders=["Work"]) as account:
            with pytest.raises(Conflict, match="Read the conversations"):
                await account.changes(position)
