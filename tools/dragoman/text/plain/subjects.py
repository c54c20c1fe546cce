"""Subjects in lists: one that only repeats the title above it is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dragoman.model import Hit, Message

_ANSWERS: Final = re.compile(
    r"(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv)(?:\[\d{1,3}\]|\(\d{1,3}\))?[:\uff1a]\s*)+", re.IGNORECASE
)
_LONGEST: Final = 500


def plain_messages(messages: Sequence[Message], title: str) -> Sequence[Message]:
    """The messages, without subjects that say what the title says.

    Args:
        messages: Of one conversation.
        title: What stands above them.
    """
    if all(message.subject is None for message in messages):
        return messages
    return [_plain(message, title) for message in messages]


def plain_hit(hit: Hit, title: str) -> Hit:
    """A hit, its subject left out where it says what the title says."""
    return hit if hit.message.subject is None else replace(hit, message=_plain(hit.message, title))


def _plain(message: Message, title: str) -> Message:
    repeated = title and message.subject and _core(message.subject) == _core(title)
    return replace(message, subject=None) if repeated else message


def _core(subject: str) -> str:
    """What a subject is about: without ``Re:`` and ``Fwd:``, whatever its case and blanks."""
    if len(subject) > _LONGEST:
        return subject
    words = " ".join(subject.split())
    said = _ANSWERS.match(words)
    return (words[said.end() :] if said else words).casefold()
