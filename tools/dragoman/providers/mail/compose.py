"""A mail before it is sent: its headers and its body."""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.mail import Address, Headers, without_answer_words
from dragoman.core.queries import Draft
from dragoman.providers.mail.addresses import sendable_address
from dragoman.providers.mail.recipients import Recipients

if TYPE_CHECKING:
    from email.message import EmailMessage

_ID: Final = re.compile(r"[!-;=?-~]{1,900}")  # what may stand between the brackets of a message id
_SPECIAL: Final = re.compile(r"[^\w !#$%&'*+/=?^`{|}~-]", re.ASCII)
_ESCAPED: Final = re.compile(r'[\\"]')
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_TEXT_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ENDS: Final = re.compile(r"\r\n|\r|\n")
_FRAGILE: Final = re.compile(r"^(?:F(?=rom )|\.)", re.MULTILINE)  # beginnings of lines that mail programs change
_WIDTH: Final = 76
_MOST_REFERENCES: Final = 20
_LONGEST_LINE: Final = 78
_LONGEST_SUBJECT: Final = 2_000
_LONGEST_QUOTE: Final = 20_000  # characters
_ID_LETTERS: Final = 26


@dataclass(frozen=True, slots=True)
class Quote:
    """The mail that is answered, below an answer.

    Attributes:
        line: Says when it was written, and by whom.
        text: What it says.
    """

    line: str
    text: str

    @property
    def lines(self) -> str:
        """Both as plain text, each line of the mail marked."""
        marked = (f">{line}" if line[:1] == ">" else f"> {line}".rstrip() for line in self.text.split("\n"))
        return "\n".join((self.line, "", *marked))

    @property
    def html(self) -> str:
        """Both as HTML, in which the mail is nothing but text."""
        lines = "<br>\n".join(escape(line) for line in self.text.split("\n"))
        return f'<p>{escape(self.line)}</p>\n<blockquote type="cite">\n{lines}\n</blockquote>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A mail.

    Attributes:
        id: Its message id without brackets.
        text: Its text, with the signature.
        html: The same as HTML; empty for none.
        references: Ids of the mails before it in its thread, the oldest first; the last one is answered.
    """

    id: str
    recipients: Recipients
    subject: str
    text: str
    sent_at: datetime
    html: str = ""
    references: tuple[str, ...] = ()

    @property
    def needs_utf8(self) -> bool:
        """Whether a sender or recipient has an address that only servers with SMTPUTF8 take."""
        everyone = (self.recipients.sender, *self.recipients.everyone)
        return not all(one.email.isascii() for one in everyone)

    def as_bytes(self) -> bytes:
        """The mail as it is sent, with CRLF at the end of each line."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers())
        body = _ENDS.sub("\r\n", body_of(self.text, self.html).as_bytes().decode("ascii"))
        return head.encode() + body.removesuffix("\r\n").encode("ascii") + b"\r\n"

    def _headers(self) -> Sequence[tuple[str, str]]:
        recipients = self.recipients
        found = [
            ("From", addresses_line((recipients.sender,))),
            ("To", addresses_line(recipients.to)),
            ("Cc", addresses_line(recipients.cc)),
            ("Subject", subject_line(self.subject)),
            ("Date", format_datetime(self.sent_at)),
            ("Message-ID", f"<{self.id}>"),
            ("In-Reply-To", _ids_line(self.references[-1:])),
            ("References", _ids_line(self.references)),
        ]
        return [(name, value) for name, value in found if value or name == "Subject"]


def reply_subject(subject: str) -> str:
    """The subject of an answer: ``Re:`` once, whatever words for it in whatever language stand there already."""
    return f"Re: {without_answer_words(one_line(subject))}".strip()


def references_of_reply(headers: Headers, answered: str) -> tuple[str, ...]:
    """The ids that an answer names: those of the mail that is answered, and its own; of many the first and the last.

    Args:
        headers: Of the mail that is answered.
        answered: Its message id; one that was made up for a mail without any is not named.
    """
    before = headers.ids("references") or headers.ids("in-reply-to")[:1]
    own = headers.ids("message-id")[:1] or [answered]
    found = [one for one in dict.fromkeys(before) if _ID.fullmatch(one) and one != own[0]]
    last = [one for one in own if _ID.fullmatch(one) and "@" in one]
    found += last
    return tuple(found if len(found) <= _MOST_REFERENCES + 1 else [found[0], *found[-_MOST_REFERENCES:]])


