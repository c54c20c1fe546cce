"""Notes when the answer to a request has left for its client."""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.mcp import receipts


class AnswerReceipts:
    """Names the answer of each request, and tells when its last byte has been sent to a client that is still there."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap what answers."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request be answered, and note that the answer has left."""
        answer = scope[receipts.SCOPE_KEY] = object()

        async def sending(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not last or not receipts.is_expected(answer):
                await send(message)
                return
            if await _has_left(receive):
                receipts.give_up(answer)
            async with receipts.leaving(answer):
                await send(message)

        await self._app(scope, receive, sending)


async def _has_left(receive: Receive) -> bool:
    """Whether the client has closed the connection already; sending to it would not fail."""
    with anyio.move_on_after(0):
        message = await receive()
        return bool(message["type"] == "http.disconnect")
    return False
