"""A message from elsewhere as a mail."""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from datetime import UTC
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime
from secrets import token_hex
from typing import Final

from dragoman.core.model import Message

_ID: Final = re.compile(r"[!-;=?-~]{1,200}@[!-;=?-~]{1,200}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ID_LETTERS: Final = 26
_LONGEST: Final = 500


def imported_id(message: Message, address: str) -> str:
    """The message id: the one that it had elsewhere where that can be one, else one that is made of it.

    Args:
        message: The message.
        address: Of the owner of the mailbox, whose domain ids have.
    """
    if _ID.fullmatch(message.id):
        return message.id
    told = message.id or token_hex(16)  # without an id nothing tells it from another one of the same words
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()
    return f"{b32encode(digest).decode()[:_ID_LETTERS].lower()}@{address.rpartition('@')[2]}"


def make_imported_mail(message: Message, id_: str, root: str, address: str) -> bytes:
    """The mail.

    Args:
        message: The message.
        id_: Its message id.
        root: Id of the first mail of its thread.
        address: Of the owner of the mailbox, who gets it.
    """
    author = message.author
    mail = MIMEText(message.text.encode("utf-8", "replace").decode(), "plain", "utf-8")
    parent = message.reply_to or root
    fields = {
        "From": f"{_encoded(author.name)} <{_plain(author.email or '')}>",
        "To": address,
        "Subject": _encoded(message.subject or ""),
        "Message-ID": f"<{id_}>",
        "In-Reply-To": f"<{_plain(parent)}>",
        "References": " ".join(f"<{_plain(one)}>" for one in dict.fromkeys((root, parent))),
    }
    if message.sent_at is not None:
        fields["Date"] = format_datetime(message.sent_at.astimezone(UTC))
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    data = head.encode("utf-8", "replace") + mail.as_bytes()
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _encoded(text: str) -> str:
    plain = _plain(text)
    simple = plain.isascii() and re.fullmatch(r"[\w .-]*", plain)
    return plain if simple else Header(plain, "utf-8", maxlinelen=_LONGEST).encode(linesep="\n")


def _plain(text: str) -> str:
    """Text without what could begin another line or address."""
    return " ".join(_CONTROL.sub(" ", text).translate({ord("<"): None, ord(">"): None}).split())[:_LONGEST]
