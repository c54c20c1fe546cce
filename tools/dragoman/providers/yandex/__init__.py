"""Yandex Cloud AI Assistants: threads of messages over gRPC, and any service that speaks the same.

The service has no replies, no changes of messages and no search. ``docs/providers/yandex.md`` says what
works; the facts about the service come from its published descriptions and recordings of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Self, cast

from dragoman.core.context.clock import Clock, current_clock
from dragoman.core.errors import InvalidArgument, NotFound, Unavailable, UnsupportedOperation
from dragoman.core.model import Author, Conversation, ConversationKind, Message, Page
from dragoman.core.sanitize import NOBODY
from dragoman.core.text_size import run_sized
from dragoman.providers.base.provider import AccountSettings, ConversationQuery, Draft, Limits, MessageQuery, Provider
from dragoman.providers.kit.cursor import decode_token, encode_token, foreign_cursor
from dragoman.providers.kit.listings import Key, Listing, key_of, streamed
from dragoman.providers.kit.pager import Pager
from dragoman.providers.kit.wire import require_text
from dragoman.providers.yandex import mapping, wire
from dragoman.providers.yandex.settings import YandexSettings

if TYPE_CHECKING:
    from dragoman.providers.yandex._proto import threads_pb2 as pb
    from dragoman.providers.yandex.assistant_run import Answer
    from dragoman.providers.yandex.client import YandexClient

__all__ = ["NEW", "YandexProvider", "YandexSettings"]

NEW: Final = "new"
"""Stands for a thread that sending makes."""

_READINGS: Final = 3
_THREADS: Final = "threads"
_NO_FOLDER: Final = "The account has no `folder_id`, so its threads cannot be listed."


class YandexProvider(Provider):
    """Threads of a folder; conversations are threads, and ids are the service's own."""

    name: ClassVar[str] = "yandex"
    about: ClassVar[str] = "assistant chat threads"
    service_name: ClassVar[str] = "AI assistants"
    imports_at_open: ClassVar[tuple[str, ...]] = (
        "dragoman.providers.yandex.connection",
        "dragoman.transport.grpc.channel",
    )
    Settings: ClassVar[type[AccountSettings]] = YandexSettings
    limits: ClassVar[Limits] = Limits(page_size=wire.MOST_THREADS)

    def __init__(self, settings: AccountSettings) -> None:
        """Keep the settings; nothing is connected, and no call works before :meth:`open`."""
        super().__init__(settings)
        self._settings = cast("YandexSettings", settings)
        self._client: YandexClient
        self._subject = ""
        self._clock: Clock = current_clock()
        self._pager = Pager[Message]("Yandex Cloud", _key)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: AccountSettings) -> AsyncGenerator[Self]:
        """Prepare the channel; it connects with the first call."""
        from dragoman.providers.yandex.connection import connect  # noqa: PLC0415 - loads grpc and protobuf

        provider = cls(settings)
        async with AsyncExitStack() as stack:
            provider._client = await connect(provider._settings, provider._clock, stack)
            yield provider

    async def check(self) -> str:
        """List one thread."""
        folder = self._folder()
        await self._client.threads(folder, 1, "")
        return f"reaches the threads of folder {folder} at {self._client.target}"

    async def own_author(self) -> Author:
        """The user of the account: the service names no person."""
        return Author(name=NOBODY, own=True)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """A page of the service: the threads that were made last come first."""
        if query.kind not in (None, ConversationKind.ASSISTANT):
            return Page()
        token = decode_token(query.cursor, list_id=_THREADS) or ""
        page = await self._client.threads(self._folder(), max(1, min(query.limit, wire.MOST_THREADS)), token)
        # The last page with threads has a token too; the end is a page without either.
        following = page.next_page_token if page.next_page_token != token else ""
        items = [mapping.conversation_of(thread) for thread in page.threads if thread.id]
        return Page(items=items, cursor=encode_token(following, list_id=_THREADS))

    async def get_conversation(self, conversation: str) -> Conversation:
        """One thread; ``new`` stands for the one that sending to it would make."""
        if conversation == NEW:
            return Conversation(id=NEW, kind=ConversationKind.ASSISTANT)
        found = mapping.conversation_of(await self._client.thread(conversation))
        return replace(found, id=conversation)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """A page out of the stream, which begins with the newest message at every reading."""
        if query.thread is not None:
            return await self._only(conversation, query)
        # A stream has no page size, so the bound is ours.
        query = replace(query, limit=min(query.limit, wire.MOST_THREADS))
        # Each message goes through the stream anyhow, so filtering here saves mapping none.
        keep = None if query.author is None else partial(_may_be_by, query.author)
        for reading in range(1, _READINGS + 1):
            begun: list[bool] = []
            listing = self._listing(conversation, begun)
            try:
                page = await self._pager.page(listing, query, name=conversation, keep=keep)
            except Unavailable:
                # The transport has repeated what failed at once; this is a stream that broke off.
                if not begun or reading == _READINGS:
                    raise
            else:
                return Page(items=page.items, cursor=page.cursor)
        raise AssertionError  # the last reading returned or raised

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message, which has to be of this thread."""
        found = await self._client.message(conversation, message)
        if found.thread_id not in ("", conversation):
            raise NotFound("The thread has no such message.", hint="list_messages shows the messages of a thread.")
        return replace(await self._mapped(found, conversation), id=message)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Store a message as the thread's default author; ``new`` makes a thread, with the subject as its name.

        With ``assistant_id`` the assistant's answer is returned. Without an answer it is the stored message with the
        reason: the message is in the thread whatever the assistant does.
        """
        _require_plain(conversation, draft)
        if conversation == NEW:
            require_text(draft.text)  # a thread without its message would be left otherwise
            thread = await self._client.create_thread(self._folder(), draft.subject or "", {}, draft.idempotency_key)
            conversation = thread.id
        stored = await self._client.create_message(
            conversation, draft.text, author=None, labels={}, key=draft.idempotency_key
        )
        self._pager.forget(conversation)
        self._subject = stored.created_by or self._subject  # whom the service takes us for
        sent = mapping.message_of(stored, conversation, self._subject)
        assistant = self._settings.assistant_id
        if assistant is None:
            return sent
        from dragoman.providers.yandex.assistant_run import run_assistant  # noqa: PLC0415 - loads protobuf

        answer = await run_assistant(self._client, conversation, assistant, self._settings.timeout, self._clock)
        self._pager.forget(conversation)
        return _answered(sent, answer)

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store a message with its author. Its time and its id of elsewhere become labels."""
        from dragoman.providers.yandex.imports import import_one  # noqa: PLC0415 - loads protobuf

        stored = await import_one(self._client, conversation, message)
        self._pager.forget(conversation)
        return mapping.message_of(stored, conversation)

    async def import_conversation(self, conversation: Conversation, messages: Sequence[Message]) -> int:
        """Store messages in the thread of that id, in the one that an earlier import made for it, or in a new one."""
        from dragoman.providers.yandex.imports import import_many  # noqa: PLC0415 - loads protobuf

        count = await import_many(self._client, self._folder(), conversation, messages)
        self._pager.forget(conversation.id)
        return count

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        """A cursor can be made after any message, but not within a filter by ``thread``."""
        if query.thread is not None:
            return None
        conversation = message.conversation
        return self._pager.cursor_after(self._listing(conversation, []), message, query.order, name=conversation)

    def _listing(self, conversation: str, begun: list[bool]) -> Listing[Message]:
        """The stream of a thread; ``begun`` gets an entry when something came out of it."""

        @asynccontextmanager
        async def open_stream() -> AsyncGenerator[AsyncIterator[Message]]:
            async with self._client.messages(conversation) as stream:
                yield mapped(stream)

        async def mapped(stream: AsyncIterator[pb.Message]) -> AsyncIterator[Message]:
            async for message in stream:
                begun.append(True)
                yield await self._mapped(message, conversation)

        return streamed(open_stream)

    async def _mapped(self, message: pb.Message, conversation: str) -> Message:
        return await run_sized(partial(mapping.message_of, message, conversation, self._subject), message.ByteSize())

    async def _only(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """The thread below a message: nothing answers it, so it is the message itself."""
        if query.cursor is not None:
            raise foreign_cursor()
        return Page(items=(await self.get_message(conversation, query.thread or ""),))

    def _folder(self) -> str:
        if self._settings.folder_id is None:
            raise InvalidArgument(_NO_FOLDER, hint="Set `folder_id`; the console shows it beside the folder's name.")
        return self._settings.folder_id


def _key(message: Message) -> Key:
    return key_of(message.sent_at, message.id)


def _may_be_by(author: str, message: Message) -> bool:
    """Whether a message can be by an author whose name or id holds this text."""
    wanted = author.strip().lstrip("@").casefold()
    return wanted in message.author.name.casefold() or wanted in message.author.id.casefold()


def _require_plain(conversation: str, draft: Draft) -> None:
    if draft.reply_to is not None:
        raise UnsupportedOperation("Messages of a thread cannot answer one another.", hint="Send without reply_to.")
    if draft.subject is not None and conversation != NEW:
        raise UnsupportedOperation(
            "Messages of a thread have no subject.", hint=f"Send without it, or to {NEW!r}: there it names the thread."
        )


def _answered(sent: Message, answer: Answer) -> Message:
    if answer.message is not None:
        return mapping.message_of(answer.message, sent.conversation)
    extra = {"assistant": answer.reason, "run": answer.run}
    return replace(sent, status=answer.status, extra={**sent.extra, **{k: v for k, v in extra.items() if v}})
