"""A service of threads in small: two recorded threads, and an assistant with one recorded answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from dragoman.providers.replay import Record, Replay, recording
from dragoman.providers.yandex import wire
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.providers.yandex.mapping import text_of

_TOKEN: Final = "t1.replay"  # noqa: S105 - of no service
_PACKAGE: Final = __package__ or ""

Context: TypeAlias = grpc.ServicerContext
Method: TypeAlias = Callable[[Any, Context], Any]


class Threads:
    """The content of the folder, in the service's own messages."""

    def __init__(self) -> None:
        held = recording(_PACKAGE)
        self.folder: str = held["threads"][0]["folder_id"]
        self.assistant: str = held["assistant_id"]
        self._threads = {one["id"]: ParseDict(one, pb.Thread()) for one in held["threads"]}
        self._messages = [ParseDict(one, pb.Message()) for one in held["messages"]]
        self._answer: Record = held["answer"]
        self._runs: dict[str, str] = {}
        self._numbers = count(1)
        self._lock = Lock()

    def handlers(self) -> Iterable[grpc.GenericRpcHandler]:
        """The handlers of calls, by service."""
        unary: dict[str, tuple[type[Message], Method]] = {
            wire.LIST_THREADS: (pb.ListThreadsRequest, self._list_threads),
            wire.GET_THREAD: (pb.GetThreadRequest, self._thread),
            wire.CREATE_MESSAGE: (pb.CreateMessageRequest, self._create),
            wire.GET_MESSAGE: (pb.GetMessageRequest, self._message),
            wire.CREATE_RUN: (pb.CreateRunRequest, self._run),
        }
        streams: dict[str, tuple[type[Message], Method]] = {
            wire.LIST_MESSAGES: (pb.ListMessagesRequest, self._list),
            wire.LISTEN_RUN: (pb.ListenRunRequest, self._listen),
        }
        found = {path: _handler(grpc.unary_unary_rpc_method_handler, *one) for path, one in unary.items()}
        found |= {path: _handler(grpc.unary_stream_rpc_method_handler, *one) for path, one in streams.items()}
        for path, handler in found.items():
            service, _, method = path.strip("/").partition("/")
            yield grpc.method_handlers_generic_handler(service, {method: handler})

    def _list_threads(self, request: pb.ListThreadsRequest, context: Context) -> pb.ListThreadsResponse:
        if request.folder_id != self.folder:
            context.abort(grpc.StatusCode.NOT_FOUND, "the folder is not found")
        threads = () if request.page_token else reversed(self._threads.values())
        return pb.ListThreadsResponse(threads=threads, next_page_token="" if request.page_token else "end")

    def _thread(self, request: pb.GetThreadRequest, context: Context) -> pb.Thread:
        if request.thread_id not in self._threads:
            context.abort(grpc.StatusCode.NOT_FOUND, "the thread is not found")
        return self._threads[request.thread_id]

    def _list(self, request: pb.ListMessagesRequest, _: Context) -> Iterable[pb.Message]:
        with self._lock:
            found = [one for one in self._messages if one.thread_id == request.thread_id]
        yield from sorted(found, key=lambda one: (one.created_at.seconds, one.created_at.nanos), reverse=True)

    def _message(self, request: pb.GetMessageRequest, context: Context) -> pb.Message:
        for one in self._messages:
            if (one.thread_id, one.id) == (request.thread_id, request.message_id):
                return one
        return context.abort(grpc.StatusCode.NOT_FOUND, "the message is not found")

    def _create(self, request: pb.CreateMessageRequest, context: Context) -> pb.Message:
        thread = self._thread(pb.GetThreadRequest(thread_id=request.thread_id), context)
        own = pb.Author(id=thread.default_message_author_id, role=wire.USER)
        author = request.author if request.HasField("author") else own
        return self._keep(
            pb.Message(author=author, labels=dict(request.labels), content=request.content), request.thread_id
        )

    def _keep(self, message: pb.Message, thread: str) -> pb.Message:
        message.id, message.thread_id = f"fvt0k0q2new{next(self._numbers):09}", thread
        message.created_by, message.status = self._threads[thread].created_by, pb.Message.COMPLETED
        message.created_at.GetCurrentTime()
        with self._lock:
            self._messages.append(message)
        return message

    def _run(self, request: pb.CreateRunRequest, context: Context) -> pb.Run:
        self._thread(pb.GetThreadRequest(thread_id=request.thread_id), context)
        run = pb.Run(id=f"fvt0k0q2run{next(self._numbers):09}", thread_id=request.thread_id)
        run.assistant_id, run.state.status = request.assistant_id, pb.RunState.PENDING
        self._runs[run.id] = request.thread_id
        return run

    def _listen(self, request: pb.ListenRunRequest, _: Context) -> Iterable[pb.StreamEvent]:
        """The recorded answer, growing, and kept at the end."""
        thread = self._runs[request.run_id]
        asked = [text_of(one.content) for one in self._messages if one.thread_id == thread][-1]
        message = pb.Message(author=pb.Author(id=self.assistant, role=wire.ASSISTANT))
        if asked == self._answer["prompt"]:
            ParseDict(self._answer["message"], message)
        else:
            message.content.content.add().text.content = "This replay has no answer to that."
        words = text_of(message.content).split(" ")
        for index, size in enumerate((len(words) // 3, 2 * len(words) // 3)):
            event = pb.StreamEvent(event_type=pb.StreamEvent.PARTIAL_MESSAGE)
            event.stream_cursor.current_event_idx = index
            event.partial_message.content.add().text.content = " ".join(words[:size])
            yield event
        yield pb.StreamEvent(event_type=pb.StreamEvent.DONE, completed_message=self._keep(message, thread))


def _handler(make: Callable[..., Any], request: type[Message], method: Method) -> Any:
    """A method with its types, for those who have the token."""

    def checked(message: Message, context: Context) -> object:
        if ("authorization", f"Bearer {_TOKEN}") not in list(context.invocation_metadata()):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is not known")
        return method(message, context)

    return make(checked, request_deserializer=request.FromString, response_serializer=_bytes)


def _bytes(answer: Message) -> bytes:
    return answer.SerializeToString()


@contextmanager
def _served() -> Generator[Mapping[str, str | bool]]:
    threads = Threads()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers(tuple(threads.handlers()))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield {
            "target": f"127.0.0.1:{port}",
            "tls": False,
            "folder_id": threads.folder,
            "assistant_id": threads.assistant,
            "iam_token": _TOKEN,
            "write": "confirm",
        }
    finally:
        server.stop(None).wait()


REPLAY: Final = Replay.recorded(_PACKAGE, _served)
