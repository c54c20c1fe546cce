from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from datagrid_service import KEY, Datagrid, refused
from http_loopback import serving
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
from dragoman.core.model import Author, AuthorKind, ConversationKind
from dragoman.providers.datagrid import DatagridProvider, DatagridSettings
from dragoman.testing import ProviderContract, Seeded, Service, Trait
from dragoman.testing.contract.paging import PagingScenarios
from dragoman.testing.contract.reading import ReadingScenarios

STATUSES = {
    InvalidArgument: (400, {}),
    NotFound: (404, {}),
    Unauthenticated: (401, {}),
    PermissionDenied: (402, {}),
    RateLimited: (429, {"retry-after": "3600"}),
    Unavailable: (503, {"retry-after": "3600"}),
    DeadlineExceeded: (408, {}),
    Conflict: (409, {}),
    OutcomeUnknown: (500, {}),
}


class DatagridBehindAPort(Service):
    def __init__(self, datagrid, url):
        self.datagrid = datagrid
        self.url = url

    @property
    def settings(self):
        return DatagridSettings(token=KEY, base_url=self.url)

    async def seed(self, conversation, messages):
        self.datagrid.open(conversation.id, conversation.title)
        kept = tuple(self._add(conversation.id, message) for message in messages)
        return Seeded(replace(conversation, kind=ConversationKind.ASSISTANT), kept)

    def _add(self, conversation, message):
        by_agent = message.author.kind in {AuthorKind.BOT, AuthorKind.ASSISTANT}
        agent = f"agent_{message.author.id}"
        self.datagrid.agents[agent] = message.author.name
        parts = [{"type": "text", "text": message.text}]
        for number, file in enumerate(message.attachments):
            self.datagrid.files[f"file_{number}"] = {"filename": file.name, "media_type": file.media_type}
            parts.append({"type": "input_file", "file_id": f"file_{number}"})
        known = {one["id"] for one in self.datagrid.messages[conversation]}
        found = self.datagrid.add(
            conversation, "agent" if by_agent else "user", parts, message.sent_at, f"{conversation}-{message.id}", agent
        )
        assert found["id"] not in known
        author = (
            Author(name=message.author.name, kind=AuthorKind.ASSISTANT, id=agent) if by_agent else Author(name="user")
        )
        files = tuple(replace(one, size=None) for one in message.attachments)
        return replace(
            message, id=found["id"], conversation=conversation, author=author, reply_to=None, subject=None, labels=(),
            reactions=(), attachments=files,
        )  # fmt: skip

    @asynccontextmanager
    async def broken(self, error):
        def answer(request):
            if error is BadResponse:
                return httpx.Response(200, html="<html><body>Sign in</body></html>")
            if error is OutcomeUnknown and request.method == "GET":
                return None
            status, headers = STATUSES[error]
            return refused(status, "Something is wrong", **headers)

        self.datagrid.before = answer
        yield
        self.datagrid.before = None


class OnLoopback:
    provider = DatagridProvider
    exempt = {  # noqa: RUF012 - as the contract has it
        Trait.REPLIES: "Messages of Datagrid cannot answer one another.",
        Trait.UNAVAILABLE_WRITES: "It may have begun to answer before it gave up; only 429 says that it did not.",
        Trait.VERBATIM: "What is sent comes back as the answer that an agent gives to it.",
    }
    order = {"newest_first": False}  # noqa: RUF012

    @pytest.fixture
    async def service(self):
        datagrid = Datagrid(**self.order)
        with hurry():
            async with serving(datagrid.handle) as base:
                yield DatagridBehindAPort(datagrid, f"{base}/v1")


class TestDatagrid(OnLoopback, ProviderContract):
    """Lists its messages oldest first."""

    async def test_a_sync_holds_everything_and_claims_it(self, service, tmp_path):
        await require_sync_holds_all(service, tmp_path)


class TestDatagridListingNewestFirst(OnLoopback, PagingScenarios, ReadingScenarios):
    order = {"newest_first": True, "tells_more": False}  # noqa: RUF012
