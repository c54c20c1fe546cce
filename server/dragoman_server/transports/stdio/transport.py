"""MCP over the process's own pipes.

Bytes in, bytes out: UTF-8 and LF whatever the locale or the system. The end of the input ends the
server, after what was asked before it had a moment to be answered. A line that is no message is
answered with the error that JSON-RPC has for it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, cast

import anyio
import mcp_types as types
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from dragoman_server.mcp import receipts
from dragoman_server.transports.stdio.pipes import LONGEST_LINE, StdioPipes
from dragoman_server.transports.stdio.request_queue import RequestQueue

GRACE: Final = 1.0
"""Seconds that calls under way have after the input ended."""

_CLOSING: Final = 2.0
_IDLE: Final = 0.02
_ENDED: Final = (
    "The input ended before this call did, so it was stopped. Whether something was written is unknown: look at the"
    " conversation before trying again."
)

_log = logging.getLogger(__name__)

Incoming = SessionMessage | Exception


async def serve(
    server: Server[object], wire: StdioPipes, when_idle: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Serve one client until its input ends, it stops reading, or a signal asks to end.

    Args:
        server: What answers.
        wire: The pipes to the client.
        when_idle: Run once, at the first moment at which nothing waits for an answer; cancelled at the end.
    """
    told_by_id = receipts.by_request_id.set(True)
    try:
        await _serve(server, wire, when_idle)
    finally:
        receipts.by_request_id.reset(told_by_id)


async def _serve(server: Server[object], wire: StdioPipes, when_idle: Callable[[], Awaitable[None]] | None) -> None:
    pending, written = RequestQueue(), anyio.Event()
    into, incoming = anyio.create_memory_object_stream[Incoming](0)
    outgoing, outof = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        await group.start(_end_on_signal, group.cancel_scope)
        # The early answers end before others begin: two writers would mix their lines.
        wire.hand_over()
        group.start_soon(_read, wire, into, outgoing.clone(), pending)
        group.start_soon(_write, wire, outof, pending, written)
        group.start_soon(_end_with, written, group.cancel_scope)
        if when_idle is not None:
            group.start_soon(_run_when_idle, when_idle, pending)
        await server.run(incoming, outgoing, server.create_initialization_options())
        with anyio.move_on_after(GRACE):
            await written.wait()
        group.cancel_scope.cancel()


async def _run_when_idle(work: Callable[[], Awaitable[None]], pending: RequestQueue) -> None:
    while True:
        await pending.settled()
        await anyio.sleep(_IDLE)
        if pending.is_empty:
            break
    await work()


async def _read(
    wire: StdioPipes,
    into: MemoryObjectSendStream[Incoming],
    refused: MemoryObjectSendStream[SessionMessage],
    pending: RequestQueue,
) -> None:
    async with into, refused, anyio.create_task_group() as group:
        group.start_soon(_admit, into, pending)
        while line := await anyio.to_thread.run_sync(wire.read, abandon_on_cancel=True):
            if not line.strip():
                continue
            try:
                message = _decoded(line)
            except ValueError:
                _log.warning("A line that is no JSON-RPC message was refused.")
                if answer := _refusal(line):
                    with suppress(anyio.BrokenResourceError):  # the client reads no more, and all ends
                        await refused.send(SessionMessage(answer))
                continue
            if isinstance(message, types.JSONRPCRequest):
                # The SDK starts a task for each request that it is given, however many come at once.
                if not pending.has_room:
                    await pending.put(message.id, line)
                    continue
                pending.begin(message.id)
            elif (cancelled := _cancelled_request(message)) is not None:
                # A request that still waits never reaches the server, so nobody there knows its id.
                if pending.cancel(cancelled):
                    continue
                pending.end(cancelled)
            await into.send(SessionMessage(message))
        with anyio.move_on_after(GRACE):
            await pending.settled()
        with suppress(anyio.BrokenResourceError):
            for request in pending.close():
                await refused.send(SessionMessage(_error(request, types.INTERNAL_ERROR, _ENDED)))
        group.cancel_scope.cancel()


async def _admit(into: MemoryObjectSendStream[Incoming], pending: RequestQueue) -> None:
    """Hand on requests that waited, each when the server has room for it."""
    while True:
        await into.send(SessionMessage(_decoded(await pending.get())))


