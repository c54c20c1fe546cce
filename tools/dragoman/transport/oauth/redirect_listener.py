"""The address on this machine that a browser is sent back to after signing in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream

from dragoman.core.errors import Unavailable
from dragoman.core.safe_text import sentence, unquoted

Answer = Callable[[Mapping[str, str]], bool]
"""Takes the parameters that a browser brings, and says whether they belong to the sign-in that waits."""

_LARGEST_HEAD: Final = 16_384  # bytes
_HEAD_SECONDS: Final = 10.0
_MOST_PARAMETERS: Final = 30
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Dragoman</title>
<body style="font:16px/1.5 sans-serif;margin:4em auto;max-width:32em"><p>{}</p></body></html>
"""
_DONE: Final = "Go back to the terminal: it says how the sign-in ended. This window can be closed."
_FOREIGN: Final = "This page does not belong to a sign-in that is waiting. Use the address that the terminal shows."


@asynccontextmanager
async def listen_for_redirect(host: str, port: int, answer: Answer) -> AsyncGenerator[str]:
    """Listen until the context is left; gives the address that browsers are to be sent to.

    Args:
        host: The name of this machine in that address; ``localhost`` may lead browsers to either family.
        port: The port; 0 takes a free one.
        answer: Called for each request to that address.

    Raises:
        Unavailable: The port is taken.
    """

    async def talk(stream: SocketStream) -> None:
        await _talk(stream, answer)

    async with AsyncExitStack() as stack:
        try:
            first = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port)
        except OSError as error:
            raise Unavailable(
                sentence("The port {} cannot be used ({}).", port, unquoted(error.strerror or "")),
                hint="Say another one with --port.",
            ) from None
        listeners = [await stack.enter_async_context(first)]
        bound = int(first.extra(SocketAttribute.local_port))  # noqa: S610  # no Django
        if host == "localhost":
            try:
                second = await anyio.create_tcp_listener(local_host="::1", local_port=bound)
            except OSError:  # no IPv6 here, or the port is taken there
                pass
            else:
                listeners.append(await stack.enter_async_context(second))
        group = await stack.enter_async_context(anyio.create_task_group())
        for listener in listeners:
            group.start_soon(listener.serve, talk)
        yield f"http://{host}:{bound}/"
        group.cancel_scope.cancel()


async def _talk(stream: SocketStream, answer: Answer) -> None:
    """Answer one request and close the connection."""
    async with stream:
        with anyio.move_on_after(_HEAD_SECONDS):
            try:
                target = _target_of(await _head_of(stream))
                await stream.send(_response(*_page_for(target, answer)))
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                return


async def _head_of(stream: SocketStream) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) <= _LARGEST_HEAD:
        head += await stream.receive()
    return head


def _target_of(head: bytes) -> str:
    """The target of a GET request; empty for everything else."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    whole = b"\r\n\r\n" in head
    return words[1] if whole and len(words) == 3 and words[0] == "GET" and words[2].startswith("HTTP/1.") else ""  # noqa: PLR2004  # method, target, version


def _page_for(target: str, answer: Answer) -> tuple[str, str]:
    """Status line and text for a request."""
    if not target:
        return "400 Bad Request", _FOREIGN
    parts = urlsplit(target)
    if parts.path != "/" or not parts.query:
        return "404 Not Found", _FOREIGN
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return "400 Bad Request", _FOREIGN
    if len(dict(pairs)) != len(pairs) or not answer(dict(pairs)):  # RFC 6749: no parameter stands there twice
        return "400 Bad Request", _FOREIGN
    return "200 OK", _DONE


def _response(status: str, text: str) -> bytes:
    body = _PAGE.format(text).encode()
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
        "content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nreferrer-policy: no-referrer\r\n"
        "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
