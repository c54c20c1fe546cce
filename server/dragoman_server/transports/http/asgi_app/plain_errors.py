"""Errors of the SDK's transport in plain words, and one that it misses.

Its own are those of its JSON reader and its models. A request whose id cannot be one it takes for a notification, and
the client would wait for an answer that never comes.
"""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman_server.transports.http.connection.admission import BODY
from dragoman_server.transports.http.errors import Refusal
from dragoman_server.transports.http.messages import is_request, message_in

_BAD_REQUEST: Final = 400
_SENTENCES: Final = {
    "Parse error": "The body is no JSON.",
    "Validation error": "The body is no JSON-RPC 2.0 message: its members are missing or wrong.",
}


class PlainErrors:
    """Refuses ids that cannot be, and replaces the messages of refused bodies; every other answer passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            Refusal: Its id is neither a text nor a whole number.
        """
        _require_usable_id(message_in(scope.get(BODY, b"")))
        held: list[Message] = []

        async def pass_on(message: Message) -> None:
            # The head waits for the body, whose length changes.
            if message["type"] == "http.response.start" and message["status"] == _BAD_REQUEST:
                held.append(message)
            elif held and message["type"] == "http.response.body":
                held.append(message)
                if not message.get("more_body"):
                    for one in _in_plain_words(held):
                        await send(one)
                    held.clear()
            else:
                await send(message)

        await self._app(scope, receive, pass_on)


def _require_usable_id(message: dict[str, Any]) -> None:
    if not is_request(message):
        return
    number = message["id"]
    if isinstance(number, bool) or not isinstance(number, str | int):
        raise Refusal(_BAD_REQUEST, "The id of a request is a text or a whole number.")


def _in_plain_words(messages: list[Message]) -> list[Message]:
    body = b"".join(message.get("body", b"") for message in messages[1:])
    try:
        answer: Any = json.loads(body)
        kind = str(answer["error"]["message"]).partition(":")[0]
    except (ValueError, RecursionError, KeyError, TypeError):
        return messages
    if kind not in _SENTENCES:
        return messages
    answer["error"]["message"] = _SENTENCES[kind]
    body = json.dumps(answer).encode()
    headers = [
        (name, str(len(body)).encode() if name.lower() == b"content-length" else value)
        for name, value in messages[0]["headers"]
    ]
    return [{**messages[0], "headers": headers}, {"type": "http.response.body", "body": body}]
