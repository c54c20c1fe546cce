"""What tests do with a mailbox of a real mail server, beside the provider."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from imapclient import IMAPClient

from dragoman.core.queries import ConversationQuery
from dragoman.core.sanitize import clean_line
from dragoman.providers.mail import MailProvider, MailSettings

FOLDER = Path(__file__).parents[2] / "data" / "mail"
CASES = sorted(path.stem for path in FOLDER.glob("*.json"))
ARRIVED = datetime(2026, 3, 2, 10, tzinfo=UTC)


@contextmanager
def signed_in(server, user="alice"):
    context = ssl.create_default_context(cafile=server.certificate.file)
    with IMAPClient("127.0.0.1", server.imaps, ssl_context=context) as client:
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(f"{user}@example.test", f"{user}-secret")
        yield client


SENDER = "Maria Koch <maria@example.com>"


def deliver(
    client, number, *, folder="INBOX", references=(), subject="Plan", at=ARRIVED, id_=None, text="", sender=SENDER
):
    head = [
        f"From: {sender}",
        "To: Alice <alice@example.test>",
        f"Subject: {subject}",
        f"Message-ID: <{id_ or f'm{number}@example.com'}>",
        f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000",
        *([f"References: {' '.join(f'<{one}>' for one in references)}"] if references else []),
        "Content-Type: text/plain; charset=utf-8",
    ]
    client.append(folder, "\r\n".join([*head, "", text or f"Mail number {number}"]).encode(), (), at)


def opened(server, **more):
    return MailProvider.open(MailSettings(**server.settings(**more)))


async def every_conversation(account, **more):
    found, cursor = [], None
    while True:
        page = await account.list_conversations(ConversationQuery(cursor=cursor, **more))
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


def only_without_id(messages):
    return next(one for one in messages.values() if one.id.startswith("x."))


def faults_in(message, listed, want):
    """What is wrong with a message that was read."""
    if message is None or listed is None:
        return ["not found"]
    return [*wrong_head(message, want), *wrong_text(message, listed, want)]


def wrong_head(message, want):
    authors = [want["author"], *want.get("author_may", ())] if "author" in want else []
    if authors and {"name": message.author.name, "email": message.author.email or ""} not in [
        {"name": one["name"] or one["email"] or "unknown", "email": one["email"]} for one in authors
    ]:
        yield f"author {message.author}"
    if message.sent_at != datetime.fromisoformat(want["sent_at"]):
        yield f"sent at {message.sent_at}"
    if (f"<{message.reply_to}>" if message.reply_to else None) != want["reply_to"]:
        yield f"answers {message.reply_to}"
    if "subject" in want and (message.subject or "") != want["subject"]:
        yield f"subject {message.subject!r}"
    if message.author.kind != want.get("kind", message.author.kind):
        yield f"kind {message.author.kind}"
    if any(word in repr(message) for word in want.get("never_shown", ())):
        yield "shows what is secret"
    names = [clean_line(file.name, 200) for file in message.attachments]
    if any(one["name"] not in names for one in want["attachments"] or () if "name" in one):
        yield f"files {names}"


def wrong_text(message, listed, want):
    if "text" in want and message.text.strip("\n") != want["text"]:
        yield f"text {message.text!r}"
    absent = [word for word in want.get("text_contains", ()) if word not in message.text]
    shown = [word for word in (*want.get("text_lacks", ()), *want.get("hidden", ())) if word in message.text]
    if absent or shown or not re.search(want.get("text_matches", ""), message.text):
        yield f"text lacks {absent}, shows {shown}"
    absent = [word for word in want.get("list_contains", ()) if word not in listed.text]
    shown = [word for word in want.get("list_lacks", ()) if word in listed.text]
    if absent or shown:
        yield f"list lacks {absent}, shows {shown}"
