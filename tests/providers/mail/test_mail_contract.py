"""The provider keeps the promises of every provider."""

from __future__ import annotations

from typing import ClassVar

import pytest
from keeping_current import require_sync_holds_all
from mail_service import MailService

from dragoman.core.errors import InvalidArgument
from dragoman.providers.mail import MailProvider
from dragoman.testing import ProviderContract, Trait


class TestMail(ProviderContract):
    provider = MailProvider
    missing: ClassVar = ("t.no-such-thread@example.org", "no-such-mail@example.org")
    exempt: ClassVar = {
        Trait.EMPTY_CONVERSATIONS: "A thread is its mails.",
        Trait.TEXTS: "A mail that was delivered does not change.",
        Trait.SUBJECTS: "A mail that was delivered does not change.",
        Trait.VERBATIM: "Mail has one kind of line end, and blank lines at the end of a text are not kept.",
        InvalidArgument: "Nothing that a mail server refuses when reading is a mistake of the call.",
    }

    @pytest.fixture
    def service(self, imap_server, smtp_server, impatience):
        return MailService(imap_server, smtp_server, impatience)

    async def test_a_sync_holds_everything_and_claims_it(self, service, tmp_path):
        await require_sync_holds_all(service, tmp_path)
