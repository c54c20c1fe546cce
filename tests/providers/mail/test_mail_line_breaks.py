"""No argument of any call becomes a command, a header field or a recipient of its own."""

from __future__ import annotations

import inspect
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_sender import NOW, ROOT, opened, raw

from dragoman.core.errors import DragomanError
from dragoman.core.model import Author, Message
from dragoman.core.queries import Change, ConversationQuery, Draft, MessageQuery, SearchQuery
from dragoman.core.query_parser import parse_query
from dragoman.providers.mail.folder_state import FolderState
from dragoman.providers.mail.imap_arguments import Word
from dragoman.providers.mail.imap_session import ImapSession
from dragoman.providers.mail.pipelining import Wanted
from dragoman.providers.mail.smtp_session import Envelope
from dragoman.providers.replay.fake_imap_server import FakeImapServer
from dragoman.providers.replay.fake_smtp_server import FakeSmtpServer

THREAD, MAIL = "t.root@example.com", "root@example.com"
BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r\n\r\n", '"\r\n', ")\r\n", "{3}\r\n"]
ENDINGS = [
    "X1 CREATE evil", "X1 DELETE INBOX", "X1 APPEND INBOX {1}", "RCPT TO:<evil@example.net>", "Bcc: evil@example.net",
    "DATA", ".\r\nMAIL FROM:<evil@example.net>",
]  # fmt: skip


@st.composite
def hostile(draw):
    """Words with something in them that could begin a line, and what could stand there."""
    return f"a{draw(st.sampled_from(BREAKS))}{draw(st.sampled_from(ENDINGS))}{draw(st.sampled_from(BREAKS))}b"


def calls(account, bad):
    """Every call of an account, with hostile words in each argument."""
    new = f"to:{bad}@example.com"
    letter = Message(id="", conversation=THREAD, author=Author(name="Oleg"), sent_at=NOW, text="x")
    for text in (bad, f'"{bad}"', f"from:{bad}", f"subject:{bad}", f"in:{bad}", f"label:{bad}", f"-{bad}"):
        yield account.search_messages(SearchQuery(text=text, expression=parse_query(text)))
    for more in ({"conversation": f"t.{bad}"}, {"author": bad}, {"cursor": bad}):
        yield account.search_messages(SearchQuery(text="x", **more))
    yield account.list_conversations(ConversationQuery(text=bad))
    yield account.list_conversations(ConversationQuery(cursor=bad))
    for kind in "t", "g", "o", "to":
        yield account.get_conversation(f"{kind}.{bad}")
        yield account.list_messages(f"{kind}.{bad}", MessageQuery())
    for more in ({"thread": bad}, {"author": bad}, {"cursor": bad}):
        yield account.list_messages(THREAD, MessageQuery(**more))
    yield account.get_message(THREAD, bad)
    yield account.get_message(f"t.{bad}", bad)
    yield account.changes(bad)
    for where in (THREAD, "to:bob@example.com", new, f"to:bob@example.com;cc.{bad}@example.com", f"t.{bad}"):
        for more in ({"text": bad}, {"subject": bad}, {"idempotency_key": bad}, {"reply_to": bad}):
            draft = Draft(**{"text": "x", "subject": "s", **more})
            yield account.send_message(where, draft)
            yield account.audience(where, draft)
            yield account.find_sent(where, draft, datetime.now(UTC))
    for change in (Change(labels=(bad,)), Change(text=bad, subject=bad)):
        for where, message in ((THREAD, MAIL), ("t.draft@a.b", "draft@a.b"), (f"t.{bad}", bad)):
            yield account.update_message(where, message, change)
    for more in (
        {"id": bad}, {"text": bad}, {"subject": bad}, {"reply_to": bad}, {"author": Author(name=bad, email=bad)},
    ):  # fmt: skip
        yield account.import_message(THREAD, Message(**({name: getattr(letter, name) for name in FIELDS} | more)))
    yield account.import_message(f"t.{bad}", letter)


FIELDS = ("id", "conversation", "author", "sent_at", "text")


