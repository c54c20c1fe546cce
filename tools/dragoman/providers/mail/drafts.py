"""Drafts of the owner: their text and subject change, by storing a draft anew and then removing what it was.

A change that broke off leaves both. Made again, it finds the new one and only removes the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.generator import BytesGenerator
from email.message import Message as Email
from email.policy import compat32
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast

from dragoman.core.errors import NotFound, UnsupportedOperation
from dragoman.core.mail import read_whole_mail
from dragoman.core.queries import Change
from dragoman.providers.mail.compose import body_of, one_line, sendable_text, subject_line
from dragoman.providers.mail.folders import DRAFTS, TRASH, Folders
from dragoman.providers.mail.heads import GMAIL, MailHead, Place
from dragoman.providers.mail.imap_arguments import Word, is_flag
from dragoman.providers.mail.markdown_html import html_of

if TYPE_CHECKING:
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.mailbox import Mailbox

_LARGEST: Final = 30_000_000  # bytes of a draft
_MOST_COPIES: Final = 20
_CONTENT: Final = ("content-", "mime-version")
_TEXTS: Final = ("multipart/alternative", "multipart/related")


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewDraft:
    """What a draft is to be.

    Attributes:
        id: Its message id.
        text: Its text; ``None``: as it is.
        html: The same as HTML; empty for none.
        subject: Its subject; ``None``: as it is.
    """

    id: str
    text: str | None
    html: str
    subject: str | None


def is_own_draft(head: MailHead, folders: Folders, mailbox: Mailbox) -> bool:
    """Whether a mail is one that the owner has not sent yet."""
    is_draft = "\\Draft" in head.flags or folders.role_of(head.folder) == DRAFTS
    author = head.mail.author.email
    return is_draft and (not author or mailbox.owner.is_own(author))


async def change_draft(mailbox: Mailbox, head: MailHead, change: Change) -> MailHead:
    """Change text and subject of a draft; gives its head as it is then.

    Raises:
        NotFound: It has been moved or removed.
        UnsupportedOperation: Its text cannot be told from the rest of it.
    """
    if head.size > _LARGEST:
        raise UnsupportedOperation("This draft is too large to be changed here.", hint="Change it in a mail program.")
    wanted = _wanted(mailbox, head, change)
    trash = await mailbox.special(TRASH)
    work = partial(_store_anew, head=head, wanted=wanted, trash=trash)
    await mailbox.write_to(replace(head, copies=()), work)
    found = await mailbox.lookup.find(wanted.id)
    if found is None:
        raise NotFound("The draft has been moved or removed.", hint="Look for it with a mail program.")
    return found


def _wanted(mailbox: Mailbox, head: MailHead, change: Change) -> _NewDraft:
    settings, subject = mailbox.owner.settings, change.subject
    text = None if change.text is None else sendable_text(change.text)
    domain = settings.address.rpartition("@")[2]
    return _NewDraft(
        id=f"{head.id[2:]}@{domain}" if head.id.startswith("x.") else head.id,
        text=text,
        html=html_of(text) if text is not None and settings.html == "auto" else "",
        subject=None if subject is None else one_line(sendable_text(subject)),
    )


def _store_anew(session: ImapSession, place: Place, head: MailHead, wanted: _NewDraft, trash: str | None) -> None:
    """Store the new draft unless it is there, and remove the old one."""
    known = [one.uid for one in head.places if one.folder == place.folder]
    found = _copies(session, [*known, *session.search(["HEADER", "Message-ID", Word(wanted.id)])[-_MOST_COPIES:]])
    data = redrafted(found[place.uid].data, wanted)
    there = [uid for uid, one in found.items() if not one.is_deleted and _says(one.data) == _says(data)]
    if not there:
        flags = {"\\Draft", "\\Seen", *(one for one in head.flags if is_flag(one.removeprefix("\\")))} - {"\\Recent"}
        session.append(place.folder, data, sorted(flags), None)
    marked = {uid for uid, one in found.items() if one.is_deleted and read_whole_mail(one.data).id == wanted.id}
    old = sorted(({*known, *there[1:]} & found.keys() | marked) - {*there[:1]})
    if old and GMAIL in session.capabilities and trash is not None:  # there, what is expunged stays in all mails
        session.move(old, trash)
    elif old:
        session.remove(old)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A state of a draft; ``is_deleted``: an attempt to remove it has only marked it."""

    data: bytes
    is_deleted: bool


def _copies(session: ImapSession, uids: list[int]) -> dict[int, _Copy]:
    """Whole mails of the open folder, by rising UIDs."""
    answers = session.fetch(sorted(set(uids)), ("UID", "FLAGS", "BODY.PEEK[]"))
    return {uid: _copy(answer) for uid, answer in sorted(answers.items())}


def _copy(answer: Mapping[bytes, object]) -> _Copy:
    flags = {one.lower() for one in cast("Iterable[bytes]", answer.get(b"FLAGS") or ())}
    return _Copy(cast("bytes", answer.get(b"BODY[]") or b""), b"\\deleted" in flags)


def _says(data: bytes) -> tuple[object, ...]:
    """What tells one state of a draft from another, however the server keeps its lines."""
    mail = read_whole_mail(data)
    return mail.id, mail.subject, mail.text.strip(), [(one.name, one.size) for one in mail.files]


def redrafted(data: bytes, wanted: _NewDraft) -> bytes:
    """A draft with another text or subject; everything else stays as it is.

    Raises:
        UnsupportedOperation: Its text cannot be told from the rest of it.
    """
    draft = message_from_bytes(data)
    if wanted.subject is not None:
        _set_field(draft, "Subject", subject_line(wanted.subject).replace("\r\n", "\n"))
    if f"<{wanted.id}>" not in str(draft["Message-ID"]):
        _set_field(draft, "Message-ID", f"<{wanted.id}>")
    if wanted.text is not None:
        _set_content(_text_part(draft), message_from_bytes(body_of(wanted.text, wanted.html).as_bytes()))
    stream = BytesIO()
    # Otherwise this would write `>` before "From ", as in an mbox, and fold headers anew.
    BytesGenerator(stream, mangle_from_=False, policy=compat32.clone(linesep="\r\n", max_line_length=None)).flatten(
        draft
    )
    return stream.getvalue()


def _set_field(draft: Email, name: str, value: str) -> None:
    if name in draft:
        draft.replace_header(name, value)
    else:
        draft[name] = value


def _set_content(part: Email, content: Email) -> None:
    """Put other content into a part, which keeps its other fields."""
    for name in {name.lower() for name in part.keys()}:  # noqa: SIM118 - a mail is no mapping
        if name.startswith(_CONTENT):
            del part[name]
    for name, value in content.items():
        if name.lower().startswith(_CONTENT):
            part[name] = value
    part.set_payload(content.get_payload())


def _text_part(draft: Email) -> Email:
    """The part that is the text: the mail itself, or the first one before its files.

    Raises:
        UnsupportedOperation: There is none, or it holds more than text.
    """
    part = draft
    while part.get_content_type() == "multipart/mixed" and part.is_multipart():
        part = cast("list[Email]", part.get_payload())[0]
    kind, leaves = part.get_content_type(), [one for one in part.walk() if not one.is_multipart()]
    is_text = part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment"
    if is_text or (kind in _TEXTS and all(one.get_content_maintype() == "text" for one in leaves)):
        return part
    raise UnsupportedOperation(
        "The text of this draft holds pictures, or is signed or encrypted.", hint="Change it in a mail program."
    )
