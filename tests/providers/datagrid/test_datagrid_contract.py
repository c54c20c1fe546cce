from dataclasses import replace

import pytest
from datagrid_service import KEY, Datagrid, refused
from http_contract import HttpService
from http_loopback import serving
from keeping_current import require_sync_holds_all

from dragoman.core.context.clock import hurry
from dragoman.core.errors import PermissionDenied
from dragoman.core.model import Author, AuthorKind, ConversationKind
from dragoman.providers.datagrid import DatagridProvider, DatagridSettings
from dragoman.testing import ProviderContract, Trait
from dragoman.testing.contract.paging import PagingScenarios
from dragoman.testing.contract.reading import ReadingScenarios


class DatagridBehindAPort(HttpService):
    statuses = {PermissionDenied: (402, {})}  # noqa: RUF012 - as the service has it
    refused = staticmethod(refused)
    kind = ConversationKind.ASSISTANT

    @property
    def settings(self):
        return DatagridSettings(token=KEY, base_url=self.url)

    def add(self, conversation, message):
        by_agent = message.author.kind in {AuthorKind.BOT, AuthorKind.ASSISTANT}
        agent = f"agent_{message.author.id}"
        self.fake.agents[agent] = message.author.name
        parts = [{"type": "text", "text": message.text}]
        for number, file in enumerate(message.attachments):
            self.fake.files[f"file_{number}"] = {"filename": file.name, "media_type": file.media_type}
            parts.append({"type": "input_file", "file_id": f"file_{number}"})
        known = {one["id"] for one in self.fake.messages[conversation]}
        found = self.fake.add(
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