def message_id_of(address: str, conversation: str, draft: Draft, since: datetime | None) -> str:
    """The id of a mail, the same for each attempt to send it and for nothing else.

    Args:
        address: The owner's.
        conversation: Where it goes.
        draft: What is sent.
        since: When the write began, where the draft does not tell.
    """
    begun = draft.begun or since
    attempt = draft.idempotency_key or (begun.astimezone(UTC).isoformat() if begun else secrets.token_hex(16))
    parts = (address, attempt, conversation, draft.reply_to or "", draft.subject or "", draft.text)
    digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    domain = sendable_address(address).rpartition("@")[2]
    return f"{b32encode(digest).decode().lower()[:_ID_LETTERS]}@{domain}"


def one_line(text: str) -> str:
    """A text without line breaks and control characters, as a header holds it."""
    return " ".join(_CONTROL.sub(" ", text).split())


def check_draft(draft: Draft, *, begins: bool) -> None:
    """See that a draft can be a mail.

    Args:
        draft: What is to be sent.
        begins: Is it a new mail and no answer.

    Raises:
        InvalidArgument: It cannot.
    """
    sendable_text(draft.text + (draft.subject or ""))
    if begins and not one_line(draft.subject or ""):
        raise InvalidArgument("A new mail needs a subject.", hint="Give `subject`.")


def sendable_text(text: str) -> str:
    """A text that a mail can hold.

    Raises:
        InvalidArgument: It holds half a character.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument("The text has half a character in it.", hint="Write it again.") from None
    return text


def with_signature(text: str, signature: str) -> str:
    """A text with a signature below, unless it stands there already."""
    signature = signature.strip("\r\n")
    if not signature.strip():
        return text
    ending = f"-- \n{signature}"
    return text if text.rstrip("\n").endswith(f"\n{ending}") else f"{text.rstrip()}\n\n{ending}"


def quote_of(author: str, sent_at: datetime, text: str) -> Quote:
    """What stands below an answer; of a long text the beginning."""
    text = text.strip()
    if len(text) > _LONGEST_QUOTE:
        text = f"{text[:_LONGEST_QUOTE].rpartition(chr(10))[0]}\n[...]"
    return Quote(f"On {sent_at:%Y-%m-%d %H:%M %z}, {one_line(author)} wrote:", text)


def addresses_line(addresses: Sequence[Address]) -> str:
    """Addresses as a header holds them, one on each line."""
    return ",\r\n ".join(_written(one) for one in addresses)


def encoded_text(name: str, text: str) -> str:
    """A text as a header holds it: folded, and in encoded words where it is not plain."""
    from email.header import Header  # noqa: PLC0415  # only when something is sent

    plain = text.isascii() and "=?" not in text and all(len(word) <= _WIDTH for word in text.split())
    made = Header(text, "us-ascii" if plain else "utf-8", maxlinelen=_WIDTH, header_name=name)
    return made.encode(linesep="\r\n")


def subject_line(subject: str) -> str:
    """A subject as a header holds it."""
    return encoded_text("Subject", one_line(subject)[:_LONGEST_SUBJECT])


def _written(address: Address) -> str:
    name = one_line(address.name)
    if not name:
        return address.email
    if not name.isascii() or "=?" in name or len(name) > _WIDTH:
        return (
            f"{encoded_text('To', name) if not name.isascii() or '=?' in name else _quoted(name)}\r\n <{address.email}>"
        )
    return f"{_quoted(name)} <{address.email}>"


def _quoted(name: str) -> str:
    return f'"{_ESCAPED.sub(_backslashed, name)}"' if _SPECIAL.search(name) else name


def _backslashed(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _ids_line(ids: Sequence[str]) -> str:
    """Message ids, one on each line, because a library that folds might encode or cut a long one."""
    return "\r\n ".join(f"<{one}>" for one in ids)


def body_of(text: str, html: str) -> EmailMessage:
    """A text as the body of a mail, with an HTML alternative where there is one."""
    from email.message import EmailMessage  # noqa: PLC0415  # only when something is sent
    from email.policy import SMTP  # noqa: PLC0415  # as above

    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message.set_content(text, cte=_encoding(text))
    if html:
        message.add_alternative(html, subtype="html", cte=_encoding(html))
    for part in message.walk():
        if part["Content-Transfer-Encoding"] == "quoted-printable":
            part.set_payload(_FRAGILE.sub(_quoted_printable, str(part.get_payload())))
    return message


def _quoted_printable(found: re.Match[str]) -> str:
    return f"={ord(found[0]):02X}"


def _encoding(text: str) -> str | None:
    """Quoted-printable keeps lines that relays would fold or change; ``None`` leaves the choice to the library."""
    lines = text.splitlines()
    changed = _TEXT_CONTROL.search(text) is not None or any(
        len(line) > _LONGEST_LINE or line.startswith(("From ", ".")) or line != line.rstrip() for line in lines
    )
    return "quoted-printable" if changed and text.isascii() else None
