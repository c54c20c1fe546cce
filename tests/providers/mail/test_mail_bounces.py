"""A mail that came back: the sent mail says that it failed, for whom, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from mail_service import settings_of

from dragoman.core.errors import OutcomeUnknown
from dragoman.core.mail import read_mail
from dragoman.core.queries import ConversationQuery, Draft, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_smtp_server import LOSE

pytestmark = pytest.mark.anyio
SENT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def lines(*text):
    return "\r\n".join(text).encode()


def put_sent(server, id_="out-1@example.test", *, references=()):
    data = lines(
        "From: Alice <alice@example.test>",
        "To: Bob <bob@example.org>, Carol <carol@example.net>",
        "Subject: Plan",
        f"Message-ID: <{id_}>",
        *([f"References: {' '.join(f'<{one}>' for one in references)}"] if references else []),
        f"Date: {SENT:%a, %d %b %Y %H:%M:%S} +0000",
        "",
        "Here it is",
    )
    with server.lock:
        server.folders["Sent"].add(data, ("\\Seen",), SENT)


def put_report(server, *groups, returned="out-1@example.test", number=1, headers=(), at=SENT, inner="message/rfc822"):
    data = lines(
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.test>",
        "To: alice@example.test",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: <report-{number}@mx.example.test>",
        f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000",
        *headers,
        'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="b1"',
        "",
        "--b1",
        "Content-Type: text/plain",
        "",
        "I'm sorry to have to inform you of this.",
        "--b1",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.test",
        *(line for group in groups for line in ("", *group)),
        "",
        "--b1",
        f"Content-Type: {inner}",
        "",
        "From: alice@example.test",
        "Subject: Plan",
        f"Message-ID: <{returned}>",
        "",
        "Here it is",
        "--b1--",
        "",
    )
    with server.lock:
        server.folders["INBOX"].add(data, (), at + timedelta(minutes=number))


def group(recipient, action, status, answer=""):
    told = [f"Diagnostic-Code: smtp; {answer}"] if answer else []
    return [f"Final-Recipient: rfc822; {recipient}", f"Action: {action}", f"Status: {status}", *told]


REFUSED = group("bob@example.org", "failed", "5.1.1", "550 5.1.1 unknown user")


async def read(server, conversation="t.out-1@example.test"):
    async with MailProvider.open(settings_of(server)) as account:
        page = await account.list_messages(conversation, MessageQuery())
        sent = next(one for one in page.items if one.author.own)
        assert (await account.get_message(conversation, sent.id)).status == sent.status
        return page.items, sent


@pytest.mark.parametrize("inner", ["message/rfc822", "text/rfc822-headers"])
async def test_a_sent_mail_that_came_back_says_who_did_not_get_it_and_why(imap_server, inner):
    put_sent(imap_server)
    put_report(imap_server, REFUSED, inner=inner)
    messages, sent = await read(imap_server)
    assert sent.status == "failed"
    assert sent.extra["delivery"] == [
        "bob@example.org did not get it: there is no such address (550 5.1.1 unknown user)"
    ]
    assert [(one.id, one.reply_to) for one in messages] == [
        ("out-1@example.test", None), ("report-1@mx.example.test", "out-1@example.test"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        ("5.2.2", "552 quota", "the mailbox is full"),
        ("5.0.0", "554 5.7.1 spam content", "it was refused as spam or by policy"),
        ("5.4.4", "", "the mail server of the address was not found"),
        ("5.0.0", "550 go away", "its mail server refused it"),
        ("", "", "it could not be delivered"),
    ],
)
async def test_the_reason_is_told_in_words(imap_server, status, answer, reason):
    put_sent(imap_server)
    put_report(imap_server, group("bob@example.org", "failed", status, answer))
    _, sent = await read(imap_server)
    [said] = sent.extra["delivery"]
    assert said.startswith(f"bob@example.org did not get it: {reason}")


async def test_a_delay_is_told_until_it_has_failed_and_a_delivery_is_no_failure(imap_server):
    put_sent(imap_server)
    put_report(imap_server, group("carol@example.net", "delivered", "2.0.0"), number=1)
    assert (await read(imap_server))[1].status is None
    put_report(imap_server, group("bob@example.org", "delayed", "4.4.1", "451 later"), number=2)
    _, sent = await read(imap_server)
    assert (sent.status, len(sent.extra["delivery"])) == ("delayed", 1)
    put_report(imap_server, REFUSED, group("carol@example.net", "failed", "5.2.2"), number=3)
    _, sent = await read(imap_server)
    assert (sent.status, len(sent.extra["delivery"])) == ("failed", 3)


async def test_a_report_of_another_mail_or_about_nothing_changes_nothing(imap_server):
    put_sent(imap_server)
    put_report(imap_server, REFUSED, returned="another@example.test")
    put_report(imap_server, ["Action: failed"], number=2)
    messages, sent = await read(imap_server)
    assert sent.status is None
    assert "report-1@mx.example.test" not in [one.id for one in messages]


async def test_the_list_has_one_conversation_for_a_mail_and_what_came_back(imap_server):
    put_sent(imap_server, references=["first@example.org"])
    put_report(imap_server, REFUSED)
    async with MailProvider.open(settings_of(imap_server)) as account:
        [one] = (await account.list_conversations(ConversationQuery(limit=10))).items
        assert one.title == "Plan"
        assert len((await account.list_messages(one.id, MessageQuery())).items) == 2


async def test_a_report_of_a_mail_that_was_never_kept_is_a_conversation_that_opens(imap_server):
    put_report(imap_server, REFUSED, returned="gone@example.test")
    async with MailProvider.open(settings_of(imap_server)) as account:
        [one] = (await account.list_conversations(ConversationQuery(limit=10))).items
        assert len((await account.list_messages(one.id, MessageQuery())).items) == 1
    async with MailProvider.open(settings_of(imap_server)) as account:
        assert len((await account.list_messages(one.id, MessageQuery())).items) == 1


async def test_a_report_that_arrives_later_is_noticed_in_a_thread_that_is_known(imap_server):
    put_sent(imap_server)
    async with MailProvider.open(settings_of(imap_server)) as account:
        thread = "t.out-1@example.test"
        assert [one.status for one in (await account.list_messages(thread, MessageQuery())).items] == [None]
        put_report(imap_server, REFUSED, at=SENT + timedelta(days=2))
        assert [one.status for one in (await account.list_messages(thread, MessageQuery())).items][:1] == ["failed"]


async def test_a_doubtful_send_that_came_back_went_out_and_failed(imap_server, smtp_server):
    smtp_server.fault = lambda command: LOSE if command == b"." else b""
    smtp = f"127.0.0.1:{smtp_server.server_address[1]}"
    draft = Draft(text="Here", subject="Plan", idempotency_key="k")
    async with MailProvider.open(settings_of(imap_server, smtp=smtp, sent_by_server=False)) as account:
        begun = datetime.now(UTC)
        with pytest.raises(OutcomeUnknown):
            await account.send_message("to:bob@example.org", draft)
        id_ = read_mail(smtp_server.mails[0].content.splitlines(keepends=True)).id
        put_report(imap_server, REFUSED, returned=id_, at=begun)
        for found in (
            await account.find_sent("to:bob@example.org", draft, begun),
            await account.send_message("to:bob@example.org", draft),
        ):
            assert (found.id, found.status) == (id_, "failed")
            assert "there is no such address" in found.extra["delivery"][0]
    assert len(smtp_server.mails) == 1


async def test_a_bounce_in_plain_words_is_found_in_the_thread_of_its_mail(imap_server):
    put_sent(imap_server)
    bounce = lines(
        "Return-Path: <>",
        "From: MAILER-DAEMON@mx.example.test",
        "To: alice@example.test",
        "Subject: failure notice",
        "Message-ID: <plain@mx.example.test>",
        f"Date: {SENT:%a, %d %b %Y %H:%M:%S} +0000",
        "",
        "<bob@example.org>:",
        "Remote host said: 550 5.1.1 User unknown",
        "",
        "--- Below this line is a copy of the message.",
        "",
        "Message-ID: <out-1@example.test>",
    )
    with imap_server.lock:
        imap_server.folders["INBOX"].add(bounce, (), SENT)
    async with MailProvider.open(settings_of(imap_server)) as account:
        page = await account.list_messages("t.out-1@example.test", MessageQuery())
    assert [one.id for one in page.items] == ["out-1@example.test", "plain@mx.example.test"]
    assert (page.items[0].status, page.items[1].reply_to) == ("failed", "out-1@example.test")


@pytest.mark.parametrize("kept", [True, False], ids=["sent mail kept", "sent mail gone"])
@pytest.mark.parametrize(
    ("kind", "media_type", "about"),
    [
        ("disposition-notification", "message/disposition-notification", "Disposition: manual-action; displayed"),
        ("delivery-status", "message/delivery-status", "Action: delivered\r\nStatus: 2.0.0"),
    ],
)
async def test_a_report_that_a_mail_arrived_is_read_in_the_thread_that_lists_it(
    imap_server, kind, media_type, about, kept
):
    if kept:
        put_sent(imap_server)
    data = lines(
        "From: Bob <bob@example.org>",
        "To: alice@example.test",
        "Subject: About your mail",
        "Message-ID: <about-1@example.org>",
        f"Date: {SENT + timedelta(minutes=1):%a, %d %b %Y %H:%M:%S} +0000",
        f"Content-Type: multipart/report; report-type={kind}; boundary=b1",
        "",
        "--b1",
        "Content-Type: text/plain",
        "",
        "It is here.",
        "--b1",
        f"Content-Type: {media_type}",
        "",
        *(("Reporting-MTA: dns; mx.example.org", "") if kind == "delivery-status" else ()),
        "Final-Recipient: rfc822; bob@example.org",
        "Original-Message-ID: <out-1@example.test>",
        about,
        "--b1",
        "Content-Type: text/rfc822-headers",
        "",
        "Message-ID: <out-1@example.test>",
        "--b1--",
        "",
    )
    with imap_server.lock:
        imap_server.folders["INBOX"].add(data, (), SENT + timedelta(minutes=1))
    async with MailProvider.open(settings_of(imap_server)) as account:
        (thread,) = (await account.list_conversations(ConversationQuery())).items
    async with MailProvider.open(settings_of(imap_server)) as account:  # one that does not remember the list
        found = (await account.list_messages(thread.id, MessageQuery())).items
    assert [one.id for one in found] == [*(["out-1@example.test"] if kept else []), "about-1@example.org"]
