"""Refusals of HTTP requests, as JSON-RPC errors with a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

_INVALID_REQUEST: Final = -32600


class Refusal(Exception):
    """A request is refused."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep the HTTP status, a sentence for the user of the client, and further headers."""
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = headers

    @property
    def response(self) -> Response:
        """Return the answer. It has no request id, because the body was not parsed."""
        error = {"code": _INVALID_REQUEST, "message": self.sentence}
        body = json.dumps({"jsonrpc": "2.0", "id": None, "error": error})
        return Response(body, self.status, self.headers, "application/json")
