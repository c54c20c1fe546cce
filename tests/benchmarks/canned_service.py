"""A service of this machine whose answers are ready: ``canned_service.py FILE SECONDS``, prints its port.

It has a process of its own, so that its work is not counted as that of the server under measurement. ``FILE`` is JSON:
answers by method and path. Every answer comes after so many seconds, however many are asked for at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path


async def serve(respond: Callable[[str], Awaitable[bytes | None]]) -> None:
    """Print a port of this machine, and answer there until the process is ended.

    Args:
        respond: Gives the JSON for a method and a path with its query; ``None`` for what is not there.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(_answer(await respond(await _asked(reader))))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def main(answers: Mapping[str, bytes], seconds: float) -> None:
    """Give the same answer to each query of a path."""

    async def respond(target: str) -> bytes | None:
        await asyncio.sleep(seconds)
        return answers.get(target.partition("?")[0])

    await serve(respond)


async def _asked(reader: asyncio.StreamReader) -> str:
    """Method and path of the next request, with its query."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    length = next((line[15:] for line in head if line.lower().startswith("content-length:")), "0")
    await reader.readexactly(int(length))
    return head[0].rpartition(" ")[0]


def _answer(body: bytes | None) -> bytes:
    status, content = ("404 Not Found", b"{}") if body is None else ("200 OK", body)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[1]).read_bytes())
    asyncio.run(main({target: json.dumps(answer).encode() for target, answer in told.items()}, float(sys.argv[2])))
