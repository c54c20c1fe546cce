"""The setting ``oauth``."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from dragoman.core.context.instrumentation import naming_account
from dragoman.core.errors import InvalidArgument
from dragoman.transport.oauth.settings import OAuthSettings


class Holder(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    oauth: OAuthSettings


def test_a_word_and_a_table_name_a_ready_server():
    one, other = (Holder.model_validate({"oauth": it}).oauth for it in ("google", {"provider": "google"}))
    assert one == other


@pytest.mark.parametrize(
    ("settings", "token_url"),
    [
        ({"provider": "google"}, "https://oauth2.googleapis.com/token"),
        ({"provider": "microsoft"}, "https://login.microsoftonline.com/common/oauth2/v2.0/token"),
        (
            {"provider": "microsoft", "tenant": "contoso.example"},
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
        ),
        ({"token_url": "https://id.example.com/token/"}, "https://id.example.com/token/"),
    ],
)
def test_the_address_for_tokens_is_that_of_the_server(settings, token_url):
    client = OAuthSettings.model_validate({"client_id": "c", **settings}).client(scopes={})
    assert client.server.token_url == token_url


@pytest.mark.parametrize(
    "settings",
    [
        "facebook",
        {},
        {"provider": "google", "token_url": "https://id.example.com/token"},
        {"authorize_url": "https://id.example.com/authorize"},
        {"token_url": "http://id.example.com/token"},
        {"token_url": "https://user:pw@id.example.com/token"},
        {"token_url": "https://id.example.com/\r\nx"},
        {"provider": "microsoft", "tenant": "../evil"},
        {"provider": "microsoft", "tenant": "a/b"},
        {"provider": "google", "client_id": "two words"},
        {"provider": "google", "scopes": ["a b"]},
        {"provider": "google", "client_secrett": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused_without_their_values(settings):
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"oauth": settings})
    assert "user:pw" not in str(caught.value)


def test_a_client_without_an_id_says_what_is_missing():
    with pytest.raises(InvalidArgument, match="client_id"):
        OAuthSettings(provider="google").client(scopes={})


def test_scopes_come_from_the_provider_unless_the_settings_name_others():
    scopes = {"google": ("https://mail.google.com/",)}
    assert OAuthSettings(provider="google", client_id="c").client(scopes=scopes).scopes == scopes["google"]
    assert OAuthSettings(provider="google", client_id="c", scopes=("x",)).client(scopes=scopes).scopes == ("x",)


def test_accounts_clients_and_users_have_stored_tokens_of_their_own():
    def entry(account, client_id, user):
        with naming_account(account):
            return OAuthSettings(provider="google", client_id=client_id).client(scopes={}, user=user).entry

    entries = {entry("a", "c", "u"), entry("b", "c", "u"), entry("a", "d", "u"), entry("a", "c", "v")}
    assert len(entries) == 4
    assert entry("a", "c", "u") in entries
