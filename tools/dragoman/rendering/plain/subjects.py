"""Subjects in lists: one that only repeats the title above it is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dragoman.core.model import Message

_ANSWERS: Final = re.compile(
    r"(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv)(?:\[\d{1,3}\]|\(\d{1,3}\))?[:\uff1a]\s*)+", re.IGNORECASE
)
_LONGEST: Final = 500


def repeated(messages: Iterable[Message], title: str) -> frozenset[str]:
    """The subjects that say what the title says.

    Args:
        messages: Of one conversation.
        title: What stands above them.
    """
    subjects = {message.subject for message in messages if message.subject}
    about = subject_key(title) if subjects and title else ""
    return frozenset(subject for subject in subjects if title and subject_key(subject) == about)


def subject_key(subject: str) -> str:
    """A subject for comparison: without ``Re:`` and ``Fwd:``, case and blanks."""
    if len(subject) > _LONGEST:
        return subject
    words = " ".join(subject.split())
    said = _ANSWERS.match(words)
    return (words[said.end() :] if said else words).casefold()
