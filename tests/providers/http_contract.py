"""Services over HTTP that a contract may break: each error is the answer that means it."""

from contextlib import asynccontextmanager

import httpx

from dragoman.core.errors import BadResponse, OutcomeUnknown
from dragoman.testing import Service


class HttpService(Service):
    """A service in memory behind a port.

    Attributes:
        statuses: Status and headers of the answer that means an error.
        refused: Makes an answer of a status, words and headers.
    """

    statuses = {}  # noqa: RUF012 - each service has its own
    refused = None

    def __init__(self, fake, url):
        self.fake = fake
        self.url = url

    @asynccontextmanager
    async def broken(self, error):
        def answer(request):
            if error is BadResponse:
                return httpx.Response(200, html="<html><body>Sign in</body></html>")
            if error is OutcomeUnknown and request.method == "GET":
                return None
            status, headers = self.statuses[error]
            return self.refused(status, "Something is wrong", **headers)

        self.fake.before = answer
        yield
        self.fake.before = None
