"""``list_messages`` as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Message, Order
from dragoman.core.times import as_of
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure, one_line
from dragoman.rendering.content.threads import order_by_thread
from dragoman.rendering.plain.header import (
    ACCOUNT_LIMIT,
    conversation_reference,
    counted,
    header,
    repeated,
    subject_key,
    title,
    write_page,
)
from dragoman.rendering.plain.lines import RenderedMessage, message_handle, page, render_message
from dragoman.rendering.views import MessagesView

_DAY_LINE_COST: Final = 8.0
_PLACE_COST: Final = 6.0


class MessagesText(PageLayout):
    """A stretch of one conversation."""

    def __init__(self, view: MessagesView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = len(view.messages)
        self.single = self.count == 1
        self._view = view
        self._repeated = repeated(view.messages, view.conversation.title)
        self._has_subjects = any(message.subject for message in view.messages)
        self._zone = zone
        self._notice = notice
        self._latest = view.order is Order.LATEST
        self._answered = Counter(message.reply_to for message in view.messages if message.reply_to is not None)
        self._last_lines: tuple[tuple[int, TokenShares], list[str]] | None = None
        self._shares: TokenShares | None = None
        self._rendered: dict[tuple[int, bool], RenderedMessage] = {}

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """From the newest back for ``LATEST``, else from the first on."""
        today = ""
        same = self._same_subject(self._view.messages)
        indexes = range(self.count)
        for index in reversed(indexes) if self._latest else indexes:
            one = self._render(index, shares, same=self._view.messages[index].id in same)
            yield measure(f" {one.tail}\n") + (_PLACE_COST if one.day == today else _PLACE_COST + _DAY_LINE_COST)
            today = one.day

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """The header, then the messages with a line for each day."""
        # The same lines are written twice: once to measure them, and once with the cursor.
        if self._last_lines is None or self._last_lines[0] != (shown, shares):
            self._last_lines = (shown, shares), self._lines(shown, shares)
        head, view = self._header(shown, shares, cursor), self._view
        return write_page(head, self._last_lines[1], shares, notes=view.notes, failures=view.failures)

    def _lines(self, shown: int, shares: TokenShares) -> list[str]:
        first = self.count - shown if self._latest else 0
        messages = self._view.messages[first : first + shown]
        # Most pages have no replies, and then nothing is to be ordered.
        ordered = order_by_thread(messages) if self._answered else ()
        same = self._same_subject([messages[one.at] for one in ordered] or messages)
        rendered = [self._render(first + at, shares, same=messages[at].id in same) for at in range(shown)]
        return page(messages, rendered, shares, ordered)

    def _same_subject(self, messages: Sequence[Message]) -> frozenset[str]:
        """Ids of the messages whose subject is the same as that of the message above."""
        if not self._has_subjects:
            return frozenset()
        same: set[str] = set()
        last: str | None = None
        for message in messages:
            key = subject_key(message.subject) if message.subject else None
            if key is not None and key == last:
                same.add(message.id)
            last = key
        return frozenset(same)

    def _render(self, index: int, shares: TokenShares, *, same: bool = False) -> RenderedMessage:
        if shares is not self._shares:
            self._shares, self._rendered = shares, {}
        rendered = self._rendered.get((index, same))
        if rendered is None:
            message = self._view.messages[index]
            # A number that the page itself shows would only cost tokens.
            unseen = message.replies if message.replies > self._answered[message.id] else 0
            hidden_subjects = {message.subject} if same and message.subject else self._repeated
            rendered = self._rendered[index, same] = render_message(
                message, unseen, self._zone, shares, hidden_subjects
            )
        return rendered

    def _header(self, shown: int, shares: TokenShares, cursor: str | None) -> str:
        view = self._view
        total = view.total
        much = f"{shown} of {total}" if total is not None and total > shown else counted(shown, "message")
        return header(
            title(view.conversation, shares) or conversation_reference(view.conversation, shares),
            one_line(view.conversation.account, ACCOUNT_LIMIT, shares.part),
            "" if view.thread is None else f"thread {message_handle(view.thread, shares)}",
            f"{much}, times in {self._zone}",
            "" if view.as_of is None else as_of(view.as_of, self._zone),
            self._notice,
            word="older" if self._latest else "newer",
            cursor=cursor,
        )
