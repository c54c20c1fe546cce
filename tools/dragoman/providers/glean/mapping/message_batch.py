"""From one answer of ``/messages`` to its messages, each once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from dragoman.core.model import Message
from dragoman.core.permalinks import read_link
from dragoman.core.times import parse_time, to_ms
from dragoman.providers.glean.conversation_id import Address, IdKind
from dragoman.providers.glean.mapping.mapping import link_of, message_id, metadata_of, to_message
from dragoman.providers.glean.mapping.results import flatten_results
from dragoman.providers.glean.mapping.wire import MessagesAnswer, Result, SearchAnswer
from dragoman.providers.kit.wire import or_empty

_FRACTION: Final = re.compile(r":\d\d[.,]\d")
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The messages of one answer.

    Attributes:
        messages: In time order, each id once, without the root of the thread.
        root: The message that began the thread, when it is told.
        more: Whether the service says that there are more.
        whole: Whether messages came as parts of whole conversations, so that times of results may overlap.
        coarse: Whether times are in whole seconds only.
        name: What people call the channel.
        connector: What searches call the datasource, where all messages say the same.
        spans: When the whole conversations among the results were, in every sense that has: the times of their
            messages and their own.
    """

    messages: Sequence[Message] = ()
    root: Message | None = None
    more: bool = False
    whole: bool = False
    coarse: bool = False
    name: str = ""
    connector: str = ""
    spans: Sequence[tuple[datetime, ...]] = ()

    @property
    def irregular(self) -> bool:
        """Whether a place in the list is more than the time of a message."""
        return self.whole or any(message.sent_at is None for message in self.messages)


def to_batch(answer: MessagesAnswer, address: Address, conversation: str) -> Batch:
    """Take an answer apart."""
    pieces = list(flatten_results((answer.search_response or SearchAnswer()).results))
    results = [piece.result for piece in pieces]
    root = _root(answer.root_message, results, address)
    whole = any(piece.whole is not None for piece in pieces)
    # The first message stands among the results, too.
    results = [one for one in results if root is None or message_id(one) != message_id(root)]
    everything = [root, *results] if root else results
    return Batch(
        messages=sorted(_distinct(results, conversation), key=order_of),
        root=to_message(root, conversation) if root else None,
        more=bool(answer.has_more),
        whole=whole,
        coarse=any(is_coarse(metadata_of(one).create_time) for one in everything),
        spans=[_span(one) for one in or_empty((answer.search_response or SearchAnswer()).results)] if whole else (),
        connector=_connector(everything),
        name=next((name for one in everything if (name := metadata_of(one).container)), "").lstrip("#"),
    )


def is_coarse(text: str | None) -> bool:
    """Whether a time is given in whole seconds only, so that several may hide behind it."""
    return bool(text) and _FRACTION.search(text or "") is None


def order_of(message: Message) -> tuple[datetime, str]:
    """The total order of messages; those without a time come first."""
    return (message.sent_at or _BEFORE_ALL, message.id)


def _connector(results: Sequence[Result]) -> str:
    named = {(one.document and one.document.datasource) or metadata_of(one).datasource or "" for one in results}
    return named.pop() if len(named) == 1 else ""


def _span(result: Result) -> tuple[datetime, ...]:
    """First and last message, then the times of the conversation itself; empty without any."""
    facts = metadata_of(result)
    own = [at for at in (parse_time(facts.create_time), parse_time(facts.update_time)) if at]
    inside = [at for piece in flatten_results([result]) if (at := parse_time(metadata_of(piece.result).create_time))]
    # The conversation's own times include edits of its other parts.
    times = inside or own
    return (min(times), max(times), *own) if times else ()


def _root(told: Result | None, results: Sequence[Result], address: Address) -> Result | None:
    """The message that a thread began with; in other conversations no message is anything special."""
    if address.where is not IdKind.THREAD:
        return None
    named = (one for one in results if address.id in _stamps(one))
    marked = (one for one in results if one.cluster_type == "THREAD_ROOT")
    return told or next(named, None) or next(marked, None)


def _stamps(result: Result) -> tuple[str | None, ...]:
    link = read_link(link_of(result))
    return metadata_of(result).datasource_id, link.message if link else None


def _distinct(results: Sequence[Result], conversation: str) -> Iterator[Message]:
    """Each message once. What has the same link for an id and says something else is another message."""
    seen: dict[str, Message] = {}
    for result in results:
        message = to_message(result, conversation)
        before = seen.get(message.id)
        # Several messages of a thread may share one link.
        if before is not None and message.id == message.url and _differ(before, message):
            at = to_ms(message.sent_at) if message.sent_at else 0
            message = replace(message, id=f"{message.id}#{at}")
            before = seen.get(message.id)
        if before is None:
            seen[message.id] = message
            yield message


def _differ(one: Message, other: Message) -> bool:
    return (one.sent_at, one.text) != (other.sent_at, other.text)
