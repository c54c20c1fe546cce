"""A room with messages, and what an account shows of it."""

from datetime import UTC, datetime, timedelta

from dragoman.core.model import Author, Conversation, ConversationKind, Message
from dragoman.providers.base.provider import MessageQuery

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
ROOM = Conversation(id="room", title="Launch room", kind=ConversationKind.CHANNEL, topic="2.0", participants=("Ann",))


def message(id_, second=0, text="hello", **rest):
    at = START + timedelta(seconds=second)
    return Message(
        **{"id": id_, "text": text, "conversation": "room", "author": Author(name="Ann"), "sent_at": at} | rest
    )


async def texts(local, conversation="room", **query):
    return [m.text for m in (await local.list_messages(conversation, MessageQuery(**query))).items]
