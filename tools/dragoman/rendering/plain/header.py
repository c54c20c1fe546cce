"""The header line: what this is, how much of it, and where it goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Conversation, ConversationKind, Message
from dragoman.core.references import Reference
from dragoman.rendering.budget.fitting import Answer, TokenShares
from dragoman.rendering.budget.token_estimate import clip, measure, one_line
from dragoman.rendering.views import Failure

_SHARE_OF_FAILURES: Final = 0.4
_REASON_LIMIT: Final = 240

BETWEEN: Final = " · "
MOST_NOTES: Final = 4
ACCOUNT_LIMIT: Final = 32
"""Characters of an account's name."""

_TITLE_LIMIT: Final = 60
_ASIDE_LIMIT: Final = 240
_REFERENCE_LIMIT: Final = 4000
_ANSWERS: Final = lazy_pattern(
    r"(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv)(?:\[\d{1,3}\]|\(\d{1,3}\))?[:\uff1a]\s*)+", re.IGNORECASE
)
_LONGEST_SUBJECT: Final = 500
_LIKE_A_CURSOR: Final = lazy_pattern(r"[:：]\s*(?=cursor)", re.IGNORECASE)  # noqa: RUF001 - the look-alike is meant


def header(*parts: str, word: str = "more", cursor: str | None = None) -> str:
    """Join what the header says; a cursor stands last, as ``more: cursor X``."""
    # Last, where nothing foreign comes after it.
    last = f"{word}: cursor {cursor}" if cursor else ""
    return BETWEEN.join(part for part in (*parts, last) if part)


def counted(number: int, noun: str) -> str:
    """``1 message``, ``2 messages``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain_title(text: str, shares: TokenShares, limit: int = _TITLE_LIMIT) -> str:
    """A title, or other foreign text for the header, that cannot imitate what stands around it."""
    # A title like ``x · more: cursor abc`` would lead to another page than ours.
    return _LIKE_A_CURSOR.sub(" ", one_line(text, limit, shares.part).replace("·", "-"))


def aside(text: str, shares: TokenShares) -> str:
    """A sentence about the result, for the header."""
    return plain_title(text, shares, _ASIDE_LIMIT)


def title(conversation: Conversation, shares: TokenShares) -> str:
    """The conversation's title, else its people, else nothing."""
    named = plain_title(conversation.title.lstrip("#"), shares)
    if named:
        return f"#{named}" if conversation.kind is ConversationKind.CHANNEL else named
    return plain_title(", ".join(conversation.participants[: shares.entries]), shares)


def reference(
    account: str, conversation: str, message: str | None, shares: TokenShares, number: int | None = None
) -> str:
    """A reference, whole unless it is enormous; then the number, where there is one, which works as well."""
    ids = (conversation[:_REFERENCE_LIMIT], None if message is None else message[:_REFERENCE_LIMIT])
    whole = str(Reference(account, *ids))
    cut = len(conversation) > _REFERENCE_LIMIT or len(message or "") > _REFERENCE_LIMIT
    shown = clip(one_line(whole, _REFERENCE_LIMIT * 3, shares.reference), shares.reference)
    return str(number) if number is not None and (cut or shown != whole) else shown


def conversation_reference(conversation: Conversation, shares: TokenShares) -> str:
    """The reference of a conversation; an enormous one ends with ``…`` and is understood so."""
    return place_reference(conversation.account, conversation.id, shares)


def place_reference(account: str, conversation: str, shares: TokenShares) -> str:
    """As :func:`conversation_reference`, for where a message is."""
    shown = reference(account, conversation, None, shares)
    return shown if len(conversation) <= _REFERENCE_LIMIT or shown.endswith("…") else f"{shown}…"


def write_page(
    head: str,
    lines: Sequence[str],
    shares: TokenShares,
    *,
    notes: Sequence[str] = (),
    failures: Sequence[Failure] = (),
) -> Answer:
    """A page: its header, the first few notes about the result, its lines, and the accounts that could not answer."""
    about = [f"-- note: {aside(note, shares)}" for note in notes[:MOST_NOTES]]
    failed = _failure_lines(failures, shares) if failures else ()
    return Answer("\n".join([head, *about, *lines, *failed]))


def _failure_lines(failures: Sequence[Failure], shares: TokenShares) -> list[str]:
    """``! account: sentence`` for each account that could not answer, as many as have room."""
    lines: list[str] = []
    left = shares.part * 8 * _SHARE_OF_FAILURES
    for number, failure in enumerate(failures):
        reason = one_line(failure.reason, _REASON_LIMIT, shares.part * 2)
        line = f"! {one_line(failure.account, ACCOUNT_LIMIT, shares.part)}: {reason}"
        left -= measure(line) + 1
        if left < 0 and lines:
            return [*lines, f"! {counted(len(failures) - number, 'more account')} could not answer"]
        lines.append(line)
    return lines


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
    if len(subject) > _LONGEST_SUBJECT:
        return subject
    words = " ".join(subject.split())
    prefix = _ANSWERS.match(words)
    return (words[prefix.end() :] if prefix else words).casefold()
