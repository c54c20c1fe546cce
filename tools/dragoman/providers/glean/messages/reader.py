"""Messages of channels, threads and whole conversations of the chat systems that Glean has read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.model import Conversation, Message, Page
from dragoman.core.permalinks import read_link
from dragoman.core.text_size import run_sized
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.cache import PersonCache
from dragoman.providers.glean.conversation_id import KINDS, Address, IdKind
from dragoman.providers.glean.mapping.mapping import link_of, message_id, metadata_of, parent_of, to_message
from dragoman.providers.glean.mapping.message_batch import Batch, to_batch
from dragoman.providers.glean.mapping.results import from_document
from dragoman.providers.glean.mapping.wire import Document, GleanModel, MessagesAnswer, Result
from dragoman.providers.glean.messages.cursor import Position
from dragoman.providers.glean.messages.paging import Fetch, MessagePage, read_all, read_page
from dragoman.providers.glean.messages.scope_check import is_in_conversation
from dragoman.providers.glean.people import with_names
from dragoman.providers.kit.threads import no_such_message, subtree
from dragoman.providers.kit.wire import lenient

_TITLES: Final = {IdKind.CHANNEL: "{}", IdKind.THREAD: "Thread in {}", IdKind.DOCUMENT: "Conversation in {}"}


class _Documents(GleanModel):
    """The answer of ``/getdocuments``: documents by the id or link that was asked for."""

    documents: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReader:
    """Reads one conversation of a source system; messages carry its id as the caller wrote it.

    ``find_source`` finds the source system's id behind a channel's name, and is empty where there is none.
    """

    api: Api
    cache: PersonCache
    conversation: str
    address: Address
    own_datasource: str
    find_source: Callable[[str], Awaitable[str]]

    async def get_message(self, message: str) -> Message:
        """One message with its whole text."""
        if self.address.where is IdKind.DOCUMENT:
            # A document's messages have no ids of their own that the service finds.
            everything = await read_all(self.fetch)
            found = next((one for one in everything if message in {one.id, one.url}), None)
            if found is None:
                raise no_such_message()
        else:
            own = await self.fetch_own(message)
            found = await run_sized(lambda: to_message(own, self.conversation), len(repr(own.document)))
        return (await with_names(self.api, self.cache, [found]))[0]

    async def describe(self) -> Conversation:
        """The conversation. Its title is learned from its messages, when it is not known yet."""
        named = self.address.where is IdKind.CHANNEL and not self.address.looks_like_an_id
        name, latest = self.cache.names.get(self.conversation) or (self.address.id if named else ""), None
        if not name:
            batch = await self.fetch()
            # The list that usually follows would ask for the same once more.
            self.cache.early.put(repr(self.address), batch)
            name, latest = batch.name, max((one.sent_at for one in batch.messages if one.sent_at), default=None)
        title = _TITLES[self.address.where].format(name.lstrip("#")) if name else ""
        return Conversation(id=self.conversation, title=title, kind=KINDS[self.address.where], last_message_at=latest)

    async def fetch(self, direction: str | None = None, reference: int | None = None) -> Batch:
        """One request to ``/messages``; without a direction for the newest ones."""
        if direction is None and isinstance(early := self.cache.early.pop(repr(self.address)), Batch):
            return early
        body = self.address.request()
        if self.address.where is IdKind.THREAD:
            body["includeRootMessage"] = True
        if direction is not None:
            body |= {"direction": direction, "timestampMillis": reference}
        answer, response = await self.api.read("messages", body, MessagesAnswer)
        about = (self.address, self.conversation)
        batch = await self.cache.batches.get_sized(
            answer, about, lambda: to_batch(answer, self.address, self.conversation), lambda: len(response.body)
        )
        self.cache.learn(self.conversation, batch)
        # A search is narrowed by the connector's name, which only messages tell.
        if self.address.datasource == self.own_datasource:
            self.cache.connector = batch.connector or self.cache.connector
        return batch

    async def fetch_own(self, message: str) -> Result:
        """A message of this conversation by id or permalink."""
        result = await fetch_document(self.api, message)
        if is_in_conversation(result, self.address, self.cache.sources.get(self.conversation) or "") is False:
            raise no_such_message()
        name = metadata_of(result).container
        if name:
            self.cache.names.put(self.conversation, name.lstrip("#"))
        return result

    async def read_page(self, query: MessageQuery, position: Position | None) -> MessagePage:
        """A page of the whole conversation."""
        source = position.source if position else self.cache.sources.get(self.conversation)
        reader = self._from(source) if source else self
        # Only a listed name may stand for an id that the service wants instead.
        if position is not None or source or self.address.id not in self.cache.listed:
            threaded = self.address.where is IdKind.THREAD
            return _from_source(await read_page(reader.fetch, query, position, threaded=threaded), source)
        return await self._try_name(query)

    async def _try_name(self, query: MessageQuery) -> MessagePage:
        """Read by a name that was listed; where the service does not take names, by the id behind it."""
        found, failure = MessagePage((), None), None
        try:
            found = await read_page(self.fetch, query, None)
        except (NotFound, InvalidArgument) as error:
            failure = error
        if found.messages:
            return found
        # An empty list is also what the service answers for a name that it does not take.
        source = await self.find_source(self.address.id)
        if source and source != self.address.id:
            self.cache.sources.put(self.conversation, source)
            return _from_source(await read_page(self._from(source).fetch, query, None), source)
        if failure is not None:
            raise failure
        return found

    def _from(self, source: str) -> MessageReader:
        return replace(self, address=replace(self.address, id=source))


def _from_source(found: MessagePage, source: str | None) -> MessagePage:
    """A page whose cursor knows what it was read from."""
    if found.position is None or not source:
        return found
    return MessagePage(found.messages, replace(found.position, source=source))


async def list_messages(reader: MessageReader, query: MessageQuery) -> Page[Message]:
    """A page; all filters but the thread are left to the caller."""
    position = Position.read(query.cursor, query.order) if query.cursor is not None else None
    if query.thread is None:
        found = await reader.read_page(query, position)
    else:
        found = await _thread(reader, query, query.thread, position)
    items = await with_names(reader.api, reader.cache, found.messages)
    return Page(items=items, cursor=found.position.write() if found.position else None)


async def _thread(reader: MessageReader, query: MessageQuery, thread: str, position: Position | None) -> MessagePage:
    if reader.address.where is not IdKind.CHANNEL:
        return MessagePage(below(await read_all(reader.fetch), thread, reader.address.where), None)
    if position is not None and position.thread is not None:
        return await _paged(_reader_of(reader, position.thread), reader, thread, query, position, None)
    start = await reader.fetch_own(thread)
    own, first = _stamps(start)
    # It begins a thread, which the service lists under this id.
    if first and first == own:
        root = to_message(start, reader.conversation)
        return await _paged(_reader_of(reader, own), reader, thread, query, None, root)
    where = _reader_of(reader, first) if first else reader
    return MessagePage(below(await read_all(where.fetch), message_id(start), IdKind.CHANNEL), None)


def below(messages: Sequence[Message], thread: str, where: IdKind) -> list[Message]:
    """A message and everything that answers it, however deep.

    In a thread what names no parent answers the first message.
    """
    if where is IdKind.THREAD and messages and messages[0].id == thread:
        return list(messages)
    return subtree(messages, thread)


async def _paged(
    inner: MessageReader,
    reader: MessageReader,
    thread: str,
    query: MessageQuery,
    position: Position | None,
    root: Message | None,
) -> MessagePage:
    fetch = _with_root(inner, reader, thread, root)
    try:
        found = await read_page(fetch, query, position, threaded=True)
    except (NotFound, InvalidArgument):
        if root is None:
            raise
        return MessagePage([root], None)  # nobody answered it, and the service calls that no thread
    position = found.position and replace(found.position, thread=inner.address.id)
    return MessagePage(found.messages, position)


def _with_root(inner: MessageReader, reader: MessageReader, thread: str, root: Message | None) -> Fetch:
    """Requests for a thread that give its first message in any case at the end."""

    async def fetch(direction: str | None, reference: int | None) -> Batch:
        batch = await inner.fetch(direction, reference)
        # The service gives the first message with some batches only.
        if batch.root is not None or (root is None and batch.more):
            return batch
        start = root or to_message(await reader.fetch_own(thread), reader.conversation)
        return replace(batch, root=start, messages=[one for one in batch.messages if one.id != start.id])

    return fetch


def _reader_of(reader: MessageReader, stamp: str) -> MessageReader:
    return replace(reader, address=replace(reader.address, where=IdKind.THREAD, id=stamp))


def _stamps(result: Result) -> tuple[str, str]:
    """The source system's id of a message, and that of the first message of its thread; empty when unknown."""
    facts, link = metadata_of(result), read_link(link_of(result))
    own = facts.datasource_id or (link.message if link else "")
    if link and link.thread:
        return own, link.thread
    return own, "" if parent_of(result) else own


async def fetch_document(api: Api, identifier: str) -> Result:
    """The message with this id or permalink, with its text."""
    spec = {"url": identifier} if is_link(identifier) else {"id": identifier}
    body = {"documentSpecs": [spec], "includeFields": ["DOCUMENT_CONTENT"]}
    answer, _ = await api.read("getdocuments", body, _Documents)
    document = _picked(answer.documents or {}, identifier)
    if document is None or document.error is not None or not (document.id or document.url or document.metadata):
        raise no_such_message()
    return from_document(document)


def is_link(identifier: str) -> bool:
    """Whether a message is named by its permalink."""
    return identifier.startswith(("https://", "http://"))


def _picked(documents: Mapping[str, object], identifier: str) -> Document | None:
    """The document asked for; of a single one the key may be written differently."""
    only = next(iter(documents.values())) if len(documents) == 1 else None
    return lenient(Document, documents.get(identifier, only))
