"""What mail files hold, in two passes: first all heads, for the threads, then the mails."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, takewhile
from typing import Final

from dragoman.archives.format import Item, ReadOptions
from dragoman.archives.ids import Notebook
from dragoman.archives.mail import mapping
from dragoman.archives.mail.reading import Found, find_mails
from dragoman.archives.mail.threads import Thread, Threads
from dragoman.archives.notes import Notes
from dragoman.archives.sources import Source
from dragoman.archives.times import EPOCH
from dragoman.core.mail import Mail, read_mail, read_mail_head
from dragoman.core.model import Conversation, ConversationKind

_NO_TIME: Final = 2**62
_BLANK: Final = frozenset({b"\n", b"\r\n", b"\r"})
_LONGEST_ID: Final = 500


def read_items(source: Source, options: ReadOptions) -> Iterator[Item]:
    """Each thread before its first mail, and all mails."""
    threads = Threads()
    try:
        # What is left out is counted once, in the second pass.
        for mail, found, id_ in _mails(source, Notes(), heads=True):
            _note(mail, found, id_, threads)
        threads.finish(options.stored("mail."))
        yield from _items(source, threads)
    finally:
        threads.close()


def _note(mail: Mail, found: Found, id_: str, threads: Threads) -> None:
    time = mapping.sent_at(mail, found)
    micros = _NO_TIME if time is None else int((time - EPOCH).total_seconds() * 1_000_000)
    related = [other for other in (*mail.references, mail.reply_to) if other and other != id_]
    threads.add(id_, related, _group_of(mail), micros, mail.subject, mapping.people_of(mail))


def _items(source: Source, threads: Threads) -> Iterator[Item]:
    told = Notebook()
    for mail, found, id_ in _mails(source, source.notes, heads=False):
        thread = threads.of(id_, _group_of(mail))
        if told.add(thread.id) == 1:
            yield _conversation(thread)
        yield mapping.message_of(mail, found, id_, thread.id)


def _mails(source: Source, notes: Notes, *, heads: bool) -> Iterator[tuple[Mail, Found, str]]:
    """All mails that are to be imported, with their ids, the same in every pass.

    Args:
        source: Where they are.
        notes: Where those that are left out are counted.
        heads: Read only the heads.
    """
    seen = Notebook()
    for found in find_mails(source):
        mail = _head(found) if heads else read_mail(found.lines)
        reason = mapping.reason_to_leave_out(mail)
        if reason:
            notes.skip(reason, found.file.label)
        else:
            yield mail, found, _id_of(mail, seen)


def _head(found: Found) -> Mail:
    """The head of a mail; all of it where the head does not tell its id, or which mails it returns."""
    first = list(takewhile(lambda line: line not in _BLANK, found.lines))
    mail = read_mail_head(first)
    complete = bool(mail.id) and mail.root.media_type != "multipart/report"
    return mail if complete else read_mail(chain(first, [b"\n"], found.lines))


def _id_of(mail: Mail, seen: Notebook) -> str:
    """The mail's own id; another mail with the same one gets an addition made of its content."""
    id_ = mail.id
    if not id_ or len(id_) > _LONGEST_ID:
        return mapping.content_digest(mail)
    date, author = mail.headers.raw("date"), mail.author.email.lower()
    first = seen.get(id_)
    if first is None:
        seen.put(id_, f"{author}\n{date}")
        return id_
    first_author, _, first_date = first.partition("\n")
    differs = first_author != author and first_date != date
    return f"{id_}~{mapping.content_digest(mail)[:8]}" if differs else id_


def _group_of(mail: Mail) -> str:
    """Gmail's own id of the thread."""
    digits = mail.headers.raw("x-gm-thrid").strip()
    return digits if digits.isascii() and digits.isdigit() else ""


def _conversation(thread: Thread) -> Conversation:
    return Conversation(
        id=thread.id,
        title=mapping.title_of(thread.subject),
        kind=ConversationKind.MAIL,
        participants=thread.people,
    )
