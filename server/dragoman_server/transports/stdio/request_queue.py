"""Requests between the reader and the server: few at work, the others as the bytes that they came as.

A request that the server has taken costs a task and all that it holds. A client may send thousands at once.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import anyio
from mcp_types import RequestId

MOST_AT_WORK: Final = 256
"""Requests that the server has at a time; more than there are places for calls, because some wait for a person."""

MOST_BYTES: Final = 16 << 20
"""Bytes of requests that wait; while there are more, the reader waits too."""


class RequestQueue:
    """First come, first served."""

    def __init__(self, most_at_work: int = MOST_AT_WORK, most_bytes: int = MOST_BYTES) -> None:
        """Begin empty."""
        self._most_at_work = most_at_work
        self._most_bytes = most_bytes
        self._at_work: set[RequestId] = set()
        self._waiting: deque[tuple[RequestId, bytes]] = deque()
        self._size = 0
        self._change = anyio.Event()
        self._closed = False

    @property
    def is_empty(self) -> bool:
        """Whether every request has its answer."""
        return not self._waiting and not self._at_work

    @property
    def has_room(self) -> bool:
        """Whether a request can go to the server at once."""
        return not self._waiting and len(self._at_work) < self._most_at_work

    def begin(self, request: RequestId) -> None:
        """Note that the server has a request."""
        self._at_work.add(request)

    def end(self, request: RequestId) -> None:
        """Note that a request has its answer, or needs none any more."""
        self._at_work.discard(request)
        self._note_change()

    def cancel(self, request: RequestId) -> bool:
        """Take back a request that waits; ``False`` when none of that id does."""
        kept = deque(entry for entry in self._waiting if entry[0] != request)
        found = len(kept) < len(self._waiting)
        self._waiting, self._size = kept, sum(len(line) for _, line in kept)
        if found:
            self._note_change()
        return found

    async def put(self, request: RequestId, line: bytes) -> None:
        """Let a request wait, once there is room for its bytes."""
        # One request waits whatever its size, or a large one would never have room.
        while self._waiting and self._size + len(line) > self._most_bytes:
            await self._change.wait()
        self._waiting.append((request, line))
        self._size += len(line)
        self._note_change()

    async def get(self) -> bytes:
        """Return the request that waits longest, when the server may have it."""
        while self._closed or not self._waiting or len(self._at_work) >= self._most_at_work:
            await self._change.wait()
        request, line = self._waiting.popleft()
        self._size -= len(line)
        self.begin(request)
        self._note_change()
        return line

    async def settled(self) -> None:
        """Return when every request has its answer."""
        while not self.is_empty:
            await self._change.wait()

    def close(self) -> list[RequestId]:
        """Hand on no more; return the requests without an answer, which the caller answers now."""
        self._closed = True
        self._at_work.update(request for request, _ in self._waiting)
        self._waiting.clear()
        return list(self._at_work)

    def expects(self, request: RequestId) -> bool:
        """Whether an answer can go out; after the end only the first one to a request can."""
        return not self._closed or request in self._at_work

    def _note_change(self) -> None:
        # Wakes all that wait, each of which looks again; an event cannot be used twice.
        self._change.set()
        self._change = anyio.Event()
