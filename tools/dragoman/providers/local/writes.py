"""Sends, changes and imports single messages of the local account, within one transaction."""

from __future__ import annotations

from datetime import datetime

from dragoman.core.errors import Conflict, InvalidArgument, NotFound
from dragoman.core.model import Conversation, Message
from dragoman.providers.base.provider import Change
from dragoman.providers.local import merging, queries
from dragoman.store.conversations import ConversationTables


def send(tables: ConversationTables, message: Message) -> Message:
    """Add a message; what was sent with its id before is given back instead.

    Raises:
        NotFound: There is no such conversation, or no message in it to reply to.
        Conflict: Another message was sent with that id.
    """
    row = queries.conversation_of(tables, message.conversation)
    if not queries.may_answer(tables, message):
        raise NotFound(
            "There is no such message in this conversation to reply to.", hint="Look for it with list_messages."
        )
    earlier = tables.get(message.conversation, message.id)
    if earlier is not None:
        return _sent_before(tables, earlier.message, message)
    queries.join(tables, row, message.author.name)
    return queries.add(tables, message)


def _sent_before(tables: ConversationTables, earlier: Message, message: Message) -> Message:
    first = earlier.history[0].text if earlier.history else earlier.text
    if (first, earlier.reply_to) != (message.text, message.reply_to):
        raise Conflict("This idempotency_key was used for another message.", hint="Use a new key.")
    return queries.message_of(tables, earlier.conversation, earlier.id)


def update(tables: ConversationTables, conversation: str, message: str, change: Change, now: datetime) -> Message:
    """Change a message, and give it back as it is stored."""
    return queries.change(tables, merging.changed(queries.message_of(tables, conversation, message), change, now))


def import_one(tables: ConversationTables, message: Message) -> Message:
    """Store a message from elsewhere, with its conversation, unless its id is there already.

    Raises:
        InvalidArgument: It answers a message that is not in this conversation.
        Conflict: The message with this id was deleted.
    """
    if tables.get(message.conversation, message.id) is None:
        if not queries.may_answer(tables, message):
            raise InvalidArgument(
                "The message that this one answers is not in this conversation.",
                hint="Import that one first, or leave reply_to out.",
            )
        queries.describe(tables, Conversation(id=message.conversation))
        queries.join(tables, queries.conversation_of(tables, message.conversation), message.author.name)
    return queries.add(tables, message)
