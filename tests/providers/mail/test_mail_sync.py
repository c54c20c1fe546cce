"""A mailbox that is kept current: what goes and what moves is told rightly, whatever the server can tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dovecot_mailbox import deliver, opened, signed_in
from mail_service import settings_of
from test_mail_arrivals import in_folder, told_as

from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import Conflict
from dragoman.providers.mail import MailProvider, folder_news, imap_session
from dragoman.providers.replay.fake_imap_server import CAPABILITIES, FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail
from dragoman.sync.runner import keep_current

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
KINDS = {"nothing": "", "CONDSTORE": " ENABLE CONDSTORE", "QRESYNC": " ENABLE CONDSTORE QRESYNC"}


def put(server, number, folder="INBOX", at=None):
    at = at or START + timedelta(hours=number)
    fields = [("From", "Maria <maria@example.com>"), ("Subject", f"Thread {number}")]
    data = make_mail([*fields, ("Message-ID", f"<m{number}@example.com>")], f"mail {number}", sent_at=at)
    with server.lock:
        return server.folders[folder].add(data, ["\\Seen"], at)


def take(server, uid, folder="INBOX"):
    with server.lock:
        server.folders[folder].changes += 1
        return server.folders[folder].mails.pop(uid)


def move(server, uid, folder="INBOX", target="Archive"):
    mail = take(server, uid, folder)
    with server.lock:
        server.folders[target].add(mail.data, tuple(mail.flags), mail.arrived_at)


@pytest.fixture(params=sorted(KINDS))
def server(request):
    made = FakeImapServer("alice@example.test", "open sesame", CAPABILITIES + KINDS[request.param])
    if request.param == "nothing":  # nor does it count changes
        made.dialect = lambda line: line.replace(b"HIGHESTMODSEQ", b"X-NOTHING")
    for number in range(1, 9):
        put(made, number)
    with made.serve():
        yield made


async def test_what_goes_is_told_whatever_the_server_can_tell(server):
    async with MailProvider.open(settings_of(server)) as account:
        position = (await account.changes(None)).position
        take(server, 2)
        with server.lock:
            server.folders["INBOX"].mails[3].flags.add("\\Deleted")
            server.folders["INBOX"].changes += 1
        move(server, 4)
        move(server, 5, target="Trash")
        put(server, 9)
        found, position = await told_as(account, position)
        assert sorted(found) == ["+m4", "-m2", "-m3", "-m5", "m9"]
        assert await told_as(account, position) == ([], position)
        take(server, 1, folder="Archive")
        assert (await told_as(account, position))[0] == ["-m4"]


async def test_a_mark_alone_is_seen_where_the_server_counts_no_changes(server):
    async with MailProvider.open(settings_of(server)) as account:
        position = (await account.changes(None)).position
        with server.lock:
            server.folders["INBOX"].mails[3].flags.add("\\Deleted")
            server.folders["INBOX"].changes += 1
        assert (await told_as(account, position))[0] == ["-m3"]


async def test_a_server_that_counts_its_changes_anew_is_searched(server):
    async with MailProvider.open(settings_of(server)) as account:
        position = (await account.changes(None)).position
        take(server, 2)
        server.folders["INBOX"].changes = 1
        assert (await told_as(account, position))[0] == ["-m2"]


async def test_a_folder_made_anew_is_a_conflict_whatever_the_server_can_tell(server, monkeypatch):
    monkeypatch.setattr(imap_session, "TRUSTED", -1)
    async with MailProvider.open(settings_of(server)) as account:
        position = (await account.changes(None)).position
        server.folders["INBOX"].validity += 1
        with pytest.raises(Conflict, match="Read the conversations"):
            await account.changes(position)


async def test_a_server_that_promises_more_than_it_can_is_searched(server):
    async with MailProvider.open(settings_of(server)) as account:
        position = (await account.changes(None)).position
        take(server, 2)
        for answer in (b"<tag> BAD what is that", b"<tag> NO not with that"):
            server.fault = lambda line, answer=answer: answer if b"(QRESYNC" in line else b""
            assert (await told_as(account, position))[0] == ["-m2"]


def _is_resync(server, line):
    return b" FETCH (" in line and b"(QRESYNC" in server.commands[-1]


async def test_a_mark_in_an_answer_without_meaning_is_looked_for(server):
    async with MailProvider.open(settings_of(server)) as account:
        position = (await account.changes(None)).position
    with server.lock:
        server.folders["INBOX"].mails[3].flags.add("\\Deleted")
        server.folders["INBOX"].changes += 1
    garbage = [b"* 1 FETCH (UID ((((\r\n"]
    server.dialect = lambda line: (garbage.pop() if garbage and _is_resync(server, line) else b"") + line
    async with MailProvider.open(settings_of(server)) as account:
        assert (await told_as(account, position))[0] == ["-m3"]
    assert bool(garbage) == ("QRESYNC" not in server.capabilities)


async def test_a_folder_that_is_deleted_takes_its_mails_along(server):
    uid = put(server, 20, folder="Archive")
    put(server, 21, folder="Archive")
    async with MailProvider.open(settings_of(server)) as account:
        position = (await account.changes(None)).position
    move(server, uid, folder="Archive", target="INBOX")
    with server.lock:
        del server.folders["Archive"]
    async with MailProvider.open(settings_of(server)) as account:
        found, position = await told_as(account, position)
        assert sorted(found) == ["+m20", "-m21"]
        assert await told_as(account, position) == ([], position)


async def test_a_real_server_tells_what_has_gone_without_a_search(mail_server):
    with signed_in(mail_server) as client:
        for number in range(1, 6):
            deliver(client, number)
        async with opened(mail_server) as account:
            assert account._mailbox._reader._session is None
            position = (await account.changes(None)).position
            session = account._mailbox._reader._session
            assert session.resyncs
            client.delete_messages(in_folder(client, "INBOX", 2))
            client.expunge()
            client.add_flags(in_folder(client, "INBOX", 3), ["\\Deleted"])
            client.add_flags(in_folder(client, "INBOX", 4), ["\\Flagged"])
            session.search = None  # it would fail
            found, position = await told_as(account, position)
            assert sorted(found) == ["-m2", "-m3"]
            assert await told_as(account, position) == ([], position)


async def arrivals(workspace):
    found = await (await workspace.store()).sync.arrivals("acc", 0, 100)
    return sorted(one.message.id.partition("@")[0] for one in found.items)


@pytest.mark.parametrize("followed", [200, 2])
async def test_a_mail_that_is_moved_is_no_news_and_keeps_its_number(server, tmp_path, monkeypatch, followed):
    monkeypatch.setattr(folder_news, "_MOST_FOLLOWED", followed)
    settings = settings_of(server, sync="all", remember="full")
    async with Workspace.open({"acc": settings}, tmp_path / "dragoman.db") as workspace:
        account, today = workspace.account("acc"), datetime.now(UTC).replace(microsecond=0)

        async def sync():
            [result] = await keep_current(workspace, [account], watch=False)
            assert result.error is None

        await sync()
        assert await arrivals(workspace) == []
        put(server, 30, at=today)
        await sync()
        assert await arrivals(workspace) == ["m30"]
        for uid in (1, 2, 8, 9):
            move(server, uid)
        put(server, 31, at=today)
        put(server, 32, folder="Trash")
        await sync()
        move(server, 1, folder="Trash")
        await sync()
        assert await arrivals(workspace) == ["m30", "m31", "m32"]
