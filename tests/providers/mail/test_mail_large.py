"""Mails that are far too large, and calls that are given up."""

from __future__ import annotations

import threading

import anyio
import pytest
from dovecot_mailbox import ARRIVED, opened, signed_in
from fault_proxy import FaultProxy
from mail_service import settings_of

from dragoman.core.queries import ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_mail_parts import make_mail

pytestmark = pytest.mark.anyio

LINE = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\r\n"
HUGE = b"\r\n".join(
    [
        b"From: Maria Koch <maria@example.com>",
        b"Subject: Huge",
        b"Message-ID: <huge@example.com>",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="b"',
        b"",
        b"--b",
        b"Content-Type: text/plain; charset=utf-8",
        b"",
        b"See the film.",
        b"--b",
        b"Content-Type: video/mp4",
        b"Content-Transfer-Encoding: base64",
        b'Content-Disposition: attachment; filename="film.mp4"',
        b"",
        b"",
    ]
)


@pytest.mark.timeout(180)
async def test_of_a_mail_of_100_megabytes_only_the_text_is_read(mail_server):
    lines = (100 << 20) // len(LINE)
    with signed_in(mail_server) as client:
        client.append("INBOX", HUGE + LINE * lines + b"--b--\r\n", (), ARRIVED)
    proxy = FaultProxy(mail_server.imap)
    async with opened(mail_server, imap=f"127.0.0.1:{proxy.port}", tls="off", ca_file=None) as account:
        [message] = (await account.list_messages("t.huge@example.com", MessageQuery())).items
        whole = await account.get_message("t.huge@example.com", "huge@example.com")
        [hit] = (await account.search_messages(SearchQuery(text="film"))).items
    proxy.close()
    assert message.text == whole.text == hit.message.text == "See the film."
    [file] = whole.attachments
    assert (file.name, file.media_type) == ("film.mp4", "video/mp4")
    assert abs(file.size - lines * 60) < lines * 60 * 0.03
    assert proxy.passed < 50_000


@pytest.mark.timeout(180)
async def test_a_text_of_many_megabytes_is_cut_and_says_so(mail_server):
    fields = [("From", "a@example.com"), ("Subject", "Long"), ("Message-ID", "<long@example.com>")]
    with signed_in(mail_server) as client:
        client.append("INBOX", make_mail(fields, "a line of words\n" * 1_000_000, sent_at=ARRIVED), (), ARRIVED)
    proxy = FaultProxy(mail_server.imap)
    async with opened(mail_server, imap=f"127.0.0.1:{proxy.port}", tls="off", ca_file=None) as account:
        whole = await account.get_message("t.long@example.com", "long@example.com")
    proxy.close()
    assert whole.partial
    assert whole.text.startswith("a line of words\n")
    assert whole.text.endswith("... (cut)")
    assert 400_000 < len(whole.text) < 600_000
    assert proxy.passed < 700_000


@pytest.mark.timeout(180)
async def test_ten_thousand_recipients_are_counted_and_not_all_shown(mail_server):
    people = ", ".join(f'"Person {n}" <person{n}@example.net>' for n in range(10_000))
    fields = [("From", "a@example.com"), ("Subject", "All"), ("Message-ID", "<all@example.com>"), ("To", people)]
    data = make_mail(fields, "Dear all", sent_at=ARRIVED).replace(b">, ", b">,\r\n ")
    with signed_in(mail_server) as client:
        client.append("INBOX", data, (), ARRIVED)
    async with opened(mail_server) as account:
        [conversation] = (await account.list_conversations(ConversationQuery())).items
        message = await account.get_message(conversation.id, "all@example.com")
    assert message.text == "Dear all"
    assert len(message.extra["to"]) == 11
    assert message.extra["to"][-1] == "and at least 990 more"
    assert len(conversation.participants) == 20


@pytest.mark.parametrize("command", [b"EXAMINE", b"UID SEARCH", b"UID FETCH", b"AUTHENTICATE", b"LIST"])
async def test_a_call_that_is_given_up_leaves_nothing_running(imap_server, command):
    fields = [("From", "a@example.com"), ("Subject", "One"), ("Message-ID", "<m1@example.com>")]
    imap_server.folders["INBOX"].add(make_mail(fields, "Hello", sent_at=ARRIVED))
    blocked, over = threading.Event(), threading.Event()

    def block(line):
        if line.startswith(command) and not blocked.is_set():
            blocked.set()
            over.wait(20)
        return b""

    imap_server.fault = block
    async with MailProvider.open(settings_of(imap_server)) as account:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(account.list_messages, "t.m1@example.com", MessageQuery())
            await anyio.to_thread.run_sync(blocked.wait)
            tasks.cancel_scope.cancel()
        # the server still waits; what was given up has ended without it, and another call is not held up
        page = await account.list_messages("t.m1@example.com", MessageQuery())
        assert [one.text for one in page.items] == ["Hello"]
        over.set()


@pytest.mark.parametrize(
    "nonsense", [b"(((", b'("text" NIL NIL)', b"NIL", b'("a" "b" "c" "d" "e" "f" "g")', b"7", b"()"]
)
async def test_a_large_mail_whose_parts_the_server_describes_wrongly_is_read_all_the_same(imap_server, nonsense):
    fields = [("From", "a@example.com"), ("Subject", "One"), ("Message-ID", "<m1@example.com>")]
    imap_server.folders["INBOX"].add(make_mail(fields, "Hello\n" * 20_000, sent_at=ARRIVED))
    answer = b"* 1 FETCH (UID 1 BODYSTRUCTURE %s)\r\n<tag> OK done" % nonsense
    imap_server.fault = lambda command: answer if b"BODYSTRUCTURE" in command else b""
    async with MailProvider.open(settings_of(imap_server)) as account:
        message = await account.get_message("t.m1@example.com", "m1@example.com")
        assert message.text == ("Hello\n" * 20_000).rstrip()
