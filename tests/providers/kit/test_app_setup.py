"""The app that an account needs, by a table beside the provider."""

import json

import pytest

from dragoman.providers.kit import AppSetup, GrantedScopes

TABLE = """
manifest = '{"name": "Dragoman", "bot": $bot}'
page = "https://$host/new?from=$manifest"
sentences = ["Open $read_page or $write_page.", "Its manifest: $write_manifest"]

[needs]
"reading" = ["read:all"]

[scopes]
reading = ["read:all", "read:names"]
writing = ["write"]

[apps.read]
bot = ["reading"]

[apps.write]
bot = ["reading", "writing"]

[capabilities]
send_message = ["write"]
search_messages = ["find", "find:public"]

[kinds.listing]
open = "read:all"

[oauth]
acme = ["write", "bot"]

[refused]
hint = "Take that of a bot."
"app-" = "This is the token of an app."
"""


@pytest.fixture
def setup(tmp_path):
    file = tmp_path / "app.toml"
    file.write_text(TABLE)
    return AppSetup(file)


def test_an_app_has_the_scopes_of_its_groups(setup):
    assert setup.needs == {"reading": ["read:all"]}
    assert setup.scopes("read", "bot") == ("read:all", "read:names")
    assert json.loads(setup.manifest("write")) == {"name": "Dragoman", "bot": ["read:all", "read:names", "write"]}


def test_who_adds_an_account_gets_the_pages_with_their_manifests_and_the_manifest_itself(setup):
    pages, manifest = setup.advice(host="acme.example").sentences
    assert pages.count("https://acme.example/new?from=%7B%22name%22%3A%22Dragoman%22") == 2
    assert pages.count("write") == 1
    assert manifest == f"Its manifest: {setup.manifest('write')}"


@pytest.mark.parametrize(
    ("granted", "withheld"),
    [
        (None, set()),
        ("read:all,write", {"search_messages"}),
        ("find:public", {"send_message"}),
        ("write,find", set()),
    ],
)
def test_what_a_token_is_known_not_to_be_allowed_is_withheld(setup, granted, withheld):
    scopes = GrantedScopes()
    scopes.learn(granted)
    assert setup.withheld(scopes) == withheld


def test_who_signs_in_is_asked_for_the_scopes_of_the_app_and_kinds_have_scopes(setup):
    assert setup.oauth_scopes() == {"acme": ("read:all", "read:names", "write")}
    assert setup.kinds("listing") == {"open": "read:all"}


def test_a_token_that_is_of_no_use_is_refused_with_what_would_be(setup):
    assert setup.refusal_of("app-1") == ("This is the token of an app.", "Take that of a bot.")
    assert setup.refusal_of("bot-app-1") is None
