"""``get_message`` as JSON: everything that is known of one message, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Message
from dragoman.rendering.budget.fitting import PLACEHOLDER, Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure
from dragoman.rendering.content.message_facts import LISTED, message_facts, missing_neighbours
from dragoman.rendering.json_form.objects import JsonObject, add_fact, dumps, full_object, message_object, present
from dragoman.rendering.views import MessageView

_SHARE_OF_NEIGHBOURS: Final = 0.15
_SHARE_OF_NEIGHBOUR: Final = 0.6
_CERTAIN: Final = 0.97
_LIST_COST: Final = 6
_LEFT_OUT_COST: Final = 8


class MessageJson(PageLayout):
    """One message. The offset counts characters of its text, and after its end facts."""

    def __init__(self, view: MessageView, zone: tzinfo, written_by: str = "") -> None:
        """Take a view; nothing is laid out yet."""
        self.count = 1
        self.single = True
        self._view = view
        self._zone = zone
        self._written_by = written_by
        self._facts = message_facts(view.message)
        self._length = len(view.message.text)
        self._start = min(view.offset, self._length)
        self._last_page: tuple[TokenShares, tuple[JsonObject, int | None]] | None = None

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """There is one item, and it is always shown."""
        del shares
        yield 0.0

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """The object of the message."""
        del shown
        data = self._page(shares)[0] | present(cursor=cursor)
        return Answer(dumps(data), data)

    def next_offset(self, shares: TokenShares) -> int | None:
        """Where the next page goes on."""
        return self._page(shares)[1]

    def _page(self, shares: TokenShares) -> tuple[JsonObject, int | None]:
        if self._last_page is None or self._last_page[0] != shares:
            self._last_page = shares, self._lay_out(shares)
        return self._last_page[1]

    def _lay_out(self, shares: TokenShares) -> tuple[JsonObject, int | None]:
        view = self._view
        data, end = full_object(view.message, self._zone, shares, self._start)
        data |= present(offset=self._start, written_by=self._written_by)
        if not view.offset:
            data |= self._around(shares)
        if end < self._length or shares.text <= 0:  # without room for text, what is measured is the rest
            return data | present(left_out=self._entries(0)), end
        shown = self._add_facts(data, shares, least=0 if end > self._start else 1)
        if shown == len(self._facts):
            return data, None
        return data | present(left_out=self._entries(shown)), self._length + shown

    def _add_facts(self, data: JsonObject, shares: TokenShares, least: int) -> int:
        """Add the facts that fit to the lists they belong to, and return how many of all facts are shown now."""
        left = shares.total * _CERTAIN - measure(dumps(data | {"cursor": PLACEHOLDER})) - _LEFT_OUT_COST
        seen = self._view.offset - self._start
        for shown in range(seen, len(self._facts)):
            # Added to an empty object first: what it costs is known before it is part of the answer.
            trial: JsonObject = {}
            added = add_fact(trial, self._facts[shown], self._zone, shares)
            if added is not None:
                new = not trial.keys() <= data.keys()
                left -= measure(dumps(added)) + (_LIST_COST if new else 0)
                if left < 0 and shown >= seen + least:
                    return shown
                add_fact(data, self._facts[shown], self._zone, shares)
        return len(self._facts)

    def _entries(self, shown: int) -> int:
        """How many entries of lists are on later pages."""
        return sum(isinstance(fact, LISTED) for fact in self._facts[shown:])

    def _around(self, shares: TokenShares) -> JsonObject:
        view = self._view
        before = _neighbours(view.before[::-1], self._zone, shares)[::-1]
        after = _neighbours(view.after, self._zone, shares)
        missing = missing_neighbours(len(view.before) + len(view.after) - len(before) - len(after))
        # Neighbours are cut from the far end, so those that are left are next to the message.
        return present(before=before, after=after, notes=[missing] if missing else [])


def _neighbours(messages: Sequence[Message], zone: tzinfo, shares: TokenShares) -> list[JsonObject]:
    """The nearest ones that fit, the nearest first."""
    left = shares.part * 8 * _SHARE_OF_NEIGHBOURS
    small = TokenShares(shares.total, shares.part * _SHARE_OF_NEIGHBOUR, shares.part, shares.reference)
    objects: list[JsonObject] = []
    for message in messages:
        one, _ = message_object(message, zone, small)
        left -= measure(dumps(one)) + 1
        if left < 0:
            break
        objects.append(one)
    return objects
