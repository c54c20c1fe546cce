"""What two archives tell of one conversation, together."""

from __future__ import annotations

from dataclasses import replace

from dragoman.core.model import Conversation, ConversationKind


def merge_conversations(known: Conversation, fresh: Conversation) -> Conversation:
    """A description of a conversation with a later one over it, which takes nothing away by not telling it.

    A room says nothing of the kind, and an id is no title. A group of which two people wrote looks like a direct chat.
    """
    says_no_kind = fresh.kind is ConversationKind.ROOM
    is_group = (known.kind, fresh.kind) == (ConversationKind.GROUP, ConversationKind.DIRECT)
    has_title = bool(fresh.title) and fresh.title != fresh.id
    return replace(
        known,
        title=fresh.title if has_title or not known.title else known.title,
        kind=known.kind if says_no_kind or is_group else fresh.kind,
        topic=fresh.topic or known.topic,
        participants=tuple(dict.fromkeys((*known.participants, *fresh.participants))),
        members=known.members if fresh.members is None else fresh.members,
        external=tuple(dict.fromkeys((*known.external, *fresh.external))),
        status=fresh.status or known.status,
        url=fresh.url or known.url,
        extra={**known.extra, **fresh.extra} if fresh.extra else known.extra,
    )
