"""The head of a mail as a folder has it: what tells its thread, its author and its state."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from imapclient.imap_utf7 import decode as decode_utf7  # pyright: ignore[reportMissingTypeStubs] - it has none

from dragoman.core.context.clock import current_clock
from dragoman.core.mail import DeliveryReport, Headers, Mail, delivery_report, read_mail_head
from dragoman.core.times import EPOCH, from_us
from dragoman.providers.mail.bodies import fetch_mails
from dragoman.providers.mail.links import LONGEST_ID
from dragoman.providers.mail.pipelining import MOST_AT_ONCE, Wanted

if TYPE_CHECKING:
    from dragoman.providers.mail.folder_state import FolderState
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.pipelining import Fetched

GMAIL: Final = "X-GM-EXT-1"
OBJECT_IDS: Final = "OBJECTID"

_FIELDS: Final = (
    "FROM SENDER REPLY-TO TO CC SUBJECT DATE MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID LIST-POST LIST-UNSUBSCRIBE"
    " AUTO-SUBMITTED PRECEDENCE CONTENT-TYPE RETURN-PATH X-ORIGINAL-FROM X-GOOGLE-ORIGINAL-FROM MAIL-FOLLOWUP-TO"
    " DELIVERED-TO X-ORIGINAL-TO CONTENT-DISPOSITION CONTENT-TRANSFER-ENCODING"
)
_ITEMS: Final = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", f"BODY.PEEK[HEADER.FIELDS ({_FIELDS})]")
_BODY_START: Final = "BODY.PEEK[TEXT]<0.1024>"
_OF_GMAIL: Final = ("X-GM-THRID", "X-GM-LABELS")
_ID_LETTERS: Final = 26
_LONGEST_REACTION: Final = 30


class Place(NamedTuple):
    """Where a mail lies. A UID means nothing without its folder and that folder's UIDVALIDITY."""

    folder: str
    validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class MailHead:
    """The head of a mail.

    Attributes:
        place: Where it lies.
        copies: Where else the same mail lies.
        mail: Its header fields, without a body.
        id: Its message id without brackets, or one made of its content when it has none.
        ancestors: Ids of the mails before it in its thread, the oldest first.
        sent_at: When it was sent.
        arrived_at: When the server got it.
        flags: Its flags as the server has them.
        size: Bytes.
        thread: The id of its conversation, as far as it can be told from this mail alone.
        report: What it reports of another mail that did not arrive.
        reaction: The emoji that it is, when it is nothing but a reaction to another mail.
    """

    place: Place
    mail: Mail
    id: str
    ancestors: tuple[str, ...]
    sent_at: datetime
    arrived_at: datetime
    flags: frozenset[str]
    size: int
    thread: str
    labels: tuple[str, ...] = ()
    copies: tuple[Place, ...] = ()
    report: DeliveryReport | None = None
    reaction: str = ""

    @property
    def headers(self) -> Headers:
        """Its header fields."""
        return self.mail.headers

    @property
    def folder(self) -> str:
        """The folder in which it lies."""
        return self.place.folder

    @property
    def uid(self) -> int:
        """Its UID in that folder."""
        return self.place.uid

    @property
    def places(self) -> tuple[Place, ...]:
        """Everywhere it lies."""
        return (self.place, *self.copies)

    @property
    def is_unread(self) -> bool:
        """Nobody has opened it."""
        return "\\Seen" not in self.flags

    @property
    def order(self) -> tuple[datetime, str]:
        """What mails are sorted by."""
        return self.sent_at, self.id


@dataclass(frozen=True, slots=True)
class _KnownHead:
    """A head that was read in a folder of this state; but for its flags it does not change."""

    state: FolderState
    head: MailHead


