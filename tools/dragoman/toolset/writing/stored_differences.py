"""Describes how a stored message differs from what was to be written."""

from __future__ import annotations

import re
from typing import Final

from dragoman.core.model import AuthorKind, Message
from dragoman.core.safe_text import SafeText, Sentence, safe, sentence
from dragoman.providers.base.sent_message_match import same_text, words

_CALLED: Final = re.compile(r"(?<!\w)[@#][\w.\-]+|<[@#!][^>\s]+>")


def differences(
    stored: Message, *, text: str | None, subject: str | None, reply_to: str | None, conversation: str | None
) -> list[SafeText]:
    """Compare a stored message with what was to be written; ``None`` is not compared.

    The answer of an assistant is not compared with the message that it answers.

    Returns:
        One sentence for each difference.
    """
    if stored.author.kind is AuthorKind.ASSISTANT:
        return []
    found: list[Sentence] = [_of_text(stored, text)] if text is not None else []
    if conversation is not None and stored.conversation != conversation:
        found.append("The service put it into another conversation.")
    if reply_to is not None and stored.reply_to != reply_to:
        found.append("The service did not store it as a reply to that message.")
    if subject is not None and (stored.subject or "").split() != subject.split():
        found.append("The service stored another subject.")
    return [safe(difference) for difference in found if difference]


def _of_text(stored: Message, text: str) -> Sentence:
    if stored.partial or same_text(stored.text, text):
        return ""
    said, kept = words(text), words(stored.text)
    if len(kept) < len(said) and len(stored.text.strip()) < len(text.strip()) and _begins(said, kept):
        return sentence("The service cut the text: {:,} of {:,} characters are stored.", len(stored.text), len(text))
    if sorted(_CALLED.findall(text)) != sorted(_CALLED.findall(stored.text)):
        return "The service stored other mentions than were written."
    return "The service stored another text than was written; this is what it stored."


def _begins(said: list[str], kept: list[str]) -> bool:
    """Return whether the stored words begin the written ones; the last may be cut, or mark the cut."""
    whole = kept[:-1]
    return bool(kept) and said[: len(whole)] == whole
