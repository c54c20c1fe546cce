from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from threads_server import FOLDER, TOKEN, USER_ID, Fault, ThreadsServer

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
from dragoman.core.model import Author, AuthorKind, Conversation, ConversationKind, Message
from dragoman.providers.yandex import YandexProvider
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.providers.yandex.settings import YandexSettings
from dragoman.testing import ProviderContract, Seeded, Service, Trait

FAULTS = {
    InvalidArgument: Fault("INVALID_ARGUMENT"),
    NotFound: Fault("NOT_FOUND"),
    Unauthenticated: Fault("UNAUTHENTICATED"),
    PermissionDenied: Fault("PERMISSION_DENIED"),
    RateLimited: Fault("RESOURCE_EXHAUSTED"),
    DeadlineExceeded: Fault("DEADLINE_EXCEEDED"),
    Unavailable: Fault("UNAVAILABLE"),
    BadResponse: Fault(answer=b"\xff\xff\xff"),
    Conflict: Fault("ABORTED"),
    OutcomeUnknown: Fault("INTERNAL"),
}


class ThreadsService(Service):
    def __init__(self, server):
        self.server = server

    @property
    def settings(self):
        return YandexSettings(
            provider="yandex", target=self.server.target, tls=False, folder_id=FOLDER, iam_token=TOKEN
        )

    async def seed(self, conversation, messages):
        if conversation.id not in self.server.threads:
            self.server.thread(conversation.id, name=conversation.title)
        found = Conversation(id=conversation.id, title=conversation.title, kind=ConversationKind.ASSISTANT)
        return Seeded(found, tuple(self._put(conversation.id, message) for message in messages))

    def _put(self, thread, message):
        bot = message.author.kind is AuthorKind.BOT
        author = pb.Author(id=message.author.id, role="ASSISTANT") if bot else pb.Author(id=USER_ID, role="USER")
        labels = dict.fromkeys(message.labels, "")
        stored = self.server.message(thread, message.text, at=message.sent_at, author=author, labels=labels)
        kind = AuthorKind.ASSISTANT if bot else AuthorKind.PERSON
        return Message(
            id=stored.id,
            conversation=thread,
            author=Author(id=author.id, name="assistant" if bot else "user", kind=kind),
            sent_at=message.sent_at,
            text=message.text,
            labels=message.labels,
        )

    @asynccontextmanager
    async def broken(self, error):
        self.server.always = FAULTS[error]
        yield
        self.server.always = None


class TestYandex(ProviderContract):
    provider = YandexProvider
    exempt: ClassVar = {
        Trait.REPLIES: "Messages of a thread do not answer one another.",
        Trait.UNAVAILABLE_WRITES: "What was answered so may have gone out; test_yandex_faults.py has both cases.",
        Trait.IMPORT_TIMES: "The service sets the time itself; the original one becomes a label.",
    }

    @pytest.fixture
    async def service(self):
        with hurry():
            async with ThreadsServer().serving() as server:
                yield ThreadsService(server)
