"""People are found whom a mail can be written to."""

from __future__ import annotations

import pytest
from dovecot_mailbox import ARRIVED
from mail_service import settings_of

from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_mail_parts import make_mail

pytestmark = pytest.mark.anyio


@pytest.fixture
def people(imap_server):
    senders = ("Maria Koch <maria@example.com>", "Zoë Łuczak <zoe@example.org>", "Alice <alice@example.test>")
    for number, sender in enumerate(senders):
        fields = [("From", sender), ("To", "alice@example.test"), ("Subject", "x"), ("Message-ID", f"<m{number}@a.b>")]
        imap_server.folders["INBOX"].add(make_mail(fields, "text", sent_at=ARRIVED), (), ARRIVED)
    return settings_of(imap_server)


async def found(settings, text):
    async with MailProvider.open(settings) as account:
        page = await account.list_conversations(ConversationQuery(text=text))
        return {one.id: one.participants for one in page.items if one.id.startswith("to:")}


async def test_people_are_found_by_name_and_by_address(people):
    assert await found(people, "koch") == {"to:maria@example.com": ("Maria Koch <maria@example.com>",)}
    assert await found(people, "zoe@example.org") == {"to:zoe@example.org": ("Zoë Łuczak <zoe@example.org>",)}


async def test_an_address_that_the_mailbox_does_not_know_can_be_written_to(people):
    assert await found(people, "new@example.net") == {"to:new@example.net": ("new@example.net",)}


@pytest.mark.parametrize("text", ["alice", "nobody", "a@b@c", "x@", "<script>@", "new@example.net\r\nX"])
async def test_the_owner_and_what_is_no_address_are_nobody_to_write_to(people, text):
    assert await found(people, text) == {}


async def test_without_words_nobody_is_proposed(people):
    assert await found(people, None) == {}


async def test_all_who_wrote_a_mail_together_are_told(imap_server):
    fields = [("From", "Ann <ann@example.com>, Bob <bob@example.com>"), ("Subject", "x"), ("Message-ID", "<m@a.b>")]
    imap_server.folders["INBOX"].add(make_mail(fields, "text", sent_at=ARRIVED), (), ARRIVED)
    async with MailProvider.open(settings_of(imap_server)) as account:
        [mail] = (await account.list_messages("t.m@a.b", MessageQuery())).items
    assert mail.author.name == "Ann"
    assert mail.extra["from"] == ["Ann <ann@example.com>", "Bob <bob@example.com>"]
