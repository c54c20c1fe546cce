"""A mailbox behind the provider for the tests of every provider: the small mail server of demonstrations."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

from impatience import PATIENCE, Impatience

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.model import Author, AuthorKind, ConversationKind
from dragoman.providers.mail import MailSettings
from dragoman.providers.replay.fake_imap_server import FakeImapServer
from dragoman.providers.replay.fake_smtp_server import FakeSmtpServer
from dragoman.testing import Seeded, Service

CODES = {
    NotFound: b"<tag> NO [NONEXISTENT] no such folder",
    Unauthenticated: b"<tag> NO [AUTHENTICATIONFAILED] wrong",
    PermissionDenied: b"<tag> NO [NOPERM] not for you",
    RateLimited: b"<tag> NO [THROTTLED] slow down",
    Unavailable: b"<tag> NO [UNAVAILABLE] down for an hour",
    Conflict: b"<tag> NO [OVERQUOTA] full",
    BadResponse: b"* 1 FETCH (UID ((((\r\n<tag> OK done\r\n* SEARCH x y z (\r\n",
}
REFUSALS = {
    NotFound: (b"-", b""),
    Unauthenticated: (b"AUTH", b"535 5.7.8 wrong"),
    PermissionDenied: (b"MAIL", b"550 5.7.60 not as that one"),
    RateLimited: (b"MAIL", b"450 4.7.1 slow down"),
    Unavailable: (b"MAIL", b"451 4.3.0 down for an hour"),
    Conflict: (b"RCPT", b"552 5.2.2 full"),
    BadResponse: (b"EHLO", b"what do you want"),
    DeadlineExceeded: (b"EHLO", b"<stall>"),
    OutcomeUnknown: (b".", None),
}
CHANGES = (b"UID STORE", b"UID MOVE", b"APPEND", b"CREATE")


def settings_of(server, **more):
    host = f"127.0.0.1:{server.server_address[1]}"
    known = {"address": "alice@example.test", "password": "open sesame", "imap": host, "smtp": host, "tls": "off"}
    return MailSettings(**(known | more))


class MailService(Service):
    """A mailbox; conversations are threads whose first mail all others name."""

    def __init__(
        self, server: FakeImapServer, sending: FakeSmtpServer | None = None, impatience: Impatience | None = None
    ) -> None:
        self.server = server
        self.sending = sending
        self.impatience = impatience
        smtp = {"smtp": f"127.0.0.1:{sending.server_address[1]}"} if sending else {}
        self._settings = settings_of(server, **smtp, sent_by_server=False, timeout=PATIENCE)
        self._roots = {}

    @property
    def settings(self):
        return self._settings

    async def seed(self, conversation, messages):
        ids = {one.id: self._id(one.id, conversation.id) for one in messages}
        root = self._roots.setdefault(conversation.id, next(iter(ids.values()), ""))
        subjects = [one.subject for one in messages if one.subject]
        title = (subjects or [conversation.title])[0]
        kept = tuple(self._kept(one, ids, root, title) for one in messages)
        with self.server.lock:
            for one, message in zip(kept, messages, strict=True):
                self._deliver(one, root, len(message.attachments))
        found = replace(conversation, id=f"t.{root}", title=title, kind=ConversationKind.MAIL)
        return Seeded(found, kept)

    @staticmethod
    def _id(message, conversation):
        return f"{message}.{conversation}@example.org".replace(" ", "")

    def _kept(self, one, ids, root, title):
        """The message as mail can keep it."""
        own = ids[one.id]
        address = f"{one.author.id or 'nobody'}@example.org"
        text = one.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").strip("\n").rstrip()
        files = [replace(file, id="", size=-(-(file.size or 0) // 3) * 3) for file in one.attachments]
        return replace(
            one,
            id=own,
            conversation=f"t.{root}",
            author=Author(name=one.author.name, id=address, email=address, kind=one.author.kind),
            text=text,
            subject=one.subject or title,
            reply_to=ids.get(one.reply_to) if one.reply_to else None if own == root else root,
            reactions=(),
            attachments=tuple(files),
        )

    def _deliver(self, one, root, files):
        text = MIMEText(one.text, "plain", "utf-8")
        mail = MIMEMultipart("mixed") if files else text
        if files:
            mail.attach(text)
        for file in one.attachments:
            part = MIMEApplication(bytes(file.size), _subtype=file.media_type.partition("/")[2])
            part.add_header("Content-Disposition", "attachment", filename=file.name)
            mail.attach(part)
        references = dict.fromkeys(id_ for id_ in (root, one.reply_to) if id_ and id_ != one.id)
        lines = [
            f"From: {one.author.name} <{one.author.email}>",
            "To: Alice <alice@example.test>",
            f"Subject: {one.subject}",
            f"Message-ID: <{one.id}>",
            f"Date: {format_datetime(one.sent_at)}",
            *([f"In-Reply-To: <{one.reply_to}>"] if one.reply_to else []),
            *([f"References: {' '.join(f'<{id_}>' for id_ in references)}"] if references else []),
            *(["Auto-Submitted: auto-generated"] if one.author.kind is AuthorKind.BOT else []),
        ]
        data = "\n".join(lines).encode() + b"\n" + mail.as_bytes()
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        arrived = one.sent_at.astimezone(UTC) if one.sent_at else datetime.now(UTC)
        self.server.folders["INBOX"].add(data, ("\\Seen", *one.labels), arrived)

    @asynccontextmanager
    async def broken(self, error):
        self.server.fault = lambda command: self._fail(error, command)
        self.server.hang_up()
        if self.sending is not None:
            self.sending.fault = lambda command: self._fail_to_send(error, command)
        try:
            yield
        finally:
            self.server.fault = None
            if self.sending is not None:
                self.sending.fault = None
            self.server.hang_up()

    def _fail_to_send(self, error, command):
        step, answer = REFUSALS[error]
        if not command.upper().startswith(step):
            return b""
        if error is DeadlineExceeded:
            self.impatience.give_up()
        return answer

    def _fail(self, error, command):
        upper = command.upper()
        if error is Unauthenticated:
            return CODES[error] if upper.startswith((b"LOGIN", b"AUTHENTICATE")) else b""
        if error is Conflict:
            return CODES[error] if upper.startswith(CHANGES) else b""
        if error is OutcomeUnknown:
            return None if upper.startswith(CHANGES) else b""
        if upper.startswith((b"LOGIN", b"AUTHENTICATE", b"CAPABILITY", b"ID")):
            return b""
        if error is DeadlineExceeded:
            self.impatience.give_up()
            return b"* OK still at it"
        return CODES[error]
