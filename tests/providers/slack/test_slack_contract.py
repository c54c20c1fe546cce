"""The provider keeps the promises of every provider."""

from typing import ClassVar

import pytest
from keeping_current import require_sync_holds_all
from slack_service import BEGINNING
from slack_workspace import Workspace

from dragoman.providers.slack import SlackProvider
from dragoman.testing import ProviderContract, Trait


@pytest.mark.usefixtures("waits")
class TestSlack(ProviderContract):
    provider = SlackProvider
    missing: ClassVar = ("C0MISSING1", f"{BEGINNING}.999999")
    long: ClassVar = 12_000
    exempt: ClassVar = {
        Trait.VERBATIM: "Slack stores what it makes of Markdown, and not the Markdown.",
        Trait.SUBJECTS: "Messages of Slack have no subject.",
        Trait.LABELS: "Messages of Slack have no labels.",
    }

    @pytest.fixture
    def service(self):
        workspace = Workspace()
        with workspace.serve() as workspace.address:
            yield workspace

    async def test_a_sync_holds_everything_and_claims_it(self, service, tmp_path):
        await require_sync_holds_all(service, tmp_path)
