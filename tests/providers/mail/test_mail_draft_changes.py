"""Text and subject of the owner's drafts are changed, and of nothing else."""

from __future__ import annotations

import os
import random
from email import message_from_bytes
from email.policy import default

import pytest
from dovecot_mailbox import deliver, opened, signed_in
from fault_proxy import KINDS, Fault, FaultProxy
from impatience import PATIENCE
from mail_sender import NOW, raw
from mail_service import settings_of

from dragoman.core.errors import DragomanError, UnsupportedOperation
from dragoman.core.mail import read_whole_mail
from dragoman.core.queries import Change, MessageQuery
from dragoman.providers.mail import MailProvider
from dragoman.testing.contract.checks import require_plain

pytestmark = pytest.mark.anyio

RUNS = int(os.environ.get("DRAGOMAN_FAULT_RUNS", "60"))
SEED = os.environ.get("DRAGOMAN_FAULT_SEED", "16")
THREAD, DRAFT = "t.d1@example.test", "d1@example.test"
ALICE = "From: Alice <alice@example.test>"
HEAD = (ALICE, "To: maria@example.com", "Subject: Plan", f"Message-ID: <{DRAFT}>", "X-Own: kept as it is")
FILES = (
    "Content-Type: multipart/mixed; boundary=b",
    (
        "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
        "--c\r\nContent-Type: text/plain\r\n\r\nOld words\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>Old words</p>\r\n"
        "--c--\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--"
    ),
)


def put(server, *lines, text="Old words", folder="Drafts", flags=("\\Draft", "\\Seen")):
    return server.folders[folder].add(raw(*lines, text=text), flags, NOW)


def drafts(server, folder="Drafts"):
    return list(server.folders[folder].mails.values())


def only_draft(server):
    [mail] = drafts(server)
    return message_from_bytes(mail.data, policy=default), mail


async def test_text_and_subject_of_a_draft_change_and_the_rest_stays(imap_server):
    put(imap_server, *HEAD)
    async with MailProvider.open(settings_of(imap_server)) as account:
        changed = await account.update_message(THREAD, DRAFT, Change(text="Neue Wörter\n\n> zitiert", subject="Plän"))
        assert (changed.id, changed.text, changed.subject, changed.status) == (
            DRAFT, "Neue Wörter\n\n> zitiert", "Plän", "draft",
        )  # fmt: skip
        assert await account.get_message(THREAD, DRAFT) == changed
    draft, mail = only_draft(imap_server)
    assert (draft["To"], draft["X-Own"], draft["Date"]) == (
        "maria@example.com", "kept as it is", "Mon, 02 Mar 2026 10:00:00 +0000",
    )  # fmt: skip
    assert mail.flags == {"\\Draft", "\\Seen"}


@pytest.mark.parametrize("change", [Change(text="**New** words"), Change(subject="New")])
async def test_the_files_of_a_draft_stay(imap_server, change):
    put(imap_server, *HEAD, FILES[0], text=FILES[1])
    async with MailProvider.open(settings_of(imap_server)) as account:
        changed = await account.update_message(THREAD, DRAFT, change)
    draft, _ = only_draft(imap_server)
    assert changed.text == (change.text or "Old words")
    assert [(one.get_filename(), one.get_content()) for one in draft.iter_attachments()] == [
        ("plan.pdf", b"%PDF-1.4\n")
    ]
    assert ("<strong>New</strong>" in draft.get_body(("html",)).get_content()) == (change.text is not None)


async def test_text_and_labels_change_together(imap_server):
    put(imap_server, *HEAD)
    async with MailProvider.open(settings_of(imap_server)) as account:
        changed = await account.update_message(THREAD, DRAFT, Change(text="New", labels=("starred",)))
    assert (changed.text, "starred" in changed.labels) == ("New", True)
    assert only_draft(imap_server)[1].flags == {"\\Draft", "\\Seen", "\\Flagged"}


async def test_a_draft_without_an_id_gets_one(imap_server):
    put(imap_server, ALICE, "To: maria@example.com", "Subject: Plan")
    put(imap_server, ALICE, "Subject: Another", text="Another draft")
    async with MailProvider.open(settings_of(imap_server)) as account:
        found = await account._mailbox.run(lambda session: [session.open_folder("Drafts"), session.search(["ALL"])][1])
        assert found == [1, 2]
        head = (await account._mailbox.run(read_heads))[0]
        changed = await account.update_message(f"t.{head.id}", head.id, Change(text="New"))
        assert changed.id == f"{head.id[2:]}@example.test"
        assert (await account.get_message(changed.conversation, changed.id)).text == "New"
    assert sorted(read_whole_mail(one.data).text.strip() for one in drafts(imap_server)) == ["Another draft", "New"]


def read_heads(session):
    from dragoman.providers.mail.heads import fetch_heads

    return fetch_heads(session, session.open_folder("Drafts"), [1, 2])


