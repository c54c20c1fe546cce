"""The Web API of Slack: calls, their limits, and who the token is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack
from urllib.parse import urlsplit

from dragoman.core.json_fields import record_of, text_of
from dragoman.core.permalinks import read_link
from dragoman.providers.kit.cache import LruCache
from dragoman.providers.kit.errors import NamedFailures
from dragoman.providers.kit.listings import MOST_PARTS
from dragoman.providers.kit.lookup import AskedOnce
from dragoman.providers.kit.members import Identity
from dragoman.providers.kit.method_api import Argument, MethodApi, MethodTable
from dragoman.providers.slack.settings import SlackSettings
from dragoman.providers.slack.wire import History, Object, ts_of
from dragoman.transport.http import HttpClient

if TYPE_CHECKING:
    from dragoman.providers.kit.settings import ClientOptions

PAGE: Final = 200
"""Entries of a part of a list that Slack advises to ask for at most."""

_ACCOUNT: Final = {"id": "user_id", "name": "user"} | {name: name for name in ("bot_id", "team", "team_id", "url")}
_BEGINNING: Final = 12  # characters of a token that tell its kind
_METHODS: Final = MethodTable(Path(__file__).with_name("methods.toml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Identity):
    """Whom a token speaks for, and where.

    Attributes:
        bot_id: Empty for the token of a person.
        team: The name of the workspace.
        team_id: Its id, or that of the whole organisation.
        url: The address of the workspace.
    """

    bot_id: str
    team: str
    team_id: str
    url: str

    def permalink(self, conversation: str, ts: str = "", root: str = "") -> str | None:
        """The link that people share of a conversation or message; ``None`` where the workspace has no address."""
        thread = f"?thread_ts={root}&cid={conversation}" if root else ""
        message = f"/p{ts.replace('.', '')}{thread}" if ts else ""
        return f"{self.url.rstrip('/')}/archives/{conversation}{message}" if self.url else None

    def wrote(self, user: str, bot: str) -> bool:
        """Whether a message with these ids is the account's own."""
        return bool((user and user == self.id) or (bot and bot == self.bot_id))


WORKSPACES: Final = LruCache[object, Account](100)
"""Whom credentials turned out to speak for; links are looked at by accounts that are not open."""


def parse_link(link: str, us: Account | None) -> tuple[str, str | None] | None:
    """Conversation and message of a link; ``None`` for what is no link, or one of another workspace than ours."""
    found = read_link(link)
    if found is None or "SLACK" not in found.sources or link.startswith("http:"):
        return None
    if us is not None and found.workspace not in {urlsplit(us.url).hostname, *us.organisations}:
        return None
    message = ts_of(found.message) or None
    return (found.channel, message) if message or not found.message else None


class Api(MethodApi):
    """Calls of one account.

    Attributes:
        us: Whom the token speaks for.
    """

    def __init__(self, client: HttpClient, settings: SlackSettings) -> None:
        super().__init__(client, _METHODS, team_id=settings.team_id)
        self._settings = settings
        self.us = AskedOnce(self._fetch_account)

    async def _fetch_account(self) -> Account:
        answer = await self.read("auth.test")
        texts = {name: text_of(answer, key) for name, key in _ACCOUNT.items()}
        organisations = frozenset({texts["team_id"], text_of(answer, "enterprise_id")} - {""})
        us = Account(**texts, is_bot=bool(texts["bot_id"]), organisations=organisations)
        WORKSPACES.put(self._settings.credential, us)
        self.client.share_limits(f"slack {self._settings.team_id or us.team_id}")
        return us

    async def is_bot(self) -> bool:
        """Whether it is the token of a bot, which the beginning of most tokens shows."""
        token = self._settings.token
        begin = (await token.reveal())[:_BEGINNING] if token else ""
        return "xoxb-" in begin or ("xoxp-" not in begin and (await self.us.get()).is_bot)  # also `xoxe.xoxb-`

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


PROFILE: Final = NamedFailures(Path(__file__).with_name("failures.toml"), success="ok", name="error").profile(
    "Slack", request_id_headers=("x-slack-req-id",), retry_on=frozenset({408, 429, 500, 502, 503, 504})
)


def client_of(settings: SlackSettings, **options: Unpack[ClientOptions]) -> HttpClient:
    """The HTTP client for an account, with a rate limit for each method."""
    own: ClientOptions = {"concurrency": 4, "rates": _METHODS.rates, **options}
    return settings.client(PROFILE, **own)
