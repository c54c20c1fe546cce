"""Sending mails: once, to everybody or to nobody, with one copy; against small servers that break on order."""

from __future__ import annotations

import re
from dataclasses import replace

import anyio
import pytest
from mail_sender import NOW, copies, mail_of, opened

from dragoman.core.context.clock import JumpingClock, hurry
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
)
from dragoman.core.queries import Draft, MessageQuery

pytestmark = pytest.mark.anyio


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


async def test_a_copy_that_a_slow_server_keeps_after_the_connection_is_lost_is_not_kept_twice(
    imap_server, smtp_server, folders
):
    def lose_append(line):
        if not line.upper().startswith(b"APPEND"):
            return b""
        imap_server.fault = None
        return None

    class Clock(JumpingClock):
        async def sleep(self, seconds):
            folders["Sent"].add(smtp_server.mails[0].content, ("\\Seen",), NOW)
            await super().sleep(seconds)

    imap_server.fault = lose_append
    async with opened(imap_server, smtp_server) as account:
        account._sender._copies._clock = Clock()
        await account.send_message("t.root@example.com", Draft(text="x"))
    assert len(copies(folders)) == 1


async def test_a_folder_of_sent_mails_that_was_renamed_meanwhile_gets_the_copy(imap_server, smtp_server, folders):
    async with opened(imap_server, smtp_server) as account:
        await account.list_messages("t.root@example.com", MessageQuery())
        with imap_server.lock:
            folders["Gone"] = replace(folders.pop("Sent"), name="Gone")
        await account.send_message("t.root@example.com", Draft(text="x"))
    assert len(copies(folders, "Gone")) == 1


async def test_a_copy_that_was_lost_with_the_connection_is_kept_once(imap_server, smtp_server, folders):
    def lose_append(line):
        if not line.upper().startswith(b"APPEND"):
            return b""
        imap_server.fault = None
        return None

    imap_server.fault = lose_append
    with hurry() as waits:
        async with opened(imap_server, smtp_server) as account:
            await account.send_message("t.root@example.com", Draft(text="x"))
    assert len(copies(folders)) == 1
    assert waits == [2.0]


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
    imap_server, smtp_server, folders, impatience, step, answer, error
):
    def fault(line):
        if not line.upper().startswith(step.upper()):
            return b""
        if answer == b"<stall>":
            impatience.give_up()
        return answer

    smtp_server.fault = fault
    async with opened(imap_server, smtp_server) as account:
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


async def test_cancelling_ends_a_blocked_send_at_once(imap_server, smtp_server, folders):
    smtp_server.fault = lambda line: b"<stall>" if line.startswith(b"ehlo") else b""
    async with opened(imap_server, smtp_server) as account:
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
