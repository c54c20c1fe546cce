"""Sending mails: once, to everybody or to nobody, with one copy; against small servers that break on order."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from mail_service import settings_of

from dragoman.core.context.clock import hurry
from dragoman.core.errors import (
    Conflict,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.core.mail import read_mail
from dragoman.core.queries import Draft, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_smtp_server import LOSE

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ROOT = (
    "From: Maria Koch <maria@example.com>", "To: Alice <alice@example.test>, Oleg <oleg@example.org>",
    "Cc: lena@example.test", "Subject: Budget", "Message-ID: <root@example.com>",
)  # fmt: skip


@pytest.fixture
def folders(imap_server):
    imap_server.folders["INBOX"].add(raw(*ROOT), (), NOW)
    return imap_server.folders


def raw(*lines, text="Hello"):
    return "\r\n".join([*lines, "Date: Mon, 02 Mar 2026 10:00:00 +0000", "", text, ""]).encode()


def opened(imap_server, smtp_server, **more):
    smtp = f"127.0.0.1:{smtp_server.server_address[1]}"
    return MailProvider.open(settings_of(imap_server, **{"smtp": smtp, "sent_by_server": False, "timeout": 2, **more}))


def mail_of(taken):
    return read_mail(taken.content.splitlines(keepends=True))


def copies(folders, name="Sent"):
    return list(folders[name].mails.values())


async def test_an_answer_goes_to_all_and_continues_the_thread(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, name="Alice Novak") as account:
        sent = await account.send_message("t.root@example.com", Draft(text="Fine **by** me"))
        thread = await account.list_messages("t.root@example.com", MessageQuery())
    (taken,) = smtp_server.mails
    mail = mail_of(taken)
    assert taken.sender == "alice@example.test"
    assert set(taken.recipients) == {"maria@example.com", "oleg@example.org", "lena@example.test"}
    assert mail.id == sent.id
    assert mail.references == ["root@example.com"]
    assert mail.headers.text("in-reply-to") == "<root@example.com>"
    assert mail.subject == "Re: Budget"
    assert mail.headers.text("from") == "Alice Novak <alice@example.test>"
    assert [one.id for one in thread.items] == ["root@example.com", sent.id]
    assert sent.conversation == "t.root@example.com"
    assert sent.author.own


async def test_the_copy_is_the_mail_itself_once_and_read(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        await account.send_message("t.root@example.com", Draft(text="x"))
    (copy,) = copies(folders)
    assert copy.data.rstrip() == smtp_server.mails[0].content.rstrip()  # the small server drops what ends a command
    assert "\\Seen" in copy.flags
    assert "\\Answered" in copies(folders, "INBOX")[0].flags


async def test_a_server_that_keeps_copies_itself_gets_none_from_us(imap_server, smtp_server, folders):
    smtp_server.deliver = lambda mail: folders["Sent"].add(mail.content, ("\\Seen",), NOW)
    for keeps in (True, None):
        async with opened(imap_server, smtp_server, sent_by_server=keeps) as account:
            await account.send_message("t.root@example.com", Draft(text=f"x {keeps}"))
    assert len(copies(folders)) == 2


async def test_a_server_of_which_nothing_is_known_gets_a_copy_when_none_comes(imap_server, smtp_server, folders):
    with hurry() as waits:
        async with opened(imap_server, smtp_server, sent_by_server=None) as account:
            await account.send_message("t.root@example.com", Draft(text="x"))
            await account.send_message("t.root@example.com", Draft(text="y"))
    assert len(copies(folders)) == 2
    assert waits.count(2.0) == 1


async def test_a_copy_that_cannot_be_kept_leaves_the_mail_sent(imap_server, smtp_server, folders, caplog):
    async with opened(imap_server, smtp_server) as account:
        imap_server.fault = lambda line: b"<tag> NO [OVERQUOTA] full" if line.upper().startswith(b"APPEND") else b""
        sent = await account.send_message("t.root@example.com", Draft(text="x"))
    assert sent.id
    assert len(smtp_server.mails) == 1
    assert "is sent" in caplog.text


async def test_a_new_mail_begins_a_thread_and_is_found_under_it(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        sent = await account.send_message("to:ann@example.com;cc.bob@example.org", Draft(text="Hi", subject="Lunch"))
        assert sent.conversation == f"t.{sent.id}"
        assert [one.text for one in (await account.list_messages(sent.conversation, MessageQuery())).items] == ["Hi"]
        room = await account.get_conversation("to:ann@example.com")
    assert smtp_server.mails[0].recipients == ("ann@example.com", "bob@example.org")
    assert room.participants == ("ann@example.com",)
    assert room.external == ("ann@example.com",)


async def test_a_new_mail_without_a_subject_is_refused(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(InvalidArgument, match="subject"):
            await account.send_message("to:ann@example.com", Draft(text="Hi"))
    assert smtp_server.mails == []


async def test_the_audience_is_everybody_and_tells_who_is_outside(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        told = await account.audience("t.root@example.com", Draft(text="x"))
    assert told.receivers == ("Maria Koch <maria@example.com>",)
    assert told.copied == ("Oleg <oleg@example.org>", "lena@example.test")
    assert told.conversation.members == 3
    assert told.conversation.external == ("Maria Koch <maria@example.com>", "Oleg <oleg@example.org>")


@pytest.mark.parametrize(
    ("entries", "allowed"),
    [
        (("t.root@example.com",), True),
        (("*@example.com", "*@example.org", "lena@example.test"), True),
        (("*@example.com", "*@example.org"), False),
        ((), False),
    ],
)
async def test_write_to_is_kept_also_at_the_moment_of_sending(imap_server, smtp_server, folders, entries, allowed):
    async with opened(imap_server, smtp_server, write="allow", write_to=entries) as account:
        if allowed:
            await account.send_message("t.root@example.com", Draft(text="x"))
        else:
            with pytest.raises(PermissionDenied):
                await account.send_message("t.root@example.com", Draft(text="x"))
    assert len(smtp_server.mails) == allowed


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        (b"EHLO", b"421 4.3.2 too busy", Unavailable),
        (b"EHLO", b"gibberish", DragomanError),
        (b"AUTH", b"535 5.7.8 wrong", Unauthenticated),
        (b"AUTH", b"535 5.7.139 basic authentication is disabled", Unauthenticated),
        (b"AUTH", b"454 4.7.0 later", Unavailable),
        (b"MAIL", b"553 5.7.1 Sender address rejected: not owned", PermissionDenied),
        (b"MAIL", b"552 5.3.4 too large", InvalidArgument),
        (b"RCPT TO:<oleg", b"550 5.1.1 no such user", InvalidArgument),
        (b"RCPT TO:<oleg", b"451 4.7.1 greylisted", Unavailable),
        (b"RCPT TO:<oleg", b"552 5.2.2 full", Conflict),
        (b"RCPT TO:<oleg", b"550 5.7.1 blocked", PermissionDenied),
        (b"DATA", b"451 4.3.0 not now", Unavailable),
        (b"DATA", b"554 5.5.1 no", PermissionDenied),
        (b".", b"554 5.7.1 spam", PermissionDenied),
        (b".", b"452 4.3.1 disk", Unavailable),
        (b".", b"450 4.7.1 slow down", RateLimited),
        (b"EHLO", b"<stall>", DeadlineExceeded),
        (b"RCPT", None, Unavailable),
        (b"DATA", None, Unavailable),
    ],
)
async def test_a_refusal_at_any_step_sends_to_nobody_and_says_so(
    imap_server, smtp_server, folders, step, answer, error
):
    smtp_server.fault = lambda line: answer if line.upper().startswith(step.upper()) else b""
    async with opened(imap_server, smtp_server, timeout=1) as account:
        with pytest.raises(error) as caught:
            await account.send_message("t.root@example.com", Draft(text="x"))
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.sent is False
    assert smtp_server.mails == []
    assert copies(folders) == []
    assert not re.search(r"\n|open sesame|Traceback", str(caught.value))


async def test_one_recipient_who_is_refused_is_named(imap_server, smtp_server, folders):
    smtp_server.fault = lambda line: b"550 5.1.1 no such user" if b"oleg" in line else b""
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(InvalidArgument, match=r"oleg@example\.org.*Nobody got anything"):
            await account.send_message("t.root@example.com", Draft(text="x"))
    assert b"rset" in smtp_server.commands


async def test_an_answer_that_is_lost_is_unknown_and_nothing_is_sent_twice(imap_server, smtp_server, folders):
    smtp_server.fault = lambda line: LOSE if line == b"." else b""
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(OutcomeUnknown) as caught:
            await account.send_message("t.root@example.com", Draft(text="x"))
    assert caught.value.sent is None
    assert len(smtp_server.mails) == 1


@pytest.mark.parametrize("where", ["Sent", "INBOX", "answer"])
async def test_a_lost_answer_is_found_out_where_there_is_proof(imap_server, smtp_server, folders, where):
    def deliver(mail):
        if where == "answer":
            id_ = mail_of(mail).id
            lines = (
                "From: maria@example.com",
                f"References: <root@example.com> <{id_}>",
                "Message-ID: <r2@example.com>",
            )
            folders["INBOX"].add(raw(*lines), (), NOW)
        else:
            folders[where].add(mail.content, (), NOW)

    smtp_server.deliver = deliver
    smtp_server.fault = lambda line: LOSE if line == b"." else b""
    async with opened(imap_server, smtp_server) as account:
        sent = await account.send_message("t.root@example.com", Draft(text="x"))
    assert mail_of(smtp_server.mails[0]).id == sent.id
    assert len(copies(folders)) == 1


async def test_the_same_key_sends_once(imap_server, smtp_server, folders):
    draft = Draft(text="x", idempotency_key="k1")
    async with opened(imap_server, smtp_server) as account:
        first = await account.send_message("t.root@example.com", draft)
        assert (await account.send_message("t.root@example.com", draft)).id == first.id
        other = await account.send_message("t.root@example.com", Draft(text="x", idempotency_key="k2"))
    assert other.id != first.id
    assert len(smtp_server.mails) == 2


async def test_a_write_that_was_cut_off_is_found_by_when_it_began(imap_server, smtp_server, folders):
    begun = datetime.now(UTC) - timedelta(minutes=5)
    draft = Draft(text="x", begun=begun)
    async with opened(imap_server, smtp_server) as account:
        sent = await account.send_message("t.root@example.com", draft)
        found = await account.find_sent("t.root@example.com", Draft(text="x"), begun)
        assert found is not None
        assert found.id == sent.id
        assert await account.send_message("t.root@example.com", draft) is not None
        with pytest.raises(UnsupportedOperation):
            await account.find_sent("t.root@example.com", Draft(text="other"), begun)
    assert len(smtp_server.mails) == 1


async def test_absence_proves_something_only_where_the_server_keeps_copies(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, sent_by_server=True) as account:
        now = datetime.now(UTC)
        with pytest.raises(Unavailable):
            await account.find_sent("t.root@example.com", Draft(text="x"), now)
        assert await account.find_sent("t.root@example.com", Draft(text="x"), now - timedelta(minutes=3)) is None


async def test_absence_proves_nothing_where_the_server_may_change_ids(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, sent_by_server=True) as account:
        servers = account._sender._servers
        account._sender._servers = replace(servers, imap=replace(servers.imap, host="outlook.office365.com"))
        with pytest.raises(UnsupportedOperation):
            await account.find_sent("t.root@example.com", Draft(text="x"), datetime.now(UTC) - timedelta(hours=1))


async def test_cancelling_ends_a_blocked_send_at_once(imap_server, smtp_server, folders):
    smtp_server.fault = lambda line: b"<stall>" if line.startswith(b"ehlo") else b""
    async with opened(imap_server, smtp_server, timeout=60) as account:
        await account.list_messages("t.root@example.com", MessageQuery())
        with anyio.fail_after(20):
            with anyio.move_on_after(0.5) as scope:
                await account.send_message("t.root@example.com", Draft(text="x"))
    assert scope.cancelled_caught


async def test_a_wrong_password_is_tried_once(imap_server, smtp_server, folders):
    smtp_server.password = "another"  # noqa: S105  # of no mailbox
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(Unauthenticated):
            await account.send_message("t.root@example.com", Draft(text="x"))
    assert [line[:4] for line in smtp_server.commands].count(b"AUTH") == 1


async def test_nothing_of_this_machine_is_told_to_the_server(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        await account.send_message("t.root@example.com", Draft(text="x"))
    assert smtp_server.commands[0] == b"ehlo localhost"
    assert not re.search(rb"(?im)^(x-mailer|user-agent|received):", smtp_server.mails[0].content)


async def test_a_mail_that_is_too_large_for_the_server_is_refused_before_it_is_sent(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(InvalidArgument, match="MB"):
            await account.send_message("t.root@example.com", Draft(text="x" * 1_200_000))
    assert not [line for line in smtp_server.commands if line.upper().startswith(b"MAIL")]


async def test_addresses_beyond_ascii_are_sent_where_the_server_takes_them(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        await account.send_message("to:jörg@bücher.example", Draft(text="x", subject="s"))
        smtp_server.extensions = ("AUTH PLAIN",)
        with pytest.raises(InvalidArgument, match="ASCII"):
            await account.send_message("to:jörg@bücher.example", Draft(text="y", subject="s"))
    assert smtp_server.mails[0].recipients == ("jörg@xn--bcher-kva.example",)


async def test_an_answer_without_end_does_not_fill_the_memory(imap_server, smtp_server, folders):
    smtp_server.fault = lambda line: b"250-x\r\n" * 10_000 if line.startswith(b"ehlo") else b""
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(DragomanError):
            await account.send_message("t.root@example.com", Draft(text="x"))


async def test_an_answer_to_a_mail_that_is_gone_is_not_sent_elsewhere(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(NotFound):
            await account.send_message("t.root@example.com", Draft(text="x", reply_to="gone@example.com"))
    assert smtp_server.mails == []


async def test_check_signs_in_on_both_sides(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, write="allow") as account:
        assert "sends through 127.0.0.1" in await account.check()
        smtp_server.password = "another"  # noqa: S105  # of no mailbox
        with pytest.raises(Unauthenticated, match=r"Sending fails: .* The account reads as alice@example\.test"):
            await account.check()


async def test_check_says_that_sending_works_when_reading_does_not(imap_server, smtp_server, folders):
    imap_server.fault = lambda line: b"<tag> NO [UNAVAILABLE] down" if line.upper().startswith(b"LIST") else b""
    async with opened(imap_server, smtp_server, write="allow") as account:
        with pytest.raises(Unavailable, match=r"Reading fails: .* Sending through 127\.0\.0\.1 works"):
            await account.check()


async def test_check_of_an_account_that_only_reads_tells_what_sending_lacks(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        smtp_server.password = "another"  # noqa: S105  # as above
        assert "sending would fail" in await account.check()


async def test_a_refused_password_is_not_tried_in_the_other_direction(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server, password="wrong", write="allow") as account:  # noqa: S106  # as above
        with pytest.raises(Unauthenticated):
            await account.check()
    assert smtp_server.commands == []


async def test_a_token_is_offered_in_the_ways_that_servers_know(imap_server, smtp_server, folders):
    imap_server.capabilities += " AUTH=XOAUTH2"
    for extensions, mechanism in ((("AUTH PLAIN XOAUTH2",), b"XOAUTH2"), (("AUTH PLAIN OAUTHBEARER",), b"OAUTHBEARER")):
        smtp_server.extensions = extensions
        async with opened(imap_server, smtp_server, password=None, token="open sesame") as account:  # noqa: S106  # as above
            assert await account._sender.check() == "127.0.0.1"
        assert [line.split()[1] for line in smtp_server.commands if line.startswith(b"AUTH")][-1] == mechanism
    smtp_server.password = "another"  # noqa: S105  # as above
    async with opened(imap_server, smtp_server, password=None, token="open sesame") as account:  # noqa: S106  # as above
        with pytest.raises(Unauthenticated):
            await account._sender.check()
