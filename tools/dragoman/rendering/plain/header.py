"""The header line: what this is, how much of it, and where it goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Conversation, ConversationKind
from dragoman.core.references import Reference
from dragoman.rendering.budget.fitting import TokenShares
from dragoman.rendering.budget.token_estimate import measure
from dragoman.rendering.budget.truncate import clip, one_line
from dragoman.rendering.views import Failure

_SHARE_OF_FAILURES: Final = 0.4
_REASON_LIMIT: Final = 240

BETWEEN: Final = " · "
MOST_NOTES: Final = 4
_TITLE_LIMIT: Final = 60
_ASIDE_LIMIT: Final = 240
_REFERENCE_LIMIT: Final = 4000
_LIKE_A_CURSOR: Final = lazy_pattern(r"[:：]\s*(?=cursor)", re.IGNORECASE)  # noqa: RUF001 - the look-alike is meant


def header(*parts: str, word: str = "more", cursor: str | None = None) -> str:
    """Join what the header says; a cursor stands last, as ``more: cursor X``."""
    last = f"{word}: cursor {cursor}" if cursor else ""
    return BETWEEN.join(part for part in (*parts, last) if part)


def counted(number: int, noun: str) -> str:
    """``1 message``, ``2 messages``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain_title(text: str, shares: TokenShares) -> str:
    """A title that cannot imitate the header around it."""
    return _tame(one_line(text, _TITLE_LIMIT, shares.part))


def note_lines(notes: Sequence[str], shares: TokenShares) -> list[str]:
    """A line for each of the first few sentences about the result."""
    return [f"-- note: {aside(note, shares)}" for note in notes[:MOST_NOTES]]


def aside(text: str, shares: TokenShares) -> str:
    """A sentence about the result, for the header."""
    return _tame(one_line(text, _ASIDE_LIMIT, shares.part))


def _tame(line: str) -> str:
    return _LIKE_A_CURSOR.sub(" ", line.replace("·", "-"))


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


def account_name(name: str, shares: TokenShares) -> str:
    """The name of an account as the header shows it."""
    return one_line(name, 32, shares.part)


def failure_lines(failures: Sequence[Failure], shares: TokenShares) -> list[str]:
    """``! account: sentence`` for each account that could not answer, as many as have room."""
    lines: list[str] = []
    left = shares.part * 8 * _SHARE_OF_FAILURES
    for number, failure in enumerate(failures):
        reason = one_line(failure.reason, _REASON_LIMIT, shares.part * 2)
        line = f"! {account_name(failure.account, shares)}: {reason}"
        left -= measure(line) + 1
        if left < 0 and lines:
            return [*lines, f"! {counted(len(failures) - number, 'more account')} could not answer"]
        lines.append(line)
    return lines
