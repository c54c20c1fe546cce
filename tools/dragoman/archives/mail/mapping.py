"""A mail as a message of the model."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, LiteralString

from dragoman.archives.mail.reading import Beside
from dragoman.archives.mail.scrubbed import without_scrubbed
from dragoman.archives.text import clean
from dragoman.core.fast_model import new_author, new_message
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.mail import Address, Mail, MailFile, base_subject
from dragoman.core.mail.encoded_words import decode_words
from dragoman.core.mail.headers import Headers
from dragoman.core.model import Attachment, Author, AuthorKind, Message

# Archives of mailing lists mask addresses, as in `ann at example.org (Ann Lee)`.
_MASKED: Final = lazy_pattern(r"(\S++) at ((?=\S+\.\S)\S++)(\s++\(.*\))?")
_MOZILLA_DELETED: Final = 0x8
_MOZILLA_FLAGGED: Final = 0x4
_STATUS: Final = {"F": "flagged", "T": "draft", "D": "trashed"}
_OF_PROGRAMS: Final = frozenset({"x-status", "x-mozilla-status", "x-keywords", "x-mozilla-keys"})
"""Fields in which mail programs keep flags."""

_JUNK: Final = frozenset({"junk", "$junk"})
_UNTOLD: Final = frozenset(
    {"nonjunk", "$nonjunk", "notjunk", "$notjunk", "$mdnsent", "$hasattachment", "$hasnoattachment"}
)
_TELLING: Final = frozenset({"from", "date", "subject", "message-id", "to", "received", "sender"})
"""Fields of which each mail has one."""

# In the subject of the pseudo-mail in which UW IMAP and Alpine keep the state of a folder.
_INTERNAL: Final = "FOLDER INTERNAL DATA"
_RECIPIENTS: Final = ("to", "cc")
_ADDRESSES: Final = 100
_REFERENCES: Final = 30
_TEXT_DIGESTED: Final = 4096
_ATTACHMENTS: Final = 5
"""Where they are in what :func:`packed` gives."""


def reason_to_leave_out(mail: Mail) -> LiteralString:
    """Why a mail is not imported; empty when it is."""
    headers = mail.headers
    if headers.names.isdisjoint(_TELLING):
        return "no mail: there is no head"
    if "x-mozilla-status" in headers.names and _mozilla_status(headers) & _MOZILLA_DELETED:
        return "deleted in Thunderbird"
    return "data of a mail program" if _INTERNAL in headers.raw("subject") else ""


def title_of(subject: str) -> str:
    """A subject without the words that mark answers and forwarded mails."""
    return base_subject(subject) or "(no subject)"


def content_digest(mail: Mail) -> str:
    """What a mail is known by that has no id: its head and the beginning of its text."""
    headers = mail.headers
    parts = [headers.raw(name) for name in ("date", "from", "subject", "to")]
    content = "\0".join([*parts, mail.text[:_TEXT_DIGESTED]])
    return sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def author_of(mail: Mail) -> Author:
    """Who wrote it."""
    name, email = _name_and_email(mail)
    return _author(name, email, mail.kind)


def _name_and_email(mail: Mail) -> tuple[str, str]:
    address = mail.author
    masked = _MASKED.fullmatch(mail.headers.raw("from").strip()) if "@" not in address.email else None
    if masked is not None:
        address = Address(decode_words((masked[3] or "").strip(" ()")), f"{masked[1]}@{masked[2]}")
    email = address.email.lower()
    return clean(address.name) or email or "user", email


@lru_cache(maxsize=4096)
def _author(name: str, email: str, kind: AuthorKind) -> Author:
    """The author; the same one again for the same words, which stores faster."""
    return new_author(name=name, id=email, email=email or None, kind=kind)


def sent_at(mail: Mail, beside: Beside) -> datetime | None:
    """When it was sent; the time beside the mail counts last."""
    return mail.sent_at(latest=datetime.now(UTC)) or beside.received


def people_of(message: Message, mail: Mail) -> Iterator[str]:
    """Names of those who write and read it."""
    yield message.author.name
    for name in _RECIPIENTS:
        for address in mail.headers.addresses(name)[:_ADDRESSES]:
            if address.email:
                yield clean(address.name) or address.email.lower()


def message_of(mail: Mail, beside: Beside, id_: str) -> Message:
    """The message, of a conversation that is not known yet; ``extra`` has all that it names beside its parent."""
    headers = mail.headers
    extra: dict[str, object] = {}
    for name in _RECIPIENTS:
        if name in headers.names:
            addresses = [address.email.lower() for address in headers.addresses(name)[:_ADDRESSES] if address.email]
            extra |= {name: addresses} if addresses else {}
    extra |= {"list": mail.mailing_list} if mail.mailing_list else {}
    others = [other for other in mail.references if other not in (id_, mail.reply_to)]
    # The first one is the beginning of the thread, and the last ones are the nearest.
    extra |= {"references": [*others[:1], *others[1:][-_REFERENCES:]]} if others else {}
    text, scrubbed = without_scrubbed(clean(mail.text))
    return new_message(
        id=id_,
        conversation="",
        author=author_of(mail),
        sent_at=sent_at(mail, beside),
        text=text,
        reply_to=mail.reply_to or None,
        subject=clean(mail.subject) or None,
        attachments=(*[_attachment(file, beside, id_) for file in mail.files], *scrubbed),
        labels=tuple(dict.fromkeys(_labels(mail, beside))),
        extra=extra,
    )


def packed(message: Message) -> tuple[Any, ...]:
    """What :func:`message_of` has set, with the text at the end."""
    author = message.author
    return (
        message.id, (author.name, author.email or "", author.kind), message.sent_at, message.reply_to, message.subject,
        message.attachments, message.labels, message.extra, message.text,
    )  # fmt: skip


def packed_with_id(members: tuple[Any, ...], id_: str, beside: Beside) -> tuple[Any, ...]:
    """What :func:`packed` gives of the same message with another id."""
    before = members[0]
    attachments = tuple(
        replace(one, url=beside.place_of(id_, one.id)) if one.url == beside.place_of(before, one.id) else one
        for one in members[_ATTACHMENTS]
    )
    return id_, *members[1:_ATTACHMENTS], attachments, *members[_ATTACHMENTS + 1 :]


def unpacked(members: Sequence[Any], conversation: str) -> Message:
    """The message that was packed, in its conversation."""
    id_, author, sent_at, reply_to, subject, attachments, labels, extra, text = members
    return new_message(
        id=id_,
        conversation=conversation,
        author=_author(*author),
        sent_at=sent_at,
        text=text,
        reply_to=reply_to,
        subject=subject,
        attachments=attachments,
        labels=labels,
        extra=extra,
    )


def _attachment(file: MailFile, beside: Beside, id_: str) -> Attachment:
    return Attachment(
        name=file.name,
        id=file.number,
        media_type=file.media_type,
        size=file.size,
        url=beside.place_of(id_, file.number),
    )


def _labels(mail: Mail, beside: Beside) -> Iterator[str]:
    headers = mail.headers
    gmail = headers.raw("x-gmail-labels")
    if gmail:
        # The list is encoded as a whole, so that it can be split only afterwards.
        yield from (label.strip() for label in _comma_list(decode_words(gmail)) if label.strip())
    else:
        yield from beside.labels
    yield from beside.late_labels
    if headers.names.isdisjoint(_OF_PROGRAMS) and not mail.body.labels:
        return
    yield from (_STATUS[flag] for flag in headers.raw("x-status") if flag in _STATUS)
    if _mozilla_status(headers) & _MOZILLA_FLAGGED:
        yield "flagged"
    for word in f"{headers.raw('x-keywords')} {headers.raw('x-mozilla-keys')}".split():
        if word.lower() in _JUNK:
            yield "junk"
        elif word.lower() not in _UNTOLD:
            yield word
    yield from (label for label in mail.body.labels if label == "encrypted")


def _comma_list(text: str) -> list[str]:
    return next(csv.reader([text]), list[str]())


def _mozilla_status(headers: Headers) -> int:
    try:
        return int(headers.raw("x-mozilla-status") or "0", 16)
    except ValueError:
        return 0
