from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dragoman.providers.replay.fake_imap_server import FakeImapServer
from dragoman.providers.replay.fake_smtp_server import FakeSmtpServer

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TESTS / "servers"), str(TESTS / "transport")]  # for mail_service and the like


@pytest.fixture
def imap_server():
    server = FakeImapServer("alice@example.test", "open sesame")
    with server.serve():
        yield server


@pytest.fixture
def smtp_server():
    server = FakeSmtpServer("alice@example.test", "open sesame")
    with server.serve():
        yield server


@pytest.fixture
def impatience(monkeypatch):
    """Lets connections time out when a test says so, and never by themselves."""
    from impatience import make_impatient

    return make_impatient(monkeypatch)


@pytest.fixture
def folders(imap_server):
    """The folders of a server that holds one mail to answer."""
    from mail_sender import NOW, ROOT, raw

    imap_server.folders["INBOX"].add(raw(*ROOT), (), NOW)
    return imap_server.folders


@pytest.fixture(scope="session")
def running_dovecot():
    import dovecot

    reason = dovecot.why_not()
    if reason:
        pytest.skip(reason)
    with dovecot.dovecot() as server:
        yield server


@pytest.fixture
def mail_server(running_dovecot):
    """A real mail server without mails."""
    running_dovecot.empty()
    return running_dovecot


@pytest.fixture(scope="session")
def running_postfix(running_dovecot):
    import postfix

    reason = postfix.why_not()
    if reason:
        pytest.skip(reason)
    with postfix.postfix(running_dovecot) as server:
        yield server


@pytest.fixture
def sending_server(running_postfix, mail_server):
    """A real server for sending, beside an empty one for reading."""
    return running_postfix
