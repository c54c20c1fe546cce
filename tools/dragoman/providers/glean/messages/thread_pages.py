"""A page of a conversation, or of one thread in it: a message and the replies below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.model import Message, Page
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.glean.conversation_id import Where
from dragoman.providers.glean.mapping.mapping import link_of, message_id, metadata_of, parent_of, to_message
from dragoman.providers.glean.mapping.message_batch import Batch
from dragoman.providers.glean.mapping.permalinks import read_link
from dragoman.providers.glean.mapping.wire import Result
from dragoman.providers.glean.messages.cursor import Mark
from dragoman.providers.glean.messages.paging import Fetch, Turn, gather, turn
from dragoman.providers.glean.messages.reader import Reader
from dragoman.providers.glean.people import with_names


async def list_messages(reader: Reader, query: MessageQuery) -> Page[Message]:
    """A page; all filters but the thread are left to the caller.

    Raises:
        InvalidArgument: The cursor is foreign.
        NotFound: There is no such conversation, or no such message to begin a thread.
    """
    mark = Mark.read(query.cursor, query.order) if query.cursor is not None else None
    if query.thread is None:
        found = await reader.turn(query, mark)
    else:
        found = await _thread(reader, query, query.thread, mark)
    items = await with_names(reader.api, reader.memory, found.messages)
    return Page(items=items, cursor=found.mark.write() if found.mark else None)


async def _thread(reader: Reader, query: MessageQuery, thread: str, mark: Mark | None) -> Turn:
    if reader.address.where is not Where.CHANNEL:
        return Turn(below(await gather(reader.fetch), thread, reader.address.where), None)
    if mark is not None and mark.thread is not None:
        return await _paged(_reader_of(reader, mark.thread), reader, thread, query, mark, None)
    start = await reader.fetch_own(thread)
    own, first = _stamps(start)
    if first and first == own:
        root = to_message(start, reader.conversation)
        return await _paged(_reader_of(reader, own), reader, thread, query, None, root)
    where = _reader_of(reader, first) if first else reader
    return Turn(below(await gather(where.fetch), message_id(start), Where.CHANNEL), None)


def below(messages: Sequence[Message], thread: str, where: Where) -> list[Message]:
    """A message and everything that answers it, however deep.

    In a thread what names no parent answers the first message.
    """
    if where is Where.THREAD and messages and messages[0].id == thread:
        return list(messages)
    inside, grown = {thread}, True
    while grown:
        more = {one.id for one in messages if one.reply_to in inside} - inside
        inside, grown = inside | more, bool(more)
    return [one for one in messages if one.id in inside]


async def _paged(
    inner: Reader, reader: Reader, thread: str, query: MessageQuery, mark: Mark | None, root: Message | None
) -> Turn:
    fetch = _with_root(inner, reader, thread, root)
    try:
        found = await turn(fetch, query, mark, threaded=True)
    except (NotFound, InvalidArgument):
        if root is None:
            raise
        return Turn([root], None)  # nobody answered it, and the service calls that no thread
    mark = found.mark and replace(found.mark, thread=inner.address.id)
    return Turn(found.messages, mark)


def _with_root(inner: Reader, reader: Reader, thread: str, root: Message | None) -> Fetch:
    """Requests for a thread that give its first message in any case at the end."""

    async def fetch(direction: str | None, reference: int | None) -> Batch:
        batch = await inner.fetch(direction, reference)
        if batch.root is not None or (root is None and batch.more):
            return batch
        start = root or to_message(await reader.fetch_own(thread), reader.conversation)
        return replace(batch, root=start, messages=[one for one in batch.messages if one.id != start.id])

    return fetch


def _reader_of(reader: Reader, stamp: str) -> Reader:
    return replace(reader, address=replace(reader.address, where=Where.THREAD, id=stamp))


def _stamps(result: Result) -> tuple[str, str]:
    """The source system's id of a message, and that of the first message of its thread; empty when unknown."""
    facts, link = metadata_of(result), read_link(link_of(result))
    own = facts.datasource_id or (link.message if link else "")
    if link and link.thread:
        return own, link.thread
    return own, "" if parent_of(result) else own
