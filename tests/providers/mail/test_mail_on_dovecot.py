"""Mailboxes of a real mail server: what is read there is what the mails say."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from dovecot_mailbox import (
    ARRIVED,
    CASES,
    FOLDER,
    deliver,
    every_conversation,
    faults_in,
    only_without_id,
    opened,
    signed_in,
)

from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.queries import ConversationQuery, MessageQuery
from dragoman.providers.mail import imap_session

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(300)
async def test_every_sample_is_read_as_it_should_be_and_stays_unread(mail_server):
    samples = {case: json.loads((FOLDER / f"{case}.json").read_text("utf-8")) for case in CASES}
    with signed_in(mail_server) as client:
        for case, sample in samples.items():
            received = datetime.fromisoformat(sample["internal_date"])
            client.append("INBOX", (FOLDER / f"{case}.eml").read_bytes(), (), received)
    wrong = []
    async with opened(mail_server, aliases=["alice.k@example.test"]) as account:
        conversations = await every_conversation(account, limit=20)
        listed, whole = {}, {}
        for one in conversations:
            for message in (await account.list_messages(one.id, MessageQuery(limit=200))).items:
                listed[message.id] = message
                whole[message.id] = await account.get_message(one.id, message.id)
    assert len(whole) == len(samples)
    for case, sample in samples.items():
        id_ = sample["expect"]["id"]
        mine = next((m for m in whole.values() if f"<{m.id}>" == id_), None) if id_ else only_without_id(whole)
        wrong += [
            f"{case}: {fault}" for fault in faults_in(mine, listed.get(mine.id) if mine else None, sample["expect"])
        ]
    assert wrong == []
    with signed_in(mail_server) as client:
        client.select_folder("INBOX", readonly=True)
        assert client.search(["SEEN"]) == []


async def test_threads_hold_mails_of_all_folders_and_are_not_joined_by_subject(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1, at=ARRIVED.replace(minute=1))
        deliver(client, 2, folder="Sent", references=["m1@example.com"], at=ARRIVED.replace(minute=2))
        deliver(
            client, 3, folder="Archive", references=["m1@example.com", "m2@example.com"], at=ARRIVED.replace(minute=3)
        )
        deliver(client, 4, at=ARRIVED.replace(minute=4))
        deliver(client, 5, folder="Trash", references=["m1@example.com"], at=ARRIVED.replace(minute=5))
        deliver(client, 6, folder="Junk", at=ARRIVED.replace(minute=6))
    async with opened(mail_server) as account:
        found = await every_conversation(account)
        assert [(one.id, one.unread) for one in found] == [("t.m4@example.com", 1), ("t.m1@example.com", 3)]
        for member in (1, 2, 3):
            page = await account.list_messages(f"t.m{member}@example.com", MessageQuery())
            assert [one.id for one in page.items] == [f"m{n}@example.com" for n in (1, 2, 3)]
        assert (await account.get_conversation("t.m6@example.com")).status == "spam"
        with pytest.raises(NotFound):
            await account.get_message("t.m4@example.com", "m1@example.com")


async def test_pages_lose_nothing_while_mail_arrives_moves_and_goes(mail_server):
    with signed_in(mail_server) as client:
        for number in range(1, 241):
            deliver(
                client,
                number,
                subject=f"Thread {number}",
                at=ARRIVED.replace(day=1 + number // 10 % 28, minute=number % 60),
            )
        async with opened(mail_server) as account:
            seen, cursor, round_ = [], None, 0
            while True:
                page = await account.list_conversations(ConversationQuery(limit=50, cursor=cursor))
                seen += [one.id for one in page.items]
                cursor = page.cursor
                if cursor is None:
                    break
                round_ += 1
                client.select_folder("INBOX")
                rest = [uid for uid in client.search() if uid <= 240]
                client.move(rest[:3], "Archive")
                client.move(rest[-3:], "Archive")
                deliver(client, 1000 + round_, subject="New", at=datetime.now(UTC))
    wanted = {f"t.m{number}@example.com" for number in range(1, 241)}
    assert wanted <= set(seen)
    assert len(set(seen)) == len(seen)


async def test_a_page_is_the_same_after_a_restart_and_when_it_is_asked_for_again(mail_server):
    with signed_in(mail_server) as client:
        for number in range(1, 31):
            deliver(client, number, subject=f"Thread {number}", at=ARRIVED.replace(day=1 + number % 28))
    async with opened(mail_server) as account:
        first = await account.list_conversations(ConversationQuery(limit=10))
        second = await account.list_conversations(ConversationQuery(limit=10, cursor=first.cursor))
        again = await account.list_conversations(ConversationQuery(limit=10, cursor=first.cursor))
        third = await account.list_conversations(ConversationQuery(limit=10, cursor=second.cursor))
    async with opened(mail_server) as account:
        anew = await account.list_conversations(ConversationQuery(limit=10, cursor=second.cursor))
    assert again == second
    assert [one.id for one in anew.items] == [one.id for one in third.items]
    assert len({one.id for page in (first, second, third) for one in page.items}) == 30


async def test_a_folder_with_a_new_uidvalidity_is_read_anew(mail_server, monkeypatch):
    monkeypatch.setattr(imap_session, "TRUSTED", 0.0)
    with signed_in(mail_server) as client:
        client.create_folder("Work")
        deliver(client, 1, folder="Work", text="The old one")
        async with opened(mail_server, folders=["Work"]) as account:
            assert [one.text for one in (await account.list_messages("t.m1@example.com", MessageQuery())).items]
            client.delete_folder("Work")
            client.create_folder("Work")
            deliver(client, 2, folder="Work", text="Another one")
            with pytest.raises(NotFound):
                await account.get_message("t.m1@example.com", "m1@example.com")
            [message] = (await account.list_messages("t.m2@example.com", MessageQuery())).items
            assert message.text == "Another one"
            client.rename_folder("Work", "Gone")
            with pytest.raises(NotFound):
                await account.list_messages("t.m2@example.com", MessageQuery())


@pytest.mark.parametrize("bad", ["a\r\nX1 CREATE evil\r\nX2 NOOP", "a\nb", "a\x00b", "a\rX1 DELETE INBOX"])
async def test_no_argument_becomes_a_command(mail_server, bad):
    async with opened(mail_server) as account:
        for ask in (
            lambda: account.list_conversations(ConversationQuery(text=f'x{bad}" y')),
            lambda: account.list_messages(f"t.{bad}", MessageQuery()),
            lambda: account.get_message(f"t.{bad}", bad),
        ):
            with suppress(DragomanError):
                await ask()
    with signed_in(mail_server) as client:
        names = [name for _, _, name in client.list_folders()]
        assert "evil" not in names
        assert "INBOX" in names


@pytest.mark.parametrize("word", ["(", "{5}", "{5+}", '"', "\\", "NOT", "ALL", "*", "%", "]"])
async def test_signs_of_the_protocol_are_words_like_any_other(mail_server, word):
    with signed_in(mail_server) as client:
        deliver(client, 1, subject=f"about x{word}y")
        deliver(client, 2, subject="about something else")
    async with opened(mail_server) as account:
        found = await account.list_conversations(ConversationQuery(text=f"x{word}y"))
        assert [one.id for one in found.items] == ["t.m1@example.com"]
        assert not (await account.list_conversations(ConversationQuery(text=f"{word}zzz"))).items


async def test_a_folder_with_letters_beyond_ascii_and_blanks_is_read(mail_server):
    name = "Büro & Mehr/Ünï 会议"
    with signed_in(mail_server) as client:
        client.create_folder(name)
        deliver(client, 1, folder=name)
    async with opened(mail_server, folders=[name]) as account:
        [message] = (await account.list_messages("t.m1@example.com", MessageQuery())).items
        assert (message.extra["folder"], message.labels) == (name, ("unread", name))


async def test_two_mails_with_one_id_are_both_shown_and_copies_of_one_only_once(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1, text="The first")
        deliver(client, 1, text="The first", folder="Archive")
        deliver(client, 1, text="Another one", subject="Re: Plan", at=ARRIVED.replace(minute=5))
    async with opened(mail_server) as account:
        messages = (await account.list_messages("t.m1@example.com", MessageQuery())).items
        assert [(one.id, one.text) for one in messages] == [
            ("m1@example.com", "The first"),
            ("m1@example.com~2", "Another one"),
        ]
        assert (await account.get_message("t.m1@example.com", "m1@example.com~2")).text == "Another one"


async def test_flags_that_somebody_else_changes_are_seen(mail_server):
    with signed_in(mail_server) as client:
        deliver(client, 1)
        deliver(client, 2, references=["m1@example.com"])
        async with opened(mail_server) as account:
            assert [one.unread for one in await every_conversation(account)] == [2]
            client.select_folder("INBOX")
            client.add_flags([1], ["\\Seen"])
            assert [one.unread for one in await every_conversation(account)] == [1]
            client.delete_messages([2])
            assert [one.id for one in (await account.list_messages("t.m1@example.com", MessageQuery())).items] == [
                "m1@example.com"
            ]


@pytest.mark.parametrize("size", [10, 100_000])
async def test_a_forwarded_mail_is_read_behind_the_authors_words_and_left_out_of_lists(mail_server, size):
    inner = "From: Oleg <oleg@example.org>\r\nSubject: Contract\r\n\r\nInner words\r\nof two lines\r\n"
    parts = [
        "Content-Type: text/plain\r\n\r\nSee below.",
        f"Content-Type: message/rfc822\r\n\r\n{inner}",
        f"Content-Type: image/png\r\n\r\n{'x' * size}",
    ]
    head = "From: a@example.com\r\nSubject: Fwd\r\nMessage-ID: <m1@example.com>\r\n"
    head += 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    with signed_in(mail_server) as client:
        client.append(
            "INBOX", (head + "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n").encode(), (), ARRIVED
        )
    async with opened(mail_server) as account:
        [listed] = (await account.list_messages("t.m1@example.com", MessageQuery())).items
        whole = await account.get_message("t.m1@example.com", "m1@example.com")
    quoted = "> From: Oleg <oleg@example.org>\n> Subject: Contract\n>\n> Inner words\n> of two lines"
    assert whole.text == f"See below.\n\n{quoted}"
    assert listed.text == f"See below.\n... (+{len(quoted)} chars forwarded)"
    assert listed.partial
    assert "message/rfc822" in [file.media_type for file in whole.attachments]
