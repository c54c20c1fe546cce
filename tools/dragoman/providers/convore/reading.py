"""Reads conversations and messages, mapped and sorted."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import anyio.to_thread

from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.model import Conversation, ConversationKind, Message, Order, Page
from dragoman.providers.base.provider import ConversationQuery, MessageQuery
from dragoman.providers.convore import wire
from dragoman.providers.convore.api import Api, Format
from dragoman.providers.convore.cursors import Place
from dragoman.providers.convore.list_reading import EARLIEST, Batch, Entry, Plan
from dragoman.providers.convore.mapping import (
    EXTERNAL_ID,
    externals,
    markup_of,
    moment,
    to_conversation,
    to_message,
    with_parents,
)
from dragoman.providers.convore.sorted_pages import Walker
from dragoman.providers.kit.invisible_text import visible
from dragoman.transport.http import DerivedCache, HttpResponse

T = TypeVar("T")
W = TypeVar("W")

_WEIGHT: Final = 500  # characters that anything takes beside its text
_MANY_TAGS: Final = 200_000  # characters of HTML that take longer to read than a call may block others
_ABOUT: Final = timedelta(seconds=2)
_REMEMBERED: Final = 5000
_KINDS: Final = (None, ConversationKind.MAIL, ConversationKind.DIRECT)
_E_MAIL: Final = re.compile(r"[^\s@:<>\"]+@[^\s@:<>\"]+\.[^\s@:<>\"]+")


class Reader:
    """Reads for one account, and remembers which ids other systems gave to messages."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._conversations = Walker[Conversation]()
        self._messages = Walker[Message]()
        self._raw = Walker[wire.Message]()
        self._batches = DerivedCache[Batch[Message]]()
        self._externals: OrderedDict[str, str] = OrderedDict()

    async def conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """A page of conversations, most recent first. Of texts only a whole e-mail address narrows the list."""
        if query.kind not in _KINDS:
            return Page()
        text = (query.text or "").strip()
        contact = f"EMAIL:{text}" if _E_MAIL.fullmatch(text) else None

        async def fetch(cursor: str | None) -> Batch[Conversation]:
            return _batch(await self._api.conversations(cursor=cursor, contact=contact), _conversation_entry)

        plan = Plan(fetch=fetch, order=Order.LATEST, limit=max(1, query.limit), name=contact or "all")
        cut = await self._conversations.page(plan, Place.read(query.cursor))
        return Page(items=cut.values, cursor=cut.place.write() if cut.place else None, total=cut.total)

    async def messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages, oldest first."""
        thread = query.thread
        plan = Plan(
            fetch=partial(self._fetch, conversation),
            name=conversation,
            order=query.order,
            limit=max(1, query.limit),
            since=query.since,
            until=query.until,
            keep=partial(_below, thread) if thread is not None else lambda entries: entries,
            finish=self._finished,
            to_the_end=thread is not None,
        )
        cut = await self._messages.page(plan, Place.read(query.cursor))
        if cut.bare and query.cursor is None:
            await self._api.conversation(conversation)  # tells an empty conversation from none
        values = cut.values[::-1] if plan.latest else cut.values
        filtered = thread is not None or query.since is not None or query.until is not None
        total = None if filtered else cut.total
        return Page(items=values, cursor=cut.place.write() if cut.place else None, total=total)

    async def message(self, conversation: str, message: str) -> Message:
        """One message.

        Raises:
            NotFound: There is none, or it is in another conversation.
        """
        return self.mapped(await self.checked(conversation, message), conversation)

    async def checked(self, conversation: str, message: str) -> HttpResponse[wire.Message]:
        """One message as the service has it, of this conversation."""
        answer = await self._api.message(message)
        if answer.value.conversation_id not in {None, conversation}:
            raise NotFound("The message is in another conversation.", hint="Take its reference from list_messages.")
        return answer

    async def last_received(self, conversation: str) -> wire.Message | None:
        """The newest message that came in; without its text."""

        async def fetch(cursor: str | None) -> Batch[wire.Message]:
            return _batch(await self._listed(conversation, cursor, "minimal"), _wire_entry)

        plan = Plan(fetch=fetch, order=Order.LATEST, limit=1, keep=_received)
        cut = await self._raw.page(plan, Place())
        return next(iter(cut.values), None)

    def mapped(self, answer: HttpResponse[wire.Message], conversation: str) -> Message:
        """The message of an answer; the service's own word on its conversation counts."""
        found = to_message(answer.value, answer.value.conversation_id or conversation)
        if found is None:
            raise answer.failure("The answer of {service} is no message")
        self._learn([found])
        return with_parents([found], self._externals, whole=False)[0]

    async def stored(self, answer: HttpResponse[wire.Message], conversation: str) -> Message:
        """What was written, read back when the answer has no text."""
        message = self.mapped(answer, conversation)
        if not message.partial:
            return message
        try:
            return self.mapped(await self._api.message(message.id), conversation)
        except DragomanError:
            return message  # it was written; that it cannot be read back now is no failure of that

    async def same(self, conversation: str, message: Message, sender: str) -> Message | None:
        """The message that was imported before: by its id elsewhere, or by moment, sender and text."""
        at = message.sent_at
        if at is None:
            return None
        query = MessageQuery(since=at - _ABOUT, until=at + _ABOUT)
        while True:
            page = await self.messages(conversation, query)
            for one in page.items:
                if one.extra.get(EXTERNAL_ID) == message.id or _same(one, message, at, sender):
                    return one
            if page.cursor is None:
                return None
            query = replace(query, cursor=page.cursor)

    def place_after(self, message: Message) -> Place | None:
        """Where a list goes on after a message; ``None`` unless its conversation was read whole."""
        if message.sent_at is None or not self._messages.knows(message.conversation):
            return None
        return Place(after=(message.sent_at, message.id))

    def forget(self, conversation: str) -> None:
        """Read anew what was changed here."""
        self._messages.forget(conversation)
        self._conversations.forget("all")

    async def _fetch(self, conversation: str, cursor: str | None) -> Batch[Message]:
        listing = await self._listed(conversation, cursor, "full")
        if sum(markup_of(one) for one in listing.data) > _MANY_TAGS:
            return await anyio.to_thread.run_sync(_mapped_batch, listing, conversation)
        return self._batches.get(listing, conversation, lambda: _mapped_batch(listing, conversation))

    async def _listed(self, conversation: str, cursor: str | None, form: Format) -> wire.Listing[wire.Message]:
        """A page without what belongs to other conversations, should the service give that."""
        listing = await self._api.messages(conversation, cursor=cursor, form=form)
        own = tuple(one for one in listing.data if one.conversation_id in {None, conversation})
        return listing if len(own) == len(listing.data) else listing.model_copy(update={"data": own})

    def _finished(self, entries: Sequence[Entry[Message]], whole: bool) -> Sequence[Entry[Message]]:  # noqa: FBT001 - see Plan.finish
        messages = [one.value for one in entries]
        self._learn(messages)
        related = with_parents(messages, self._externals, whole=whole)
        return [
            entry if message is entry.value else replace(entry, value=message)
            for entry, message in zip(entries, related, strict=True)
        ]

    def _learn(self, messages: Iterable[Message]) -> None:
        self._externals.update(externals(one for one in messages if EXTERNAL_ID in one.extra))
        while len(self._externals) > _REMEMBERED:
            self._externals.popitem(last=False)


