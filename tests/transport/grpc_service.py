"""A gRPC service on loopback whose every method does what a script says, and counts what it got."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
import grpc.aio

METHOD = "/pigeon.Post/Send"


@dataclass(frozen=True)
class Text:
    """Stands for a class made from a proto file."""

    text: str = ""

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        return self.text.encode()

    @classmethod
    def FromString(cls, data: bytes) -> "Text":  # noqa: N802 - protobuf's name
        return cls(data.decode())


@dataclass(frozen=True)
class Act:
    """Send the items, then end with a status; ``hang`` waits for the caller to leave."""

    items: tuple[bytes, ...] = ()
    code: str = "OK"
    message: str = ""
    metadata: tuple[tuple[str, str | bytes], ...] = ()
    hang: bool = False


@dataclass
class GrpcService:
    script: tuple[Act, ...]
    port: int = 0
    calls: list[dict[str, str]] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def act(self, request: bytes, context: grpc.aio.ServicerContext) -> AsyncGenerator[bytes]:
        act = self.script[min(len(self.calls), len(self.script) - 1)]
        self.calls.append({str(k): str(v) for k, v in context.invocation_metadata() or ()})
        self.requests.append(request)
        try:
            for item in act.items:
                yield item
                self.sent += 1
            if act.hang:
                await asyncio.Event().wait()
        finally:
            self.left.set()
        if act.code != "OK":
            await context.abort(grpc.StatusCode[act.code], act.message, act.metadata)

    async def single(self, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        return b"".join([item async for item in self.act(request, context)])


@asynccontextmanager
async def grpc_serving(*script: Act, credentials: grpc.ServerCredentials | None = None) -> AsyncGenerator[GrpcService]:
    service = GrpcService(script or (Act((b"fine",)),))
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handlers: dict[str, grpc.RpcMethodHandler] = {
        "Send": grpc.unary_unary_rpc_method_handler(service.single),
        "List": grpc.unary_stream_rpc_method_handler(service.act),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("pigeon.Post", handlers),))
    open_port: Callable[[str], int] = server.add_insecure_port
    if credentials is not None:
        open_port = lambda address: server.add_secure_port(address, credentials)  # noqa: E731
    service.port = open_port("127.0.0.1:0")
    await server.start()
    try:
        yield service
    finally:
        await server.stop(None)
