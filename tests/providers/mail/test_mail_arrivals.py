"""What has arrived in a mailbox since a position."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager

import anyio
import anyio.to_thread
import pytest
from dovecot_mailbox import ARRIVED, deliver, opened, signed_in
from postfix import BreakingProxy

from dragoman.core.errors import Conflict
from dragoman.core.queries import MessageQuery

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


def in_folder(client, folder, number):
    client.select_folder(folder)
    return client.search(["HEADER", "Message-ID", f"m{number}@"])


async def told_as(account, position):
    """What is told: ids, those of removed mails with a minus, those of moved ones with a plus."""
    changes = await account.changes(position)
    signs = [
        *(("-" * (one.deleted_at is not None), one) for one in changes.messages),
        *(("+", one) for one in changes.moved),
    ]
    return [sign + one.id.partition("@")[0] for sign, one in signs], changes.position


async def test_mails_that_are_expunged_marked_or_moved_out_of_what_is_read_are_told_as_removed(mail_server):
    with signed_in(mail_server) as client:
        for number in range(1, 6):
            deliver(client, number)
        async with opened(mail_server) as account:
            position = (await account.changes(None)).position
            client.move(in_folder(client, "INBOX", 1), "Trash")
            client.move(in_folder(client, "INBOX", 2), "Archive")
            client.add_flags(in_folder(client, "INBOX", 3), ["\\Deleted"])
            deliver(client, 9)
            found, position = await told_as(account, position)
            assert sorted(found) == ["+m2", "-m1", "-m3", "m9"]
        client.delete_messages(in_folder(client, "INBOX", 9))
        client.expunge()
        client.delete_messages(in_folder(client, "Archive", 2))
        client.expunge()
        async with opened(mail_server) as account:
            found, position = await told_as(account, position)
            assert sorted(found) == ["-m2", "-m9"]
            assert await told_as(account, position) == ([], position)


@contextmanager
def watched(server):
    """A way to the server, and an event that is set whenever somebody begins to wait there."""
    waits = threading.Event()

    def rule(side, line):
        if side == "server" and line.startswith(b"+ idling"):
            waits.set()

    context = ssl.create_default_context(cafile=server.certificate.file)
    with BreakingProxy(server.imaps, context, rule).serve() as address:
        yield address, waits


@pytest.mark.parametrize("folder", ["INBOX", "Sent"])
async def test_waiting_ends_at_once_for_what_happened_before(mail_server, folder):
    with signed_in(mail_server) as client:
        async with opened(mail_server) as account:
            position = (await account.changes(None)).position
            assert not await account.wait_for_changes(position, 0.2)
            deliver(client, 1, folder=folder)
            assert await account.wait_for_changes(position, 600)


@pytest.mark.parametrize("happens", ["comes", "goes"])
async def test_waiting_ends_when_a_mail_comes_or_goes(mail_server, happens):
    with signed_in(mail_server) as client, watched(mail_server) as (address, waits):
        deliver(client, 1)
        uids = in_folder(client, "INBOX", 1)
        heard = []
        async with opened(mail_server, imap=address, tls="off") as account:
            position = (await account.changes(None)).position

            async def wait():
                heard.append(await account.wait_for_changes(position, 600))

            with anyio.fail_after(60):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(wait)
                    await anyio.to_thread.run_sync(waits.wait)
                    if happens == "comes":
                        deliver(client, 2)
                    else:
                        client.move(uids, "Trash")
        assert heard == [True]


async def test_waiting_is_cancelled_at_once_and_lists_go_on_beside_it(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1)
    async with opened(mail_server) as account:
        position = (await account.changes(None)).position
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(account.wait_for_changes, position, 600)
                page = await account.list_messages("t.m1@example.com", MessageQuery())
                tasks.cancel_scope.cancel()
    assert [one.id for one in page.items] == ["m1@example.com"]
