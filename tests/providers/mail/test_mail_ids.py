"""Ids of mails that hold each other, and mails that are longer than all others."""

from __future__ import annotations

import pytest
from dovecot_mailbox import ARRIVED
from mail_service import settings_of

from dragoman.core.errors import NotFound
from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_mail_parts import make_mail
from dragoman.testing import connect

pytestmark = pytest.mark.anyio


def put(server, id_, text, references=(), **more):
    fields = [("From", "Maria <maria@example.com>"), ("Subject", "Plan"), ("Message-ID", f"<{id_}>")]
    fields += [("References", " ".join(f"<{one}>" for one in references))] if references else []
    server.folders["INBOX"].add(
        make_mail([*fields, *more.get("fields", ())], text, sent_at=ARRIVED), ["\\Seen"], ARRIVED
    )


async def test_a_mail_whose_id_holds_that_of_another_is_another_mail(imap_server):
    put(imap_server, "aa@x.example", "Longer before")
    put(imap_server, "a@x.example.org", "Longer behind")
    put(imap_server, "b@x.example", "Answer to the longer", ["aa@x.example"])
    async with MailProvider.open(settings_of(imap_server)) as account:
        with pytest.raises(NotFound):
            await account.list_messages("t.a@x.example", MessageQuery())
        put(imap_server, "a@x.example", "The mail itself")
        put(imap_server, "c@x.example", "Its answer", ["a@x.example"])
        page = await account.list_messages("t.a@x.example", MessageQuery())
        assert {one.text for one in page.items} == {"The mail itself", "Its answer"}
        found = await account.list_conversations(ConversationQuery())
        assert {one.id for one in found.items} == {"t.a@x.example", "t.aa@x.example", "t.a@x.example.org"}


async def test_a_mail_of_fifty_thousand_words_leaves_room_for_the_others(imap_server):
    put(imap_server, "m1@x.example", "The first")
    html = [("Content-Type", "text/html; charset=utf-8")]
    put(imap_server, "m2@x.example", f"<p>{'Newsletter words. ' * 25_000}</p>", ["m1@x.example"], fields=html)
    put(imap_server, "m3@x.example", "The last", ["m1@x.example"])
    host = f"127.0.0.1:{imap_server.server_address[1]}"
    account = {
        "provider": "mail",
        "address": "alice@example.test",
        "password": "open sesame",
        "imap": host,
        "tls": "off",
    }
    async with connect({"timezone": "UTC", "accounts": {"post": account}}) as client:
        text = await client.call("list_messages", conversation="post:t.m1@x.example")
    assert "The first" in text
    assert "Newsletter words." in text
    assert "The last" in text
    assert len(text) < 40_000
