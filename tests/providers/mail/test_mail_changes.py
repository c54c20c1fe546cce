"""What is changed in a mailbox: labels, the folder, and mails from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from dovecot_mailbox import ARRIVED, deliver, opened, signed_in
from mail_service import settings_of

from dragoman.core.errors import DragomanError, InvalidArgument, NotFound, UnsupportedOperation
from dragoman.core.model import Author, Message
from dragoman.core.queries import Change, ConversationQuery, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_imap_server import FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail

pytestmark = pytest.mark.anyio

THREAD, MAIL = "t.m1@example.com", "m1@example.com"


def flags_of(client, folder="INBOX"):
    client.select_folder(folder, readonly=True)
    return {
        uid: {flag.decode() for flag in flags} - {"\\Recent"}
        for uid, flags in client.get_flags(client.search()).items()
    }


def letter(**more):
    known = {
        "id": "",
        "conversation": THREAD,
        "author": Author(name="Oleg Sidorov", email="oleg@example.org"),
        "sent_at": datetime(2019, 5, 4, 3, 2, 1, tzinfo=UTC),
        "text": "An old letter",
    }
    return Message(**(known | more))


async def test_labels_are_flags_and_keywords(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1)
        deliver(client, 2)
    async with opened(mail_server) as account:
        changed = await account.update_message(THREAD, MAIL, Change(labels=("starred", "Work", "unread")))
        assert set(changed.labels) == {"starred", "Work", "unread"}
        with signed_in(mail_server) as client:
            assert flags_of(client) == {1: {"\\Flagged", "Work"}, 2: set()}
        changed = await account.update_message(THREAD, MAIL, Change(labels=("Work", "answered")))
        assert set(changed.labels) == {"Work", "answered"}
        changed = await account.update_message(THREAD, MAIL, Change(labels=()))
        assert changed.labels == ()
    with signed_in(mail_server) as client:
        assert flags_of(client) == {1: {"\\Seen"}, 2: set()}


@pytest.mark.parametrize(
    ("label", "folder", "status"), [("archive", "Archive", None), ("Trash", "Trash", "trash"), ("spam", "Junk", "spam")]
)
async def test_some_labels_move_a_mail(mail_server, label, folder, status):
    with signed_in(mail_server) as client:
        deliver(client, 1)
        deliver(client, 2, references=[MAIL])
    async with opened(mail_server) as account:
        changed = await account.update_message(THREAD, MAIL, Change(labels=(label, "unread")))
        assert (changed.id, changed.extra["folder"], changed.status) == (MAIL, folder, status)
    with signed_in(mail_server) as client:
        assert flags_of(client) == {2: set()}
        assert len(flags_of(client, folder)) == 1


async def test_a_server_that_can_little_moves_without_removing_what_others_marked():
    server = FakeImapServer("alice@example.test", "open sesame", "IMAP4rev1")
    for number in (1, 2):
        fields = [("From", "a@example.com"), ("Subject", "x"), ("Message-ID", f"<m{number}@example.com>")]
        server.folders["INBOX"].add(make_mail(fields, "text", sent_at=ARRIVED), ["\\Deleted"] if number == 2 else [])
    with server.serve():
        async with MailProvider.open(settings_of(server)) as account:
            await account.update_message(THREAD, MAIL, Change(labels=("archive",)))
            [found] = (await account.list_messages(THREAD, MessageQuery())).items
            assert found.extra["folder"] == "Archive"
    assert [sorted(mail.flags) for mail in server.folders["INBOX"].mails.values()] == [
        ["\\Deleted", "\\Seen"],
        ["\\Deleted"],
    ]
    assert len(server.folders["Archive"].mails) == 1


@pytest.mark.parametrize(
    "label", ["two words", "für", "a(b", 'a"b', "a\\b", "%", "*", "a]", "a\r\nX1 CREATE evil", "a)\r\nX DELETE INBOX"]
)
async def test_what_is_no_label_is_refused_and_changes_nothing(mail_server, label):
    with signed_in(mail_server) as client:
        deliver(client, 1)
    async with opened(mail_server) as account:
        with pytest.raises(InvalidArgument, match=r"single words|no line breaks"):
            await account.update_message(THREAD, MAIL, Change(labels=(label, "starred")))
    with signed_in(mail_server) as client:
        assert flags_of(client) == {1: set()}
        assert not client.folder_exists("evil")


async def test_text_and_subject_of_a_mail_do_not_change(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1)
    async with opened(mail_server) as account:
        for change in (Change(text="other"), Change(subject="other"), Change(labels=("starred",), text="other")):
            with pytest.raises(UnsupportedOperation, match="only its labels"):
                await account.update_message(THREAD, MAIL, change)
    with signed_in(mail_server) as client:
        assert flags_of(client) == {1: set()}


async def test_a_mail_that_was_moved_meanwhile_is_not_mistaken_for_another(mail_server):
    with signed_in(mail_server) as client:
        client.create_folder("Work")
        deliver(client, 1, folder="Work")
        async with opened(mail_server, folders=["Work"]) as account:
            await account.list_messages(THREAD, MessageQuery())
            head = await account._mailbox.head(THREAD, MAIL)
            client.delete_folder("Work")
            client.create_folder("Work")
            deliver(client, 9, folder="Work")
            with pytest.raises(NotFound, match="moved or removed"):
                await account._mailbox.write_to(
                    head, lambda session, place: session.change_flags([place.uid], add=("\\Flagged",))
                )
        assert flags_of(client, "Work") == {1: set()}


async def test_an_imported_mail_keeps_author_and_time_and_comes_once(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1)
    async with opened(mail_server) as account:
        wanted = letter(id="old-1@elsewhere.example", subject="Grüße", text="Zeile eins\n\n> zitiert\nZeile zwei")
        first = await account.import_message(THREAD, wanted)
        again = await account.import_message(THREAD, wanted)
        assert again == first
        assert (first.id, first.author.name, first.author.email, first.sent_at, first.subject, first.text) == (
            wanted.id, "Oleg Sidorov", "oleg@example.org", wanted.sent_at, "Grüße", wanted.text,
        )  # fmt: skip
        page = await account.list_messages(THREAD, MessageQuery())
        assert [one.id for one in page.items] == ["old-1@elsewhere.example", MAIL]
        assert len((await account.list_conversations(ConversationQuery())).items) == 1
    with signed_in(mail_server) as client:
        client.select_folder("Imported", readonly=True)
        [uid] = client.search()
        client.normalise_times = False
        assert client.fetch([uid], ["INTERNALDATE"])[uid][b"INTERNALDATE"] == wanted.sent_at


@pytest.mark.parametrize(
    "bad",
    ["x\r\nBcc: evil@example.net", "x\nX-Evil: 1\n\nbody", "x\r\n\r\nbody", "a\x00b", "=?utf-8?q?x=0D=0ABcc:_y?="],
)
async def test_no_field_of_an_imported_mail_begins_another(mail_server, bad):
    with signed_in(mail_server) as client:
        deliver(client, 1)
        async with opened(mail_server) as account:
            await account.import_message(THREAD, letter(subject=bad, author=Author(name=bad, email=bad)))
            for more in ({"id": bad}, {"reply_to": bad}):
                try:
                    await account.import_message(THREAD, letter(**more))
                except DragomanError:
                    continue
        client.select_folder("Imported", readonly=True)
        for answer in client.fetch(client.search(), ["BODY.PEEK[HEADER]"]).values():
            names = [
                line.partition(b":")[0].lower() for line in answer[b"BODY[HEADER]"].splitlines() if line[:1].strip()
            ]
            assert set(names) == {
                b"from", b"to", b"subject", b"message-id", b"in-reply-to", b"references", b"date",
                b"content-type", b"mime-version", b"content-transfer-encoding",
            }  # fmt: skip
            assert len(names) == len(set(names))
