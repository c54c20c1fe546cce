"""The calls of the service, typed: ids and texts in, wire messages out. Loads protobuf."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from google.protobuf.wrappers_pb2 import Int64Value

from dragoman.providers.kit.wire import require_id, require_labels, require_text
from dragoman.providers.yandex import wire
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.transport.grpc import GrpcClient

_KEYS: Final = uuid.UUID("5b0b6a0e-3f0c-4c53-9d0f-6f2f0c1f7a55")


class YandexClient:
    """The service's operations that Dragoman uses, over an open transport."""

    def __init__(self, calls: GrpcClient) -> None:
        self._calls = calls

    @property
    def target(self) -> str:
        """The service's address."""
        return self._calls.target

    async def threads(self, folder: str, size: int, token: str) -> pb.ListThreadsResponse:
        """A page of the threads of a folder, newest first; the last page has neither threads nor a token."""
        request = pb.ListThreadsRequest(folder_id=folder, page_size=size, page_token=token)
        return await self._calls.unary(
            wire.LIST_THREADS, request, pb.ListThreadsResponse, kind="read", operation="list threads"
        )

    async def thread(self, thread: str) -> pb.Thread:
        """One thread."""
        request = pb.GetThreadRequest(thread_id=require_id(thread))
        return await self._calls.unary(wire.GET_THREAD, request, pb.Thread, kind="read", operation="get a thread")

    async def create_thread(self, folder: str, name: str, labels: Mapping[str, str], key: str | None) -> pb.Thread:
        """Make a thread without messages, whose time of life is the service's default."""
        request = pb.CreateThreadRequest(folder_id=folder, name=require_text(name), labels=require_labels(labels))
        return await self._calls.unary(
            wire.CREATE_THREAD,
            request,
            pb.Thread,
            kind="write",
            operation="create a thread",
            metadata=_once(key or None),
        )

    def messages(self, thread: str) -> AbstractAsyncContextManager[AsyncIterator[pb.Message]]:
        """The whole thread, newest first; leaving cancels the call."""
        request = pb.ListMessagesRequest(thread_id=require_id(thread))
        return self._calls.stream(wire.LIST_MESSAGES, request, pb.Message, kind="read", operation="list messages")

    async def message(self, thread: str, message: str) -> pb.Message:
        """One message of a thread."""
        request = pb.GetMessageRequest(thread_id=require_id(thread), message_id=require_id(message))
        return await self._calls.unary(wire.GET_MESSAGE, request, pb.Message, kind="read", operation="get a message")

    async def create_message(
        self, thread: str, text: str, *, author: tuple[str, str] | None, labels: Mapping[str, str], key: str | None
    ) -> pb.Message:
        """Store a message of one part; no assistant answers it by itself.

        ``author`` is id and role, by default those of the thread. Calls with the same ``key`` have one effect.
        """
        request = pb.CreateMessageRequest(
            thread_id=require_id(thread), labels=require_labels(labels), content=_content(text)
        )
        if author is not None:
            request.author.id, request.author.role = map(require_text, author)
        return await self._calls.unary(
            wire.CREATE_MESSAGE,
            request,
            pb.Message,
            kind="write",
            operation="create a message",
            metadata=_once(key or None, thread),
        )

    async def create_run(self, thread: str, assistant: str) -> pb.Run:
        """Let an assistant read a thread and answer in it, telling as it goes along."""
        # With events a long run shows that it is alive.
        request = pb.CreateRunRequest(assistant_id=require_text(assistant), thread_id=require_id(thread), stream=True)
        return await self._calls.unary(
            wire.CREATE_RUN, request, pb.Run, kind="write", operation="run an assistant", metadata=_once()
        )

    async def run(self, run: str) -> pb.Run:
        """The state of a run."""
        request = pb.GetRunRequest(run_id=run)
        return await self._calls.unary(wire.GET_RUN, request, pb.Run, kind="read", operation="look at a run")

    def listen(self, run: str, seconds: float) -> AbstractAsyncContextManager[AsyncIterator[pb.StreamEvent]]:
        """The events of a run from its first on."""
        request = pb.ListenRunRequest(run_id=run, events_start_idx=Int64Value(value=0))
        return self._calls.stream(
            wire.LISTEN_RUN, request, pb.StreamEvent, kind="read", operation="listen to a run", timeout=seconds
        )


def _content(text: str) -> pb.Content:
    return pb.Content(content=[pb.Part(text=pb.Text(content=require_text(text)))])


def _once(key: str | None = None, thread: str = "") -> dict[str, str]:
    """A UUID that stays the same when the transport repeats the call.

    A caller's key that is none is turned into one, another for each thread: the service might look at nothing else.
    """
    if key is None:
        return {wire.IDEMPOTENCY_KEY: str(uuid.uuid4())}
    try:
        return {wire.IDEMPOTENCY_KEY: str(uuid.UUID(key))}
    except ValueError:
        name = f"{thread}\0{key}".encode("utf-8", "replace").decode()
        return {wire.IDEMPOTENCY_KEY: str(uuid.uuid5(_KEYS, name))}
