"""A strict service of threads in this process: refuses what the real one would not understand, keeps a journal."""

import re
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import grpc
import grpc.aio
from threads_logic import IAM, METHODS, RUNS, THREADS, RefusedError

from dragoman.providers.yandex._proto import threads_pb2 as pb

FOLDER = "b1g00000000folder001"
TOKEN = "t1.example-iam-token"  # noqa: S105 - no secret of anybody
USER_ID = "fvt0000defaultuser01"
BEGINNING = datetime(2026, 6, 1, tzinfo=UTC)
WRITES = {f"{THREADS}.MessageService/Create", f"{THREADS}.ThreadService/Create", f"{RUNS}/Create"}
EXPECTED_KEYS = {"authorization", "x-client-request-id", "idempotency-key", "user-agent"}
UUID_OF_NOBODY = "00000000-0000-0000-0000-000000000000"
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
    async def serving(self, credentials=None):
        server = grpc.aio.server(
            options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        )
        server.add_generic_rpc_handlers((_Handler(self),))
        address = "127.0.0.1:0"
        port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
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
        """By time; messages of one instant in the reverse order of their coming."""
        instants: dict[tuple[int, int], list[pb.Message]] = {}
        for message in reversed(self.threads[thread_id].messages):
            instants.setdefault((message.created_at.seconds, message.created_at.nanos), []).append(message)
        return [message for instant in sorted(instants, reverse=True) for message in instants[instant]]


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, server):
        self.server = server

    def service(self, details):
        found = METHODS.get(details.method)
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
    _, _, kind, required = METHODS[method]
    request = kind.FromString(data)
    server.journal.append(Call(method, pairs, request))
    wrong = _wrong(method, metadata, pairs, request, required)
    if wrong:
        server.violations.append(f"{method}: {wrong}")
        raise RefusedError("INVALID_ARGUMENT", wrong)
    if method != IAM and pairs.get("authorization") != server.authorization:
        raise RefusedError("UNAUTHENTICATED", "the token is invalid or has expired")
    return request


def _wrong(method, metadata, pairs, request, required):
    foreign = set(pairs) - EXPECTED_KEYS
    missing = [name for name in required if not _has(request, name)]
    known = type(request)()
    known.CopyFrom(request)
    known.DiscardUnknownFields()
    wrongs = {
        "metadata comes twice": len(pairs) != len(metadata),
        f"unexpected metadata {foreign}": foreign,
        "no x-client-request-id": not UUID.fullmatch(pairs.get("x-client-request-id", "")),
        "authorization is there or not against the rules": ("authorization" in pairs) != (method != IAM),
        "idempotency-key belongs to writes": ("idempotency-key" in pairs) != (method in WRITES),
        "idempotency-key is no UUID": not UUID.fullmatch(pairs.get("idempotency-key", UUID_OF_NOBODY)),
        f"{missing} are required": missing,
        "unknown members": known.ByteSize() != request.ByteSize(),
    }
    return next((sentence for sentence, wrong in wrongs.items() if wrong), "")


def _has(request, name):
    return request.HasField(name) if name == "content" else bool(getattr(request, name))
