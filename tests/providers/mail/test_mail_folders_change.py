"""Folders that are renamed, deleted or made while a mailbox is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dovecot_mailbox import every_conversation
from mail_service import settings_of

from dragoman.core.errors import OutcomeUnknown
from dragoman.core.model import Author, Message
from dragoman.core.queries import ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.mail import MailProvider, imap_session
from dragoman.providers.replay.fake_mail_parts import make_mail
from dragoman.providers.replay.fake_mail_store import StoredFolder

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def put(server, number, *more, folder="INBOX"):
    fields = [("From", "Maria <maria@example.com>"), ("Subject", f"Thread {number}"), *more]
    at = START + timedelta(hours=number)
    data = make_mail([*fields, ("Message-ID", f"<m{number}@example.com>")], f"answer {number}", sent_at=at)
    server.folders[folder].add(data, ["\\Seen"], at)


@pytest.fixture
def filled(imap_server, monkeypatch):
    monkeypatch.setattr(imap_session, "TRUSTED", 0.0)
    for number in range(1, 41):
        put(imap_server, number, folder="Archive" if number % 2 else "INBOX")
    put(imap_server, 41, ("References", "<m2@example.com>"))
    return imap_server


def rename(server):
    with server.lock:
        server.folders["Old"] = replace(server.folders.pop("Archive"), name="Old", validity=7)


def delete(server):
    with server.lock:
        del server.folders["Archive"]


READS = {
    "list_conversations": lambda account: account.list_conversations(ConversationQuery()),
    "list_messages": lambda account: account.list_messages("t.m2@example.com", MessageQuery()),
    "get_message": lambda account: account.get_message("t.m2@example.com", "m41@example.com"),
    "search_messages": lambda account: account.search_messages(SearchQuery(text="answer")),
}


@pytest.mark.parametrize(("change", "step"), [(rename, 1), (delete, 2)])
@pytest.mark.parametrize("name", READS)
async def test_a_special_folder_that_goes_is_missed_by_nobody(filled, name, change, step):
    async with MailProvider.open(settings_of(filled)) as account:
        await every_conversation(account)
        for read in READS.values():
            await read(account)
        change(filled)
        assert await READS[name](account)
        found = {one.id for one in await every_conversation(account)}
    assert found == {f"t.m{number}@example.com" for number in range(step, 41, step)}


async def test_a_mailbox_whose_folder_goes_is_checked_as_it_is_now(filled):
    async with MailProvider.open(settings_of(filled, write="off")) as account:
        assert "3 folders with 41 mails" in await account.check()
        delete(filled)
        assert "2 folders with 21 mails" in await account.check()


async def test_a_list_goes_on_where_a_folder_goes_between_two_pages(filled):
    async with MailProvider.open(settings_of(filled, write="off")) as account:
        page = await account.list_conversations(ConversationQuery(limit=5))
        found = [one.id for one in page.items]
        rename(filled)
        while page.cursor:
            page = await account.list_conversations(ConversationQuery(limit=5, cursor=page.cursor))
            found += [one.id for one in page.items]
    assert set(found) == {f"t.m{number}@example.com" for number in range(1, 41)}
    assert len(found) == len(set(found))


async def test_what_syncs_goes_on_where_a_folder_goes(filled):
    async with MailProvider.open(settings_of(filled, write="off")) as account:
        before = await account.changes(None)
        rename(filled)
        put(filled, 50)
        told = await account.changes(before.position)
    moved = {f"m{number}@example.com" for number in range(1, 41, 2)}
    assert {one.id for one in told.moved} == moved
    assert [(one.id, one.deleted_at) for one in told.messages] == [("m50@example.com", None)]


def letter(number):
    return Message(
        id=f"old-{number}@example.org",
        conversation="t.m2@example.com",
        author=Author(name="Oleg"),
        sent_at=START,
        text="x",
    )


async def test_a_folder_for_imports_that_somebody_else_makes_meanwhile_is_taken(filled):
    def make(line):
        if line.startswith(b"CREATE"):
            filled.folders["Imported"] = StoredFolder("Imported")
        return b""

    filled.fault = make
    async with MailProvider.open(settings_of(filled)) as account:
        stored = await account.import_message("t.m2@example.com", letter(1))
    assert (stored.id, len(filled.folders["Imported"].mails)) == (letter(1).id, 1)


async def test_an_import_whose_folder_was_made_before_the_connection_broke_is_made_again(filled):
    def break_once(line):
        if not line.startswith(b"CREATE"):
            return b""
        filled.fault = None
        filled.folders["Imported"] = StoredFolder("Imported")
        return None

    filled.fault = break_once
    async with MailProvider.open(settings_of(filled)) as account:
        with pytest.raises(OutcomeUnknown):
            await account.import_message("t.m2@example.com", letter(1))
        await account.import_message("t.m2@example.com", letter(1))
    assert len(filled.folders["Imported"].mails) == 1


async def test_a_folder_for_imports_that_goes_between_two_of_them_is_made_anew(filled):
    async with MailProvider.open(settings_of(filled)) as account:
        await account.import_message("t.m2@example.com", letter(1))
        await account.list_conversations(ConversationQuery())
        with filled.lock:
            del filled.folders["Imported"]
        await account.import_message("t.m2@example.com", letter(2))
    assert len(filled.folders["Imported"].mails) == 1
