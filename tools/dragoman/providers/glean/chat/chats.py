"""Chats with the assistant: listed, read whole, and talked in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from dragoman.core.errors import NotFound
from dragoman.core.model import Conversation, Message, Order, Page
from dragoman.core.text_size import run_sized
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.cache import PersonCache
from dragoman.providers.glean.chat.mapping import size_of, to_conversation, to_messages
from dragoman.providers.glean.conversation_id import KINDS, NEW_CHAT, IdKind, chat_id
from dragoman.providers.glean.mapping.chat_wire import Chat, ChatAnswer, ChatsAnswer
from dragoman.providers.glean.people import with_own
from dragoman.providers.kit.cursor import cut_page, encode_token
from dragoman.providers.kit.threads import no_such_message
from dragoman.providers.kit.wire import or_empty

_LIST: Final = "chat"
_LONGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Chats:
    """The chats of one person."""

    api: Api
    cache: PersonCache

    async def conversations(self) -> list[Conversation]:
        """The chats that can be reached: the service lists a first batch only."""
        answer, _ = await self.api.read("listchats", None, ChatsAnswer)
        chats = [one.chat for one in or_empty(answer.chat_results) if one.chat and one.chat.id]
        found = {one.id: to_conversation(one, one.id) for one in chats if one.id}
        return list(found.values())

    async def chat(self, identifier: str, *, early: bool = False) -> Chat:
        """A chat with all its messages; ``early`` takes one that was just read for its title."""
        if early and isinstance(kept := self.cache.early.pop(chat_id(identifier)), Chat):
            return kept
        answer, _ = await self.api.read("getchat", {"id": identifier}, ChatAnswer)
        if answer.chat_result is None or answer.chat_result.chat is None:
            raise NotFound("Glean has no such chat.", hint="list_conversations with kind=assistant shows the chats.")
        return answer.chat_result.chat

    async def describe(self, identifier: str) -> Conversation:
        """A chat, also one that only begins with its first message."""
        if identifier == NEW_CHAT:
            return Conversation(id=chat_id(NEW_CHAT), title="New chat", kind=KINDS[IdKind.CHAT])
        chat = await self.chat(identifier)
        # Its messages came with it, and are mostly wanted next.
        self.cache.early.put(chat_id(identifier), chat)
        return to_conversation(chat, identifier)

    async def messages(self, identifier: str) -> list[Message]:
        """All messages of a chat, oldest first."""
        return await self._mapped(await self.chat(identifier), identifier)

    async def list_messages(self, identifier: str, query: MessageQuery) -> Page[Message]:
        """A page of a chat; replies are unknown there, so a thread is its one message."""
        if identifier == NEW_CHAT:
            return Page()
        # Later pages read the chat anew: what was said meanwhile belongs to them.
        chat = await self.chat(identifier, early=query.cursor is None)
        messages = await self._mapped(chat, identifier)
        if query.thread is not None:
            return Page(items=[one for one in messages if one.id == query.thread])
        return _page(messages, query)

    async def get_message(self, identifier: str, message: str) -> Message:
        """One message of a chat."""
        found = [] if identifier == NEW_CHAT else await self.messages(identifier)
        for one in found:
            if one.id == message:
                return one
        raise no_such_message()

    async def _mapped(self, chat: Chat, identifier: str) -> list[Message]:
        messages = await run_sized(partial(to_messages, chat, chat_id(identifier)), size_of(chat))
        return with_own(self.api, messages)


def cursor_after(message: Message) -> str | None:
    """The cursor that goes on behind a message of a chat, in either order."""
    return encode_token(message.id, list_id=_LIST)


def _page(messages: Sequence[Message], query: MessageQuery) -> Page[Message]:
    latest = query.order is Order.LATEST
    ordered = messages[::-1] if latest else messages
    size = min(query.limit, _LONGEST_PAGE)
    page = cut_page(ordered, lambda one: one.id, size=size, cursor=query.cursor, list_id=_LIST)
    return replace(page, items=page.items[::-1]) if latest else page
