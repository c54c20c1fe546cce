"""``search_messages`` as text: hits under a line for each conversation, best first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Conversation, Hit, Message
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure
from dragoman.rendering.budget.truncate import one_line
from dragoman.rendering.content.highlights import highlighted_excerpt
from dragoman.rendering.content.time_format import as_of, day, local, zone_name
from dragoman.rendering.plain.header import BETWEEN, counted, failure_lines, header, note_lines, place_reference, title
from dragoman.rendering.plain.lines import author_line, badges, indent, message_handle, parent_handle, when
from dragoman.rendering.plain.messages import repeated
from dragoman.rendering.views import Place, Searched, SearchView

_MOST_ACCOUNTS: Final = 6


class SearchText(PageLayout):
    """Hits as message lines with their date."""

    def __init__(self, view: SearchView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = len(view.hits)
        self._view = view
        self._zone = zone
        self._notice = notice

    def costs(self, room: TokenShares) -> Iterator[float]:
        """From the best on."""
        seen: set[tuple[str, str]] = set()
        for hit in self._view.hits:
            place = (hit.message.account, hit.message.conversation)
            cost = measure(self._line(hit, room) + "\n")
            yield cost if place in seen else cost + measure(self._group(place, room) + "\n")
            seen.add(place)

    def write(self, shown: int, room: TokenShares, cursor: str | None) -> Answer:
        """The header, the groups in the order of their best hit, and the accounts that failed."""
        groups: dict[tuple[str, str], list[str]] = {}
        for hit in self._view.hits[:shown]:
            place = (hit.message.account, hit.message.conversation)
            groups.setdefault(place, [self._group(place, room)]).append(self._line(hit, room))
        lines = [line for group in groups.values() for line in group]
        lines = [self._header(shown, room, cursor), *note_lines(self._view.notes, room), *lines]
        return Answer("\n".join([*lines, *failure_lines(self._view.failures, room)]))

    def length(self) -> int:
        """Characters of all texts."""
        return sum(len(hit.message.text) for hit in self._view.hits)

    def _line(self, hit: Hit, room: TokenShares) -> str:
        text = highlighted_excerpt(hit, message_handle(hit.message, room), room.text, indent)
        return dated_line(hit.message, text, self._view.conversations, self._zone, room)

    def _group(self, place: Place, room: TokenShares) -> str:
        return group_line(place, self._view.conversations, room)

    def _header(self, shown: int, room: TokenShares, cursor: str | None) -> str:
        return header(
            counted(shown, "hit"),
            *covered(self._view.searched, self._zone, room),
            f"times in {zone_name(self._zone)}",
            as_of(min((one.as_of for one in self._view.searched if one.as_of is not None), default=None), self._zone),
            self._notice,
            cursor=cursor,
        )


def group_line(place: Place, conversations: Mapping[Place, Conversation], room: TokenShares, *facts: str) -> str:
    """``# title · ref``: the line above the messages of a conversation."""
    named = title(conversations.get(place, Conversation(id=place[1])), room).lstrip("#")
    return f"# {BETWEEN.join(part for part in (named, place_reference(*place, room), *facts) if part)}"


def dated_line(
    message: Message, text: str, conversations: Mapping[Place, Conversation], zone: tzinfo, room: TokenShares
) -> str:
    """A message line with its date; ``text`` is laid out already."""
    moment = " ".join(when(message, zone)).lstrip()
    called = message_handle(message, room)
    place = f">{called} re {parent_handle(message, room)}" if message.reply_to is not None else called
    known = conversations.get((message.account, message.conversation))
    told = repeated([message], known.title) if known else frozenset[str]()
    name = author_line(message, badges(message, message.replies, room, told), room)
    return f"{place} {moment} {name}: {text}" if text else f"{place} {moment} {name}:"


def covered(searched: Sequence[Searched], zone: tzinfo, room: TokenShares) -> Iterator[str]:
    """``local: everything in the local index`` for each account."""
    most = min(_MOST_ACCOUNTS, max(1, int(room.part / 12)))
    for one in searched[:most]:
        where = one_line(one.where, 40, room.part)
        back = f"{where} back to {day(local(one.back_to, zone))}" if one.back_to else f"everything in the {where}"
        if one.held is not None:
            back = f"{where}: {one.held[0]} of {counted(one.held[1], 'conversation')}"
            back += f", back to {day(local(one.back_to, zone))}" if one.back_to else ""
        yield f"{one_line(one.account, 32, room.part)}: {back}"
    if len(searched) > most:
        yield f"{counted(len(searched) - most, 'more account')}"
