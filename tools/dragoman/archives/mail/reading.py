"""Finds the mails in files of every form, and what lies beside a mail: folder, flags, time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import chain
from typing import BinaryIO, Final
from urllib.parse import quote

from dragoman.archives.head import Head
from dragoman.archives.mail import maildir
from dragoman.archives.mail.mbox import Mbox, is_envelope, time_of_envelope
from dragoman.archives.sources import File, Folder, Source
from dragoman.core.lazy_pattern import lazy_pattern

_EMLX: Final = lazy_pattern(rb"\s*(\d{1,12})\s*$")
_EMLX_FLAGS: Final = lazy_pattern(rb"<key>flags</key>\s*<integer>(\d{1,19})</integer>")
_EMLX_BITS: Final = {1: "trashed", 4: "flagged", 6: "draft"}
_HEADER: Final = lazy_pattern(rb"([!-9;-~]+)[ \t]*:")
_TELLING: Final = frozenset({b"from", b"date", b"message-id", b"received", b"subject"})
_HEAD_LINES: Final = 30
# One such field begins many a text that is no mail.
_TELLING_NEEDED: Final = 2
_MARK: Final = b"\xef\xbb\xbf"
_PLIST: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 20
_LARGEST_WHOLE: Final = 1 << 20


@dataclass(slots=True)
class Beside:
    """What lies beside a mail. Another process may be given it.

    Attributes:
        labels: Folder and flags.
        reference: A ``file:`` address of the file that holds it.
        told_time: Finds out when it was delivered, where that stands beside it.
        is_alone: Whether the file holds no other one.
        late_labels: Flags that stand behind the mail, complete once its lines were read.
    """

    labels: list[str]
    reference: str
    told_time: Callable[[], datetime | None]
    is_alone: bool = True
    late_labels: list[str] = field(default_factory=list[str])

    @property
    def received(self) -> datetime | None:
        """When it was delivered."""
        return self.told_time()

    def place_of(self, id_: str, part: str) -> str:
        """A ``file:`` address of a part of the mail: its section number, in a file of many mails behind the mail's id.

        Args:
            id_: The mail's id.
            part: The section number.
        """
        inside = part if self.is_alone else f"{quote(id_, safe='')}/{part}"
        return f"{self.reference}#{inside}"


@dataclass(slots=True)
class Found:
    """A mail where it was found.

    Attributes:
        file: The file that holds it.
        beside: What lies beside it.
        whole: All of it, where that is at hand.
        lines: Else its lines; they have to be read before the next mail.
    """

    file: File
    beside: Beside
    whole: bytes | None
    lines: Iterator[bytes] = field(default_factory=lambda: iter(()))


def looks_like_mail(head: Head) -> str:
    """``mbox``, ``emlx``, ``eml``, or nothing: the form of a file that begins so."""
    lines = head.data.removeprefix(_MARK).splitlines()
    if len(lines) > 1 and is_envelope(lines[0]) and (_HEADER.match(lines[1]) or lines[1].startswith(b">From ")):
        return "mbox"
    if lines and _EMLX.fullmatch(lines[0]) and _has_head(lines[1:]):
        return "emlx"
    return "eml" if _has_head(lines) else ""


def _has_head(lines: list[bytes]) -> bool:
    names: set[bytes] = set()
    for line in lines[:_HEAD_LINES]:
        found = _HEADER.match(line)
        if found is not None:
            names.add(found[1].lower())
        elif not line.startswith((b" ", b"\t")):
            break
    return len(names & _TELLING) >= _TELLING_NEEDED


def find_mails(source: Source) -> Iterator[Found]:
    """All mails of the files and Maildirs."""
    for file in source.files():
        form = looks_like_mail(file.head())
        if form == "mbox":
            yield from _in_mbox(file)
        else:
            yield from _in_file(file, form)
    for folder in source.folders():
        yield from _in_maildir(folder, folder)


def _in_mbox(file: File) -> Iterator[Found]:
    labels = [label] if (label := _mailbox_label(file)) else []
    reference = file.reference
    with file.open() as content:
        for envelope, whole, lines in Mbox(content).mails():
            beside = Beside(labels, reference, partial(time_of_envelope, envelope), is_alone=False)
            yield Found(file, beside, whole, lines)


def _in_file(file: File, form: str) -> Iterator[Found]:
    labels = [label] if (label := _folder_label(file.folder.path)) else []
    beside = Beside(labels, file.reference, _no_time)
    with file.open() as content:
        if form == "emlx":
            yield Found(file, beside, None, _of_emlx(_without_mark(_lines(content)), beside.late_labels))
        else:
            yield _alone(file, content, beside)


def _alone(file: File, content: BinaryIO, beside: Beside) -> Found:
    """A mail that is a file, read at once unless it is large."""
    beginning = content.read(_LARGEST_WHOLE)
    if len(beginning) < _LARGEST_WHOLE:
        return Found(file, beside, beginning.removeprefix(_MARK))
    return Found(file, beside, None, _lines(content, beginning.removeprefix(_MARK)))


def _without_mark(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines without a byte order mark in front."""
    first = next(lines, b"")
    return chain((first.removeprefix(_MARK),), lines)


