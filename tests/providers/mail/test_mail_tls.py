"""Encryption to mail servers, real handshakes on this machine: what is wrong is said, and nothing goes out before."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import anyio
import pytest
from certificates import certificate
from mail_sender import opened
from mail_service import settings_of
from tls_servers import EncryptedImapServer, EncryptedSmtpServer, kind_of_certificate

from dragoman.core.errors import DragomanError, PermissionDenied, Unauthenticated, Unavailable
from dragoman.core.queries import Draft
from dragoman.providers.mail import MailProvider
from dragoman.providers.replay.fake_smtp_server import FakeSmtpServer

pytestmark = pytest.mark.anyio

WRONG = {
    "expired": "has expired.*administrator",
    "future": "not yet valid.*clock",
    "other host": r"not valid for .127\.0\.0\.1.*the name that the certificate is made for",
    "own authority": "self-signed.*`ca_file`",
}


@contextmanager
def sending(tls, context):
    """A server for sending that encrypts at once or when it is asked to."""
    server = EncryptedSmtpServer(context) if tls == "tls" else FakeSmtpServer("alice@example.test", "open sesame")
    if tls == "tls":
        server.goes_on.set()
    server.context = context
    with server.serve() as address:
        yield server, address


def account_of(imap_server, tls, ca_file, **more):
    return MailProvider.open(settings_of(imap_server, tls=tls, ca_file=ca_file, **more))


def require_plain_words(error):
    assert "\n" not in str(error)
    assert "sesame" not in str(error)
    assert ".." not in str(error)
    assert "SSL" not in str(error)


@pytest.mark.parametrize("tls", ["tls", "starttls"])
@pytest.mark.parametrize("kind", list(WRONG))
async def test_a_certificate_that_is_not_good_is_told_and_no_password_goes_out_for_sending(
    imap_server, folders, tmp_path, kind, tls
):
    context, ca_file = kind_of_certificate(tmp_path, kind)
    with sending(tls, context) as (server, address):
        async with account_of(imap_server, tls, ca_file, smtp=address) as account:
            with pytest.raises(Unavailable, match=WRONG[kind]) as caught:
                await account._sender.check()
    require_plain_words(caught.value)
    assert not any(b"AUTH" in line.upper() for line in server.commands)


@pytest.mark.parametrize("tls", ["tls", "starttls"])
@pytest.mark.parametrize("kind", list(WRONG))
async def test_a_certificate_that_is_not_good_is_told_and_no_password_goes_out_for_reading(
    imap_server, tmp_path, kind, tls
):
    context, ca_file = kind_of_certificate(tmp_path, kind)
    with EncryptedImapServer(context, at_once=tls == "tls") as server:
        async with account_of(server, tls, ca_file) as account:
            with pytest.raises(Unavailable, match=WRONG[kind]) as caught:
                await account.check()
    require_plain_words(caught.value)
    assert not any(b"AUTH" in line.upper() or b"LOGIN" in line.upper() for line in server.commands)


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_a_good_certificate_lets_the_mail_through(imap_server, folders, tmp_path, tls):
    context, ca_file = kind_of_certificate(tmp_path, "good")
    with sending(tls, context) as (server, address):
        async with opened(imap_server, server) as account:
            account._sender._submission._server = replace(account._sender._submission._server, tls=tls)
            account._sender._submission._ca_file = ca_file
            await account.send_message("t.root@example.com", Draft(text="x"))
    assert address
    assert len(server.mails) == 1


async def test_no_password_and_no_mail_go_out_where_encryption_was_taken_away(imap_server, smtp_server):
    settings = settings_of(imap_server, smtp=f"127.0.0.1:{smtp_server.server_address[1]}", tls="starttls")
    async with MailProvider.open(settings) as account:
        with pytest.raises(PermissionDenied, match=r"offers no encryption.*Somebody may be listening"):
            await account._sender.check()
    assert smtp_server.commands == [b"ehlo localhost"]


@pytest.mark.parametrize("answer", [b"454 4.7.0 TLS not available", b"502 5.5.1 no such command"])
async def test_no_password_goes_out_where_encryption_is_offered_and_refused(imap_server, smtp_server, tmp_path, answer):
    smtp_server.context = certificate(tmp_path).context()
    smtp_server.fault = lambda line: answer if line.upper() == b"STARTTLS" else b""
    settings = settings_of(imap_server, smtp=f"127.0.0.1:{smtp_server.server_address[1]}", tls="starttls")
    async with MailProvider.open(settings) as account:
        with pytest.raises(DragomanError, match=r"no encryption.*TLS") as caught:
            await account._sender.check()
    assert not any(b"AUTH" in line.upper() for line in smtp_server.commands)
    require_plain_words(caught.value)


async def test_what_a_server_says_before_the_encryption_counts_for_nothing(tmp_path):
    made = certificate(tmp_path)
    with EncryptedImapServer(made.context(), at_once=False) as server:
        server.injected = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nX1 OK signed in\r\n"
        async with account_of(server, "starttls", made.file) as account:
            with pytest.raises(Unauthenticated, match="does not accept the login"):
                await account.check()


async def test_a_send_that_is_cancelled_while_the_connection_is_encrypted_sends_nothing(imap_server, folders, tmp_path):
    made = certificate(tmp_path)
    server = EncryptedSmtpServer(made.context())
    with server.serve():
        async with opened(imap_server, server) as account:
            submission = account._sender._submission
            submission._server, submission._ca_file = replace(submission._server, tls="tls"), made.file
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(account.send_message, "t.root@example.com", Draft(text="x"))
                await anyio.to_thread.run_sync(server.is_there.wait)
                tasks.cancel_scope.cancel()
        server.goes_on.set()
        assert await anyio.to_thread.run_sync(server.has_left.wait, 20)
    assert (server.mails, server.commands) == ([], [])
