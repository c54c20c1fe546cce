"""Mail: mbox files of every kind, Maildirs, single mails (.eml), and those of Apple Mail (.emlx)."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.archives.format import CERTAIN, LIKELY, ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.mail.maildir import is_maildir
from dragoman.archives.mail.reading import looks_like_mail
from dragoman.archives.sources import Folder, Source


class MailFormat(ArchiveFormat):
    """Mails, wherever a mail program or a service left them."""

    name = "mail"
    title = "mail (mbox, Maildir, .eml)"
    is_known_by_times = True  # programs give a mail that they change another name
    gives_late = True  # a thread is called by its oldest mail

    def recognises(self, head: Head, names: Folder) -> int:
        """Whether a file begins like a mail or an mbox, or a folder is a Maildir."""
        if not head.name:
            return CERTAIN if is_maildir(names) else 0
        return {"mbox": CERTAIN, "emlx": CERTAIN, "eml": LIKELY}.get(looks_like_mail(head), 0)

    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Everything in the files."""
        from dragoman.archives.mail.items import read_items  # noqa: PLC0415 - most imports have no mail in them

        return read_items(source, options)
