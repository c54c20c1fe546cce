"""Unfinished mails of the owner, and people who are called what somebody else is called."""

from __future__ import annotations

import pytest
from dovecot_mailbox import ARRIVED
from mail_service import settings_of

from dragoman.core.errors import NotFound
from dragoman.core.queries import ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_imap_server import CAPABILITIES, FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail

pytestmark = pytest.mark.anyio


@pytest.fixture
def gmail():
    """A server with a folder of all mails, drafts among them."""
    server = FakeImapServer("alice@example.test", "open sesame", CAPABILITIES)
    server.folders["All Mail"] = server.folders.pop("Archive")
    server.folders["All Mail"].name, server.folders["All Mail"].role = "All Mail", "\\All"
    with server.serve():
        yield server


def put(server, number, *, flags=(), folder="All Mail", sender="Maria <maria@example.com>", references=""):
    fields = [("From", sender), ("To", "alice@example.test"), ("Subject", "Plan"), ("Message-ID", f"<m{number}@a.b>")]
    fields += [("References", references)] if references else []
    server.folders[folder].add(make_mail(fields, f"text {number}", sent_at=ARRIVED), flags, ARRIVED)


async def ids(account, thread):
    return [one.id for one in (await account.list_messages(thread, MessageQuery())).items]


@pytest.mark.parametrize("flag", ["\\Draft", "\\DRAFT"])
async def test_a_draft_among_all_mails_is_no_mail_of_its_thread(gmail, flag):
    put(gmail, 1)
    async with MailProvider.open(settings_of(gmail)) as account:
        position = (await account.changes(None)).position
        put(gmail, 2, flags=(flag,), sender="Alice <alice@example.test>", references="<m1@a.b>")
        put(gmail, 3, flags=(flag,), sender="Alice <alice@example.test>")
        [listed] = (await account.list_conversations(ConversationQuery(limit=10))).items
        assert (listed.id, listed.unread) == ("t.m1@a.b", 1)
        assert await ids(account, listed.id) == ["m1@a.b"]
        put(gmail, 4, flags=(flag,), sender="Alice <alice@example.test>", references="<m1@a.b>")
        assert await ids(account, listed.id) == ["m1@a.b"]
        assert (await account.changes(position)).messages == []
        assert [one.message.id for one in (await account.search_messages(SearchQuery(text="text"))).items] == ["m1@a.b"]
    async with MailProvider.open(settings_of(gmail)) as account:
        assert await ids(account, "t.m1@a.b") == ["m1@a.b"]
        with pytest.raises(NotFound):
            await account.list_messages("t.m3@a.b", MessageQuery())


async def test_a_thread_of_nothing_but_a_draft_is_found_by_its_id_and_says_so(gmail):
    put(gmail, 1, flags=("\\Draft",), folder="Drafts", sender="Alice <alice@example.test>")
    async with MailProvider.open(settings_of(gmail)) as account:
        [draft] = (await account.list_messages("t.m1@a.b", MessageQuery())).items
        assert (draft.status, draft.author.own) == ("draft", False)
        assert (await account.list_conversations(ConversationQuery(limit=10))).items == []


async def test_who_is_called_like_somebody_else_in_a_thread_is_shown_with_the_address(imap_server):
    for number, sender in enumerate(
        ("Ann Lee <ann@example.com>", "ANN LEE <ann@evil.example>", "Alice Smith <x@evil.example>", "Bob <bob@a.org>"),
        1,
    ):
        put(imap_server, number, folder="INBOX", sender=sender, references="<m1@a.b>")
    put(imap_server, 5, folder="Sent", sender="Alice Smith <alice@example.test>", references="<m1@a.b>")
    async with MailProvider.open(settings_of(imap_server, name="Alice Smith")) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=10))).items
        mails = (await account.list_messages(listed.id, MessageQuery())).items
    shown = {"Ann Lee <ann@example.com>", "ANN LEE <ann@evil.example>", "Alice Smith <x@evil.example>", "Bob"}
    assert {one.author.name for one in mails if not one.author.own} == shown
    assert set(listed.participants) == shown
