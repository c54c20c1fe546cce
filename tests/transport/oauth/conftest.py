import sys
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

sys.path.insert(0, str(Path(__file__).parent))  # for authorization_server

from authorization_server import AuthorizationServer

from dragoman.core.context.instrumentation import naming_account
from dragoman.transport.oauth.settings import OAuthSettings


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that works; ``longest`` is the longest value that it takes."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.entries, self.longest = {}, 10_000

    def get_password(self, service, username):
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        if len(password) > self.longest:
            raise keyring.errors.PasswordSetError("too long")
        self.entries[service, username] = password


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without a keyring, so that tokens go to a private file."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield tmp_path / "home"
    keyring.set_keyring(before)


@pytest.fixture
def working_keyring(home):
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    return backend


@pytest.fixture
def server():
    with AuthorizationServer().serve() as service:
        yield service


@pytest.fixture
def client_of():
    """The client of an account, as its settings make it."""

    def build(server, account="work-mail", **more):
        with naming_account(account):
            return OAuthSettings.model_validate(server.settings(**more)).client(scopes={})

    return build
