"""A service over HTTP for the tests of a provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.providers.replay.fake_http_service import Reply, Request, serving

# Too long to be waited for, so that the error reaches the caller instead of a second attempt.
_LATER: Final = {"retry-after": "3600"}
_FAILURES: Final[Mapping[type[DragomanError], Reply]] = {
    InvalidArgument: Reply({"message": "this is not valid"}, 422),
    NotFound: Reply({"message": "this is not there"}, 404),
    Unauthenticated: Reply({"message": "the token is not known"}, 401),
    PermissionDenied: Reply({"message": "this is not allowed"}, 403),
    RateLimited: Reply({"message": "too many calls"}, 429, headers=_LATER),
    Unavailable: Reply({"message": "down for an hour"}, 503, headers=_LATER),
    DeadlineExceeded: Reply({"message": "it took too long"}, 408),
    Conflict: Reply({"message": "somebody else was faster"}, 409),
    BadResponse: Reply("<html><body>Sign in</body></html>", media_type="text/html"),
    OutcomeUnknown: Reply({"message": "something broke"}, 500),
}


class FakeHttpService:
    """A service on a port of this machine; a subclass answers as the real one does.

    Attributes:
        token: The bearer token that every request has to carry.
        requests: What was asked with it, in order.
    """

    def __init__(self, token: str = "token-of-the-tests") -> None:  # noqa: S107 - of no service
        self.token = token
        self.requests: list[Request] = []
        self._failure: type[DragomanError] | None = None

    def answer(self, request: Request) -> Reply:
        """Answer one request; ``match request.route`` tells them apart. One is answered at a time."""
        raise NotImplementedError

    @contextmanager
    def serve(self) -> Generator[str]:
        """Serve until the context is left; gives the address."""
        with serving(self.token, self._answer_or_fail) as address:
            yield address

    @asynccontextmanager
    async def broken(self, error: type[DragomanError]) -> AsyncGenerator[None]:
        """Fail as HTTP services do, for ``Service.broken``. An unknown outcome happens to writes only."""
        self._failure = error
        try:
            yield
        finally:
            self._failure = None

    def _answer_or_fail(self, request: Request) -> Reply:
        self.requests.append(request)
        # A read that fails leaves nothing unknown.
        if self._failure is None or (self._failure is OutcomeUnknown and request.route[0] == "GET"):
            return self.answer(request)
        return _FAILURES[self._failure]
