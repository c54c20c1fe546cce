"""Signing in to mailboxes, and what is said when that fails."""

from __future__ import annotations

import pytest
from dovecot_mailbox import opened
from mail_service import settings_of

from dragoman.core.errors import NotFound, PermissionDenied, Unauthenticated, Unavailable
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_mail_store import StoredFolder

pytestmark = pytest.mark.anyio


async def test_ways_to_sign_in(mail_server):
    async with opened(mail_server) as account:
        assert (await account.check()).startswith("reads as alice@example.test: 3 folders with 0 mails")
    async with opened(mail_server, token="alice-token") as account:  # noqa: S106 - of no service
        assert await account.check()
    async with opened(mail_server, imap=f"127.0.0.1:{mail_server.imap}", tls="starttls") as account:
        assert await account.check()


@pytest.mark.parametrize(
    ("more", "error", "sentence"),
    [
        ({"password": "wrong"}, Unauthenticated, "does not accept the login.*password"),
        ({"token": "wrong"}, Unauthenticated, "does not accept the login.*new token"),
        ({"ca_file": None}, Unavailable, "certificate of .* is not good.*ca_file"),
        ({"folders": ["Nowhere"]}, NotFound, "There is no folder 'Nowhere'"),
    ],
)
async def test_what_is_wrong_with_an_account_is_said(mail_server, more, error, sentence):
    async with opened(mail_server, **more) as account:
        with pytest.raises(error, match=sentence):
            await account.check()


async def test_a_port_without_tls_is_told(mail_server):
    async with opened(mail_server, imap=f"127.0.0.1:{mail_server.imap}") as account:
        with pytest.raises(Unavailable, match="speaks no TLS on port"):
            await account.check()


async def test_no_password_goes_out_where_encryption_is_not_offered(imap_server):
    settings = settings_of(imap_server, tls="starttls")
    async with MailProvider.open(settings) as account:
        with pytest.raises(PermissionDenied, match="offers no encryption"):
            await account.check()
    assert not any(b"sesame" in command or b"AUTH" in command for command in imap_server.commands)


async def test_a_folder_whose_name_is_wrongly_encoded_hides_no_other(imap_server):
    for name in ("a&b", "x&", "caf\u00e9"):
        imap_server.folders[name] = StoredFolder(name)
    async with MailProvider.open(settings_of(imap_server)) as account:
        assert (await account.check()).startswith("reads as alice@example.test: 3 folders with 0 mails")
