"""The calls to Glean, each a POST with a JSON body, reads included."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel

from dragoman.core.context.impersonation import acting_for
from dragoman.core.errors import Unauthenticated
from dragoman.providers.glean.errors import PROFILE
from dragoman.providers.glean.settings import PRINCIPAL, GleanSettings
from dragoman.providers.kit.wire import lenient_type
from dragoman.transport.http import HttpResponse, Stream
from dragoman.transport.rate_limiter import Rate

if TYPE_CHECKING:
    import httpx

M = TypeVar("M", bound=BaseModel)
Endpoint: TypeAlias = Literal["messages", "search", "getdocuments", "people", "listchats", "getchat"]

PREFIX: Final = "/rest/api/v1"
RATES: Final = {"": Rate(30, burst=30), "search": Rate(5, burst=5), "people": Rate(5, burst=5)}
CHAT_RATES: Final = {"": Rate(0.5, burst=1)}
CHAT_SECONDS: Final = 180.0  # an answer of the assistant takes many seconds
_CHATS_AT_ONCE: Final = 4
_GRACE: Final = 10.0  # seconds that Glean has to say that its own time is over
_LONGEST_QUEUE: Final = 600.0


class Api:
    """One account's way to Glean; enter :meth:`opened` to use it.

    Talking to the assistant has a client of its own: it is slow, and must not keep readers waiting.
    """

    def __init__(self, settings: GleanSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self.chat_seconds = max(settings.timeout, CHAT_SECONDS)
        headers = {"X-Glean-Auth-Type": "OAUTH"} if settings.auth_type else {}
        self._reading = settings.client(PROFILE, headers=headers, rates=RATES, transport=transport)
        self._talking = settings.client(
            PROFILE, headers=headers, timeout=self.chat_seconds + _GRACE, total=self.chat_seconds + _LONGEST_QUEUE,
            concurrency=_CHATS_AT_ONCE, rates=CHAT_RATES, transport=transport,
        )  # fmt: skip

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Self]:
        """Keep the connections open."""
        async with self._reading, self._talking:
            yield self

    @property
    def person(self) -> str:
        """For whom calls are made now: an e-mail address, or empty for the token's own user.

        Raises:
            Unauthenticated: It is to be who is signed in, and nobody is.
        """
        if self._settings.act_as != PRINCIPAL:
            return self._settings.act_as or ""
        person = acting_for.get()
        if not person:
            raise Unauthenticated(
                "This account acts for whoever is signed in, and nobody is.",
                hint="Set `act_as` to an e-mail address, or sign in to the server over HTTP.",
            )
        return person

    async def read(
        self, path: Endpoint, body: object, model: type[M], *, family: str = ""
    ) -> tuple[M, HttpResponse[M]]:
        """Send a request that changes nothing; ``body`` may be ``None`` for none at all."""
        answer = await self._reading.request(
            "POST", f"{PREFIX}/{path}", kind="read", json=body, model=lenient_type(model), headers=self._headers(),
            family=family, operation=path, shared=True,
        )  # fmt: skip
        return answer.value, answer

    async def talk(self, body: object) -> HttpResponse[object]:
        """Send a prompt to the assistant. The body is not parsed, because it may also come in lines."""
        return await self._talking.request(
            "POST", f"{PREFIX}/chat", kind="write", json=body, body="text", headers=self._headers(), operation="chat"
        )

    @asynccontextmanager
    async def listen(self, body: object) -> AsyncGenerator[Stream]:
        """Send a prompt to the assistant whose answer comes line by line."""
        headers = {**self._headers(), "Accept": "text/plain"}
        async with self._talking.stream(
            "POST", f"{PREFIX}/chat", kind="write", json=body, headers=headers, total=self.chat_seconds + _GRACE,
            operation="chat",
        ) as stream:  # fmt: skip
            yield stream

    def _headers(self) -> dict[str, str]:
        person = self.person
        return {"X-Glean-ActAs": person} if person else {}