@contextmanager
def servers():
    imap, smtp = (
        FakeImapServer("alice@example.test", "open sesame"),
        FakeSmtpServer("alice@example.test", "open sesame"),
    )
    imap.folders["INBOX"].add(raw(*ROOT), (), NOW)
    own = ("From: alice@example.test", "Subject: d", "Message-ID: <draft@a.b>")
    imap.folders["Drafts"].add(raw(*own), ("\\Draft",), NOW)
    with imap.serve(), smtp.serve():
        yield imap, smtp


def require_untouched(imap, smtp):
    """See that nothing was done that nobody asked for."""
    assert imap.folders.keys() >= {"INBOX", "Sent", "Archive", "Drafts", "Trash"}
    assert not any(name.startswith("evil") for name in imap.folders)
    assert not [line for line in imap.commands if line.split(b" ")[0].upper() in (b"DELETE", b"RENAME", b"X1")]
    written = [mail.content for mail in smtp.mails]
    written += [mail.data for folder in imap.folders.values() for mail in folder.mails.values()]
    for content in written:
        head = content.partition(b"\r\n\r\n")[0]
        assert not any(line.lower().startswith((b"bcc", b"rcpt", b"x1")) for line in head.splitlines())
    assert not any("evil" in one for mail in smtp.mails for one in (mail.sender, *mail.recipients))
    assert all(
        line[:4].lower() in (b"ehlo", b"auth", b"mail", b"rcpt", b"data", b"rset", b"quit") for line in smtp.commands
    )


@given(hostile())
@settings(max_examples=15, deadline=None)
def test_no_argument_of_a_call_becomes_a_command_a_field_or_a_recipient(bad):
    async def ask():
        async with opened(imap, smtp, write="allow") as account:
            for call in calls(account, bad):
                with suppress(DragomanError):
                    await call

    with servers() as (imap, smtp):
        anyio.run(ask)
        assert imap.commands
        require_untouched(imap, smtp)


def arguments_of(method, bad):
    """Arguments for a method, hostile wherever a text belongs."""
    folder, keys = FolderState(bad, 1, 2, 1, 9), ["SUBJECT", Word(bad)]
    by_kind = {
        "str": bad, "Sequence[str]": [bad], "Sequence[int]": [1], "bytes": b"x", "int": 1, "float": 0.0, "bool": True,
        "datetime | None": None, "Sequence[SearchKey]": keys, "FolderState": folder,
        "Wanted": Wanted({bad: [1]}, [bad]), "Mapping[str, Sequence[Sequence[SearchKey]]]": {bad: [keys]},
    }  # fmt: skip
    given_here = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
    return {one.name: by_kind[str(one.annotation)] for one in given_here}


COMMANDS = [
    name
    for name, method in inspect.getmembers(ImapSession, inspect.isfunction)
    if name[:1] != "_" and name not in {"open", "connect", "context", "in_use", "kill", "told", "noop"}
]


@pytest.mark.anyio
@pytest.mark.parametrize("name", COMMANDS)
async def test_no_command_to_a_mailbox_takes_a_line_break(name):
    with servers() as (imap, smtp):
        async with opened(imap, smtp) as account:
            await account.check()
            for bad in (f"a{one}{end}" for one in BREAKS for end in ENDINGS):
                with suppress(DragomanError, ValueError):
                    await account._mailbox.run(lambda session, bad=bad: call(session, name, bad))
        require_untouched(imap, smtp)


def call(session, name, bad):
    method = getattr(session, name)
    session.open_folder("INBOX")
    return method(**arguments_of(method, bad))


@pytest.mark.anyio
async def test_no_command_for_sending_takes_a_line_break():
    with servers() as (imap, smtp):
        async with opened(imap, smtp) as account:
            for bad in (f"a@b.c{one}{end}" for one in BREAKS for end in ENDINGS):
                for sender, recipients in (
                    (bad, ["bob@example.com"]),
                    ("alice@example.test", ["bob@example.com", bad]),
                ):
                    envelope = Envelope(sender=sender, recipients=recipients, content=b"x\r\n")
                    with suppress(DragomanError):
                        await account._sender._submission._signed_in(
                            lambda session, envelope=envelope: session.send(envelope)
                        )
        require_untouched(imap, smtp)