def fetch_heads(session: ImapSession, state: FolderState, uids: Sequence[int]) -> list[MailHead]:
    """The heads of messages of the open folder; those that are gone or marked as deleted are missing."""
    known: dict[int, _KnownHead] = {}
    for uid in uids:
        found = session.heads.get(Place(state.name, state.validity, uid))
        if isinstance(found, _KnownHead):
            known[uid] = found
    heads = [one.head for one in known.values() if one.state == state and state.mod_seq]
    heads += _with_new_flags(session, [one.head for one in known.values() if one.state != state or not state.mod_seq])
    new = [uid for uid in uids if uid not in known]
    heads += _read(session, state, session.fetch(new, _items(session)) if new else {})
    return _remembered(session, state, heads)


def fetch_heads_of(session: ImapSession, found: Mapping[str, tuple[FolderState, Sequence[int]]]) -> list[MailHead]:
    """The same for messages of several folders; those that were never read are asked for at once."""
    new = {
        name: uids
        for name, (state, uids) in found.items()
        if uids
        and len(uids) <= MOST_AT_ONCE
        and not any(Place(name, state.validity, uid) in session.heads for uid in uids)
    }
    states, answers = session.look(list(new), Wanted(new, _items(session)))
    heads: list[MailHead] = []
    for state in states:
        if state.validity == found[state.name][0].validity and state.name in answers:
            heads += _remembered(session, state, _read(session, state, answers[state.name]))
        else:
            del new[state.name]
    for name, (_, uids) in found.items():
        if uids and name not in new:
            heads += fetch_heads(session, session.opened_folder(name), uids)
    return heads


def _remembered(session: ImapSession, state: FolderState, heads: Sequence[MailHead]) -> list[MailHead]:
    for head in heads:
        session.heads.put(head.place, _KnownHead(state, head))
    return [head for head in heads if "\\Deleted" not in head.flags]


def _with_new_flags(session: ImapSession, heads: Sequence[MailHead]) -> list[MailHead]:
    """Heads that were read before, with what may have changed of them."""
    items = ("UID", "FLAGS", *(("X-GM-LABELS",) if GMAIL in session.capabilities else ()))
    answers = session.fetch([head.uid for head in heads], items) if heads else {}
    return [
        replace(head, flags=_flags(answer), labels=_labels(answer))
        for head in heads
        if (answer := answers.get(head.uid)) is not None and b"FLAGS" in answer
    ]


def _read(session: ImapSession, state: FolderState, answers: Fetched) -> list[MailHead]:
    """The heads that the server gave of a folder; the folder is opened where more of a mail is needed."""
    heads = [_head(state, uid, answer) for uid, answer in answers.items() if b"RFC822.SIZE" in answer]
    heads = _with_contents(session, state, heads)
    nameless = [head.uid for head in heads if not head.id]
    if not nameless:
        return heads
    session.opened_folder(state.name)
    starts = session.fetch(nameless, (_BODY_START,))
    return [head if head.id else _named(head, _value(starts.get(head.uid, {}), b"BODY[TEXT]")) for head in heads]


def _items(session: ImapSession) -> tuple[str, ...]:
    return (*_ITEMS, *_thread_items(session))


def _thread_items(session: ImapSession) -> tuple[str, ...]:
    """What tells the thread of a mail, where the server itself knows threads."""
    if GMAIL in session.capabilities:
        return _OF_GMAIL
    return ("THREADID",) if OBJECT_IDS in session.capabilities else ()


def _with_contents(session: ImapSession, state: FolderState, heads: Sequence[MailHead]) -> list[MailHead]:
    """Heads with what mail systems report, and with reactions.

    A report belongs to the thread of the mail that it is about, which only its content tells.
    """
    wanted = [head for head in heads if head.mail.is_report or _is_reaction(head.mail)]
    if not wanted:
        return list(heads)
    session.opened_folder(state.name)
    mails = fetch_mails(session, {head.uid: head.size for head in wanted})
    return [_with_content(head, mails[head.uid]) if head.uid in mails else head for head in heads]


