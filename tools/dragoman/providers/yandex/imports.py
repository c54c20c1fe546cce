"""Messages from elsewhere. The service sets the time itself, so what it cannot keep goes into labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dragoman.core.model import AuthorKind, Conversation, Message
from dragoman.providers.kit.wire import require_text
from dragoman.providers.yandex import wire

if TYPE_CHECKING:
    from dragoman.providers.yandex._proto import threads_pb2 as pb
    from dragoman.providers.yandex.client import YandexClient


async def import_one(client: YandexClient, thread: str, message: Message) -> pb.Message:
    """Store a message, unless one with its id of elsewhere is there."""
    if message.id:
        require_text(message.id)
        async with client.messages(thread) as stored:
            async for one in stored:
                if one.labels.get(wire.IMPORTED_ID) == message.id:
                    return one
    return await _store(client, thread, message)


async def import_many(
    client: YandexClient, folder: str, conversation: Conversation, messages: Sequence[Message]
) -> int:
    """Store the messages that are not there, in a new thread for a new conversation; returns how many were stored."""
    thread = await _thread(client, folder, conversation.id)
    known = set[str]()
    if thread is None:
        labels = {wire.IMPORTED_ID: conversation.id}
        thread = (await client.create_thread(folder, conversation.title or conversation.id, labels, None)).id
    else:
        async with client.messages(thread) as stored:
            known = {label async for one in stored if (label := one.labels.get(wire.IMPORTED_ID))}
    new = [message for message in messages if not message.id or message.id not in known]
    for message in new:
        await _store(client, thread, message)
    return len(new)


async def _thread(client: YandexClient, folder: str, conversation: str) -> str | None:
    """The thread that is a conversation, or that an import made for it."""
    token, known = "", set[str]()
    while True:
        known.add(token)
        page = await client.threads(folder, wire.MOST_THREADS, token)
        for thread in page.threads:
            if conversation in (thread.id, thread.labels.get(wire.IMPORTED_ID)):
                return thread.id
        # A token that comes again would lead in a circle.
        if not page.threads or page.next_page_token in known:
            return None
        token = page.next_page_token


async def _store(client: YandexClient, thread: str, message: Message) -> pb.Message:
    # The service has two roles only.
    robot = message.author.kind in (AuthorKind.ASSISTANT, AuthorKind.BOT)
    labels = {
        wire.IMPORTED_ID: message.id,
        wire.IMPORTED_AUTHOR: message.author.name,
        wire.IMPORTED_SENT_AT: message.sent_at.isoformat() if message.sent_at else "",
        wire.IMPORTED_SUBJECT: message.subject or "",
        wire.IMPORTED_REPLY_TO: message.reply_to or "",
    }
    return await client.create_message(
        thread,
        message.text,
        author=(message.author.id or message.author.name, wire.ASSISTANT if robot else wire.USER),
        labels={key: value for key, value in labels.items() if value},
        key=f"import {message.id}" if message.id else None,
    )
