"""``dragoman init`` for a mailbox: the address first, then what is open; against small mail servers of the test."""

import os
import sys
import tomllib
from pathlib import Path

import forked_program
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "transport" / "oauth"))

from authorization_server import AuthorizationServer

from dragoman.providers.replay.fake_imap_server import CAPABILITIES, FakeImapServer
from dragoman.providers.replay.fake_smtp_server import FakeSmtpServer

USER = "alice@example.test"
BROWSER = """#!{python}
import sys, urllib.request
urllib.request.urlopen(sys.argv[1]).read()
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("DRAGOMAN_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def servers():
    """A mailbox that takes one password, and ``good-token`` as a token."""
    imap, smtp = (
        FakeImapServer(USER, "open-sesame", f"{CAPABILITIES} AUTH=XOAUTH2"),
        FakeSmtpServer(USER, "open-sesame"),
    )
    with imap.serve(), smtp.serve():
        yield {"imap": f"127.0.0.1:{imap.server_address[1]}", "smtp": f"127.0.0.1:{smtp.server_address[1]}"}


def settings_in(home):
    return tomllib.loads((home / "dragoman.toml").read_text(encoding="utf-8"))["accounts"]


def words(servers, *more):
    named = [f"{key}={value}" for key, value in {**servers, "tls": "off"}.items()]
    sets = [word for pair in named for word in ("--set", pair)]
    return ["init", "--provider", "mail", "--name", "post", "--config", "dragoman.toml", *sets, *more]


def test_a_mailbox_is_added_with_its_address_and_a_password(talk, home, servers):
    shown, status = talk(
        words(servers),
        [
            ("address (mail address of the mailbox)", USER),
            ("Which credential", "password"),
            ("password (password of the mailbox", "open-sesame"),
            ("write", "confirm"),
        ],
    )
    said = shown.decode()
    assert status == 0, said
    assert "reads as alice@example.test" in said
    assert "sends through 127.0.0.1" in said
    assert "open-sesame" not in said
    account = settings_in(home)["post"]
    assert account["address"] == USER
    assert set(account["password"]) == {"file"}


def test_the_servers_of_a_large_host_are_known_and_its_login_is_explained(talk, home):
    interrupt = "\x03"
    shown, _ = talk(
        ["init", "--provider", "mail", "--name", "post", "--config", "dragoman.toml"],
        [("address (mail address of the mailbox)", "ann@outlook.com"), ("Which credential", interrupt)],
    )
    said = shown.decode()
    assert "Outlook takes no password for reading" in said
    assert "[oauth]" in said
    assert not (home / "dragoman.toml").exists()


def test_an_account_with_oauth_is_signed_in_to_on_the_way(talk, home, servers, monkeypatch):
    browser = home / "browser"
    browser.write_text(BROWSER.format(python=sys.executable), encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    with AuthorizationServer().serve() as server:
        server.scripted = [(200, {"access_token": "open-sesame", "refresh_token": "r1", "expires_in": 3600})]
        shown, status = talk(
            words(servers),
            [
                ("address (mail address of the mailbox)", USER),
                ("Which credential", "oauth"),
                ("Whose sign-in", server.address),
                ("client_id", "123456789012-ab3def4gh5ij6kl7mn8op.apps.example.com"),
                ("scopes", "mail.read mail.send"),
                ("client_secret", server.client_secret),
                ("write", "confirm"),
            ],
        )
        said = shown.decode()
        assert status == 0, said
        assert "post is signed in" in said
        assert "reads as alice@example.test" in said
        assert server.client_secret not in said
        (form,) = server.forms
    assert form["client_id"] == "123456789012-ab3def4gh5ij6kl7mn8op.apps.example.com"
    oauth = settings_in(home)["post"]["oauth"]
    assert set(oauth) == {"issuer", "client_id", "client_secret", "scopes"}
    assert set(oauth["client_secret"]) == {"file"}


def test_a_script_adds_a_mailbox_without_questions(home, servers):
    given = [*words(servers), "--set", f"address={USER}", "--secret", "password=-"]
    result = forked_program.run(given, input=b"open-sesame\n", text=True)
    assert result.returncode == 0, result.stderr
    assert settings_in(home)["post"]["imap"] == servers["imap"]