def _batch(listing: wire.Listing[W], convert: Callable[[W], Entry[T] | None]) -> Batch[T]:
    entries = [entry for one in listing.data if (entry := convert(one)) is not None]
    return Batch(entries, listing.next_cursor or None, listing.total_count)


def _mapped_batch(listing: wire.Listing[wire.Message], conversation: str) -> Batch[Message]:
    return _batch(listing, partial(_message_entry, conversation))


def _message_entry(conversation: str, found: wire.Message) -> Entry[Message] | None:
    message = to_message(found, conversation)
    if message is None:
        return None
    at = message.sent_at or moment(found.created_at) or EARLIEST
    return Entry((at, message.id), message, len(message.text) + _WEIGHT)


def _wire_entry(found: wire.Message) -> Entry[wire.Message] | None:
    at = moment(found.date) or moment(found.created_at) or EARLIEST
    return Entry((at, found.id), found, _WEIGHT) if found.id else None


def _conversation_entry(found: wire.Conversation) -> Entry[Conversation] | None:
    conversation = to_conversation(found)
    if conversation is None:
        return None
    at = conversation.last_message_at or moment(found.created_at) or EARLIEST
    return Entry((at, conversation.id), conversation, _WEIGHT)


def _received(entries: Sequence[Entry[wire.Message]]) -> Sequence[Entry[wire.Message]]:
    return [one for one in entries if one.value.direction == "inbound"]


def _same(stored: Message, message: Message, at: datetime, sender: str) -> bool:
    """Whether one is the other after its way through the service, which may cut fractions of seconds."""
    moments = {at, at.replace(microsecond=0), at.replace(microsecond=at.microsecond // 1000 * 1000)}
    by_same = stored.author.id.casefold() == sender.casefold()
    return by_same and stored.sent_at in moments and stored.text.split() == visible(message.text).split()


def _below(thread: str, entries: Sequence[Entry[Message]]) -> Sequence[Entry[Message]]:
    """A message and the replies below it, however deep."""
    replies: dict[str, list[str]] = {}
    for one in entries:
        if one.value.reply_to is not None:
            replies.setdefault(one.value.reply_to, []).append(one.id)
    found, waiting = set[str](), [thread]
    while waiting:
        message = waiting.pop()
        if message not in found:
            found.add(message)
            waiting.extend(replies.get(message, ()))
    if all(one.id != thread for one in entries):
        raise NotFound("There is no such message in this conversation.", hint="Take its reference from list_messages.")
    return [one for one in entries if one.id in found]
