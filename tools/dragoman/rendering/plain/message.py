"""``get_message`` as text: everything that is known of one message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Message
from dragoman.core.times import date_and_clock
from dragoman.rendering.budget.fitting import PLACEHOLDER, Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure, take
from dragoman.rendering.content.message_facts import missing_neighbours
from dragoman.rendering.plain.details import Details
from dragoman.rendering.plain.header import BETWEEN, header, reference, title
from dragoman.rendering.plain.lines import (
    RenderedMessage,
    author_line,
    badges,
    indent,
    message_handle,
    page,
    render_message,
)
from dragoman.rendering.views import MessageView

_LEAST_FOR_NEIGHBOURS: Final = 0.25
_SHARE_OF_NEIGHBOUR: Final = 0.08
_HEAD_COST: Final = 60.0
_PLACE_COST: Final = 14.0


class MessageText(PageLayout):
    """One message whole, or a page of it; its neighbours; then what else is known, a line for each fact.

    The offset counts characters of the text, and after its end facts: a page goes on where the one
    before it stopped.
    """

    def __init__(self, view: MessageView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = 1
        self.single = True
        self._view = view
        self._zone = zone
        self._notice = notice
        self._around = len(view.before) + len(view.after)
        self._last_lines: tuple[TokenShares, tuple[list[str], int | None]] | None = None
        self._missing = 0
        self._text = view.message.text
        self._start = min(view.offset, len(self._text))
        self._facts_seen = view.offset - self._start
        self._details = Details(view.message, zone)

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """There is one item, and it is always shown."""
        del shares
        yield 0.0

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """The header, the neighbours before, the message, the neighbours after, the details."""
        lines, _ = self._page(shares) if shown else ([], None)
        return Answer("\n".join([self._header(shares, cursor), *lines]))

    def next_offset(self, shares: TokenShares) -> int | None:
        """Where the next page goes on."""
        return self._page(shares)[1]

    def _page(self, shares: TokenShares) -> tuple[list[str], int | None]:
        # The fit asks for the lines and then for the next offset, with the same shares.
        if self._last_lines is None or self._last_lines[0] != shares:
            self._last_lines = shares, self._lay_out(shares)
        return self._last_lines[1]

    def _lay_out(self, shares: TokenShares) -> tuple[list[str], int | None]:
        before, after = self._neighbours(shares)
        # Only the first page has neighbours, so later ones miss none.
        self._missing = 0 if self._view.offset else self._around - len(before) - len(after)
        middle = self._middle(shares)
        messages = [*(message for message, _ in before), self._view.message, *(message for message, _ in after)]
        rendered = [*(one for _, one in before), middle, *(one for _, one in after)]
        lines = page(messages, rendered, shares)
        if middle.end < len(self._text) or shares.text <= 0:  # without room for text, what is measured is the rest
            return lines, middle.end
        left = shares.total - measure("\n".join([self._header(shares, PLACEHOLDER), *lines])) - 2
        least = 0 if middle.end > self._start else 1
        facts, facts_shown = self._details.page(self._facts_seen, left, shares, least)
        return lines + facts, None if facts_shown is None else len(self._text) + facts_shown

    def _middle(self, shares: TokenShares) -> RenderedMessage:
        """The message itself, from the offset on."""
        message = self._view.message
        text, end, _ = take(self._text, self._start, shares.text, indent)
        # The first page has shown them.
        found = badges(message, message.replies, shares) if self._start == 0 else ""
        if self._start or end < len(self._text):
            range_mark = f"characters {self._start + 1}-{end} of {len(self._text)}"
            if end > self._start:
                found = f"{found[:-1]}; {range_mark}]" if found else f" [{range_mark}]"
        text = text.rstrip("\n ")
        left_of_text = author_line(message, found, shares)
        tail = f"{left_of_text}: {text}" if text else f"{left_of_text}:"
        return RenderedMessage(tail, *date_and_clock(message.sent_at, self._zone), end)

    def _neighbours(
        self, shares: TokenShares
    ) -> tuple[list[tuple[Message, RenderedMessage]], list[tuple[Message, RenderedMessage]]]:
        """The neighbours that fit, the nearest first; further pages of a long text have none."""
        before: list[tuple[Message, RenderedMessage]] = []
        after: list[tuple[Message, RenderedMessage]] = []
        if self._view.offset:
            return before, after
        _, _, wanted = take(self._text, 0, shares.total, indent)
        left = max(shares.total - _HEAD_COST - wanted, shares.part * 8 * _LEAST_FOR_NEIGHBOURS)
        small = replace(shares, text=shares.total * _SHARE_OF_NEIGHBOUR)
        for message, is_before in _nearest_first(self._view.before, self._view.after):
            # Neighbours are there to tell what it is about; a long one would take the place of the text.
            one = render_message(message, 0, self._zone, small)
            left -= measure(one.tail) + _PLACE_COST
            if left < 0:
                break
            (before if is_before else after).append((message, one))
        return before[::-1], after

    def _header(self, shares: TokenShares, cursor: str | None) -> str:
        view = self._view
        one = view.message
        address = reference(one.account, one.conversation, one.id, shares, one.number)
        alone = not (view.before or view.after) or one.number is None
        return header(
            BETWEEN.join(part for part in (title(view.conversation, shares), address) if part),
            "" if alone else f"message {message_handle(view.message, shares)}",
            f"times in {self._zone}",
            missing_neighbours(self._missing),
            self._notice,
            cursor=cursor,
        )


def _nearest_first(before: Sequence[Message], after: Sequence[Message]) -> Iterator[tuple[Message, bool]]:
    for distance in range(max(len(before), len(after))):
        if distance < len(before):
            yield before[-1 - distance], True
        if distance < len(after):
            yield after[distance], False
