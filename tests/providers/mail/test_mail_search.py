"""Searches in mailboxes: what the server finds, and what is said of what it could not search."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from dovecot_mailbox import ARRIVED, deliver, opened, signed_in
from mail_service import settings_of

from dragoman.core.errors import InvalidArgument
from dragoman.core.queries import Filter, MessageQuery, SearchQuery
from dragoman.core.query_parser import parse_query
from dragoman.providers.mail import MailProvider
from dragoman.providers.mail.search import MailSearch
from dragoman.providers.replay.fake_imap_server import CAPABILITIES, FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail

pytestmark = pytest.mark.anyio

LATIN = (
    b"From: a@example.com\r\nMessage-ID: <latin@example.com>\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nK\xf6ln"
)


def asked(text, **more):
    return SearchQuery(text=text, expression=parse_query(text).expression, **more)


async def found(account, query):
    page = await account.search_messages(query)
    return {hit.message.id.partition("@")[0] for hit in page.items}


def post(server, number, *, folder="INBOX", subject="Plan", text="", flags=(), at=ARRIVED, facts=None):
    fields = [
        ("From", "Maria Koch <maria@example.com>"),
        ("To", "alice@example.test"),
        ("Subject", subject),
        ("Message-ID", f"<m{number}@example.com>"),
    ]
    uid = server.folders[folder].add(make_mail(fields, text or f"Mail {number}", sent_at=at), flags, at)
    server.folders[folder].mails[uid].facts.update(facts or {})


async def test_words_are_found_in_every_letter_and_charset(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1, text="Wir treffen uns in Köln.")
        client.append("INBOX", LATIN)
        deliver(client, 3, text="会议改到星期五")
        deliver(client, 4, subject="=?utf-8?b?5Lya6K6u?=")
        deliver(client, 5, text="Nothing of it")
    async with opened(mail_server) as account:
        assert await found(account, asked("köln")) == {"m1", "latin"}
        assert await found(account, asked("会议")) == {"m3", "m4"}


async def test_operators_are_asked_of_the_server(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1, text="apple pear", subject="Fruit")
        deliver(client, 2, text="apple", subject="Garden", folder="Archive", at=ARRIVED - timedelta(days=30))
        deliver(client, 3, text="apple pie at home")
        client.select_folder("INBOX")
        client.add_flags([1], ["\\Seen", "Work"])
    async with opened(mail_server) as account:
        for query, wanted in (
            (asked("apple"), {"m1", "m2", "m3"}),
            (asked("apple pear"), {"m1"}),
            (asked("pear OR pie"), {"m1", "m3"}),
            (asked('"apple pie"'), {"m3"}),
            (asked("apple -pear"), {"m2", "m3"}),
            (asked("apple", filters=(Filter("is", "unread"),)), {"m2", "m3"}),
            (asked("apple", filters=(Filter("label", "Work"),)), {"m1"}),
            (asked("", filters=(Filter("subject", "garden"),)), {"m2"}),
            (asked("apple", filters=(Filter("from", "maria@example.com"),)), {"m1", "m2", "m3"}),
            (asked("apple", filters=(Filter("from", "oleg"),)), set()),
            (asked("apple", author="Maria", since=ARRIVED - timedelta(hours=1)), {"m1", "m3"}),
            (asked("apple", until=ARRIVED - timedelta(days=10)), {"m2"}),
            (asked("apple", conversation="t.m2@example.com"), {"m2"}),
        ):
            assert await found(account, query) == wanted, query
    with signed_in(mail_server) as client:
        client.select_folder("INBOX", readonly=True)
        assert client.search(["SEEN"]) == [1]


@pytest.mark.parametrize("word", ["(", "{3}", "{3+}", '"', "\\", "NOT", "*", "%", "ALL)"])
async def test_signs_of_the_protocol_are_found_as_text(mail_server, word):
    with signed_in(mail_server) as client:
        deliver(client, 1, text=f"a b{word}c d")
        deliver(client, 2, text="a bc d")
    async with opened(mail_server) as account:
        assert await found(account, SearchQuery(text=f"b{word}c")) == {"m1"}


async def test_a_line_break_in_a_search_is_refused(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1)
    async with opened(mail_server) as account:
        with pytest.raises(InvalidArgument, match="no line breaks"):
            await account.search_messages(asked("", author="a\r\nX CREATE evil\r\nY NOOP"))
    with signed_in(mail_server) as client:
        assert not client.folder_exists("evil")


async def test_a_server_without_utf8_searches_the_plain_words_and_that_is_told(imap_server):
    post(imap_server, 1, text="Köln Bonn")
    post(imap_server, 2, text="Bonn alone")
    refused = b"<tag> NO [BADCHARSET (US-ASCII)] unknown charset"
    imap_server.fault = lambda command: refused if b"CHARSET" in command else b""
    async with MailProvider.open(settings_of(imap_server)) as account:
        page = await account.search_messages(asked("Bonn Köln"))
        assert {hit.message.id for hit in page.items} == {"m1@example.com", "m2@example.com"}
        assert "no words beyond plain letters" in page.missed
        page = await account.search_messages(asked("Köln"))
        assert page.items == []
        assert "no words beyond plain letters" in page.missed


async def test_a_slow_search_ends_and_says_which_folders_it_missed(imap_server):
    post(imap_server, 1, text="apple")
    post(imap_server, 2, text="apple", folder="Archive")
    over = Event()

    def slow(command):
        if b"TEXT" in command and opened_folder[-1] == b"Archive":
            over.wait(20)
        if command.startswith(b"EXAMINE"):
            opened_folder.append(command.split()[1].strip(b'"'))
        return b""

    opened_folder = [b""]
    imap_server.fault = slow
    async with MailProvider.open(settings_of(imap_server)) as account:
        page = await MailSearch(account._mailbox, seconds=0.5).page(asked("apple"))
        over.set()
        assert [hit.message.id for hit in page.items] == ["m1@example.com"]
        assert page.missed == "The server was too slow to search Archive."


async def test_a_hit_only_in_what_a_mail_quotes_says_so(imap_server):
    post(imap_server, 1, subject="Re: Plan", text="Fine.\n\nOn 2026-03-01 Oleg wrote:\n> the lighthouse is ours\n")
    async with MailProvider.open(settings_of(imap_server)) as account:
        [hit] = (await account.search_messages(asked("lighthouse"))).items
        assert hit.excerpt.startswith("(quoted) ")
        [(start, end)] = hit.highlights
        assert hit.excerpt[start:end] == "lighthouse"
        assert "lighthouse" not in hit.message.text


@pytest.fixture
def gmail():
    server = FakeImapServer("alice@example.test", "open sesame", f"{CAPABILITIES} X-GM-EXT-1")
    server.folders["All Mail"] = server.folders.pop("Archive")
    server.folders["All Mail"].name, server.folders["All Mail"].role = "All Mail", "\\All"
    with server.serve():
        yield server


async def test_gmail_is_asked_in_its_own_language_and_keeps_its_own_threads(gmail):
    for number, thread in ((1, "77"), (2, "77"), (3, "78")):
        facts = {"X-GM-THRID": thread, "X-GM-LABELS": '("\\\\Important" "Work")'}
        post(gmail, number, folder="All Mail", facts=facts, at=datetime(2026, 3, number, tzinfo=UTC))
    async with MailProvider.open(settings_of(gmail)) as account:
        page = await account.list_messages("g.77", MessageQuery())
        assert [one.id for one in page.items] == ["m1@example.com", "m2@example.com"]
        assert {"Important", "Work"} <= set(page.items[0].labels)
        assert await found(account, SearchQuery(text="mail 3")) == {"m3"}
    assert any(b'X-GM-RAW "mail 3"' in command for command in gmail.commands)
    assert not any(b"INBOX" in command for command in gmail.commands)


@pytest.mark.parametrize("restarts", [False, True])
async def test_hits_in_subjects_and_authors_stand_before_newer_hits_in_texts(mail_server, restarts):
    with signed_in(mail_server) as client:
        deliver(client, 1, subject="The quay")
        deliver(client, 2, sender="Quay Office <quay@example.com>")
        for number in range(3, 6):
            deliver(client, number, text="Something of the quay", at=ARRIVED + timedelta(days=number))
    query, cursor, order = asked("quay", limit=2), None, list[str]()
    async with opened(mail_server) as first, opened(mail_server) as second:
        for account in (first, second if restarts else first, first):
            page = await account.search_messages(replace(query, cursor=cursor))
            order += [hit.message.id.partition("@")[0] for hit in page.items]
            cursor = page.cursor
    assert (sorted(order[:2]), order[2:], cursor) == (["m1", "m2"], ["m5", "m4", "m3"], None)
