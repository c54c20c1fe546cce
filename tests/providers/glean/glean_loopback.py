"""The service in memory behind a real port of this machine."""

import asyncio
from contextlib import asynccontextmanager

import httpx


@asynccontextmanager
async def serving(server):
    """Serve until the context is left; gives the base address."""
    talks = set()

    async def talk(reader, writer):
        talks.add(asyncio.current_task())
        try:
            while True:
                await _exchange(reader, writer, server)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            talks.discard(asyncio.current_task())

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _exchange(reader, writer, server):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip()
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    content = await reader.readexactly(int(headers.get("content-length", 0)))
    url = httpx.URL(scheme="http", host="127.0.0.1", raw_path=target.encode())
    response = await server.handle(httpx.Request(method, url, headers=headers, content=content))
    body = await response.aread()
    kept = [f"{name}: {value}" for name, value in response.headers.items() if name != "content-length"]
    head = "\r\n".join([f"HTTP/1.1 {response.status_code} Whatever", *kept, f"content-length: {len(body)}", "", ""])
    writer.write(head.encode() + body)
    await writer.drain()
