"""The operations of Convore's API that Dragoman uses, each as one method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, Unpack

from dragoman.providers.convore import wire
from dragoman.providers.convore.errors import IMPORT, PROFILE, SEND, UPDATE
from dragoman.transport.http import HttpClient, HttpResponse, Query, segment

if TYPE_CHECKING:
    from dragoman.providers.convore.settings import ConvoreSettings
    from dragoman.providers.kit.settings import ClientOptions

T = TypeVar("T")
Format: TypeAlias = Literal["minimal", "full"]
Body: TypeAlias = Mapping[str, object]
"""Members of a request that have a value; nothing is ever sent as null."""

PAGE: Final = 100
"""Most entries of a page."""

EVENTS: Final = 500
"""Most events of a page."""

MESSAGE_EVENTS: Final = ("message_inbound_received", "message_outbound_sent")

_MAX_BODY: Final = 64 << 20  # a hundred mails, each with all that it quotes


def client_of(settings: ConvoreSettings, **options: Unpack[ClientOptions]) -> HttpClient:
    """The HTTP client for an account. No rate limit is published, so none is guessed at."""
    own: ClientOptions = {"max_body": _MAX_BODY, **options}
    return settings.client(PROFILE, **own)


@dataclass(frozen=True, slots=True)
class Api:
    """Convore's operations over an open client, which is opened and closed by somebody else."""

    client: HttpClient

    async def channels(self) -> wire.Listing[wire.Channel]:
        """The channels that the key reaches; up to 100."""
        return (await self._get("/v1/channels", wire.Listing[wire.Channel], "check", {"limit": PAGE})).value

    async def channel(self, channel: str) -> wire.Channel:
        """One channel."""
        return (await self._get(f"/v1/channels/{segment(channel)}", wire.Channel, "get_channel")).value

    async def conversations(
        self, *, cursor: str | None = None, contact: str | None = None
    ) -> wire.Listing[wire.Conversation]:
        """A page of conversations, of one contact if wanted: a token such as ``EMAIL:ann@example.com``."""
        query = {"contact_handle_tokens": contact, "cursor": cursor, "limit": PAGE}
        model = wire.Listing[wire.Conversation]
        return (await self._get("/v1/conversations", model, "list_conversations", query)).value

    async def conversation(self, conversation: str) -> HttpResponse[wire.Conversation]:
        """One conversation."""
        return await self._get(f"/v1/conversations/{segment(conversation)}", wire.Conversation, "get_conversation")

    async def messages(
        self, conversation: str, *, cursor: str | None = None, form: Format = "full"
    ) -> wire.Listing[wire.Message]:
        """A page of messages; ``minimal`` ones have no text."""
        # Always of the same size: what a cursor means when the limit changes is not documented.
        query = {"conversation_id": conversation, "format": form, "cursor": cursor, "limit": PAGE}
        return (await self._get("/v1/messages", wire.Listing[wire.Message], "list_messages", query)).value

    async def events(self, after: str, cursor: str | None = None) -> wire.Listing[wire.Event]:
        """A page of messages that came in or went out, recorded after a time; up to 500."""
        query = {"types": MESSAGE_EVENTS, "created_at_after": after, "cursor": cursor, "limit": EVENTS}
        return (await self._get("/v1/events", wire.Listing[wire.Event], "list_events", query)).value

    async def message(self, message: str) -> HttpResponse[wire.Message]:
        """One message."""
        return await self._get(f"/v1/messages/{segment(message)}", wire.Message, "get_message")

    async def send(self, body: Body) -> HttpResponse[wire.Message]:
        """Send a message through a channel; ``body`` has ``channel_id`` or ``reply_to_message_id``."""
        return await self._write("POST", "/v1/messages", body, SEND)

    async def import_(self, body: Body) -> HttpResponse[wire.Message]:
        """Store a message that was sent elsewhere; nothing is sent."""
        return await self._write("POST", "/v1/messages/import", body, IMPORT)

    async def update(self, message: str, body: Body) -> HttpResponse[wire.Message]:
        """Change the given members of a message; the others keep their value."""
        return await self._write("PATCH", f"/v1/messages/{segment(message)}", body, UPDATE)

    async def _get(self, path: str, model: type[T], operation: str, query: Query | None = None) -> HttpResponse[T]:
        # Assistants read the same lists again and again: an equal body is parsed and checked once.
        return await self.client.get(path, model=model, query=query, operation=operation, shared=True)

    async def _write(self, method: str, path: str, body: Body, operation: str) -> HttpResponse[wire.Message]:
        # No answer to a write is shared: each one is read once.
        return await self.client.request(
            method, path, kind="write", json=dict(body), model=wire.Message, operation=operation
        )
