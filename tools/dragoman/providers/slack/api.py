"""The Web API of Slack: calls, their limits, and who the token is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, Unpack
from urllib.parse import urlsplit

from dragoman.core.json_fields import is_object, record_of, text_of
from dragoman.core.permalinks import read_link
from dragoman.providers.kit.cache import LruCache
from dragoman.providers.kit.errors import NamedFailures
from dragoman.providers.kit.listings import MOST_PARTS
from dragoman.providers.kit.lookup import AskedOnce
from dragoman.providers.kit.method_api import Argument, MethodApi
from dragoman.providers.slack.settings import SlackSettings
from dragoman.providers.slack.wire import History, Object, ts_of
from dragoman.transport.http import HttpClient, HttpResponse
from dragoman.transport.rate_limiter import Rate

if TYPE_CHECKING:
    from dragoman.providers.kit.settings import ClientOptions

T = TypeVar("T")

PAGE: Final = 200
"""Entries of a part of a list that Slack advises to ask for at most."""

POST: Final = "chat.postMessage"
UPDATE: Final = "chat.update"

_BEGINNING: Final = 12  # characters of a token that tell its kind
_OF_TEAM: Final = frozenset(
    {"users.conversations", "conversations.list", "users.list", "usergroups.list", "search.messages", "bots.info"}
)
_TIER_2: Final = "conversations.list users.list usergroups.list search.messages"
_TIER_4: Final = "users.info conversations.members"
_RATES: Final = {
    "": Rate(50 / 60, 40),
    **dict.fromkeys(_TIER_2.split(), Rate(20 / 60, 10)),
    **dict.fromkeys(_TIER_4.split(), Rate(100 / 60, 40)),
    "assistant.search.context": Rate(10 / 60, 5),
    "*": Rate(50 / 60, 40),  # each other method, and each conversation that is posted to
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token speaks for.

    Attributes:
        url: The address of the workspace; a slash ends it.
        team: The name of the workspace.
        id: The id of the user.
        bot_id: Empty for the token of a person.
        name: The handle.
    """

    url: str
    team: str
    team_id: str
    enterprise_id: str
    id: str
    bot_id: str
    name: str

    @property
    def is_bot(self) -> bool:
        """Whether it is a bot, and no person."""
        return bool(self.bot_id)

    @property
    def organisations(self) -> frozenset[str]:
        """The workspace and the organisation that it is of."""
        return frozenset({self.team_id, self.enterprise_id} - {""})

    def permalink(self, conversation: str, ts: str = "", root: str | None = None) -> str | None:
        """The link that people share of a conversation or message; ``None`` where the workspace has no address."""
        if not self.url:
            return None
        thread = f"?thread_ts={root}&cid={conversation}" if root else ""
        message = f"/p{ts.replace('.', '')}{thread}" if ts else ""
        return f"{self.url.rstrip('/')}/archives/{conversation}{message}"

    @property
    def is_org(self) -> bool:
        """Whether it is a whole organisation, and no workspace of it."""
        return self.team_id.startswith("E")

    def is_of_workspace(self, host_or_id: str) -> bool:
        """Whether a link that names this belongs to the workspace."""
        return host_or_id in (urlsplit(self.url).hostname, self.team_id, self.enterprise_id)


WORKSPACES: Final = LruCache[object, Identity](100)
"""Whom credentials turned out to speak for; links are looked at by accounts that are not open."""


def parse_link(link: str, us: Identity | None) -> tuple[str, str | None] | None:
    """Conversation and message of a link; ``None`` for what is no link, or one of another workspace than ours."""
    found = read_link(link)
    if found is None or "SLACK" not in found.sources or link.startswith("http:"):
        return None
    message = ts_of(found.message)
    if bool(found.message) is not bool(message) or (us is not None and not us.is_of_workspace(found.workspace)):
        return None
    return found.channel, message or None


class Api(MethodApi):
    """Calls of one account.

    Attributes:
        us: Whom the token speaks for.
    """

    def __init__(self, client: HttpClient, settings: SlackSettings) -> None:
        super().__init__(client)
        self._settings = settings
        self.us = AskedOnce(self._fetch_identity)

    async def _fetch_identity(self) -> Identity:
        answer = await self.read("auth.test")
        names = ("url", "team", "team_id", "enterprise_id", "user_id", "bot_id", "user")
        us = Identity(*(text_of(answer, name) for name in names))
        WORKSPACES.put(self._settings.credential, us)
        self.client.share_limits(f"slack {self._settings.team_id or us.team_id}")
        return us

    async def is_bot(self) -> bool:
        """Whether it is the token of a bot, which the beginning of most tokens shows."""
        token = self._settings.token
        begin = (await token.reveal())[:_BEGINNING] if token else ""
        return "xoxb-" in begin or ("xoxp-" not in begin and (await self.us.get()).is_bot)

    async def ask(self, method: str, model: type[T], **arguments: Argument) -> HttpResponse[T]:
        """Ask for something of a form; some methods want the workspace where a token is of a whole organisation."""
        team = {"team_id": self._settings.team_id} if method in _OF_TEAM else {}
        return await super().ask(method, model, **team, **arguments)

    def list(self, method: str, **arguments: Argument) -> AsyncGenerator[Object]:
        """The parts of a list."""
        return self.parts(method, dict[str, object], next_of, {"limit": PAGE, **arguments})

    def messages(
        self, method: str, arguments: Mapping[str, Argument], most: int = MOST_PARTS
    ) -> AsyncGenerator[History]:
        """The parts of a conversation or thread."""
        return self.parts(method, History, lambda part: part.cursor, arguments, most)


def next_of(answer: Object) -> str:
    """The cursor of what follows a part of a list; empty at its end."""
    return text_of(record_of(answer, "response_metadata"), "next_cursor")


def _failure_in(body: object) -> str | None:
    if not is_object(body) or body.get("ok") is True:
        return ""
    return text_of(body, "error") or None


PROFILE: Final = NamedFailures(Path(__file__).with_name("failures.toml"), _failure_in).profile(
    "Slack", request_id_headers=("x-slack-req-id",), retry_on=frozenset({408, 429, 500, 502, 503, 504})
)


def client_of(settings: SlackSettings, **options: Unpack[ClientOptions]) -> HttpClient:
    """The HTTP client for an account, with a rate limit for each method."""
    own: ClientOptions = {"concurrency": 4, "rates": _RATES, **options}
    return settings.client(PROFILE, **own)
