"""Reads conversations and messages, mapped and sorted.

Convore lists in one order, does not say which, and gives cursors that lead one way only: the pager finds it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.model import Conversation, ConversationKind, Message, Order, Page
from dragoman.core.text_size import run_sized
from dragoman.core.times import parse_time
from dragoman.providers.base.provider import AccountSettings, ConversationQuery, MessageQuery, Provider
from dragoman.providers.convore import mapping, wire
from dragoman.providers.convore.api import Api, Format
from dragoman.providers.convore.mapping import EXTERNAL_ID, size_of, to_conversation, to_message
from dragoman.providers.kit.cache import LruCache
from dragoman.providers.kit.listings import Batch, Key, Listing, key_of, tokens
from dragoman.providers.kit.pager import Pager
from dragoman.providers.kit.threads import require_subtree
from dragoman.providers.kit.wire import visible
from dragoman.transport.http import DerivedCache, HttpResponse

ANSWERED: Final = "reply_to_external_id"

T = TypeVar("T")
W = TypeVar("W")

_ABOUT: Final = timedelta(seconds=2)
_REMEMBERED: Final = 5000
_KINDS: Final = (None, ConversationKind.MAIL, ConversationKind.DIRECT)


class ConvoreReader(Provider):
    """The reading half of the provider. It remembers which ids other systems gave to messages."""

    def __init__(self, settings: AccountSettings, api: Api | None = None) -> None:
        """Keep the settings. Without an open ``api``, which ``open`` gives, nothing can be asked."""
        super().__init__(settings)
        if api is not None:
            self._api = api
        self._conversations = Pager[Conversation]("Convore", _conversation_key)
        self._messages = Pager[Message]("Convore", _message_key)
        self._raw = Pager[wire.Message]("Convore", _wire_key)
        self._batches = DerivedCache[Batch[Message]]()
        self._externals = LruCache[str, str](_REMEMBERED)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """Conversations, the one with the newest message first. Those in trash and spam are among them.

        Of texts only a whole e-mail address narrows the list.
        """
        # There are no conversations of another kind, so nothing has to be asked.
        if query.kind not in _KINDS:
            return Page()
        # The service filters by contact alone; words are matched by the caller.
        address = mapping.email_in(query.text or "")
        contact = f"EMAIL:{address}" if address else None

        async def fetch(_: Order, cursor: str | None) -> Batch[Conversation]:
            return _batch(await self._api.conversations(cursor=cursor, contact=contact), to_conversation)

        asked = MessageQuery(limit=query.limit, cursor=query.cursor)
        page = await self._conversations.page(tokens(fetch, None), asked, name=contact or "all")
        # The pager gives the oldest first, and conversations are listed the other way round.
        return Page(items=page.items[::-1], cursor=page.cursor, total=page.total)

    async def get_conversation(self, conversation: str) -> Conversation:
        """One conversation."""
        answer = await self._api.conversation(conversation)
        found = to_conversation(answer.value)
        if found is None:
            raise answer.failure("The answer of {service} is no conversation")
        return replace(found, id=conversation)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page of messages, sorted by when they were sent, whatever order the service lists them in."""
        thread = query.thread
        page = await self._messages.page(
            self._listing(conversation),
            query,
            name=conversation,
            select=None if thread is None else partial(require_subtree, root=thread),
            relate=self._related,
        )
        if not page.examined and query.cursor is None:
            await self._api.conversation(conversation)  # tells an empty conversation from none
        return page

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message of this conversation."""
        return await self._mapped(await self.checked(conversation, message), conversation)

    async def checked(self, conversation: str, message: str) -> HttpResponse[wire.Message]:
        """One message as the service has it, of this conversation."""
        answer = await self._api.message(message)
        # The service finds a message by its id alone, also one of another conversation.
        if answer.value.conversation_id not in {None, conversation}:
            raise NotFound("The message is in another conversation.", hint="Take its reference from list_messages.")
        return answer

    async def last_received(self, conversation: str) -> wire.Message | None:
        """The newest message that came in; without its text."""

        async def fetch(_: Order, cursor: str | None) -> Batch[wire.Message]:
            return _batch(await self._listed(conversation, cursor, "minimal"), _with_id)

        query = MessageQuery(limit=1)
        page = await self._raw.page(tokens(fetch, None), query, name=conversation, keep=_is_received)
        return next(iter(page.items), None)

    async def _mapped(self, answer: HttpResponse[wire.Message], conversation: str) -> Message:
        """The message of an answer; the service's own word on its conversation counts."""
        convert = partial(to_message, answer.value, answer.value.conversation_id or conversation)
        found = await run_sized(convert, size_of(answer.value))
        if found is None:
            raise answer.failure("The answer of {service} is no message")
        return self._related([found], whole=False)[0]

    async def stored(self, answer: HttpResponse[wire.Message], conversation: str) -> Message:
        """The written message, read back when the answer has no text."""
        message = await self._mapped(answer, conversation)
        if not message.partial:
            return message
        try:
            return await self._mapped(await self._api.message(message.id), conversation)
        except DragomanError:
            return message  # it was written; that it cannot be read back now is no failure of that

    async def same(self, conversation: str, message: Message, sender: str) -> Message | None:
        """The message that was imported before: by its id elsewhere, or by time, sender and text."""
        at = message.sent_at
        if at is None:
            return None
        # The service may have rounded the time of an import.
        query = MessageQuery(since=at - _ABOUT, until=at + _ABOUT)
        while True:
            page = await self.list_messages(conversation, query)
            for one in page.items:
                if one.extra.get(EXTERNAL_ID) == message.id or _same(one, message, at, sender):
                    return one
            if page.cursor is None:
                return None
            query = replace(query, cursor=page.cursor)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """The cursor after a message; ``None`` unless its conversation was read whole."""
        if message.sent_at is None:
            return None
        conversation = message.conversation
        return self._messages.cursor_after(self._listing(conversation), message, query.order, name=conversation)

    def forget(self, conversation: str) -> None:
        """Read anew what was changed here."""
        self._messages.forget(conversation)
        # The conversation moves to the top of the list.
        self._conversations.forget("all")

    def _listing(self, conversation: str) -> Listing[Message]:
        return tokens(partial(self._fetch, conversation), None)

    async def _fetch(self, conversation: str, _: Order, cursor: str | None) -> Batch[Message]:
        listing = await self._listed(conversation, cursor, "full")
        convert = partial(to_message, conversation=conversation)
        make = partial(_batch, listing, convert)
        # A list that is read again is mostly the same, and its HTML need not be cleaned anew.
        return await self._batches.get_sized(listing, conversation, make, lambda: sum(map(size_of, listing.data)))

    async def _listed(self, conversation: str, cursor: str | None, form: Format) -> wire.Listing[wire.Message]:
        """A page without what belongs to other conversations, should the service give that."""
        listing = await self._api.messages(conversation, cursor=cursor, form=form)
        own = tuple(one for one in listing.data if one.conversation_id in {None, conversation})
        return listing if len(own) == len(listing.data) else listing.model_copy(update={"data": own})

    def _related(self, messages: Sequence[Message], whole: bool) -> Sequence[Message]:  # noqa: FBT001 - see Pager.page
        for external, identifier in externals(messages).items():
            self._externals.put(external, identifier)
        return with_parents(messages, self._externals.get, whole=whole)


