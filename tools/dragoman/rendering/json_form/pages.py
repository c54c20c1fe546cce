"""The views as pages of JSON objects."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Hit, Order
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure
from dragoman.rendering.budget.truncate import one_line
from dragoman.rendering.content.time_format import iso
from dragoman.rendering.json_form.message import MessageSheet
from dragoman.rendering.json_form.objects import (
    JsonObject,
    conversation_object,
    conversation_ref,
    cut_text,
    dumps,
    message_object,
    message_ref,
    present,
)
from dragoman.rendering.plain.header import MOST_NOTES
from dragoman.rendering.views import (
    ConversationsView,
    Failure,
    MessagesView,
    MessageView,
    Place,
    Searched,
    SearchView,
    UpdatesView,
    WrittenView,
)

_SENTENCE: Final = 240
_TITLE: Final = 120
_MOST_ACCOUNTS: Final = 40


def json_sheet(
    view: ConversationsView | MessagesView | MessageView | SearchView | UpdatesView | WrittenView,
    zone: tzinfo,
    notice: str = "",
) -> PageLayout:
    """The sheet that writes a view as JSON; with a notice it says once that others have written texts of it."""
    written_by = "others" if notice else ""
    if isinstance(view, ConversationsView):
        return _Conversations(view, zone, written_by)
    if isinstance(view, MessagesView):
        return _Messages(view, zone, written_by)
    if isinstance(view, SearchView):
        return _Search(view, zone, written_by)
    if isinstance(view, UpdatesView):
        return _Updates(view, zone, written_by)
    return MessageSheet(view, zone, written_by) if isinstance(view, MessageView) else _Written(view, zone, written_by)


class _Page(PageLayout):
    """A page of items, each an object of its own."""

    newest_first = False

    def __init__(self, count: int, zone: tzinfo, written_by: str) -> None:
        self.count = count
        self.written_by = written_by
        self.zone = zone
        self._room: TokenShares | None = None
        self._made: dict[int, JsonObject] = {}
        self._written: tuple[int, TokenShares, JsonObject, str] | None = None

    @abstractmethod
    def item(self, index: int, room: TokenShares) -> JsonObject:
        """One of the items."""

    @abstractmethod
    def page(self, items: Sequence[JsonObject], room: TokenShares) -> JsonObject:
        """The object around the items, without a cursor."""

    def costs(self, room: TokenShares) -> Iterator[float]:
        indexes = range(self.count)
        for index in reversed(indexes) if self.newest_first else indexes:
            yield measure(dumps(self._item(index, room))) + 1

    def write(self, shown: int, room: TokenShares, cursor: str | None) -> Answer:
        data, text = self._without_cursor(shown, room)
        if not cursor:
            return Answer(text, data)
        return Answer(f'{text[:-1]},"cursor":{dumps(cursor)}}}', data | {"cursor": cursor})

    def _without_cursor(self, shown: int, room: TokenShares) -> tuple[JsonObject, str]:
        """The page and its JSON; the last one is kept, because a page is measured and then written."""
        if self._written is None or self._written[:2] != (shown, room):
            first = self.count - shown if self.newest_first else 0
            items = [self._item(index, room) for index in range(first, first + shown)]
            data = self.page(items, room) | present(written_by=self.written_by)
            self._written = shown, room, data, dumps(data)
        return self._written[2:]

    def _item(self, index: int, room: TokenShares) -> JsonObject:
        if room is not self._room:
            self._room, self._made = room, {}
        item = self._made.get(index)
        if item is None:
            item = self._made[index] = self.item(index, room)
        return item


class _Conversations(_Page):
    def __init__(self, view: ConversationsView, zone: tzinfo, written_by: str) -> None:
        super().__init__(len(view.conversations), zone, written_by)
        self._view = view

    def item(self, index: int, room: TokenShares) -> JsonObject:
        return conversation_object(self._view.conversations[index], self.zone, room)

    def page(self, items: Sequence[JsonObject], room: TokenShares) -> JsonObject:
        failures = self._view.failures
        return {
            "conversations": items,
            **present(
                failures=_failures(failures, room),
                left_out=_unsaid(failures, room),
                notes=_notes(self._view.notes, room),
            ),
        }


class _Messages(_Page):
    def __init__(self, view: MessagesView, zone: tzinfo, written_by: str) -> None:
        super().__init__(len(view.messages), zone, written_by)
        self.newest_first = view.order is Order.LATEST
        self.single = self.count == 1
        self._view = view

    def length(self) -> int:
        return sum(len(message.text) for message in self._view.messages)

    def item(self, index: int, room: TokenShares) -> JsonObject:
        return message_object(self._view.messages[index], self.zone, room)[0]

    def page(self, items: Sequence[JsonObject], room: TokenShares) -> JsonObject:
        conversation, thread = self._view.conversation, self._view.thread
        return {
            "conversation": conversation_ref(conversation.account, conversation.id, room),
            **present(
                thread=None if thread is None else thread.number or message_ref(thread, room),
                as_of=self._view.as_of and iso(self._view.as_of, self.zone),
            ),
            "messages": items,
            **present(
                failures=_failures(self._view.failures, room),
                left_out=_unsaid(self._view.failures, room),
                notes=_notes(self._view.notes, room),
            ),
        }


class _Search(_Page):
    def __init__(self, view: SearchView, zone: tzinfo, written_by: str) -> None:
        super().__init__(len(view.hits), zone, written_by)
        self._view = view

    def length(self) -> int:
        return sum(len(hit.message.text) for hit in self._view.hits)

    def item(self, index: int, room: TokenShares) -> JsonObject:
        hit = self._view.hits[index]
        found, _ = message_object(hit.message, self.zone, room)
        found |= {} if hit.excerpt is None else _excerpt(hit, hit.excerpt, room)
        return {"conversation": conversation_ref(hit.message.account, hit.message.conversation, room), **found}

    def page(self, items: Sequence[JsonObject], room: TokenShares) -> JsonObject:
        most = _accounts(room)
        return {
            "messages": items,
            "searched": [self._searched(one, room) for one in self._view.searched[:most]],
            **present(
                failures=_failures(self._view.failures, room),
                left_out=max(0, len(self._view.searched) - most) + _unsaid(self._view.failures, room),
                notes=_notes(self._view.notes, room),
            ),
        }

    def _searched(self, one: Searched, room: TokenShares) -> JsonObject:
        return {
            "account": one_line(one.account, 32, room.part),
            "where": one_line(one.where, 40, room.part),
            **present(
                back_to=one.back_to and iso(one.back_to, self.zone),
                held=one.held and one.held[0],
                of=one.held and one.held[1],
                as_of=one.as_of and iso(one.as_of, self.zone),
            ),
        }


class _Updates(_Page):
    def __init__(self, view: UpdatesView, zone: tzinfo, written_by: str) -> None:
        super().__init__(len(view.updates), zone, written_by)
        self._view = view

    def length(self) -> int:
        return sum(len(message.text) for message, _ in self._view.updates)

    def item(self, index: int, room: TokenShares) -> JsonObject:
        return message_object(self._view.updates[index][0], self.zone, room)[0]

    def page(self, items: Sequence[JsonObject], room: TokenShares) -> JsonObject:
        groups: dict[Place, list[int]] = {}
        for index, (message, _) in enumerate(self._view.updates[: len(items)]):
            groups.setdefault((message.account, message.conversation), []).append(index)
        return {
            "since": iso(self._view.since, self.zone),
            "conversations": [self._group(place, indexes, items, room) for place, indexes in groups.items()],
            **present(
                more=self._view.more or len(items) < self.count,
                failures=_failures(self._view.failures, room),
                left_out=_unsaid(self._view.failures, room),
                notes=_notes(self._view.notes, room),
            ),
        }

    def _group(
        self, place: Place, indexes: Sequence[int], items: Sequence[JsonObject], room: TokenShares
    ) -> JsonObject:
        known = self._view.conversations.get(place)
        edited = sum(self._view.updates[index][1] for index in indexes)
        return {
            "ref": conversation_ref(*place, room),
            **present(
                title=one_line(known.title, _TITLE, room.part) if known else "",
                new=len(indexes) - edited,
                edited=edited,
            ),
            "messages": [items[index] for index in indexes],
        }


class _Written(PageLayout):
    """A message after it was written."""

    def __init__(self, view: WrittenView, zone: tzinfo, written_by: str) -> None:
        self._written_by = written_by
        self.count = 1
        self.single = True
        self._view = view
        self._zone = zone

    def costs(self, room: TokenShares) -> Iterator[float]:
        del room
        yield 0.0

    def write(self, shown: int, room: TokenShares, cursor: str | None) -> Answer:
        del shown
        message, _ = message_object(self._view.message, self._zone, room)
        data = {"ref": message_ref(self._view.message, room)} | message
        data |= present(notes=_notes(self._view.notes, room), written_by=self._written_by, cursor=cursor)
        return Answer(dumps(data), data)


def _excerpt(hit: Hit, excerpt: str, room: TokenShares) -> JsonObject:
    """The passage that was found in place of the text."""
    text, end, _ = cut_text(excerpt, 0, room.text)
    return {"text": text, **present(cut=max(len(hit.message.text) - end, len(excerpt) - end))}


def _failures(failures: Sequence[Failure], room: TokenShares) -> list[JsonObject]:
    return [
        {"account": one_line(one.account, 32, room.part), "reason": one_line(one.reason, _SENTENCE, room.part * 2)}
        for one in failures[: _accounts(room)]
    ]


def _unsaid(failures: Sequence[Failure], room: TokenShares) -> int:
    """How many accounts failed beyond those that are named."""
    return max(0, len(failures) - _accounts(room))


def _accounts(room: TokenShares) -> int:
    return min(_MOST_ACCOUNTS, max(1, int(room.part / 8)))


def _notes(notes: Sequence[str], room: TokenShares) -> list[str]:
    return [one_line(note, _SENTENCE, room.part) for note in notes[:MOST_NOTES]]
