"""What becomes of a message that is stored already when it comes again, or is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from dragoman.core.model import Attachment, Author, Edit, Message, Reaction
from dragoman.providers.base.provider import Change

HISTORY: Final = 100
"""How many earlier texts of a message are kept, the latest ones."""


_FINE: Final = timedelta(minutes=1)
"""Some forms of an archive round times so."""


def imported(stored: Message, fresh: Message) -> Message:
    """A message of a file that was imported before, member by member.

    What is new and says something fills what was empty; labels, attachments and reactions are united. A later text
    replaces an earlier one. What was changed here stays, and what was deleted stays deleted. A file takes nothing away
    by not telling it.

    Returns:
        ``stored`` itself when nothing changes.
    """
    if stored.deleted_at is not None:
        return stored  # an export from before the deletion must not bring it back
    if fresh.deleted_at is not None:
        return replace(stored, deleted_at=fresh.deleted_at)
    merged = _with_text(stored, fresh)
    merged = replace(
        merged,
        author=_author(merged.author, fresh.author),
        sent_at=_sent_at(merged.sent_at, fresh.sent_at),
        reply_to=merged.reply_to or fresh.reply_to,
        subject=merged.subject or fresh.subject,
        status=fresh.status or merged.status,
        url=merged.url or fresh.url,
        reactions=_reactions(merged.reactions, fresh.reactions),
        attachments=_attachments(merged.attachments, fresh.attachments),
        labels=tuple(dict.fromkeys((*merged.labels, *fresh.labels))),
        citations=merged.citations or fresh.citations,
        extra=merged.extra if fresh.extra.keys() <= merged.extra.keys() else {**fresh.extra, **merged.extra},
    )
    return stored if merged == stored else merged


def changed(stored: Message, change: Change, now: datetime) -> Message:
    """A message after a change that somebody asks for."""
    message = stored
    if change.text is not None and change.text != stored.text:
        earlier = Edit(text=stored.text, at=stored.edited_at or stored.sent_at)
        message = replace(
            message, text=change.text, edited_at=now, partial=False, history=(*stored.history, earlier)[-HISTORY:]
        )
    if change.subject is not None:
        message = replace(message, subject=change.subject or None)
    if change.labels is not None:
        message = replace(message, labels=tuple(dict.fromkeys(change.labels)))
    return message


def _with_text(stored: Message, fresh: Message) -> Message:
    """The message with the later text, and with the earlier ones in its history."""
    if not _is_later(stored, fresh):
        return replace(stored, history=_history(stored, fresh.history))
    earlier = (
        () if stored.text in ("", fresh.text) else (Edit(text=stored.text, at=stored.edited_at or stored.sent_at),)
    )
    history = _history(stored, fresh.history or earlier)
    subject = fresh.subject or stored.subject
    edited_at = fresh.edited_at or stored.edited_at
    return replace(
        stored, text=fresh.text, edited_at=edited_at, subject=subject, partial=fresh.partial, history=history
    )


def _is_later(stored: Message, fresh: Message) -> bool:
    """Whether the text of a file is later than the stored one; an edit of which no time is told counts as later."""
    if fresh.edited_at is not None:
        return stored.edited_at is None or fresh.edited_at > stored.edited_at
    if stored.edited_at is not None or not fresh.text or fresh.text == stored.text:
        return False
    if fresh.partial and not stored.partial:
        return False
    # A text of the history is an earlier one, as an older export has it.
    return all(edit.text != fresh.text for edit in stored.history)


def _sent_at(stored: datetime | None, fresh: datetime | None) -> datetime | None:
    """The later told time, which was read in another zone or order of dates; the stored one may be finer."""
    if stored is None or fresh is None:
        return stored or fresh
    return stored if abs(fresh - stored) < _FINE else fresh


def _history(stored: Message, fresh: tuple[Edit, ...]) -> tuple[Edit, ...]:
    known = {edit.text for edit in stored.history}
    missing = tuple(edit for edit in fresh if edit.text not in known)
    return (*stored.history, *missing)[-HISTORY:] if missing else stored.history


def _author(stored: Author, fresh: Author) -> Author:
    """The author with what was not known; the name is replaced where it was only a stand-in for one."""
    becomes_own = fresh.own and not stored.own
    # Readers of archives write "user" where no name is told.
    nameless = becomes_own or stored.name in ("user", stored.id, stored.email)
    author = replace(
        stored,
        name=fresh.name if nameless and fresh.name != "user" else stored.name,
        id=stored.id or fresh.id,
        email=stored.email or fresh.email,
        own=stored.own or fresh.own,
    )
    return stored if author == stored else author


def _reactions(stored: tuple[Reaction, ...], fresh: tuple[Reaction, ...]) -> tuple[Reaction, ...]:
    if not fresh or stored == fresh:
        return stored
    return tuple(({one.emoji: one for one in stored} | {one.emoji: one for one in fresh}).values())


def _attachments(stored: tuple[Attachment, ...], fresh: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
    """The stored ones with what was not known of them, and the new ones after them."""
    if not fresh or stored == fresh:
        return stored
    waiting = list(fresh)
    united: list[Attachment] = []
    for one in stored:
        same = next((other for other in waiting if (other.id or other.name) == (one.id or one.name)), None)
        # Two forms of one archive need not both tell ids.
        same = same or next((other for other in waiting if other.name == one.name), None)
        if same is not None:
            waiting.remove(same)
        united.append(one if same is None else _filled(one, same))
    return (*united, *waiting)


def _filled(stored: Attachment, fresh: Attachment) -> Attachment:
    return replace(
        stored,
        id=stored.id or fresh.id,
        media_type=stored.media_type or fresh.media_type,
        size=fresh.size if stored.size is None else stored.size,
        url=stored.url or fresh.url,
    )
