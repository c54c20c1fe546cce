"""A message after it was sent, updated or imported, as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import one_line
from dragoman.rendering.plain.header import aside, conversation_reference, header, title
from dragoman.rendering.plain.lines import page, render_message
from dragoman.rendering.views import WrittenView


class WrittenText(PageLayout):
    """The message line under a header that says what was done."""

    def __init__(self, view: WrittenView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = 1
        self.single = True
        self._view = view
        self._zone = zone
        self._notice = notice

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """There is one item, and it is always shown."""
        del shares
        yield 0.0

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """The header, the day and the message line."""
        view = self._view
        head = header(
            one_line(view.verb, 20, shares.part),
            title(view.conversation, shares),
            conversation_reference(view.conversation, shares),
            f"times in {self._zone}",
            self._notice,
            *(aside(note, shares) for note in view.notes[:3]),
            cursor=cursor,
        )
        # The fit asks first what the answer costs without any message.
        messages = [view.message][:shown]
        rendered = [render_message(message, message.replies, self._zone, shares) for message in messages]
        return Answer("\n".join([head, *page(messages, rendered, shares)]))
