"""Threads of replies."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.core.errors import NotFound
from dragoman.core.model import Message


def subtree(messages: Sequence[Message], root: str) -> list[Message]:
    """A message and the replies below it, however deep, in the order given.

    Args:
        messages: All messages of the conversation, or as many as there are.
        root: Id of the message at the top; it may be missing among ``messages``.
    """
    replies: dict[str, list[str]] = {}
    for one in messages:
        if one.reply_to is not None:
            replies.setdefault(one.reply_to, []).append(one.id)
    found, waiting = set[str](), [root]
    while waiting:
        message = waiting.pop()
        if message not in found:
            found.add(message)
            waiting.extend(replies.get(message, ()))
    return [one for one in messages if one.id in found]


def require_subtree(messages: Sequence[Message], root: str) -> list[Message]:
    """As :func:`subtree`, for messages that the root has to be among.

    Raises:
        NotFound: It is not.
    """
    if all(one.id != root for one in messages):
        raise no_such_message()
    return subtree(messages, root)


def no_such_message() -> NotFound:
    """The error for a message that is not in its conversation."""
    return NotFound("There is no such message in this conversation.", hint="Take its reference from list_messages.")