def _batch(listing: wire.Listing[W], convert: Callable[[W], T | None]) -> Batch[T]:
    items = [item for one in listing.data if (item := convert(one)) is not None]
    return Batch(items, listing.next_cursor or None, listing.total_count)


def _message_key(message: Message) -> Key:
    return key_of(message.sent_at or parse_time(str(message.extra.get("recorded_at"))), message.id)


def _wire_key(message: wire.Message) -> Key:
    return key_of(parse_time(message.date) or parse_time(message.created_at), message.id or "")


def _conversation_key(found: Conversation) -> Key:
    return key_of(found.last_message_at or parse_time(str(found.extra.get("created_at"))), found.id)


def _with_id(message: wire.Message) -> wire.Message | None:
    return message if message.id else None


def _is_received(message: wire.Message) -> bool:
    return message.direction == "inbound"


def _same(stored: Message, message: Message, at: datetime, sender: str) -> bool:
    """Whether one is the other after its way through the service, which may cut fractions of seconds."""
    times = {at, at.replace(microsecond=0), at.replace(microsecond=at.microsecond // 1000 * 1000)}
    by_same = stored.author.id.casefold() == sender.casefold()
    return by_same and stored.sent_at in times and stored.text.split() == visible(message.text).split()


def with_parents(messages: Sequence[Message], known: Callable[[str], str | None], *, whole: bool) -> list[Message]:
    """Messages whose ``reply_to`` is the id of a message of the same conversation, or ``None``.

    What is answered elsewhere, or under an unknown id of another system, is in ``extra``. ``known`` finds an id by
    the id that another system gave; ``whole``: these are all messages of the conversation.
    """
    here = {one.id for one in messages}
    by_external = externals(messages)
    return [_with_parent(one, here, lambda said: by_external.get(said) or known(said), whole=whole) for one in messages]


def externals(messages: Iterable[Message]) -> dict[str, str]:
    """Ids of messages by the ids that other systems gave them."""
    return {str(one.extra[EXTERNAL_ID]): one.id for one in messages if EXTERNAL_ID in one.extra}


def _with_parent(message: Message, here: set[str], find: Callable[[str], str | None], *, whole: bool) -> Message:
    said = message.reply_to
    if said is None or said in here:
        return message
    parent = find(said)
    if parent is not None and parent != message.id and (parent in here or not whole):
        return replace(message, reply_to=parent)
    foreign = whole or "@" in said or "<" in said  # a Message-ID of mail is no id of Convore
    if not foreign:
        return message
    return replace(message, reply_to=None, extra={**message.extra, ANSWERED: said})
