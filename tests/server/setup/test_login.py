"""``dragoman login`` in a terminal, with a browser that is a program of the test."""

import json
import os
import sys
from pathlib import Path

import forked_program
import pytest

from outside_provider import install_provider

sys.path.insert(0, str(Path(__file__).parents[2] / "transport" / "oauth"))

from authorization_server import AuthorizationServer

PIGEON = """
from contextlib import asynccontextmanager

from dragoman.core.model import Page
from dragoman.providers.base.provider import Provider
from dragoman.providers.base.account_settings import AccountSettings
from dragoman.transport.credentials import Secret
from dragoman.transport.oauth.session import OAuthSession
from dragoman.transport.oauth.settings import OAuthSettings


class PigeonSettings(AccountSettings):
    oauth: OAuthSettings | None = None
    token: Secret | None = None

    @property
    def oauth_client(self):
        return self.oauth.client(scopes={}) if self.oauth else None


class Pigeon(Provider):
    name = "pigeon"
    Settings = PigeonSettings

    @classmethod
    @asynccontextmanager
    async def open(cls, settings):
        account = cls(settings)
        account.session = OAuthSession(settings.oauth_client) if settings.oauth_client else None
        yield account

    async def list_conversations(self, query):
        if self.session is not None:
            await self.session.access_token()
        return Page(items=[])
"""
BROWSER = """#!{python}
import sys, urllib.request
urllib.request.urlopen(sys.argv[1]).read()
"""


@pytest.fixture
def server():
    with AuthorizationServer().serve() as service:
        yield service


@pytest.fixture
def settings(tmp_path, monkeypatch, server):
    """Settings with an account that signs in with OAuth, and one that does not."""
    for name in [name for name in os.environ if name.startswith(("DRAGOMAN_", "XDG_"))]:
        monkeypatch.delenv(name)
    site = tmp_path / "site"
    install_provider(site, "pigeon", PIGEON, "Pigeon")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    browser = tmp_path / "browser"
    browser.write_text(BROWSER.format(python=sys.executable), encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    table = ", ".join(f"{key} = {json.dumps(value)}" for key, value in server.settings().items())
    path = tmp_path / "dragoman.toml"
    path.write_text(
        f'[accounts.work]\nprovider = "pigeon"\noauth = {{ {table} }}\n\n'
        '[accounts.old]\nprovider = "pigeon"\ntoken = "a-token"\n',
        encoding="utf-8",
    )
    return str(path)


def test_a_sign_in_in_a_terminal_makes_the_account_work(talk, settings, server):
    shown, status = talk(["login", "work", "--config", settings], [])
    said = shown.decode()
    assert status == 0, said
    assert "mail.read, mail.send" in said
    assert f"{server.address}/authorize?" in said
    assert "work is signed in" in said
    assert not [it for it in (*server.refresh_tokens, *server.access_tokens, server.client_secret) if it in said]
    assert len(server.forms) == 1


def test_a_device_code_is_shown_with_its_address(talk, settings, server):
    shown, status = talk(["login", "work", "--device", "--config", settings], [])
    said = shown.decode()
    assert status == 0, said
    assert f"{server.address}/activate" in said
    assert "WDJB-MJHT" in said


def test_an_account_that_nobody_has_signed_in_to_says_how_in_its_check(settings, server):
    said = forked_program.run(["check", "--config", settings], text=True).stdout
    (line,) = [line for line in said.splitlines() if " work:" in line]
    assert line.endswith("There is no valid sign-in for this account; run `dragoman login work` in a terminal.")


def test_a_refusal_ends_in_a_sentence(talk, settings, server):
    server.redirect = lambda parameters: {"error": "access_denied", "state": parameters["state"]}
    shown, status = talk(["login", "work", "--config", settings], [])
    assert status == 1
    assert "does not allow what was asked for" in shown.decode()
    assert "Traceback" not in shown.decode()


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("old", "does not sign in with OAuth"),
        ("none", "There is no account 'none'. Accounts: work, old."),
        ("work", "Signing in needs somebody at a terminal; run `dragoman login work` in one."),
    ],
)
def test_what_cannot_be_signed_in_is_refused_in_a_sentence(settings, account, words, server):
    result = forked_program.run(["login", account, "--config", settings], text=True)
    assert result.returncode == 1
    assert words in result.stderr
    assert result.stdout == ""
    assert server.forms == []
