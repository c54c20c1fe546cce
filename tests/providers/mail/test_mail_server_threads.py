"""Servers that know threads by themselves: theirs count, and every mail leads to its thread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from mail_service import settings_of

from dragoman.core.errors import NotFound
from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_imap_server import CAPABILITIES, FakeImapServer

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KINDS = {"o": ("OBJECTID", "THREADID", "(T{})"), "g": ("X-GM-EXT-1", "X-GM-THRID", "{}")}


@pytest.fixture(params=sorted(KINDS))
def server(request):
    capability, fact, form = KINDS[request.param]
    server = FakeImapServer("alice@example.test", "open sesame", f"{CAPABILITIES} {capability}")
    for number, thread in enumerate([1, 1, 2, 1, None if request.param == "o" else 3]):
        data = (
            f"From: ann@example.com\r\nTo: alice@example.test\r\nSubject: Mail {number}\r\n"
            f"Message-ID: <m{number}@example.com>\r\n\r\nHello\r\n"
        )
        folder = server.folders["Archive" if number == 1 else "INBOX"]
        uid = folder.add(data.encode(), ("\\Seen",), START + timedelta(hours=number))
        folder.mails[uid].facts = {
            fact: form.format(thread) if thread else "NIL", **({"X-GM-LABELS": "()"} if request.param == "g" else {})
        }  # fmt: skip
    with server.serve():
        yield request.param, server


def ids(items):
    return [one.id.partition("@")[0] for one in items]


async def test_mails_are_together_as_the_server_says(server):
    kind, running = server
    first, last = {"o": ("o.T1", "t.m4@example.com"), "g": ("g.1", "g.3")}[kind]
    async with MailProvider.open(settings_of(running)) as account:
        found = (await account.list_conversations(ConversationQuery(limit=10))).items
        assert [one.id for one in found] == [last, first, {"o": "o.T2", "g": "g.2"}[kind]]
    async with MailProvider.open(settings_of(running)) as account:
        assert ids((await account.list_messages(first, MessageQuery())).items) == ["m0", "m1", "m3"]
        assert (await account.get_conversation("t.m4@example.com")).id == last
        assert ids((await account.list_messages("t.m1@example.com", MessageQuery())).items) == ["m0", "m1", "m3"]
        for wrong in ("o.T9", "g.9", "o.T1 OR ALL", "g.x", "o."):
            with pytest.raises(NotFound):
                await account.list_messages(wrong, MessageQuery())


async def test_a_mail_that_comes_into_such_a_thread_is_read_with_it(server):
    kind, running = server
    _, fact, form = KINDS[kind]
    async with MailProvider.open(settings_of(running)) as account:
        await account.list_conversations(ConversationQuery(limit=10))
        thread = {"o": "o.T1", "g": "g.1"}[kind]
        assert ids((await account.list_messages(thread, MessageQuery())).items) == ["m0", "m1", "m3"]
        folder = running.folders["INBOX"]
        with running.lock:
            uid = folder.add(
                b"From: a@example.com\r\nMessage-ID: <m7@example.com>\r\n\r\nNew\r\n", (), START + timedelta(9)
            )
            folder.mails[uid].facts = {fact: form.format(1), "X-GM-LABELS": "()"}
        assert ids((await account.list_messages(thread, MessageQuery())).items) == ["m0", "m1", "m3", "m7"]
