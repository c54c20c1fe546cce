"""Subjects without the words that mark answers and forwarded mails."""

from __future__ import annotations

import re
from typing import Final

_REPLY: Final = re.compile(
    r"^\s*+(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv|r|i|odp|enc|res|回复|回覆|答复|答覆|转发|轉寄|返信|転送)"
    r"\s*+(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s*+[:\uff1a]\s*+)+",
    re.IGNORECASE,
)


def base_subject(subject: str) -> str:
    """What a subject is about; empty when there is none."""
    return _REPLY.sub("", subject).strip() or subject.strip()
