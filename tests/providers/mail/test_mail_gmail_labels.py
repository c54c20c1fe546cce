"""Labels of a mailbox at Gmail, where they say in which folders a mail is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from mail_service import settings_of

from dragoman.core.errors import InvalidArgument
from dragoman.core.queries import Change
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_imap_server import CAPABILITIES, FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail
from dragoman.providers.replay.fake_mail_store import StoredFolder

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALL, TRASH, SPAM = "[Gmail]/All Mail", "[Gmail]/Trash", "[Gmail]/Spam"
MAIL = "m1@example.com"


@pytest.fixture
def gmail():
    server = FakeImapServer("alice@example.test", "open sesame", f"{CAPABILITIES} X-GM-EXT-1")
    server.folders = {
        "INBOX": StoredFolder("INBOX"),
        ALL: StoredFolder(ALL, "\\All"),
        TRASH: StoredFolder(TRASH, "\\Trash"),
        SPAM: StoredFolder(SPAM, "\\Junk"),
    }
    fields = [("From", "maria@example.com"), ("Subject", "Plan"), ("Message-ID", f"<{MAIL}>")]
    uid = server.folders[ALL].add(make_mail(fields, "Hello", sent_at=START), ["\\Seen", "\\Flagged"], START)
    labels = r'("\\Inbox" "\\Important" "\\Starred" "&ANw-bung" "two words")'
    server.folders[ALL].mails[uid].facts = {"X-GM-THRID": "7", "X-GM-LABELS": labels}
    with server.serve():
        yield server


def labels_in(server):
    [mail] = server.folders[ALL].mails.values()
    return mail.facts["X-GM-LABELS"]


async def changed(server, *labels):
    async with MailProvider.open(settings_of(server)) as account:
        message = await account.update_message("g.7", MAIL, Change(labels=labels))
    return set(message.labels)


async def test_labels_are_shown_as_people_know_them(gmail):
    async with MailProvider.open(settings_of(gmail)) as account:
        message = await account.get_message("g.7", MAIL)
    assert sorted(message.labels) == ["Important", "Inbox", "starred", "two words", "Übung"]


async def test_a_label_that_is_set_leaves_the_mail_where_it_is(gmail):
    assert await changed(gmail, "Work", "Übung", "important", "starred") == {
        "Inbox", "Important", "Work", "Übung", "starred",
    }  # fmt: skip
    assert labels_in(gmail) == r'("&ANw-bung" "Work" "\\Important" "\\Inbox" "\\Starred")'
    assert await changed(gmail, "Inbox", "Work") == {"Inbox", "Work"}
    assert labels_in(gmail) == r'("Work" "\\Inbox" "\\Starred")'


async def test_archive_takes_a_mail_out_of_the_inbox_and_inbox_brings_it_back(gmail):
    assert await changed(gmail, "archive", "Important") == {"Important"}
    assert labels_in(gmail) == r'("\\Important" "\\Starred")'
    assert await changed(gmail, "inbox") == {"Inbox"}
    assert labels_in(gmail) == r'("\\Inbox" "\\Starred")'
    assert not [one for one in gmail.commands if one.startswith(b"UID MOVE")]


@pytest.mark.parametrize(("label", "folder"), [("trash", TRASH), ("spam", SPAM)])
async def test_trash_and_spam_move_a_mail(gmail, label, folder):
    await changed(gmail, label)
    assert not gmail.folders[ALL].mails
    assert len(gmail.folders[folder].mails) == 1


async def test_a_mail_is_in_one_folder(gmail):
    with pytest.raises(InvalidArgument, match="one folder"):
        await changed(gmail, "archive", "trash")
