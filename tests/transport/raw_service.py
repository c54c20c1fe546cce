"""An HTTP service on loopback that answers with exactly the bytes of a script, or breaks as it says."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from loopback_stream import listening

End = Literal["keep", "close", "reset", "hang", "flood"]


@dataclass(frozen=True)
class Reply:
    """Bytes to answer with and what happens then; ``flood`` repeats ``more`` for ever."""

    data: bytes = b""
    end: End = "keep"
    more: bytes = b""
    early: bool = False  # as soon as a connection is there, before a request was read


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


def http(
    status: int = 200,
    body: bytes | str | dict | list = b"",
    *,
    headers: Mapping[str, str] | None = None,
    end: End = "keep",
) -> Reply:
    """A well-formed answer."""
    data = json.dumps(body).encode() if isinstance(body, dict | list) else body
    data = data.encode() if isinstance(data, str) else data
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(data)}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    return Reply("\r\n".join([*lines, "", ""]).encode() + data, end)


@dataclass
class RawService:
    """Takes the next reply for each request; the last one for all that follow."""

    script: Sequence[Reply]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _next(self) -> Reply:
        return self.script[min(len(self.requests), len(self.script) - 1)]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                reply = self._next()
                if not reply.early:
                    request = await _read(reader)
                    reply = self._next()
                    self.requests.append(request)
                writer.write(reply.data)
                await writer.drain()
                if reply.end != "keep":
                    await _end(reply, writer)
                    return


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _end(reply: Reply, writer: asyncio.StreamWriter) -> None:
    if reply.end == "reset":
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif reply.end == "hang":
        await asyncio.Event().wait()
    while reply.end == "flood":
        writer.write(reply.more)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def serving(*script: Reply) -> AsyncGenerator[RawService]:
    service = RawService(script or (http(200, {}),))
    async with listening(service.handle) as service.port:
        yield service


def free_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
