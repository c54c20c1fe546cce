"""What mail files hold: each mail is read once, and waits until all are read and its thread is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from dragoman.archives.fields import texts_of
from dragoman.archives.format import Item, ReadOptions
from dragoman.archives.ids import Notebook
from dragoman.archives.mail import mapping
from dragoman.archives.mail.parsing import ParsedMail, parse_all
from dragoman.archives.mail.reading import Found, find_mails
from dragoman.archives.mail.spool import Spool
from dragoman.archives.mail.threads import Thread, Threads
from dragoman.archives.sources import Source
from dragoman.core.mail import read_whole_mail
from dragoman.core.model import Conversation, ConversationKind, Message


def read_items(source: Source, options: ReadOptions) -> Iterator[Item]:
    """Each thread before its first mail, and all mails."""
    threads = Threads()
    try:
        with closing(Spool()) as spool:
            _read_all(source, options, threads, spool)
            threads.finish(options.stored("mail."))
            yield from _items(spool, threads)
    finally:
        threads.close()


def _read_all(source: Source, options: ReadOptions, threads: Threads, spool: Spool) -> None:
    """Read all mails, unless the user stops it."""
    seen = Notebook()
    for mail, found in parse_all(find_mails(source), options.elsewhere, options.is_stopped):
        if mail.reason:
            source.notes.skip(mail.reason, found.file.label)
            continue
        members = _with_only_id(mail, found, seen)
        threads.add(members[0], mail.related, mail.group, mail.time, mail.subject, mail.people)
        spool.add((mail.group, *members))


def _items(spool: Spool, threads: Threads) -> Iterator[Item]:
    for group, *members in spool.mails():
        thread, is_first = threads.of(members[0], group)
        if is_first:
            yield _conversation(thread)
        message = mapping.unpacked(members, thread.id)
        yield _without_known(message, threads) if "references" in message.extra else message


def _without_known(message: Message, threads: Threads) -> Message:
    """The message that names only missing mails: a later import may bring them, and finds its thread by that."""
    missing = [other for other in texts_of(message.extra, "references") if not threads.has(other)]
    extra = {name: value for name, value in message.extra.items() if name != "references"}
    return replace(message, extra=extra | ({"references": missing} if missing else {}))


def _with_only_id(mail: ParsedMail, found: Found, seen: Notebook) -> tuple[Any, ...]:
    """The members of the mail; another mail with the id of an earlier one gets an addition made of its content."""
    if not mail.has_own_id:
        return mail.members
    first = seen.get(mail.id)
    if first is None:
        seen.put(mail.id, mail.author_and_date)
        return mail.members
    first_author, _, first_date = first.partition("\n")
    author, _, date = mail.author_and_date.partition("\n")
    # A copy keeps its author or its date; another mail that only has the same id shares neither.
    if first_author == author or first_date == date:
        return mail.members
    # The lines of a large mail are gone by now, so its digest was made while they were read.
    digest = mail.digest if found.whole is None else mapping.content_digest(read_whole_mail(found.whole))
    return mapping.packed_with_id(mail.members, f"{mail.id}~{digest[:8]}", found.beside)


def _conversation(thread: Thread) -> Conversation:
    return Conversation(
        id=thread.id,
        title=mapping.title_of(thread.subject) if thread.subject is not None else "",
        kind=ConversationKind.MAIL,
        participants=thread.people,
    )
