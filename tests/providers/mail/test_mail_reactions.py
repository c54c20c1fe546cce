"""Reactions to mails, and what the own mail server found out about senders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from mail_service import settings_of

from dragoman.core.queries import MessageQuery
from dragoman.providers.mail import MailProvider

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def put(server, number, *headers, text="Hello", sender="Ann <ann@example.com>"):
    head = [
        *headers,
        f"From: {sender}",
        "To: alice@example.test",
        "Subject: Plan",
        f"Message-ID: <m{number}@example.com>",
        *(["In-Reply-To: <m0@example.com>"] if number else []),
    ]
    data = "\r\n".join([*head, "", text, ""]).encode()
    with server.lock:
        server.folders["INBOX"].add(data, ("\\Seen",), START + timedelta(minutes=number))


REACTION = ("Content-Disposition: reaction", "Content-Type: text/plain; charset=utf-8")


async def test_reactions_stand_at_the_mail_that_they_are_to(imap_server):
    put(imap_server, 0)
    put(imap_server, 1, *REACTION, text="👍")
    put(imap_server, 2, *REACTION, text="👍", sender="Bob <bob@example.com>")
    put(imap_server, 3, *REACTION, text="🎉", sender="Bob <bob@example.com>")
    put(imap_server, 4, *REACTION, text="No emoji at all but a long sentence of words")
    put(imap_server, 5, text="An answer")
    async with MailProvider.open(settings_of(imap_server)) as account:
        page = await account.list_messages("t.m0@example.com", MessageQuery())
    assert [one.id.partition("@")[0] for one in page.items] == ["m0", "m4", "m5"]
    assert [(one.emoji, one.count, one.by) for one in page.items[0].reactions] == [
        ("👍", 2, ("Ann", "Bob")), ("🎉", 1, ("Bob",)),
    ]  # fmt: skip


RECEIVED = (
    "Received: from out.example.com by mx.example.test (Postfix) with ESMTP id 1;\r\n Mon, 02 Mar 2026 09:00:00 +0000"
)
RELAYED = "Received: from a.example by relay.example; Mon, 02 Mar 2026 08:00:00 +0000"


def results(text, server="mx.example.test"):
    return f"Authentication-Results: {server};\r\n {text}"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ((results("dmarc=pass header.from=example.com; spf=fail"), RECEIVED), "pass"),
        ((results("spf=softfail smtp.mailfrom=x; dkim=none (no signature)"), RECEIVED), "fail"),
        ((results("spf=fail; dkim=pass (2048-bit key)"), RECEIVED), "pass"),
        ((results("spf=pass; dmarc=fail"), RECEIVED), "fail"),
        ((results("none"), RECEIVED), "none"),
        ((RECEIVED, results("dmarc=pass", "relay.example"), RELAYED), None),
        ((RECEIVED, RELAYED, results("dmarc=pass")), None),
        ((results("dmarc=fail"), RECEIVED, results("dmarc=pass")), "fail"),
        ((RECEIVED, results("dmarc=pass", "mx.example.test.evil.example")), None),
        ((results("dmarc=pass"),), None),
        ((RECEIVED,), None),
    ],
)
async def test_results_count_only_of_the_server_that_received_the_mail(imap_server, headers, found):
    put(imap_server, 0, *headers)
    async with MailProvider.open(settings_of(imap_server)) as account:
        message = await account.get_message("t.m0@example.com", "m0@example.com")
    assert message.extra.get("authentication") == found
    assert ("authentication:fail" in message.labels) is (found == "fail")
