"""Answers on their way to the client: what has arrived is noted, what got lost is not.

A transport that knows when an answer has left uses :func:`leaving`. Until then the same write, asked for again, is
answered with the first result instead of being made a second time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

import anyio
from mcp.server.context import ServerRequestContext

from dragoman.toolset.definition.context import Receipt

SCOPE_KEY: Final = "dragoman.answer"
"""Key of the ASGI scope for the name of a request's answer."""

SETTLING: Final = 1.0
"""Most seconds that a write waits for the receipts of earlier answers."""

by_request_id: Final[ContextVar[bool]] = ContextVar("by_request_id", default=False)
"""There is one client, and the transport tells of each answer by the id of its request."""

_MOST: Final = 1000

_waiting: Final[OrderedDict[Hashable, Receipt]] = OrderedDict()
_leaving: Final[dict[Hashable, anyio.Event]] = {}


def name_of_answer(ctx: ServerRequestContext[Any, Any]) -> Hashable | None:
    """A name for the answer to a request; ``None`` where no transport reports its delivery."""
    if by_request_id.get():
        return ctx.request_id
    scope: dict[str, Any] = getattr(ctx.request, "scope", {})
    return scope.get(SCOPE_KEY)


def expect(answer: Hashable, receipt: Receipt) -> None:
    """Keep a receipt until its answer is sent; beyond a thousand the oldest are given up."""
    _waiting[answer] = receipt
    if len(_waiting) > _MOST:
        _waiting.popitem(last=False)


def is_expected(answer: Hashable) -> bool:
    """Whether there is a receipt for that answer."""
    return answer in _waiting


def give_up(answer: Hashable) -> None:
    """Forget a receipt, because the client has left before its answer."""
    _waiting.pop(answer, None)


@asynccontextmanager
async def leaving(answer: Hashable) -> AsyncGenerator[None]:
    """Stand around the sending of an answer; when that succeeds, note that the client has it."""
    receipt = _waiting.pop(answer, None)
    if receipt is None:
        yield
        return
    noted = _leaving[answer] = anyio.Event()
    try:
        yield
        with anyio.CancelScope(shield=True):  # a transport may be ending with its last answer
            await receipt()
    finally:
        del _leaving[answer]
        noted.set()


async def settled() -> None:
    """Wait for the receipts of answers that are just leaving: their client may have them already, and ask again."""
    with anyio.move_on_after(SETTLING):
        for noted in list(_leaving.values()):
            await noted.wait()
