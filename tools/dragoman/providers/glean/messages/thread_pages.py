"""A page of a conversation, or of one thread in it: a message and the replies below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.model import Message, Page
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.glean.conversation_id import IdKind
from dragoman.providers.glean.mapping.mapping import link_of, message_id, metadata_of, parent_of, to_message
from dragoman.providers.glean.mapping.message_batch import Batch
from dragoman.providers.glean.mapping.permalinks import read_link
from dragoman.providers.glean.mapping.wire import Result
from dragoman.providers.glean.messages.cursor import Position
from dragoman.providers.glean.messages.paging import Fetch, MessagePage, read_all, read_page
from dragoman.providers.glean.messages.reader import MessageReader
from dragoman.providers.glean.people import with_names
from dragoman.providers.kit.threads import subtree


async def list_messages(reader: MessageReader, query: MessageQuery) -> Page[Message]:
    """A page; all filters but the thread are left to the caller.

    Raises:
        InvalidArgument: The cursor is foreign.
        NotFound: There is no such conversation, or no such message to begin a thread.
    """
    position = Position.read(query.cursor, query.order) if query.cursor is not None else None
    if query.thread is None:
        found = await reader.read_page(query, position)
    else:
        found = await _thread(reader, query, query.thread, position)
    items = await with_names(reader.api, reader.memory, found.messages)
    return Page(items=items, cursor=found.position.write() if found.position else None)


async def _thread(reader: MessageReader, query: MessageQuery, thread: str, position: Position | None) -> MessagePage:
    if reader.address.where is not IdKind.CHANNEL:
        return MessagePage(below(await read_all(reader.fetch), thread, reader.address.where), None)
    if position is not None and position.thread is not None:
        return await _paged(_reader_of(reader, position.thread), reader, thread, query, position, None)
    start = await reader.fetch_own(thread)
    own, first = _stamps(start)
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
