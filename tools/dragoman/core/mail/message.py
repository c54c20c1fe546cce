"""A mail as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from dragoman.core.mail.authentication import authentication_of
from dragoman.core.mail.body import Body, MailFile, read_body
from dragoman.core.mail.dates import parse_date
from dragoman.core.mail.headers import Address, Cached, parse_ids
from dragoman.core.mail.part_reader import read_head, read_parts, read_whole
from dragoman.core.mail.parts import Part
from dragoman.core.mail.people import author_of, kind_of, list_of
from dragoman.core.mail.plain_report import may_be_plain_report, returned_id
from dragoman.core.mail.quotes import without_quotes
from dragoman.core.mail.subject import is_answering, is_forwarding
from dragoman.core.model import AuthorKind

__all__ = ["Mail", "MailFile", "read_mail", "read_mail_head", "read_whole_mail"]

_DAY = timedelta(days=1)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Bounds for a hostile mail, in which thousands may lie side by side or one in the other.
_MOST_FORWARDED = 20
_DEEPEST_FORWARDED = 5
_OF_HEAD = ("id", "subject", "author", "references", "is_answer", "is_report")
"""What the head of a mail tells, and is not found out twice."""

_ANSWERING = frozenset({"in-reply-to", "references"})
"""Fields of a mail that answers another one."""

_MAILS = frozenset({"message/rfc822", "message/global"})  # RFC 6532: one with addresses beyond ASCII


class Mail:
    """A mail that was read.

    Attributes:
        root: Its parts.
        headers: Its head.
    """

    def __init__(self, root: Part) -> None:
        self.root = root
        self.headers = root.headers

    @Cached
    def body(self) -> Body:
        """Its text and files."""
        return read_body(self.root)

    @property
    def text(self) -> str:
        """What it says."""
        return self.body.text

    @Cached
    def new_text(self) -> tuple[str, int]:
        """What it says without what it quotes at its end, and how many characters that is."""
        return without_quotes(self.text, is_answer=self.is_answer)

    @Cached
    def is_answer(self) -> bool:
        """It answers another mail, and does not bring it along as what it is about."""
        answers = not self.headers.names.isdisjoint(_ANSWERING) or is_answering(self.subject)
        return answers and not is_forwarding(self.subject)

    @Cached
    def forwarded(self) -> str:
        """What the mails say that come within it, each line marked as quoted; empty when there are none.

        A report returns the mail that it is about, which says nothing new.
        """
        return "" if self.body.is_report else _forwarded(self, _DEEPEST_FORWARDED)

    @Cached
    def is_cut(self) -> bool:
        """Not all of its text was kept."""
        return self.root.cut or any(part.cut and part.media_type.startswith("text/") for part in self.root.walk())

    @Cached
    def authentication(self) -> str:
        """Whether the sender is who the address says; see :func:`authentication_of`."""
        return authentication_of(self.headers)

    def take_apart(self) -> None:
        """Find out now what takes long, and not when it is asked for."""
        _ = self.new_text, self.forwarded, self.is_cut, self.authentication

    def release(self) -> None:
        """Forget the bytes that were taken apart; nothing that is asked for later needs them."""
        self.take_apart()
        _ = self.reply_to
        for part in self.root.walk():
            part.release()

    @property
    def files(self) -> list[MailFile]:
        """The files that it brings."""
        return self.body.files

    @Cached
    def id(self) -> str:
        """Its message id without brackets; empty when it has none."""
        written = self.headers.raw("message-id")
        return next(iter(parse_ids(written)), "") or written.strip()

    @Cached
    def subject(self) -> str:
        """Its subject."""
        return self.headers.text("subject")

    @Cached
    def author(self) -> Address:
        """Who wrote it."""
        return author_of(self.headers)

    @property
    def kind(self) -> AuthorKind:
        """What kind of author that is."""
        return kind_of(self.headers, self.author, is_report=self.body.is_report)

    @Cached
    def mailing_list(self) -> str:
        """The id of its mailing list; empty when it came by none."""
        return list_of(self.headers)

    @Cached
    def references(self) -> list[str]:
        """The ids of the mails before it in its thread, the oldest first."""
        return self.headers.ids("references")

    @Cached
    def reply_to(self) -> str:
        """The id of the mail that it answers; empty when it answers none."""
        # A mail that names itself would be its own parent, and its thread a circle.
        own = self.id
        answered = [id_ for id_ in self.headers.ids("in-reply-to") if id_ != own]
        earlier = [id_ for id_ in self.references if id_ != own]
        # The last of the references is the parent (RFC 5322, 3.6.4).
        direct = next((ids[0] for ids in (answered, earlier[-1:]) if ids), "")
        if direct or not self.is_report:
            return direct
        return returned_id(self.text) if self.root.media_type == "text/plain" else next(iter(self.body.answers), "")

    @Cached
    def is_report(self) -> bool:
        """Whether, by its head, a mail system reports something of another mail."""
        kind = self.root.media_type
        return kind == "multipart/report" or may_be_plain_report(self.headers, kind, self.author.email)

    def sent_at(self, *, latest: datetime, received: datetime | None = None) -> datetime | None:
        """When it was sent: its date, unless that is impossible, else when a server received it.

        Args:
            latest: A date after this is wrong.
            received: When it was received, where that is told beside the mail.
        """
        latest += _DAY
        for time in self._times(received):
            if time is not None and _EARLIEST <= time <= latest:
                return time
        return None

    def _times(self, received: datetime | None) -> Iterator[datetime | None]:
        yield self.headers.date()
        yield received
        for relay in self.headers.all("received"):
            yield parse_date(relay.rpartition(";")[2])


def read_mail_head(data: bytes) -> Mail:
    """Read the head of a mail, and nothing behind it."""
    return Mail(read_head(data))


def read_mail(lines: Iterable[bytes]) -> Mail:
    """Read a mail of its lines, with their ends. Memory is bounded however long it is."""
    return Mail(read_parts(lines))


def read_whole_mail(data: bytes, head: Mail | None = None) -> Mail:
    """Read a mail that is held as a whole: what :func:`read_mail` makes of its lines, in a third of the time.

    Args:
        data: The mail.
        head: Its head, where that was read before. It needs the fields that are asked for later, and those that tell
            what its body is.
    """
    mail = Mail(read_whole(data, None if head is None else head.root))
    if head is not None and not mail.headers.is_read:
        vars(mail).update((name, getattr(head, name)) for name in _OF_HEAD)
        if not head.is_report:
            vars(mail)["reply_to"] = head.reply_to
    return mail


def _forwarded(mail: Mail, depth: int) -> str:
    """The mails within a mail, and those within them as far as ``depth`` says, each line marked once more."""
    inner = [part for part in mail.root.walk() if part.media_type in _MAILS] if depth else []
    return "\n\n".join(_quoted(read_whole_mail(part.content), depth) for part in inner[:_MOST_FORWARDED])


def _quoted(mail: Mail, depth: int) -> str:
    author = mail.author
    lines = [f"From: {author.name} <{author.email}>" if author.name else f"From: {author.email}"]
    lines += [f"Subject: {mail.subject}", "", *mail.text.split("\n")]
    deeper = _forwarded(mail, depth - 1)
    lines += ["", *deeper.split("\n")] if deeper else []
    return "\n".join(f"> {line}".rstrip() for line in lines)
