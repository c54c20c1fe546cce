"""The settings on the pages are those that are read, with their defaults, and every example of settings is accepted."""

import re
import tomllib
from enum import Enum

import pytest

import doc_pages
from dragoman.accounts import provider_registry
from dragoman.providers.base.account_settings import AccountSettings
from dragoman.transport.oauth.settings import OAuthSettings as AccountOAuth
from dragoman_server.config import auth, clients, http, load, server_settings

TABLE = re.compile(
    r"^\| (?:setting|key of [^|]*) \| meaning \| default \|\n\| --- \| --- \| --- \|\n((?:\|.*\n)+)", re.MULTILINE
)
TABLES = {
    "at the top": ("docs/settings.md", "At the top of the file", server_settings.General),
    "accounts": ("docs/settings.md", "In every account", AccountSettings),
    "clients": ("docs/settings.md", "For one client", clients.ClientSettings),
    "http": ("docs/http.md", "Settings of `[http]`", http.HttpSettings),
    "tokens": ("docs/http.md", "Tokens of your own", auth.TokenSettings),
    "oauth": ("docs/http.md", "OAuth 2.1", auth.OAuthSettings),
}
SERVICES = sorted(provider_registry.BUILT_IN.keys() - {"local"})


def rows(text):
    """Each setting of the tables in a text, with what stands as its default."""
    lines = [line for table in TABLE.findall(text) for line in table.splitlines()]
    cells = [re.split(r" ?(?<!\\)\|", line.strip("|")) for line in lines]
    return {name: default.strip() for first, *_, default in cells for name in re.findall(r"`([a-z_]+)`", first)}


def keys(model):
    return {field.alias or name: field for name, field in model.model_fields.items()}


def told_wrongly(shown, field):
    """Is a default that stands on the page another one than that of the setting."""
    value = re.fullmatch(r"`?(\"[^\"`]*\"|\[[^`]*\]|true|false|[0-9.]+)`?", shown)
    if value is None:
        return False  # in words, or none
    if field.is_required():
        return True
    default = field.default.value if isinstance(field.default, Enum) else field.default
    read = tomllib.loads(f"x = {value[1]}")["x"]
    return read != (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize(("page", "heading", "model"), TABLES.values(), ids=TABLES)
def test_a_table_of_settings_has_what_is_read_and_its_defaults(page, heading, model):
    shown = rows(doc_pages.section(doc_pages.page(page), heading))
    fields = keys(model)
    if model is AccountSettings:
        local = keys(provider_registry.provider_class("local").Settings)
        assert {"path", "name"} == local.keys() - fields.keys()
        fields = local | fields
    assert shown.keys() == fields.keys()
    assert [name for name, default in shown.items() if told_wrongly(default, fields[name])] == []


@pytest.mark.parametrize("name", SERVICES)
def test_the_page_of_a_service_has_its_settings_and_their_defaults(name):
    text = doc_pages.page(f"docs/providers/{name}.md")
    fields = keys(provider_registry.provider_class(name).Settings)
    shown = rows(text)
    assert shown.keys() - AccountSettings.model_fields.keys() == fields.keys() - AccountSettings.model_fields.keys()
    assert [key for key, default in shown.items() if told_wrongly(default, fields[key])] == []


def test_the_table_of_oauth_has_what_is_read():
    assert rows_of_first_column("docs/oauth.md") == AccountOAuth.model_fields.keys()


def rows_of_first_column(page):
    cells = re.findall(r"^\| (`[^|]+) \|", doc_pages.page(page), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}


@pytest.mark.parametrize("block", [pytest.param(it, id=it.page) for it in doc_pages.blocks("toml")])
def test_an_example_of_settings_is_accepted(block, tmp_path, monkeypatch):
    data = tomllib.loads(block.text)
    if "project" in data or block.info:
        return  # of a package, or of a file that another test builds
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    for account in data.get("accounts", {}).values():
        for key in [
            key for key, value in account.items() if isinstance(value, dict) and set(value) & {"env", "keyring", "file"}
        ]:
            account[key] = "a-credential"
    load.from_mapping(data)


def test_every_variable_is_on_the_page_of_settings():
    shown = set(
        re.findall(
            r"`(DRAGOMAN_[A-Z_]+)`", doc_pages.section(doc_pages.page("docs/settings.md"), "Environment variables")
        )
    )
    sources = [file for part in ("server", "tools") for file in (doc_pages.ROOT / part).rglob("*.py")]
    read = {name for file in sources for name in re.findall(r"\bDRAGOMAN_[A-Z_]+\b", file.read_text(encoding="utf-8"))}
    assert shown == read
