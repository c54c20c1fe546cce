import html
from dataclasses import replace

import pytest
from convore_service import KEY, Convore, channel, refused
from http_contract import HttpService
from http_loopback import serving
from keeping_current import require_sync_holds_all

from dragoman.core.context.clock import hurry
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, ConversationKind
from dragoman.providers.convore import ConvoreProvider, ConvoreSettings
from dragoman.testing import ProviderContract, Trait
from dragoman.testing.contract.paging import PagingScenarios
from dragoman.testing.contract.reading import ReadingScenarios
from dragoman.testing.contract.writing import WritingScenarios

WIDGET = {"type": "convore_chat", "value": "acme-widget"}
UNSEEN = dict.fromkeys([0x202E, 0x202C, 0x200B, 0xFEFF, 0xE0041])


class ConvoreBehindAPort(HttpService):
    statuses = {InvalidArgument: (422, {})}  # noqa: RUF012 - as the service has it
    refused = staticmethod(refused)
    kind = ConversationKind.DIRECT

    @property
    def settings(self):
        return ConvoreSettings(token=KEY, base_url=self.url)

    def add(self, conversation, message):
        def there(identifier):
            return f"{conversation}/{identifier}"

        files = [
            {"id": f"attch_{number}", "conversation_id": conversation, "filename": one.name, "size": one.size,
             "content_type": one.media_type, "is_inline": False}
            for number, one in enumerate(message.attachments)
        ]  # fmt: skip
        text = html.escape(message.text, quote=False)
        handle = {"type": "convore_chat", "value": message.author.id}
        self.fake.add(
            conversation, text, sender={"handle": handle, "name": message.author.name}, date=message.sent_at,
            identifier=there(message.id), subject=message.subject, attachments=files, text_body=message.text,
            reply_to_message_id=there(message.reply_to) if message.reply_to else None,
        )  # fmt: skip
        return replace(
            message, id=there(message.id), conversation=conversation, author=Author(name=message.author.name),
            reply_to=there(message.reply_to) if message.reply_to else None, labels=(), reactions=(),
            text=message.text.translate(UNSEEN),
        )  # fmt: skip


class OnLoopback:
    provider = ConvoreProvider
    exempt = {  # noqa: RUF012 - as the contract has it
        Trait.LABELS: "Messages of Convore have no labels.",
        Trait.EDITS_TOLD: "Convore has no event for a changed text.",
        Trait.VERBATIM: "Characters that nobody sees fill mails and are left out when reading.",
    }
    variant = {}  # noqa: RUF012
    many = 12

    @pytest.fixture
    async def service(self):
        convore = Convore(channel=channel("convore_chat", WIDGET), **self.variant)
        with hurry():
            async with serving(convore.handle) as url:
                yield ConvoreBehindAPort(convore, url)


class TestConvore(OnLoopback, ProviderContract):
    """Lists its messages newest first."""

    async def test_a_sync_holds_everything_and_claims_it(self, service, tmp_path):
        await require_sync_holds_all(service, tmp_path)


class TestConvoreListingOldestFirst(OnLoopback, PagingScenarios):
    variant = {"order": "oldest", "cursors": "anchor", "last": "null"}  # noqa: RUF012


class TestConvoreListingInAnyOrderInSmallPages(OnLoopback, PagingScenarios, ReadingScenarios, WritingScenarios):
    variant = {"order": "shuffled", "largest": 2, "gaps": True, "counts": False}  # noqa: RUF012