def _cancelled_request(message: types.JSONRPCMessage) -> types.RequestId | None:
    if not isinstance(message, types.JSONRPCNotification) or message.method != "notifications/cancelled":
        return None
    request: object = (message.params or {}).get("requestId")
    return request if isinstance(request, str | int) else None


def _decoded(line: bytes) -> types.JSONRPCMessage:
    if len(line) > LONGEST_LINE:
        raise ValueError("too long")
    try:
        message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError:
        # Half an emoji, which some clients cut off, is fine JSON and no UTF-8: only Python's own reader takes it.
        with suppress(ValueError, RecursionError):
            return types.jsonrpc_message_adapter.validate_python(json.loads(line), by_name=False)
        raise
    if isinstance(message, types.JSONRPCNotification) and b'"id"' in line and "id" in json.loads(line):
        raise ValueError("a request with no id that there can be")
    return message


def _refusal(line: bytes) -> types.JSONRPCError | None:
    """The answer to a line that is no message; ``None`` for what may be an answer, which gets none."""
    if len(line) > LONGEST_LINE:
        return _error(None, types.INVALID_REQUEST, f"A message may have at most {LONGEST_LINE >> 20} MiB.")
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return _error(None, types.PARSE_ERROR, "This line is no JSON.")
    if isinstance(found, list):
        return _error(None, types.INVALID_REQUEST, "Batches are not supported; send each message on a line of its own.")
    if not isinstance(found, dict):
        return _error(None, types.INVALID_REQUEST, "A message is a JSON object.")
    members = cast("dict[str, object]", found)
    if "method" not in members and members.keys() & {"result", "error"}:
        return None
    number = members.get("id")
    known = number if isinstance(number, str | int) and not isinstance(number, bool) else None
    return _error(known, types.INVALID_REQUEST, "This is no JSON-RPC 2.0 message: its members are missing or wrong.")


def _error(number: types.RequestId | None, code: int, sentence: str) -> types.JSONRPCError:
    return types.JSONRPCError(jsonrpc="2.0", id=number, error=types.ErrorData(code=code, message=sentence))


async def _write(
    wire: StdioPipes, outof: MemoryObjectReceiveStream[SessionMessage], pending: RequestQueue, written: anyio.Event
) -> None:
    """Write until nothing more comes, or the client has closed its end."""
    dropped = wire.replayed
    # The client has closed its end, so nobody reads what is left.
    with suppress(OSError):
        async with outof:
            async for envelope in outof:
                message = envelope.message
                answered = _answered_request(message)
                # The client has cancelled the request and must get no answer to it.
                if answered is not None and not pending.expects(answered):
                    continue
                if dropped is not None and _answers(message, dropped):
                    dropped = None
                else:
                    number = message.id if isinstance(message, types.JSONRPCResponse) else None
                    async with receipts.leaving(number):
                        await anyio.to_thread.run_sync(wire.write, _encoded(message), abandon_on_cancel=True)
                if answered is not None:
                    pending.end(answered)
    written.set()


def _answered_request(message: types.JSONRPCMessage) -> types.RequestId | None:
    return message.id if isinstance(message, types.JSONRPCResponse | types.JSONRPCError) else None


def _answers(message: types.JSONRPCMessage, number: types.RequestId) -> bool:
    return isinstance(message, types.JSONRPCResponse | types.JSONRPCError) and message.id == number


async def _end_with(written: anyio.Event, scope: anyio.CancelScope) -> None:
    await written.wait()
    scope.cancel()


def _encoded(message: types.JSONRPCMessage) -> bytes:
    """One line of UTF-8; text that UTF-8 cannot hold is escaped, so that no answer is ever lost to it."""
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
    except (PydanticSerializationError, UnicodeEncodeError):
        return json.dumps(message.model_dump(by_alias=True, exclude_unset=True)).encode() + b"\n"


async def _end_on_signal(scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    """Close everything on SIGINT and SIGTERM, and end the process anyway should that take too long."""
    if sys.platform == "win32":  # the event loop takes no signals there
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(0))
        task_status.started()
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            # A thread may hang in a system call, which no cancellation ends.
            deadline = threading.Timer(_CLOSING, os._exit, (0,))
            deadline.daemon = True
            deadline.start()
            scope.cancel()
            return
