"""A service in memory behind a real port of this machine."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx


@dataclass
class Request:
    """What a service in memory was asked."""

    method: str
    path: str
    query: object
    headers: dict
    body: object

    @property
    def operation(self):
        return f"{self.method} {self.path}"


@asynccontextmanager
async def serving(handle):
    """Serve until the context is left; gives the base address. ``handle`` takes and gives httpx values."""
    talks = set()

    async def talk(reader, writer):
        talks.add(asyncio.current_task())
        try:
            while True:
                await _exchange(reader, writer, handle)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            writer.close()
            talks.discard(asyncio.current_task())

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _exchange(reader, writer, handle):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip()
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    content = await reader.readexactly(int(headers.get("content-length", 0)))
    url = httpx.URL(scheme="http", host="127.0.0.1", raw_path=target.encode())
    response = await handle(httpx.Request(method, url, headers=headers, content=content or None))
    writer.write(_head(response))
    async for piece in response.stream:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _head(response):
    left_out = {"content-length", "transfer-encoding"}
    kept = [f"{name}: {value}" for name, value in response.headers.items() if name not in left_out]
    return "\r\n".join(
        [f"HTTP/1.1 {response.status_code} Whatever", *kept, "transfer-encoding: chunked", "", ""]
    ).encode()
