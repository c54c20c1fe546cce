"""A strict service of threads in this process: it refuses what the real one would not understand, and keeps a journal."""

import base64
import re
import uuid
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import grpc
import grpc.aio

from dragoman.providers.yandex._proto import threads_pb2 as pb

THREADS = "/yandex.cloud.ai.assistants.v1.threads"
RUNS = "/yandex.cloud.ai.assistants.v1.runs.RunService"
IAM = "/yandex.cloud.iam.v1.IamTokenService/Create"
FOLDER = "b1g00000000folder001"
ASSISTANT = "fvt00000assistant001"
TOKEN = "t1.example-iam-token"
USER_ID = "fvt0000defaultuser01"
BEGINNING = datetime(2026, 6, 1, tzinfo=UTC)
WRITES = {f"{THREADS}.MessageService/Create", f"{THREADS}.ThreadService/Create", f"{RUNS}/Create"}
EXPECTED_KEYS = {"authorization", "x-client-request-id", "idempotency-key", "user-agent"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Fault:
    """What happens to one call instead of, or beside, what was asked.

    ``acted``: the service does it and fails then. ``after``: items of a stream that come before.
    """

    code: str = "UNAVAILABLE"
    text: str = "out of order"
    details: bytes | None = None
    acted: bool = False
    after: int = 0
    answer: bytes | None = None
    headers_first: bool = False


@dataclass(frozen=True)
class Call:
    method: str
    metadata: dict[str, str]
    request: object

    @property
    def name(self):
        return self.method.rpartition(".")[2]


@dataclass
class Stored:
    thread: pb.Thread
    messages: list[pb.Message] = field(default_factory=list)


class ThreadsServer:
    """``threads`` by id in the order they were made; ``faults`` for the next calls; ``violations`` of the protocol."""

    def __init__(self, authorization=f"Bearer {TOKEN}"):
        self.authorization = authorization
        self.threads: dict[str, Stored] = {}
        self.runs: dict[str, pb.Run] = {}
        self.journal: list[Call] = []
        self.violations: list[str] = []
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self.written: list[str] = []
        self.cancelled_after: list[int] = []
        self.tie_order = list
        self.folder = FOLDER
        self.page_size = 100
        self.run_events = None
        self.run_states = deque()
        self.tokens = count(1)
        self.jwts: list[str] = []
        self.lifetime = timedelta(hours=12)
        self.numbers = count(1)
        self.target = ""

    @asynccontextmanager
    async def serving(self):
        server = grpc.aio.server(options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
        server.add_generic_rpc_handlers((_Handler(self),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        self.target = f"127.0.0.1:{port}"
        try:
            yield self
        finally:
            await server.stop(None)
        assert not self.violations, self.violations

    def count(self, name):
        return sum(call.name == name for call in self.journal)

    def thread(self, thread_id=None, name="", labels=None, messages=()):
        number = next(self.numbers)
        thread = pb.Thread(
            id=thread_id or f"fvt{number:017d}",
            folder_id=self.folder,
            name=name,
            default_message_author_id=USER_ID,
            created_by="aje0000000subject001",
            labels=labels or {},
        )
        thread.created_at.FromDatetime(BEGINNING + timedelta(milliseconds=number))
        self.threads[thread.id] = stored = Stored(thread)
        for text in messages:
            self.message(thread.id, text)
        return stored

    def message(self, thread_id, text=None, *, at=None, author=None, labels=None, status=1, message_id=None):
        number = next(self.numbers)
        message = pb.Message(
            id=message_id or f"fvt{number:017d}",
            thread_id=thread_id,
            created_by="aje0000000subject001",
            author=author or pb.Author(id=USER_ID, role="USER"),
            labels=labels or {},
            status=status,
        )
        message.created_at.FromDatetime(at or BEGINNING + timedelta(milliseconds=number))
        if text is not None:
            message.content.content.add().text.content = text
        self.threads[thread_id].messages.append(message)
        return message

    def newest_first(self, thread_id):
        """By time; messages of one instant in the reverse order of their coming, unless ``tie_order`` says otherwise."""
        instants: dict[tuple[int, int], list[pb.Message]] = {}
        for message in reversed(self.threads[thread_id].messages):
            instants.setdefault((message.created_at.seconds, message.created_at.nanos), []).append(message)
        return [message for instant in sorted(instants, reverse=True) for message in self.tie_order(instants[instant])]


class RefusedError(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, server):
        self.server = server

    def service(self, details):
        found = _METHODS.get(details.method)
        if found is None:
            return None
        metadata = [(key, value) for key, value in details.invocation_metadata if not key.startswith("grpc-")]
        kind, handle, *_ = found
        bound = {"server": self.server, "method": details.method, "metadata": metadata, "handle": handle}
        if kind == "stream":
            return grpc.unary_stream_rpc_method_handler(partial(_stream, **bound))
        return grpc.unary_unary_rpc_method_handler(partial(_unary, **bound))


async def _unary(data, context, *, server, method, metadata, handle):
    fault = _next_fault(server)
    try:
        request = _checked(server, method, metadata, data)
        if fault is None or fault.acted or fault.answer is not None:
            answer = handle(server, request).SerializeToString()
    except RefusedError as refused:
        await context.abort(grpc.StatusCode[refused.code], refused.text)
    if fault is None:
        return answer
    if fault.answer is not None:
        return fault.answer
    return await _fail(context, fault)


async def _stream(data, context, *, server, method, metadata, handle):
    fault = _next_fault(server)
    try:
        request = _checked(server, method, metadata, data)
        items = list(handle(server, request))
    except RefusedError as refused:
        await context.abort(grpc.StatusCode[refused.code], refused.text)
    if fault is not None:
        if fault.headers_first:
            await context.send_initial_metadata(())
        items = items[: fault.after]
    sent = 0
    finished = False
    try:
        for item in items:
            yield item.SerializeToString()
            sent += 1
        if fault is not None and fault.answer is not None:
            yield fault.answer
        elif fault is not None:
            await _fail(context, fault)
        finished = True
    finally:
        if not finished and fault is None:
            server.cancelled_after.append(sent)


async def _fail(context, fault):
    if fault.details is not None:
        context.set_trailing_metadata((("grpc-status-details-bin", fault.details),))
    await context.abort(grpc.StatusCode[fault.code], fault.text)


def _next_fault(server):
    return server.faults.popleft() if server.faults else server.always


def _checked(server, method, metadata, data):
    """The request, if it is what the service understands; everything else is a violation."""
    pairs = dict(metadata)
    _, _, kind, required = _METHODS[method]
    request = kind.FromString(data)
    server.journal.append(Call(method, pairs, request))
    wrong = _wrong(server, method, metadata, pairs, request, required)
    if wrong:
        server.violations.append(f"{method}: {wrong}")
        raise RefusedError("INVALID_ARGUMENT", wrong)
    if method != IAM and pairs.get("authorization") != server.authorization:
        raise RefusedError("UNAUTHENTICATED", "the token is invalid or has expired")
    return request


def _wrong(server, method, metadata, pairs, request, required):
    if len(pairs) != len(metadata):
        return "metadata comes twice"
    if foreign := set(pairs) - EXPECTED_KEYS:
        return f"unexpected metadata {foreign}"
    if not UUID.fullmatch(pairs.get("x-client-request-id", "")):
        return "no x-client-request-id"
    if ("authorization" in pairs) != (method != IAM):
        return "authorization is there or not against the rules"
    if ("idempotency-key" in pairs) != (method in WRITES):
        return "idempotency-key belongs to writes"
    if "idempotency-key" in pairs:
        uuid.UUID(pairs["idempotency-key"])
    for name in required:
        if not request.HasField(name) if name == "content" else not getattr(request, name):
            return f"{name} is required"
    plain = type(request)()
    plain.CopyFrom(request)
    plain.DiscardUnknownFields()
    return "unknown members" if plain != request or plain.ByteSize() != request.ByteSize() else ""


def _known(server, thread_id):
    if thread_id not in server.threads:
        raise RefusedError("NOT_FOUND", f"thread {thread_id} is not found")
    return server.threads[thread_id]


def _create_message(server, request):
    stored = _known(server, request.thread_id)
    author = request.author if request.HasField("author") else pb.Author(id=stored.thread.default_message_author_id, role="USER")
    message = server.message(request.thread_id, author=author, labels=dict(request.labels))
    message.content.CopyFrom(request.content)
    server.written.append("".join(part.text.content for part in request.content.content))
    return message


def _get_message(server, request):
    for message in _known(server, request.thread_id).messages:
        if message.id == request.message_id:
            return message
    raise RefusedError("NOT_FOUND", "message is not found")


def _list_messages(server, request):
    _known(server, request.thread_id)
    return server.newest_first(request.thread_id)


def _in_folder(server, folder):
    if folder != server.folder:
        raise RefusedError("INVALID_ARGUMENT", "folder does not match the service account")


def _list_threads(server, request):
    _in_folder(server, request.folder_id)
    if not 0 <= request.page_size <= 1000:
        raise RefusedError("INVALID_ARGUMENT", "page_size")
    threads = [stored.thread for stored in reversed(server.threads.values())]
    if request.page_token:
        try:
            last = base64.b64decode(request.page_token, validate=True).decode().partition("@")[2]
            threads = threads[[thread.id for thread in threads].index(last) + 1 :]
        except ValueError:
            raise RefusedError("INVALID_ARGUMENT", "page_token") from None
    page = threads[: request.page_size or server.page_size]
    answer = pb.ListThreadsResponse(threads=page)
    if page:
        made = page[-1].created_at.ToJsonString()
        answer.next_page_token = base64.b64encode(f"{made}@{page[-1].id}".encode()).decode()
    return answer


def _create_thread(server, request):
    _in_folder(server, request.folder_id)
    return server.thread(name=request.name, labels=dict(request.labels)).thread


def _create_run(server, request):
    stored = _known(server, request.thread_id)
    if request.assistant_id != ASSISTANT:
        raise RefusedError("NOT_FOUND", "assistant is not found")
    run = pb.Run(id=f"fvt{next(server.numbers):017d}", assistant_id=ASSISTANT, thread_id=stored.thread.id)
    run.state.status = pb.RunState.PENDING
    server.runs[run.id] = run
    return run


def _said(server, run):
    author = pb.Author(id=ASSISTANT, role="ASSISTANT")
    return server.message(run.thread_id, "Hello! How can I help you?", author=author)


def _listen(server, request):
    if not request.HasField("events_start_idx"):
        server.violations.append("Listen without events_start_idx")
    run = server.runs[request.run_id]
    if server.run_events is not None:
        yield from server.run_events
        return
    for number, text in enumerate(("Hello", "Hello! How can I help you?")):
        event = pb.StreamEvent(event_type=pb.StreamEvent.PARTIAL_MESSAGE)
        event.stream_cursor.current_event_idx = number
        event.partial_message.content.add().text.content = text
        yield event
    yield pb.StreamEvent(event_type=pb.StreamEvent.DONE, completed_message=_said(server, run))


def _get_run(server, request):
    run = server.runs[request.run_id]
    if server.run_states:
        run.state.CopyFrom(server.run_states.popleft())
    return run


def _create_token(server, request):
    server.jwts.append(request.jwt)
    token = f"t1.exchanged-{next(server.tokens)}"
    server.authorization = f"Bearer {token}"
    answer = pb.CreateIamTokenResponse(iam_token=token)
    answer.expires_at.FromDatetime(datetime.now(UTC) + server.lifetime)
    return answer


_METHODS = {
    f"{THREADS}.MessageService/Create": ("unary", _create_message, pb.CreateMessageRequest, ("thread_id", "content")),
    f"{THREADS}.MessageService/Get": ("unary", _get_message, pb.GetMessageRequest, ("thread_id", "message_id")),
    f"{THREADS}.MessageService/List": ("stream", _list_messages, pb.ListMessagesRequest, ("thread_id",)),
    f"{THREADS}.ThreadService/List": ("unary", _list_threads, pb.ListThreadsRequest, ("folder_id",)),
    f"{THREADS}.ThreadService/Get": (
        "unary",
        lambda server, request: _known(server, request.thread_id).thread,
        pb.GetThreadRequest,
        ("thread_id",),
    ),
    f"{THREADS}.ThreadService/Create": ("unary", _create_thread, pb.CreateThreadRequest, ("folder_id",)),
    f"{RUNS}/Create": ("unary", _create_run, pb.CreateRunRequest, ("assistant_id", "thread_id", "stream")),
    f"{RUNS}/Get": ("unary", _get_run, pb.GetRunRequest, ("run_id",)),
    f"{RUNS}/Listen": ("stream", _listen, pb.ListenRunRequest, ("run_id",)),
    IAM: ("unary", _create_token, pb.CreateIamTokenRequest, ("jwt",)),
}