def _is_reaction(mail: Mail) -> bool:
    return mail.root.disposition == "reaction"


def _with_content(head: MailHead, mail: Mail) -> MailHead:
    if _is_reaction(head.mail):
        emoji = mail.text.strip()
        return replace(head, reaction=emoji) if 0 < len(emoji) <= _LONGEST_REACTION else head
    found = replace(head, report=delivery_report(mail))
    about = mail.reply_to
    if head.ancestors or not about or len(about) > LONGEST_ID:
        return found
    return replace(found, ancestors=(about,), thread=f"t.{about}" if head.thread[:2] == "t." else head.thread)


def _head(state: FolderState, uid: int, answer: Mapping[bytes, Any]) -> MailHead:
    mail = read_mail_head(_value(answer, b"BODY[HEADER.FIELDS"))
    arrived_at = _aware(answer.get(b"INTERNALDATE"))
    now = from_us(int(current_clock().wall() * 1e6)) or EPOCH
    id_ = mail.id if 0 < len(mail.id) <= LONGEST_ID else ""
    ancestors = tuple(one for one in mail.references if one != id_ and len(one) <= LONGEST_ID)
    if not ancestors and mail.reply_to:
        ancestors = (mail.reply_to[:LONGEST_ID],)
    sent_at = mail.sent_at(latest=arrived_at or now, received=arrived_at)
    head = MailHead(
        place=Place(state.name, state.validity, uid),
        mail=mail,
        id=id_,
        ancestors=ancestors,
        sent_at=(sent_at or arrived_at or EPOCH).astimezone(UTC),
        arrived_at=(arrived_at or sent_at or EPOCH).astimezone(UTC),
        flags=_flags(answer),
        size=int(answer[b"RFC822.SIZE"] or 0),
        thread=f"t.{ancestors[0] if ancestors else id_}",
    )
    if b"X-GM-THRID" in answer:
        return replace(head, thread=f"g.{answer[b'X-GM-THRID']}", labels=_labels(answer))
    known = cast("tuple[object, ...] | None", answer.get(b"THREADID"))  # none where the server does not know a thread
    return replace(head, thread=f"o.{_word(known[0])}") if isinstance(known, tuple) and known else head


def _flags(answer: Mapping[bytes, Any]) -> frozenset[str]:
    """The flags of a message; those of the standard in one way of writing, whatever the server's is."""
    words = (_word(flag) for flag in answer.get(b"FLAGS") or ())
    return frozenset(f"\\{word[1:].capitalize()}" if word[:1] == "\\" else word for word in words)


def _labels(answer: Mapping[bytes, Any]) -> tuple[str, ...]:
    return tuple(_label(label) for label in answer.get(b"X-GM-LABELS") or ())


def _label(label: object) -> str:
    """A label of Gmail, which is encoded as names of folders are."""
    try:
        return str(decode_utf7(label)) if isinstance(label, bytes) else str(label)
    except UnicodeDecodeError:
        return _word(label)


def _named(head: MailHead, start: bytes) -> MailHead:
    """A mail without an id gets one that is made of what does not change of it."""
    fields = "\n".join(head.headers.raw(name) for name in ("from", "date", "subject", "to"))
    digest = hashlib.sha256(f"{fields}\n".encode("utf-8", "surrogatepass") + start).digest()
    id_ = f"x.{b32encode(digest).decode()[:_ID_LETTERS].lower()}"
    return replace(head, id=id_, thread=head.thread if head.ancestors or head.thread != "t." else f"t.{id_}")


def _value(answer: Mapping[bytes, Any], beginning: bytes) -> bytes:
    found = next((value for key, value in answer.items() if key.startswith(beginning)), None)
    return found if isinstance(found, bytes) else b""


def _aware(time: object) -> datetime | None:
    if not isinstance(time, datetime):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _word(flag: object) -> str:
    return flag.decode("utf-8", "replace") if isinstance(flag, bytes) else str(flag)
