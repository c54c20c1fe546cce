"""Services over HTTP that a contract may break: each error is the answer that means it."""

from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.testing import Seeded, Service

STATUSES = {
    InvalidArgument: (400, {}),
    NotFound: (404, {}),
    Unauthenticated: (401, {}),
    PermissionDenied: (403, {}),
    RateLimited: (429, {"retry-after": "3600"}),
    Unavailable: (503, {"retry-after": "3600"}),
    DeadlineExceeded: (408, {}),
    Conflict: (409, {}),
    OutcomeUnknown: (500, {}),
}


class HttpService(Service):
    """A service in memory behind a port.

    Attributes:
        statuses: Status and headers of the answer that means an error, where they are others than usual.
        refused: Makes an answer of a status, words and headers.
        kind: What its conversations are.
    """

    statuses = {}  # noqa: RUF012 - each service has its own
    refused = None
    kind = None

    def __init__(self, fake, url):
        self.fake = fake
        self.url = url

    async def seed(self, conversation, messages):
        self.fake.open(conversation.id, conversation.title)
        stored = tuple(self.add(conversation.id, message) for message in messages)
        return Seeded(replace(conversation, kind=self.kind), stored)

    @asynccontextmanager
    async def broken(self, error):
        def answer(request):
            if error is BadResponse:
                return httpx.Response(200, html="<html><body>Sign in</body></html>")
            if error is OutcomeUnknown and request.method == "GET":
                return None
            status, headers = (STATUSES | self.statuses)[error]
            return self.refused(status, "Something is wrong", **headers)

        self.fake.before = answer
        yield
        self.fake.before = None
