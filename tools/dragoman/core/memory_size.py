"""About how much memory something of the model takes, for what keeps a bounded amount of it."""

from __future__ import annotations

from typing import Final, cast

from dragoman.core.model import Conversation, Hit, Message, Page

_BESIDE: Final = 500


def weight(found: object) -> int:
    """Characters of all its texts, and a bit for the rest.

    Args:
        found: Something of the model, a page of it, or anything small.
    """
    if isinstance(found, Page):
        return _BESIDE + sum(map(weight, cast("Page[object]", found).items))
    if isinstance(found, Hit):
        return weight(found.message)
    if isinstance(found, Message):
        return _of_message(found)
    if isinstance(found, Conversation):
        return _BESIDE + sum(map(len, (*found.participants, *found.external))) + len(found.topic) + _of(found.extra)
    return _BESIDE


def _of_message(m: Message) -> int:
    total = _BESIDE + len(m.text) + len(m.subject or "")
    # Most messages have none of the rest, and this is asked of every one.
    if m.history or m.reactions or m.attachments or m.citations or m.labels or m.extra:
        total += sum(map(_of, (m.history, m.reactions, m.attachments, m.citations, m.labels, m.extra)))
    return total


def _of(rest: object) -> int:
    return len(repr(rest)) if rest else 0
