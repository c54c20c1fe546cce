"""Settings with a token or with OAuth: one of them, and no token that is of no use."""

from typing import ClassVar

import pytest
from pydantic import ValidationError

from dragoman import Unauthenticated
from dragoman.providers.kit import AppSetup, OAuthAccount

OAUTH = {
    "client_id": "dragoman",
    "refresh_token": "a-refresh-token",
    "authorize_url": "https://auth.example/authorize",
    "token_url": "https://auth.example/token",
}


TABLE = """
[scopes]
all = ["read", "write"]

[apps.only]
user = ["all"]

[oauth]
chat = ["only", "user"]

[refused]
hint = "Set `token` to that of a person."
"app-" = "This is the token of an app."
"""


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "app.toml"
    file.write_text(TABLE)

    class ChatAccount(OAuthAccount):
        provider: str = "chat"
        base_url: str = "https://chat.example"
        app: ClassVar = AppSetup(file)

    def account(**given):
        return ChatAccount.model_validate({key if key == "oauth" else "token": value for key, value in given.items()})

    return account


@pytest.mark.parametrize("given", [{}, {"token": "user-1", "oauth": OAUTH}])
def test_exactly_one_credential_is_given(given, settings):
    with pytest.raises(ValidationError, match="set token"):
        settings(**given)


@pytest.mark.anyio
async def test_a_token_of_a_kind_that_is_of_no_use_is_refused_before_it_is_sent(settings):
    assert await settings(of="user-1").authorize()(False) == "Bearer user-1"
    with pytest.raises(Unauthenticated, match="token of an app") as refused:
        await settings(of="app-1").authorize()(False)
    assert refused.value.hint == "Set `token` to that of a person."


def test_accounts_with_other_credentials_are_told_apart(settings):
    first, second, again = (settings(of=value) for value in ("user-1", "user-2", "user-1"))
    signed_in = settings(oauth=OAUTH)
    assert len({first.credential, second.credential, signed_in.credential, again.credential}) == 3
    assert first.oauth_client is None
    assert signed_in.oauth_client is not None
