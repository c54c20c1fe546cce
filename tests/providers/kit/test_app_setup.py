"""The app that an account needs, by a table beside the provider."""

import json

import pytest

from dragoman.providers.kit import AppSetup

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
