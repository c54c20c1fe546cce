"""A mailbox in small, with a server to read from and one to send through, which puts what it takes into the inbox."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from dragoman.core.times import parse_time
from dragoman.providers.replay import Record, Replay, recording
from dragoman.providers.replay.fake_imap_server import FakeImapServer
from dragoman.providers.replay.fake_mail_parts import make_mail
from dragoman.providers.replay.fake_smtp_server import FakeSmtpServer

_PACKAGE: Final = __package__ or ""
_PASSWORD: Final = "open sesame"  # noqa: S105 - of no service


@contextmanager
def _served() -> Generator[Mapping[str, str | bool]]:
    held = recording(_PACKAGE)
    address: str = held["owner"]["address"]
    reading, sending = FakeImapServer(address, _PASSWORD), FakeSmtpServer(address, _PASSWORD)
    for mail in held["mails"]:
        _deliver(reading, mail)
    with reading.serve() as imap, sending.serve() as smtp:
        yield {
            "address": address,
            "name": held["owner"]["name"],
            "imap": imap,
            "smtp": smtp,
            "tls": "off",
            "password": _PASSWORD,
            "write": "confirm",
        }


def _deliver(server: FakeImapServer, mail: Record) -> None:
    references = " ".join(f"<{one}>" for one in mail.get("references", ()))
    fields = [(name.title(), mail[name]) for name in ("from", "to", "cc", "subject") if name in mail]
    fields += [("Message-ID", f"<{mail['id']}>"), *([("References", references)] if references else [])]
    sent_at = parse_time(mail["date"])
    if sent_at is not None:
        server.folders[mail["folder"]].add(make_mail(fields, mail["text"], sent_at=sent_at), mail["flags"], sent_at)


REPLAY: Final = Replay.recorded(_PACKAGE, _served)
