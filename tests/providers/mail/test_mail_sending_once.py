"""A mail whose outcome was lost is looked for, and never sent twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mail_sender import NOW, copies, mail_of, opened, raw

from dragoman.core.errors import OutcomeUnknown, PermissionDenied, RateLimited, Unavailable, UnsupportedOperation
from dragoman.core.queries import Draft
from dragoman.providers.replay.fake_smtp_server import LOSE

pytestmark = pytest.mark.anyio


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


def changing_ids(account):
    servers = account._sender._servers
    account._sender._servers = replace(servers, imap=replace(servers.imap, host="outlook.office365.com"))


async def test_a_mail_that_was_given_another_id_is_known_by_what_it_says_and_to_whom(imap_server, smtp_server, folders):
    def deliver(mail):
        changed = mail.content.replace(mail_of(mail).id.encode(), b"AS8P1.prod@exchange.example")
        folders["Sent"].add(changed, ("\\Seen",), datetime.now(UTC))

    smtp_server.deliver = deliver
    smtp_server.fault = lambda line: LOSE if line == b"." else b""
    begun = datetime.now(UTC)
    async with opened(imap_server, smtp_server, sent_by_server=True) as account:
        changing_ids(account)
        draft = Draft(text="Yes, Thursday", begun=begun, idempotency_key="k")
        assert await account.send_message("t.root@example.com", draft)
        assert await account.send_message("t.root@example.com", draft)
        assert len(smtp_server.mails) == 1
        found = await account.find_sent("t.root@example.com", draft, begun)
        assert found.id == "AS8P1.prod@exchange.example"
        with pytest.raises(UnsupportedOperation):
            await account.find_sent("t.root@example.com", draft, datetime.now(UTC) + timedelta(seconds=2))
        with pytest.raises(UnsupportedOperation):
            await account.find_sent("t.root@example.com", replace(draft, text="No, Friday"), begun)


@pytest.mark.parametrize(
    ("greeting", "error", "words"),
    [
        (
            b"554 5.7.1 blocked by policy",
            PermissionDenied,
            r"takes no connections from this network.*blocked by policy",
        ),
        (b"521 5.3.2 accepts no mail", PermissionDenied, "takes no connections"),
        (b"421 4.7.0 too many connections", RateLimited, "patience"),
        (b"450 busy", Unavailable, "now"),
    ],
)
async def test_a_server_that_refuses_the_connection_is_not_said_to_refuse_the_mail(
    imap_server, smtp_server, folders, greeting, error, words
):
    smtp_server.greeting = greeting
    async with opened(imap_server, smtp_server) as account:
        with pytest.raises(error, match=words) as caught:
            await account.send_message("t.root@example.com", Draft(text="x"))
    assert caught.value.sent is False
    assert "this mail" not in caught.value.message
    assert smtp_server.mails == []
