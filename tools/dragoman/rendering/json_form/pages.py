"""The views as pages of JSON objects."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Final

from dragoman.core.model import Hit, Order
from dragoman.core.times import iso
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure, one_line
from dragoman.rendering.json_form.message import MessageJson
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
from dragoman.rendering.plain.header import ACCOUNT_LIMIT, MOST_NOTES
from dragoman.rendering.views import (
    ConversationKey,
    ConversationsView,
    Failure,
    MessagesView,
    MessageView,
    Searched,
    SearchView,
    UpdatesView,
    WrittenView,
)

_SENTENCE: Final = 240
_TITLE: Final = 120
_MOST_ACCOUNTS: Final = 40


def json_page(
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
    return MessageJson(view, zone, written_by) if isinstance(view, MessageView) else _Written(view, zone, written_by)


class _Page(PageLayout):
    """A page of items, each an object of its own."""

    newest_first = False

    def __init__(self, count: int, zone: tzinfo, written_by: str) -> None:
        self.count = count
        self.written_by = written_by
        self.zone = zone
        self._shares: TokenShares | None = None
        self._items: dict[int, JsonObject] = {}
        self._written: tuple[int, TokenShares, JsonObject, str] | None = None

    @abstractmethod
    def item(self, index: int, shares: TokenShares) -> JsonObject:
        """One of the items."""

    @abstractmethod
    def page(self, items: Sequence[JsonObject], shares: TokenShares) -> JsonObject:
        """The object around the items, without a cursor."""

    def costs(self, shares: TokenShares) -> Iterator[float]:
        indexes = range(self.count)
        for index in reversed(indexes) if self.newest_first else indexes:
            yield measure(dumps(self._item(index, shares))) + 1

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        data, text = self._without_cursor(shown, shares)
        if not cursor:
            return Answer(text, data)
        # The cursor is appended to the finished text: to encode a page twice takes as long as to make it.
        return Answer(f'{text[:-1]},"cursor":{dumps(cursor)}}}', data | {"cursor": cursor})

    def _without_cursor(self, shown: int, shares: TokenShares) -> tuple[JsonObject, str]:
        """The page and its JSON; the last one is kept, because a page is measured and then written."""
        if self._written is None or self._written[:2] != (shown, shares):
            first = self.count - shown if self.newest_first else 0
            items = [self._item(index, shares) for index in range(first, first + shown)]
            data = self.page(items, shares) | present(written_by=self.written_by)
            self._written = shown, shares, data, dumps(data)
        return self._written[2:]

    def _item(self, index: int, shares: TokenShares) -> JsonObject:
        # Compared by identity, since each plan is one object and equal ones are rare.
        if shares is not self._shares:
            self._shares, self._items = shares, {}
        item = self._items.get(index)
        if item is None:
            item = self._items[index] = self.item(index, shares)
        return item


class _Conversations(_Page):
    def __init__(self, view: ConversationsView, zone: tzinfo, written_by: str) -> None:
        super().__init__(len(view.conversations), zone, written_by)
        self._view = view

    def item(self, index: int, shares: TokenShares) -> JsonObject:
        return conversation_object(self._view.conversations[index], self.zone, shares)

    def page(self, items: Sequence[JsonObject], shares: TokenShares) -> JsonObject:
        failures = self._view.failures
        return {
            "conversations": items,
            **present(
                failures=_failures(failures, shares),
                left_out=_unsaid(failures, shares),
                notes=_notes(self._view.notes, shares),
            ),
        }


class _Messages(_Page):
    def __init__(self, view: MessagesView, zone: tzinfo, written_by: str) -> None:
        super().__init__(len(view.messages), zone, written_by)
        self.newest_first = view.order is Order.LATEST
        self.single = self.count == 1
        self._view = view

    def item(self, index: int, shares: TokenShares) -> JsonObject:
        return message_object(self._view.messages[index], self.zone, shares)[0]

    def page(self, items: Sequence[JsonObject], shares: TokenShares) -> JsonObject:
        conversation, thread = self._view.conversation, self._view.thread
        return {
            "conversation": conversation_ref(conversation.account, conversation.id, shares),
            **present(
                thread=None if thread is None else thread.number or message_ref(thread, shares),
                as_of=self._view.as_of and iso(self._view.as_of, self.zone),
            ),
            "messages": items,
            **present(
                failures=_failures(self._view.failures, shares),
                left_out=_unsaid(self._view.failures, shares),
                notes=_notes(self._view.notes, shares),
            ),
        }


class _Search(_Page):
    def __init__(self, view: SearchView, zone: tzinfo, written_by: str) -> None:
        super().__init__(len(view.hits), zone, written_by)
        self._view = view

    def item(self, index: int, shares: TokenShares) -> JsonObject:
        hit = self._view.hits[index]
        found, _ = message_object(hit.message, self.zone, shares)
        found |= {} if hit.excerpt is None else _excerpt(hit, hit.excerpt, shares)
        return {"conversation": conversation_ref(hit.message.account, hit.message.conversation, shares), **found}

    def page(self, items: Sequence[JsonObject], shares: TokenShares) -> JsonObject:
        most = _accounts(shares)
        return {
            "messages": items,
            "searched": [self._searched(one, shares) for one in self._view.searched[:most]],
            **present(
                failures=_failures(self._view.failures, shares),
                left_out=max(0, len(self._view.searched) - most) + _unsaid(self._view.failures, shares),
                notes=_notes(self._view.notes, shares),
            ),
        }

    def _searched(self, one: Searched, shares: TokenShares) -> JsonObject:
        return {
            "account": one_line(one.account, ACCOUNT_LIMIT, shares.part),
            "where": one_line(one.where, 40, shares.part),
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

    def item(self, index: int, shares: TokenShares) -> JsonObject:
        return message_object(self._view.updates[index][0], self.zone, shares)[0]

    def page(self, items: Sequence[JsonObject], shares: TokenShares) -> JsonObject:
        groups: dict[ConversationKey, list[int]] = {}
        # Grouped after the cut, so that the counts are those of what is shown.
        for index, (message, _) in enumerate(self._view.updates[: len(items)]):
            groups.setdefault((message.account, message.conversation), []).append(index)
        most = _accounts(shares)
        looked_at = list(self._view.looked_at.items())
        return {
            "since": iso(self._view.since, self.zone),
            "looked_at": [self._looked_at(*one, shares) for one in looked_at[:most]],
            "conversations": [self._group(key, indexes, items, shares) for key, indexes in groups.items()],
            **present(
                only=self._view.only,
                more=self._view.more or len(items) < self.count,
                failures=_failures(self._view.failures, shares),
                left_out=max(0, len(looked_at) - most) + _unsaid(self._view.failures, shares),
                notes=_notes(self._view.notes, shares),
            ),
        }

    def _looked_at(self, account: str, as_of: datetime | None, shares: TokenShares) -> JsonObject:
        within = self._view.within
        return {
            "account": one_line(account, ACCOUNT_LIMIT, shares.part),
            **present(conversation=within and conversation_ref(*within, shares), as_of=as_of and iso(as_of, self.zone)),
        }

    def _group(
        self, key: ConversationKey, indexes: Sequence[int], items: Sequence[JsonObject], shares: TokenShares
    ) -> JsonObject:
        known = self._view.conversations.get(key)
        edited = sum(self._view.updates[index][1] for index in indexes)
        return {
            "ref": conversation_ref(*key, shares),
            **present(
                title=one_line(known.title, _TITLE, shares.part) if known else "",
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

    def costs(self, shares: TokenShares) -> Iterator[float]:
        del shares
        yield 0.0

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        del shown
        message, _ = message_object(self._view.message, self._zone, shares)
        # What was written is often answered or changed next, so it is named by its full reference.
        data = {"ref": message_ref(self._view.message, shares)} | message
        data |= present(notes=_notes(self._view.notes, shares), written_by=self._written_by, cursor=cursor)
        return Answer(dumps(data), data)


def _excerpt(hit: Hit, excerpt: str, shares: TokenShares) -> JsonObject:
    """The passage that was found in place of the text."""
    # The excerpt may hold characters that the text has not, such as marks of what is left out.
    text, end, _ = cut_text(excerpt, 0, shares.text)
    return {"text": text, **present(cut=max(len(hit.message.text) - end, len(excerpt) - end))}


def _failures(failures: Sequence[Failure], shares: TokenShares) -> list[JsonObject]:
    return [
        {
            "account": one_line(one.account, ACCOUNT_LIMIT, shares.part),
            "reason": one_line(one.reason, _SENTENCE, shares.part * 2),
        }
        for one in failures[: _accounts(shares)]
    ]


def _unsaid(failures: Sequence[Failure], shares: TokenShares) -> int:
    """How many accounts failed beyond those that are named."""
    return max(0, len(failures) - _accounts(shares))


def _accounts(shares: TokenShares) -> int:
    # Each takes about eight tokens, and one is named however little room there is.
    return min(_MOST_ACCOUNTS, max(1, int(shares.part / 8)))


def _notes(notes: Sequence[str], shares: TokenShares) -> list[str]:
    return [one_line(note, _SENTENCE, shares.part) for note in notes[:MOST_NOTES]]
