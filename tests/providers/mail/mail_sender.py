"""Mails for tests of sending, an account that sends through a small server, and what was sent."""

from __future__ import annotations

from datetime import UTC, datetime

from impatience import PATIENCE
from mail_service import settings_of

from dragoman.core.mail import Address, read_mail
from dragoman.providers.mail import MailProvider
from dragoman.providers.mail.compose import OutgoingMail
from dragoman.providers.mail.recipients import Recipients

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ROOT = (
    "From: Maria Koch <maria@example.com>", "To: Alice <alice@example.test>, Oleg <oleg@example.org>",
    "Cc: lena@example.test", "Subject: Budget", "Message-ID: <root@example.com>",
)  # fmt: skip


def raw(*lines, text="Hello"):
    return "\r\n".join([*lines, "Date: Mon, 02 Mar 2026 10:00:00 +0000", "", text, ""]).encode()


def outgoing(**more):
    recipients = Recipients(sender=Address("Alice", "alice@example.test"), to=(Address("", "bob@example.com"),))
    return OutgoingMail(
        **{"id": "m@example.test", "recipients": recipients, "subject": "s", "text": "t", "sent_at": NOW, **more}
    )


def opened(imap_server, smtp_server, **more):
    smtp = f"127.0.0.1:{smtp_server.server_address[1]}"
    return MailProvider.open(
        settings_of(imap_server, **{"smtp": smtp, "sent_by_server": False, "timeout": PATIENCE, **more})
    )


def mail_of(taken):
    return read_mail(taken.content.splitlines(keepends=True))


def copies(folders, name="Sent"):
    return list(folders[name].mails.values())
