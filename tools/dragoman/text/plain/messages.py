"""``list_messages`` as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import tzinfo
from typing import Final

from dragoman.model import Order
from dragoman.text.moments import day, zone_name
from dragoman.text.excerpt import one_line
from dragoman.text.plain.header import account_name, conversation_reference, counted, header, title
from dragoman.text.plain.lines import Said, handle, page, say
from dragoman.text.room import Room
from dragoman.text.sheet import Answer, Sheet
from dragoman.text.threads import arrange
from dragoman.text.views import MessagesView

_DAY_LINE_COST: Final = 8.0
_NOTE_LIMIT: Final = 200


class MessagesText(Sheet):
    """A stretch of one conversation."""

    def __init__(self, view: MessagesView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = len(view.messages)
        self.single = self.count == 1
        self._view = view
        self._zone = zone
        self._notice = notice
        self._latest = view.order is Order.LATEST
        self._answered = Counter(message.reply_to for message in view.messages if message.reply_to is not None)
        self._said: dict[int, tuple[Room, Said]] = {}

    def costs(self, room: Room) -> Iterator[float]:
        """From the newest back for ``LATEST``, else from the first on."""
        today = None
        indexes = range(self.count)
        for index in reversed(indexes) if self._latest else indexes:
            one = self._say(index, room)
            its_day = None if one.at is None else day(one.at)
            yield one.cost if its_day == today else one.cost + _DAY_LINE_COST
            today = its_day

    def write(self, shown: int, room: Room, cursor: str | None) -> Answer:
        """The header, then the messages with a line for each day."""
        first = self.count - shown if self._latest else 0
        messages = self._view.messages[first : first + shown]
        said = [self._say(index, room) for index in range(first, first + shown)]
        lines = page(messages, said, arrange(messages), room)
        return Answer("\n".join([self._header(shown, room, cursor), *lines]))

    def _say(self, index: int, room: Room) -> Said:
        known = self._said.get(index)
        if known is not None and (known[0] == room or _as_good(known, room)):
            return known[1]
        message = self._view.messages[index]
        unseen = message.replies if message.replies > self._answered[message.id] else 0
        said = say(message, unseen, self._zone, room)
        self._said[index] = (room, said)
        return said

    def _header(self, shown: int, room: Room, cursor: str | None) -> str:
        view = self._view
        total = view.total
        much = f"{shown} of {total}" if total is not None and total > shown else counted(shown, "message")
        return header(
            title(view.conversation, room) or conversation_reference(view.conversation, room),
            account_name(view.conversation.account, room),
            "" if view.thread is None else f"thread {handle(view.thread, room)}",
            f"{much}, times in {zone_name(self._zone)}",
            self._notice,
            *(one_line(note, _NOTE_LIMIT, room.part) for note in view.notes[:3]),
            word="older" if self._latest else "newer",
            cursor=cursor,
        )


def _as_good(known: tuple[Room, Said], room: Room) -> bool:
    """The text was whole and still is, and nothing else got less room."""
    before, said = known
    return (before.part, before.reference) == (room.part, room.reference) and said.text_cost <= room.text
