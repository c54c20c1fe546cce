"""The Web API of Slack: calls, their limits, and who the token is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString, TypeVar

import anyio

from dragoman.core.errors import Unauthenticated
from dragoman.core.json_fields import JsonObject, record_of, text_of
from dragoman.providers.slack.errors import POST, PROFILE
from dragoman.providers.slack.settings import SlackSettings
from dragoman.providers.slack.wire import Object
from dragoman.transport.credentials import Authorize, bearer
from dragoman.transport.http import HttpClient, HttpResponse
from dragoman.transport.rate_limiter import Rate

if TYPE_CHECKING:
    import httpx

    from dragoman.core.context.clock import Clock

T = TypeVar("T")

PAGE: Final = 200
"""Entries of a part of a list that Slack advises to ask for at most."""

_BEGINNING: Final = 20  # characters of an authorization that tell what kind of token it is
_MOST_PARTS: Final = 50
_OF_TEAM: Final = frozenset(
    {"users.conversations", "conversations.list", "users.list", "usergroups.list", "search.messages", "bots.info"}
)
_TIER_2: Final = "conversations.list users.list usergroups.list search.messages assistant.search.context"
_TIER_4: Final = "users.info conversations.members"
_RATES: Final = {
    "": Rate(50 / 60, 40),
    **dict.fromkeys(_TIER_2.split(), Rate(20 / 60, 10)),
    **dict.fromkeys(_TIER_4.split(), Rate(100 / 60, 40)),
    "*": Rate(50 / 60, 40),  # each other method, and each conversation that is posted to
}
_REFUSED: Final[dict[str, LiteralString]] = {
    "xapp-": "This is an app-level token, which cannot read or write messages.",
    "xoxc-": "This is the token of a browser's login, which is not made for programs.",
    "xoxd-": "This is the cookie of a browser's login, which is not made for programs.",
    "xoxe-": "This is a refresh token, which only renews another one.",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token speaks for.

    Attributes:
        url: The address of the workspace; a slash ends it.
        team: The name of the workspace.
        bot_id: Empty for the token of a person.
        name: The handle.
    """

    url: str
    team: str
    team_id: str
    enterprise_id: str
    user_id: str
    bot_id: str
    name: str

    def permalink(self, conversation: str, ts: str, root: str | None) -> str:
        """The link that people share of a message."""
        thread = f"?thread_ts={root}&cid={conversation}" if root else ""
        return f"{self.url}archives/{conversation}/p{ts.replace('.', '')}{thread}"


class Api:
    """Calls of one account over an open client, which is opened and closed by somebody else.

    Attributes:
        scopes: What the token may do, as the last answer told; ``None`` before that.
    """

    def __init__(
        self, client: HttpClient, settings: SlackSettings, identified: Callable[[Identity], None] = lambda _: None
    ) -> None:
        """Keep all of it; ``identified`` is told whom the token speaks for."""
        self._client = client
        self._identified = identified
        self._settings = settings
        self._authorize = authorize_of(settings)
        self._lock = anyio.Lock()
        self._identity: Identity | None = None
        self.scopes: frozenset[str] | None = None

    async def identity(self) -> Identity:
        """Whom the token speaks for; asked once."""
        async with self._lock:
            if self._identity is None:
                answer = await self.read("auth.test")
                names = ("url", "team", "team_id", "enterprise_id", "user_id", "bot_id", "user")
                self._identity = Identity(*(text_of(answer, name) for name in names))
                self._identified(self._identity)
            return self._identity

    async def is_bot(self) -> bool:
        """Is it the token of a bot, as its beginning says, which everybody can read."""
        return "xoxb-" in (await self._authorize(False))[:_BEGINNING]  # noqa: FBT003 - see Authorize

    async def read(self, method: str, **arguments: str | int | None) -> Object:
        """Ask for something."""
        return (await self.ask(method, dict[str, object], **arguments)).value

    async def ask(self, method: str, model: type[T], **arguments: str | int | None) -> HttpResponse[T]:
        """Ask for something of a form; arguments that are ``None`` are left out."""
        if method in _OF_TEAM:
            arguments = {"team_id": self._settings.team_id, **arguments}
        form = {name: str(value) for name, value in arguments.items() if value is not None}
        answer = await self._client.request(
            "POST", f"/{method}", kind="read", form=form, model=model, operation=method, family=method, shared=True
        )
        self._learn(answer.headers)
        return answer

    async def parts(self, method: str, **arguments: str | int | None) -> AsyncGenerator[Object]:
        """The parts of a list; short and empty ones go on, and a cursor that comes again is the end."""
        known, cursor = set[str](), None
        for _ in range(_MOST_PARTS):
            answer = await self.read(method, limit=PAGE, **arguments, cursor=cursor)
            yield answer
            cursor = text_of(record_of(answer, "response_metadata"), "next_cursor")
            if not cursor or cursor in known:
                return
            known.add(cursor)

    async def write(self, method: str, body: Mapping[str, object]) -> HttpResponse[Object]:
        """Write something, once."""
        family = f"{POST} {body['channel']}" if method == POST else method
        answer = await self._client.request(
            "POST",
            f"/{method}",
            kind="write",
            json=dict(body),
            headers={"content-type": "application/json; charset=utf-8"},
            model=dict[str, object],
            operation=method,
            family=family,
        )
        self._learn(answer.headers)
        return answer

    def may(self, *scopes: str) -> bool | None:
        """Has the token one of these scopes; ``None`` while that is not known."""
        return None if self.scopes is None else not self.scopes.isdisjoint(scopes)

    def _learn(self, headers: Mapping[str, str]) -> None:
        granted = headers.get("x-oauth-scopes")
        if granted is not None:
            self.scopes = frozenset(scope.strip() for scope in granted.split(","))


def client_of(
    settings: SlackSettings, *, transport: httpx.AsyncBaseTransport | None = None, clock: Clock | None = None
) -> HttpClient:
    """The HTTP client for an account, with a rate limit for each method."""
    return HttpClient(
        settings.base_url,
        dialect=PROFILE,
        authorize=authorize_of(settings),
        timeout=settings.timeout,
        concurrency=4,
        rates=_RATES,
        ca_file=settings.ca_file,
        transport=transport,
        clock=clock,
    )


def authorize_of(settings: SlackSettings) -> Authorize:
    """What authorizes; tokens that are none for reading and writing are refused, whatever Slack would say of them."""
    inner = bearer(settings.token)

    async def authorize(refused: bool) -> str:  # noqa: FBT001 - the shape of Authorize
        value = await inner(refused)
        for mark, reason in _REFUSED.items():
            if f" {mark}" in value:
                raise Unauthenticated(reason, hint="Set `token` to a bot (xoxb-) or user token (xoxp-) of an app.")
        return value

    return authorize


def members(answer: JsonObject, *path: str) -> JsonObject:
    """An object deep inside an answer."""
    for name in path:
        answer = record_of(answer, name)
    return answer