@pytest.mark.parametrize(
    ("lines", "text", "folder"),
    [
        (("From: maria@example.com", *HEAD[1:]), "Old words", "Drafts"),
        (HEAD, "Old words", "Archive"),
        ((*HEAD, "Content-Type: application/pdf"), "%PDF", "Drafts"),
        ((*HEAD, "Content-Type: multipart/signed; boundary=b"), "--b\r\n\r\nOld words\r\n--b--", "Drafts"),
        (
            (*HEAD, "Content-Type: multipart/related; boundary=b"),
            "--b\r\nContent-Type: text/html\r\n\r\n<p>Old words\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--",
            "Drafts",
        ),
    ],
    ids=["another author", "sent already", "no text", "signed", "pictures"],
)
async def test_what_is_no_draft_of_plain_words_stays_as_it_is(imap_server, lines, text, folder):
    put(imap_server, *lines, text=text, folder=folder, flags=("\\Seen",))
    before = drafts(imap_server, folder)[0].data
    async with MailProvider.open(settings_of(imap_server)) as account:
        with pytest.raises(UnsupportedOperation):
            await account.update_message(THREAD, DRAFT, Change(text="New"))
    assert [mail.data for mail in drafts(imap_server, folder)] == [before]


@pytest.mark.parametrize("bad", ["x\r\nBcc: evil@example.net", "x\n\nbody", "a\0b", "=?utf-8?q?x=0D=0ABcc:_y?="])
async def test_no_subject_of_a_draft_begins_another_field(imap_server, bad):
    put(imap_server, *HEAD)
    async with MailProvider.open(settings_of(imap_server)) as account:
        await account.update_message(THREAD, DRAFT, Change(subject=bad, text=bad))
    names = [name.lower() for name in only_draft(imap_server)[0].keys()]  # noqa: SIM118 - a mail is no mapping
    assert "bcc" not in names
    assert len(names) == len(set(names))


async def test_a_draft_that_another_program_changes_is_read_as_it_is_now(imap_server):
    uid = put(imap_server, *HEAD)
    async with MailProvider.open(settings_of(imap_server)) as account:
        assert (await account.get_message(THREAD, DRAFT)).text == "Old words"
        with imap_server.lock:
            del imap_server.folders["Drafts"].mails[uid]
        put(imap_server, *HEAD, text="Words of another program")
        assert (await account.get_message(THREAD, DRAFT)).text == "Words of another program"


async def test_a_real_server_keeps_one_draft(mail_server):
    with signed_in(mail_server) as client:
        client.create_folder("Drafts")
        deliver(client, 1, folder="Drafts", id_=DRAFT, sender="Alice <alice@example.test>")
        deliver(client, 2, folder="Drafts", sender="Alice <alice@example.test>")
    async with opened(mail_server) as account:
        for text in ("New", "Newer", "Newer"):
            changed = await account.update_message(THREAD, DRAFT, Change(text=text, subject=f"On {text}"))
            assert (changed.text, changed.subject) == (text, f"On {text}")
        [message] = (await account.list_messages(THREAD, MessageQuery())).items
        assert message.text == "Newer"
    with signed_in(mail_server) as client:
        client.select_folder("Drafts", readonly=True)
        assert len(client.search()) == 2


async def test_a_draft_that_gets_a_former_text_again_is_not_lost(imap_server):
    put(imap_server, *HEAD)
    imap_server.fault = lambda line: b"<tag> NO not now" if line.startswith(b"UID EXPUNGE") else b""
    async with MailProvider.open(settings_of(imap_server)) as account:
        with pytest.raises(DragomanError):
            await account.update_message(THREAD, DRAFT, Change(text="New"))
        imap_server.fault = None
        assert (await account.update_message(THREAD, DRAFT, Change(text="Old words"))).text == "Old words"
        assert (await account.get_message(THREAD, DRAFT)).text == "Old words"
    assert only_draft(imap_server)[1].flags == {"\\Draft", "\\Seen"}


@pytest.mark.timeout(600)
async def test_a_draft_is_there_once_in_one_of_its_two_states_whatever_broke(imap_server, impatience):
    proxy, chance, happened = FaultProxy(imap_server.server_address[1]), random.Random(f"drafts {SEED}"), 0
    proxy.stalls = impatience.give_up
    settings = settings_of(imap_server, imap=f"127.0.0.1:{proxy.port}", timeout=PATIENCE)
    put(imap_server, *HEAD, FILES[0], text=FILES[1])
    was = "Old words"
    for run in range(RUNS):
        change = Change(text=f"Words {run}", subject=f"Subject {run}" if run % 3 else None)
        async with MailProvider.open(settings) as account:
            fault = Fault(chance.choice(KINDS), chance.randrange(1, 60))
            proxy.set(fault)
            try:
                assert (await account.update_message(THREAD, DRAFT, change)).text == change.text
            except DragomanError as error:
                require_plain(error, settings)
            proxy.set(None)
            happened += fault.happened
            texts = {read_whole_mail(mail.data).text.strip() for mail in drafts(imap_server)}
            assert texts <= {was, change.text}, (run, fault)
            assert texts, (run, fault)
            changed = await account.update_message(THREAD, DRAFT, change)
            assert changed.text == change.text, (run, fault)
        draft, _ = only_draft(imap_server)
        assert draft.get_body().get_content().strip() == change.text
        assert [one.get_filename() for one in draft.iter_attachments()] == ["plan.pdf"]
        was = change.text
    proxy.close()
    assert happened > RUNS // 4