def _of_emlx(lines: Iterator[bytes], labels: list[str]) -> Iterator[bytes]:
    """The lines of the mail, whose length is the first line; flags follow in a property list."""
    found = _EMLX.match(next(lines, b""))
    left = int(found[1]) if found else 0
    rest = b""
    for line in lines:
        if left > 0:
            yield line[:left]
            rest = line[left:]
            left -= len(line)
        elif len(rest) < _PLIST:
            rest += line
    flags = _EMLX_FLAGS.search(rest)
    bits = int(flags[1]) if flags else 0
    labels.extend(word for bit, word in _EMLX_BITS.items() if bits >> bit & 1)


def _in_maildir(folder: Folder, outermost: Folder) -> Iterator[Found]:
    label = maildir.label_of(folder.path.removeprefix(outermost.path).strip("/"))
    keywords = maildir.keywords_of(folder)
    for place in ("cur", "new"):
        for file in folder.folder(place).files():
            if file.size and not file.name.startswith("."):
                labels = [label, *maildir.labels_of(file.name, keywords)]
                beside = Beside(labels, file.reference, partial(maildir.time_of, file.name))
                with file.open() as content:
                    yield _alone(file, content, beside)
    for inner in folder.folders():
        if maildir.is_inner(inner):
            yield from _in_maildir(inner, outermost)


def _no_time() -> datetime | None:
    """A mail alone has no time beside it."""
    return None


def _lines(content: BinaryIO, beginning: bytes = b"") -> Iterator[bytes]:
    """The lines, after a beginning that was read before. Pieces of a long one change no mail."""
    first = BytesIO(beginning)
    for line in iter(partial(first.readline, _LONGEST_LINE), b""):
        goes_on = first.tell() == len(beginning) and not line.endswith(b"\n")
        yield line + content.readline(_LONGEST_LINE) if goes_on else line
    yield from iter(partial(content.readline, _LONGEST_LINE), b"")


def _mailbox_label(file: File) -> str:
    """The folder that an mbox file of a mail program is; empty for a file that somebody exported."""
    steps = [step.removesuffix(".sbd") for step in file.path.split("/")]
    inner = [step.endswith(".sbd") for step in file.path.split("/")]
    if any(inner):
        return "/".join(steps[inner.index(True) :])
    return file.name if f"{file.name}.msf" in file.folder.names else ""


def _folder_label(path: str) -> str:
    """The folder of a mail that is a file: the path, or the mailbox of Apple Mail."""
    mailbox = next((step for step in reversed(path.split("/")) if step.endswith((".mbox", ".imapmbox"))), "")
    return mailbox.rpartition(".")[0] or path
