"""Settings with a token or with OAuth: one of them, and no token that is of no use."""

from typing import ClassVar

import pytest
from pydantic import ValidationError

from dragoman import Unauthenticated
from dragoman.providers.kit import OAuthAccount

OAUTH = {
    "client_id": "dragoman",
    "refresh_token": "a-refresh-token",
    "authorize_url": "https://auth.example/authorize",
    "token_url": "https://auth.example/token",
}


class ChatAccount(OAuthAccount):
    provider: str = "chat"
    base_url: str = "https://chat.example"
    refused_tokens: ClassVar = {"app-": "This is the token of an app."}
    refusal_hint: ClassVar = "Set `token` to that of a person."

    @classmethod
    def oauth_scopes(cls):
        return {"chat": ("read", "write")}


def account(value):
    return ChatAccount.model_validate({"token": value})


@pytest.mark.parametrize("given", [{}, {"token": "user-1", "oauth": OAUTH}])
def test_exactly_one_credential_is_given(given):
    with pytest.raises(ValidationError, match="set token"):
        ChatAccount(**given)


@pytest.mark.anyio
async def test_a_token_of_a_kind_that_is_of_no_use_is_refused_before_it_is_sent():
    assert await account("user-1").authorize()(False) == "Bearer user-1"
    with pytest.raises(Unauthenticated, match="token of an app") as refused:
        await account("app-1").authorize()(False)
    assert refused.value.hint == "Set `token` to that of a person."


def test_accounts_with_other_credentials_are_told_apart():
    first, second = account("user-1"), account("user-2")
    signed_in = ChatAccount(oauth=OAUTH)
    assert len({first.credential, second.credential, signed_in.credential, account("user-1").credential}) == 3
    assert first.oauth_client is None
    assert signed_in.oauth_client is not None
