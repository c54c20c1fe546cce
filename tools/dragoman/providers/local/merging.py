"""What becomes of a message that is stored already when it comes again, or is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from dragoman.core.model import Edit, Message
from dragoman.providers.base.provider import Change

HISTORY: Final = 100
"""How many earlier texts of a message are kept, the latest ones."""


def imported(stored: Message, fresh: Message) -> Message:
    """A message of a file that was imported before.

    Only what happened to it since then counts: it was deleted, edited later than ours, or got other reactions.
    What was changed here stays, and what was deleted stays deleted.
    """
    if stored.deleted_at is not None:
        return stored
    if fresh.deleted_at is not None:
        return replace(stored, deleted_at=fresh.deleted_at)
    if fresh.edited_at is not None and (stored.edited_at is None or fresh.edited_at > stored.edited_at):
        return _edited(stored, fresh)
    if stored.reactions == fresh.reactions:
        return stored
    return replace(stored, reactions=fresh.reactions)


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


def _edited(stored: Message, fresh: Message) -> Message:
    history = fresh.history
    if not history and stored.text != fresh.text:
        history = (*stored.history, Edit(text=stored.text, at=stored.edited_at or stored.sent_at))
    return replace(
        stored,
        text=fresh.text,
        edited_at=fresh.edited_at,
        subject=fresh.subject,
        partial=fresh.partial,
        reactions=fresh.reactions,
        attachments=fresh.attachments,
        history=history[-HISTORY:],
    )
