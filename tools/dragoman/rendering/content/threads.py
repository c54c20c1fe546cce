"""The order of messages on a page: replies directly under what they answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dragoman.core.model import Message


@dataclass(slots=True)
class OrderedMessage:
    """A message and where it stands on a page.

    Attributes:
        at: Its index in the sequence that was given.
        reply: It answers another message.
        first: It begins a group: its day is the day of the page from here on.
        under_parent: The lines above tell what it answers; else the parent has to be named.
    """

    at: int
    reply: bool = False
    first: bool = True
    under_parent: bool = False


def order_by_thread(messages: Sequence[Message]) -> list[OrderedMessage]:
    """Put every reply under the first message of its thread that is on the page, in the order of the page.

    Replies to the same message that is not on the page stand together. A parent is named where it changes: a reply
    that names none answers what the reply above it does, or else the message above it that is no reply.
    """
    # Most pages have no replies, and then there is nothing to order.
    if all(message.reply_to is None for message in messages):
        return [OrderedMessage(index) for index in range(len(messages))]
    tops = _with_siblings(messages, _tops(_parents(messages)))
    answers: dict[int, list[int]] = {}
    for index, top in enumerate(tops):
        if index != top:
            answers.setdefault(top, []).append(index)
    ordered: list[OrderedMessage] = []
    for index, top in enumerate(tops):
        if index == top:
            ordered.extend(_thread(messages, top, answers.get(top, ())))
    return ordered


def _thread(messages: Sequence[Message], top: int, answers: Iterable[int]) -> Iterator[OrderedMessage]:
    named = messages[top].reply_to
    yield OrderedMessage(top, named is not None)
    current = messages[top].id if named is None else named
    for index in answers:
        parent = messages[index].reply_to
        yield OrderedMessage(index, True, False, parent == current)  # noqa: FBT003 - four fields, by name they take twice the time
        current = parent or current


def _with_siblings(messages: Sequence[Message], tops: list[int]) -> list[int]:
    """Where several answer the same message that is not on the page, the first of them is the top of all."""
    first: dict[str, int] = {}
    for index, top in enumerate(tops):
        parent = messages[index].reply_to
        if index == top and parent is not None:
            first.setdefault(parent, index)
    if not first:
        return tops
    return [top if (parent := messages[top].reply_to) is None else first[parent] for top in tops]


def _parents(messages: Sequence[Message]) -> list[int | None]:
    """For each message the index of its parent, if that is on the page."""
    positions: dict[str, int] = {}
    for index, message in enumerate(messages):
        positions.setdefault(message.id, index)
    return [None if message.reply_to is None else positions.get(message.reply_to) for message in messages]


def _tops(parents: list[int | None]) -> list[int]:
    """For each message the topmost of its ancestors on the page; a circle of replies is opened somewhere."""
    # Most services have threads of one level.
    if all(parent is None or parents[parent] is None for parent in parents):
        return [index if parent is None else parent for index, parent in enumerate(parents)]
    tops: list[int | None] = [None] * len(parents)
    for start in range(len(parents)):
        path: dict[int, None] = {}
        here = start
        # Each path is walked once, so a chain of thousands takes no longer than as many messages.
        while tops[here] is None and here not in path:
            path[here] = None
            above = parents[here]
            if above is None or above in path:
                break
            here = above
        top = tops[here]
        for index in path:
            tops[index] = here if top is None else top
    return [start if top is None else top for start, top in enumerate(tops)]
