"""What a mail server is asked for: nothing twice, and together what can be asked for together."""

from __future__ import annotations

import imaplib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from mail_service import settings_of

from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.mail import MailProvider, imap_session

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 2, tzinfo=UTC)


def put(server, number, references=(), *, folder="INBOX", at=None, text="Hello", lines=1):
    at = at or START + timedelta(hours=number)
    head = [
        "From: Maria Koch <maria@example.com>",
        "To: Alice <alice@example.test>",
        f"Subject: Thread {references[0] if references else number}",
        f"Message-ID: <m{number}@example.com>",
        f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000",
        *([f"References: {' '.join(f'<m{one}@example.com>' for one in references)}"] if references else []),
        "Content-Type: multipart/mixed; boundary=b",
    ]
    part = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    file = "--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\n"
    body = [part + text, file + "x" * 1000 * lines, "--b--", ""]
    with server.lock:
        server.folders[folder].add("\r\n".join([*head, "", *body]).encode(), ("\\Seen",), at)


@contextmanager
def counted(server):
    """The commands meanwhile, by their names."""
    found, before = [], len(server.commands)
    yield found
    found += [
        b" ".join(line.split()[: 2 if line.startswith(b"UID") else 1]).decode() for line in server.commands[before:]
    ]


def numbers(page):
    return [int(one.id.partition("@")[0][1:]) for one in page.items]


async def test_a_thread_of_a_list_is_opened_with_one_fetch_and_read_again_with_none(imap_server):
    for number in range(20):
        put(imap_server, number, [0] if number else [])
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=20))).items
        with counted(imap_server) as commands:
            page = await account.list_messages(listed.id, MessageQuery())
        assert numbers(page) == list(range(20))
        assert commands == ["NOOP", "UID FETCH", "STATUS", "STATUS"]
        with counted(imap_server) as commands:
            assert (await account.list_messages(listed.id, MessageQuery())).items == page.items
        assert commands == ["NOOP", "STATUS", "STATUS"]


async def test_a_thread_of_a_list_is_opened_in_one_round_trip_over_all_folders_however_long_ago_it_was_listed(
    imap_server, monkeypatch
):
    for number in range(6):
        put(imap_server, number, [0] if number else [], folder=("INBOX", "Sent")[number % 2], text=f"Text {number}")
    sent, send = [], imaplib.IMAP4.send
    monkeypatch.setattr(imaplib.IMAP4, "send", lambda imap, data: (sent.append(data), send(imap, data)))
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=20))).items
        monkeypatch.setattr(imap_session, "TRUSTED", -1)
        sent.clear()
        page = await account.list_messages(listed.id, MessageQuery())
        assert [one.text for one in page.items] == [f"Text {number}" for number in range(6)]
        assert [line.split()[1] for data in sent for line in data.splitlines()] == [
            b"EXAMINE", b"UID", b"EXAMINE", b"UID", b"STATUS",
        ]  # fmt: skip
        assert len(sent) == 1


async def test_a_thread_that_was_never_seen_is_opened_in_few_round_trips_however_many_folders_there_are(
    imap_server, monkeypatch
):
    for number in range(20):
        put(imap_server, number, [0] if number else [], folder=("INBOX", "Sent")[number % 2], text=f"Text {number}")
    put(imap_server, 99, folder="Archive")
    async with MailProvider.open(settings_of(imap_server)) as account:
        sent, send = [], imaplib.IMAP4.send
        monkeypatch.setattr(imaplib.IMAP4, "send", lambda imap, data: (sent.append(data), send(imap, data)))
        page = await account.list_messages("t.m0@example.com", MessageQuery())
    assert [one.text for one in page.items] == [f"Text {number}" for number in range(20)]
    asked = [data for data in sent if b"EXAMINE" in data or b" UID " in data]
    assert len(asked) <= 6


async def test_a_mail_that_is_taken_away_while_its_thread_is_opened_is_left_out(imap_server):
    for number in range(3):
        put(imap_server, number, [0] if number else [])
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=20))).items
        with imap_server.lock:
            del imap_server.folders["INBOX"].mails[2]
            imap_server.folders["INBOX"].changes += 1
        assert numbers(await account.list_messages(listed.id, MessageQuery())) == [0, 2]


async def test_a_folder_made_anew_does_not_lend_its_mails_to_a_thread_that_was_listed(imap_server, monkeypatch):
    put(imap_server, 0)
    put(imap_server, 1, [0])
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=20))).items
        monkeypatch.setattr(imap_session, "TRUSTED", -1)
        with imap_server.lock:
            imap_server.folders["INBOX"].mails.clear()
            imap_server.folders["INBOX"].validity += 1
        put(imap_server, 5, text="Another mail")
        put(imap_server, 0, text="Moved here")
        page = await account.list_messages(listed.id, MessageQuery())
        assert [(one.id, one.text) for one in page.items] == [("m0@example.com", "Moved here")]


async def test_what_comes_into_a_thread_that_is_known_is_read_without_a_search_of_all_mails(imap_server):
    put(imap_server, 0)
    put(imap_server, 1, [0], folder="Sent")
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=20))).items
        assert numbers(await account.list_messages(listed.id, MessageQuery())) == [0, 1]
        put(imap_server, 7)
        put(imap_server, 3, [0, 1, 2])
        put(imap_server, 2, [0, 1], folder="Archive")
        before = len(imap_server.commands)
        assert numbers(await account.list_messages(listed.id, MessageQuery())) == [0, 1, 2, 3]
        assert not [one for one in imap_server.commands[before:] if b"SEARCH" in one and b"HEADER" in one]
        imap_server.folders["Archive"].mails.clear()
        imap_server.folders["Archive"].changes += 1
        assert numbers(await account.list_messages(listed.id, MessageQuery())) == [0, 1, 3]


async def test_an_answer_to_a_mail_that_was_never_here_is_looked_for_with_all_that_name_it(imap_server):
    put(imap_server, 0)
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=20))).items
        put(imap_server, 5, [99], at=START - timedelta(days=90))
        put(imap_server, 6, [0, 99])
        assert numbers(await account.list_messages(listed.id, MessageQuery())) == [5, 0, 6]


async def test_a_mail_older_than_what_the_list_has_read_of_its_folder_is_not_missed(imap_server):
    old, new = START, START + timedelta(days=300)
    put(imap_server, 1, folder="Sent", at=old)
    put(imap_server, 2, [1], at=old + timedelta(days=2))
    for number in range(1000, 1500):
        put(imap_server, number, at=old + timedelta(days=10, hours=number))
    put(imap_server, 3, [1], at=new)
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=1))).items
        assert numbers(await account.list_messages(listed.id, MessageQuery())) == [1, 2, 3]


async def test_large_mails_are_asked_for_together(imap_server):
    for number in range(12):
        put(imap_server, number, [0] if number else [], text=f"Text {number}", lines=200)
    async with MailProvider.open(settings_of(imap_server)) as account:
        [listed] = (await account.list_conversations(ConversationQuery(limit=20))).items
        with counted(imap_server) as commands:
            page = await account.list_messages(listed.id, MessageQuery())
    assert [one.text for one in page.items] == [f"Text {number}" for number in range(12)]
    assert [one.attachments[0].name for one in page.items] == ["a.pdf"] * 12
    assert commands.count("UID FETCH") == 3
