"""``list_conversations`` as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Conversation, ConversationKind
from dragoman.core.times import format_minute
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure, one_line
from dragoman.rendering.plain.header import (
    BETWEEN,
    aside,
    conversation_reference,
    counted,
    header,
    plain_title,
    title,
    write_page,
)
from dragoman.rendering.views import ConversationsView

_STATUS: Final = 40
_PEOPLE_SHOWN: Final = {ConversationKind.DIRECT: 5, ConversationKind.GROUP: 5, ConversationKind.MAIL: 3}
"""Kinds of conversation whose people say what it is, and how many of them are named."""


class ConversationsText(PageLayout):
    """Conversations, a line for each, with their references."""

    def __init__(self, view: ConversationsView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = len(view.conversations)
        self._view = view
        self._zone = zone
        self._notice = notice

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """From the first on."""
        return (measure(self._line(one, shares) + "\n") for one in self._view.conversations)

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """The header, a line for each conversation, and the accounts that failed."""
        # One zone for the whole answer: said once, it costs less than an offset on each line.
        much = f"{counted(shown, 'conversation')}, times in {self._zone}"
        lines = [self._line(one, shares) for one in self._view.conversations[:shown]]
        notes = [aside(note, shares) for note in self._view.notes[:3]]
        head = header(much, self._notice, *notes, cursor=cursor)
        return write_page(head, lines, shares, failures=self._view.failures)

    def _line(self, one: Conversation, shares: TokenShares) -> str:
        last = one.last_message_at
        facts = (
            f"{conversation_reference(one, shares)} {title(one, shares)}".rstrip(),
            one.kind,
            _people(one, shares),
            "" if one.messages is None else counted(one.messages, "message"),
            # Zero is left out here, and not for messages: an empty conversation is worth knowing.
            f"{one.unread} unread" if one.unread else "",
            one_line(one.status or "", _STATUS, shares.part),
            "" if last is None else format_minute(last, self._zone),
        )
        return BETWEEN.join(fact for fact in facts if fact)


def _people(one: Conversation, shares: TokenShares) -> str:
    """The people of a small conversation whose title does not name them."""
    # A channel has too many people to list, and a chat without a title is called by them already.
    most = _PEOPLE_SHOWN.get(one.kind, 0)
    names = ", ".join(one.participants[:most])
    if not one.title or one.title == names:
        return ""
    shown = plain_title(names, shares)
    more = len(one.participants) - most
    return f"{shown} +{more} more" if names and more > 0 else shown
