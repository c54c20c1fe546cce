from contextlib import asynccontextmanager
from typing import ClassVar

import httpx
import pytest
from glean_account import settings
from glean_service import Fault, GleanServer
from glean_store import Tenant, Variant
from keeping_current import require_sync_holds_all

from dragoman.core.context.clock import hurry
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
from dragoman.core.model import Author, AuthorKind, Conversation, ConversationKind, Message, Reaction
from dragoman.providers.base.provider import Provider
from dragoman.providers.glean import GleanProvider
from dragoman.testing import ProviderContract, Seeded, Service, Trait

FAULTS = {
    InvalidArgument: Fault(400, "Invalid request"),
    NotFound: Fault(404, "not found"),
    Unauthenticated: Fault(401, "Invalid Secret\nNot allowed"),
    PermissionDenied: Fault(403, "Forbidden"),
    RateLimited: Fault(429, "Too Many Requests"),
    Unavailable: Fault(503, "upstream unavailable", {"retry-after": "1"}),
    DeadlineExceeded: Fault(error=httpx.ReadTimeout("timed out")),
    BadResponse: Fault(200, "<html>login</html>"),
    OutcomeUnknown: Fault(500, "Something went wrong"),
}
OTHER_HALF = "Glean tells no conflicts apart; a chat that changed while paging is the only one."


class GleanService(Service):
    def __init__(self):
        self.server = GleanServer(Tenant(Variant(page_size=4, whole_ties=True)))

    @property
    def settings(self):
        SERVERS.append(self.server)
        return settings(timeout=5)

    @asynccontextmanager
    async def broken(self, error):
        self.server.always = FAULTS[error]
        yield
        self.server.always = None


SERVERS: list[GleanServer] = []


class OnServer(GleanProvider):
    """The provider, on the transport of the server that was made last."""

    @classmethod
    def open(cls, settings, *, transport=None):
        return super().open(settings, transport=transport or SERVERS[-1].transport)


class Channels(OnServer):
    """What the account can do with a chat system, to which nothing can be sent."""

    send_message = Provider.send_message


class Talks(OnServer):
    """What the account can do with chats, which cannot be searched."""

    search_messages = Provider.search_messages


class ChannelService(GleanService):
    async def seed(self, conversation, messages):
        channel, tenant = conversation.id, self.server.tenant
        if channel not in tenant.channels:
            tenant.channels.append(channel)
        stored = {m.id: m for m in tenant.messages if m.channel == channel}
        found = []
        for message in messages:
            identifier = f"{channel}_{message.id}"
            parent = stored.get(f"{channel}_{message.reply_to}")
            bot = {"metadata": {"type": "NON_EMPLOYEE"}} if message.author.kind is AuthorKind.BOT else {}
            reacts = [{"type": one.emoji, "count": one.count} for one in message.reactions]
            stored[identifier] = tenant.add(
                channel,
                identifier,
                message.sent_at,
                message.text,
                parent,
                author={"name": message.author.name, "obfuscatedId": message.author.id, **bot},
                metadata={"labels": list(message.labels), "interactions": {"reacts": reacts}},
            )
            found.append(self._kept(message, conversation, identifier, parent))
        shown = Conversation(id=f"slack.channel.{channel}", title=channel, kind=ConversationKind.CHANNEL)
        return Seeded(shown, tuple(found))

    def _kept(self, message, conversation, identifier, parent):
        return Message(
            id=identifier,
            conversation=f"slack.channel.{conversation.id}",
            author=message.author,
            sent_at=message.sent_at,
            text=message.text,
            reply_to=parent.id if parent else None,
            labels=message.labels,
            reactions=tuple(Reaction(emoji=one.emoji, count=one.count) for one in message.reactions),
        )


class ChatService(GleanService):
    async def seed(self, conversation, messages):
        chats = self.server.tenant.chats
        chat = chats.setdefault(conversation.id, {"id": conversation.id, "name": conversation.title, "messages": []})
        for message in messages:
            chat["messages"].append(
                {
                    "author": "GLEAN_AI" if message.author.kind is AuthorKind.BOT else "USER",
                    "messageType": "CONTENT",
                    "messageId": message.id,
                    "ts": message.sent_at.isoformat(),
                    "fragments": [{"text": message.text}],
                }
            )
            chat["updateTime"] = int(message.sent_at.timestamp())
        found = tuple(self._kept(message, conversation) for message in messages)
        return Seeded(Conversation(id=f"chat.{conversation.id}", title=conversation.title), found)

    def _kept(self, message, conversation):
        bot = message.author.kind is AuthorKind.BOT
        author = Author(id="GLEAN_AI", name="Glean", kind=AuthorKind.ASSISTANT) if bot else Author(name="user")
        return Message(
            id=message.id,
            conversation=f"chat.{conversation.id}",
            author=author,
            sent_at=message.sent_at,
            text=message.text,
        )


@pytest.fixture(autouse=True)
def strict():
    """In the end nothing was sent that the service does not know."""
    yield
    wrong = [problem for server in SERVERS for problem in server.wrong]
    SERVERS.clear()
    assert wrong == []


class TestGleanChannels(ProviderContract):
    provider = Channels
    missing = ("slack.channel.no-such-channel", "no-such-message")
    exempt: ClassVar = {
        Trait.EMPTY_CONVERSATIONS: "An index has no channel without messages.",
        Trait.KNOWN_CONVERSATIONS: "An unknown channel may be answered with an empty page.",
        Trait.SUBJECTS: "Messages of a chat system have no subject.",
        Trait.LABELS: "Labels cannot be changed, as nothing can.",
    }

    @pytest.fixture
    def service(self):
        with hurry():
            yield ChannelService()

    async def test_a_sync_holds_everything_and_claims_it(self, service, tmp_path, monkeypatch):
        original = GleanProvider.open
        monkeypatch.setattr(GleanProvider, "open", lambda given: original(given, transport=SERVERS[-1].transport))
        await require_sync_holds_all(service, tmp_path)


class TestGleanChats(ProviderContract):
    provider = Talks
    missing = ("chat.no-such-chat", "no-such-message")
    exempt: ClassVar = {
        Trait.REPLIES: "Messages of a chat do not answer single ones.",
        Trait.VERBATIM: "What comes back from a question is the answer.",
        Conflict: OTHER_HALF,
    }

    @pytest.fixture
    def service(self):
        with hurry():
            yield ChatService()
