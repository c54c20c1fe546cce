"""The operations of Datagrid's API that Dragoman uses, each as one method."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, TypeVar, Unpack

from dragoman.providers.datagrid import wire
from dragoman.providers.kit.errors import error_table
from dragoman.transport.http import HttpClient, HttpResponse, Options, Stream, segment

if TYPE_CHECKING:
    from dragoman.providers.datagrid.settings import DatagridSettings
    from dragoman.providers.kit.settings import ClientOptions

T = TypeVar("T")

PAGE: Final = 100
"""Most entries of a page."""

LONGEST_ANSWER: Final = 1800.0
"""Seconds that an agent may take for its answer, as the vendor's own client allows."""

_CALLS: Final = 8
_ATTEMPTS: Final = 3  # as the vendor's own client
_LOOKUP_SECONDS: Final = 5.0  # a name is not worth a longer wait
_RETRIED: Final = frozenset({408, 409, 429, 502, 503, 504})  # 409: two calls wanted the same lock

_CHECK_KEY: Final = "Check `token` of this account: the API key is missing, expired or revoked."

PROFILE: Final = error_table(
    "Datagrid",
    {
        401: _CHECK_KEY,
        402: "Buy credits for the teamspace, or wait until they are renewed.",
        403: "Check that the API key of `token` may use this, and `teamspace` of this account.",
    },
    by_operation={
        "send_message": {
            404: "Find the conversation with list_conversations, and check `agent_id` of this account.",
            413: "Shorten the text or send it in parts.",
        }
    },
    retry_on=_RETRIED,
    rate_headers=True,
)


def client_of(settings: DatagridSettings, **options: Unpack[ClientOptions]) -> HttpClient:
    """The HTTP client for an account. Every answer tells how many calls are left, so no rate is guessed at here."""
    headers = {"Datagrid-Teamspace": settings.teamspace} if settings.teamspace else {}
    own: ClientOptions = {"headers": headers, "attempts": _ATTEMPTS, "concurrency": _CALLS, **options}
    return settings.client(PROFILE, **own)


class Api:
    """Datagrid's operations over a client that is open; an agent may take ``patience`` seconds for an answer."""

    def __init__(self, client: HttpClient, patience: float = LONGEST_ANSWER) -> None:
        self._client = client
        self._patience = patience

    async def identity(self) -> wire.Identity:
        """Whose credentials these are; the cheapest call there is."""
        answer = await self._get("/identity", wire.Identity, "check")
        found = answer.value
        if not (found.user_id or found.current_teamspace_id or found.teamspaces):
            raise answer.failure("{service} answers and does not say whose key this is", hint=_CHECK_KEY)
        return found

    async def conversations(self, *, limit: int, after: str | None) -> wire.Listing[wire.Conversation]:
        """A page of conversations, the last changed first. The order that holds without a wish is not documented."""
        query = {"limit": limit, "after": after, "sort": "updated_at", "direction": "desc"}
        path, model = "/conversations", wire.Listing[wire.Conversation]
        return (await self._get(path, model, "list_conversations", query=query)).value

    async def conversation(self, conversation: str) -> HttpResponse[wire.Conversation]:
        """One conversation."""
        path = f"/conversations/{segment(conversation)}"
        return await self._get(path, wire.Conversation, "get_conversation", "/conversations/{id}")

    async def create_conversation(self, name: str | None) -> HttpResponse[wire.Conversation]:
        """A new conversation without messages."""
        return await self._client.request(
            "POST",
            "/conversations",
            kind="write",
            model=wire.Conversation,
            json={"name": name} if name else {},
            family="POST /conversations",
            operation="create_conversation",
        )

    async def messages(
        self, conversation: str, *, limit: int, after: str | None = None, before: str | None = None
    ) -> wire.Listing[wire.Message]:
        """A page of messages in the service's order, next to the message ``after`` or ``before``; never both."""
        path = f"/conversations/{segment(conversation)}/messages"
        query = {"limit": min(limit, PAGE), "after": after, "before": before}
        model, family = wire.Listing[wire.Message], "/conversations/{id}/messages"
        return (await self._get(path, model, "list_messages", family, query=query)).value

    async def message(self, conversation: str, message: str) -> HttpResponse[wire.Message]:
        """One message."""
        path = f"/conversations/{segment(conversation)}/messages/{segment(message)}"
        return await self._get(path, wire.Message, "get_message", "/conversations/{id}/messages/{id}")

    async def agent(self, agent: str) -> wire.Agent:
        """An agent, for its name."""
        return (await self._look_up(f"/agents/{segment(agent)}", wire.Agent, "/agents/{id}")).value

    async def file(self, file: str) -> wire.File:
        """A file without its content."""
        return (await self._look_up(f"/files/{segment(file)}", wire.File, "/files/{id}")).value

    async def converse(self, prompt: dict[str, object]) -> HttpResponse[wire.Message]:
        """Say something to an agent and wait for the whole answer."""
        return await self._client.request(
            "POST", "/converse", kind="write", model=wire.Message, **self._for_answers(prompt)
        )

    def converse_streamed(self, prompt: dict[str, object]) -> AbstractAsyncContextManager[Stream]:
        """Say something to an agent and hear the answer as it is made."""
        options = self._for_answers({**prompt, "stream": True})
        return self._client.stream("POST", "/converse", kind="write", idle_timeout=self._patience, **options)

    def _for_answers(self, body: dict[str, object]) -> Options:
        return Options(
            json=body,
            timeout=self._patience,
            total=max(LONGEST_ANSWER, self._patience),
            family="POST /converse",
            operation="send_message",
            once=True,  # the service may have begun to answer, and to spend credits, before it gave up
        )

    async def _get(
        self,
        path: str,
        model: type[T],
        operation: str,
        family: str = "",
        *,
        query: dict[str, str | int | None] | None = None,
    ) -> HttpResponse[T]:
        """Read. The service counts calls by path and method; what differs by id only counts as one path here."""
        return await self._client.get(
            path, model=model, query=query or {}, family=f"GET {family or path}", operation=operation, shared=True
        )

    async def _look_up(self, path: str, model: type[T], family: str) -> HttpResponse[T]:
        options = Options(timeout=_LOOKUP_SECONDS, total=_LOOKUP_SECONDS, family=f"GET {family}", operation="look_up")
        return await self._client.get(path, model=model, **options)
