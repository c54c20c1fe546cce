"""What mail files hold: each mail is read once, and waits until all are read and its thread is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Final

from dragoman.archives.fields import texts_of
from dragoman.archives.format import Item, ReadOptions
from dragoman.archives.ids import Notebook
from dragoman.archives.mail import mapping
from dragoman.archives.mail.reading import Found, find_mails
from dragoman.archives.mail.spool import Spool
from dragoman.archives.mail.threads import Thread, Threads
from dragoman.archives.sources import Source
from dragoman.archives.times import EPOCH
from dragoman.core.mail import Mail, read_mail, read_whole_mail
from dragoman.core.model import Conversation, ConversationKind, Message

_MICROSECOND: Final = timedelta(microseconds=1)
_NO_TIME: Final = 2**62
_LONGEST_ID: Final = 500


def read_items(source: Source, options: ReadOptions) -> Iterator[Item]:
    """Each thread before its first mail, and all mails."""
    threads = Threads()
    try:
        with closing(Spool()) as spool:
            for mail, found, id_ in _mails(source):
                message = mapping.message_of(mail, found, id_)
                group = _group_of(mail)
                _note(mail, message, group, threads)
                spool.add((group, *mapping.packed(message)))
                if options.is_stopped():
                    break
            threads.finish(options.stored("mail."))
            yield from _items(spool, threads)
    finally:
        threads.close()


def _note(mail: Mail, message: Message, group: str, threads: Threads) -> None:
    time, id_ = message.sent_at, message.id
    micros = _NO_TIME if time is None else (time - EPOCH) // _MICROSECOND
    related = [other for other in (*mail.references, mail.reply_to) if other and other != id_]
    threads.add(id_, related, group, micros, mail.subject, mapping.people_of(message, mail))


def _items(spool: Spool, threads: Threads) -> Iterator[Item]:
    for group, *members in spool.mails():
        thread, is_first = threads.of(members[0], group)
        if is_first:
            yield _conversation(thread)
        message = mapping.unpacked(members, thread.id)
        yield _without_known(message, threads) if "references" in message.extra else message


def _without_known(message: Message, threads: Threads) -> Message:
    """The message that names only what is not there: a later import may bring it, and joins its thread by that."""
    missing = [other for other in texts_of(message.extra, "references") if not threads.has(other)]
    extra = {name: value for name, value in message.extra.items() if name != "references"}
    return replace(message, extra=extra | ({"references": missing} if missing else {}))


def _mails(source: Source) -> Iterator[tuple[Mail, Found, str]]:
    """All mails that are to be imported, with their ids."""
    seen = Notebook()
    for found in find_mails(source):
        mail = read_mail(found.lines) if found.whole is None else read_whole_mail(found.whole)
        reason = mapping.reason_to_leave_out(mail)
        if reason:
            source.notes.skip(reason, found.file.label)
        else:
            yield mail, found, _id_of(mail, seen)


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
