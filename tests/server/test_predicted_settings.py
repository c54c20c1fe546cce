"""What the front foresees of settings is what the settings give; what it cannot foresee it leaves to them."""

import json
from typing import Any

import anyio
import pytest
from front_questions import front_answers, lists_of, parsed, sdk_answers, smallest, snapshot
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dragoman.accounts.provider_registry import BUILT_IN, provider_class
from dragoman.core import paths
from dragoman.toolset import available_tools
from dragoman_server.config import load
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.find import find
from dragoman_server.config.server_settings import General
from dragoman_server.mcp.tool_list import ToolListChanges
from dragoman_server.runtime import startup_checks, tool_context
from dragoman_server.setup.files import trusted_files
from dragoman_server.transports.stdio import predicted_results

ODD = st.one_of(st.integers(-5, 10**7), st.floats(), st.booleans(), st.text(max_size=12), st.lists(st.text(max_size=5)))
WORDS = "off allow confirm full numbers warn oauth principal SLACK a:b ~/x host:443 ann@example.com Europe/Berlin"
PLACES = ("https://a.example.com", "http://x", "x y", "")
TABLES = ({"env": "X"}, {"file": ""}, {"env": "X", "file": "y"}, {"command": ["a"]}, {"command": []}, {})
HTTP = {"workers": 2, "listen": "127.0.0.1:1", "sessions": True, "allowed_hosts": ["a.example"], "max_body": 2048}
TOKENS = {"tokens": {"a": {"hash": f"sha256:{'0' * 64}"}}}
PLAIN = [*WORDS.split(), "Maria Koch", *PLACES, "http://127.0.0.1:1", 0.0005, 3000, True, 30]
SEVERAL = [*TABLES, ["a:room"], ["room"], [], HTTP, TOKENS, {"oauth": {"issuer": "https://a.example"}}]
GOOD = st.sampled_from([*PLAIN, *SEVERAL])
KEYS = sorted({key for name in BUILT_IN for key in provider_class(name).Settings.model_fields} | {"unknown"})


@st.composite
def drawn_settings(draw: st.DrawFn) -> dict[str, Any]:
    top = draw(
        st.dictionaries(st.sampled_from([*General.model_fields, "http", "auth", "other"]), GOOD | ODD, max_size=2)
    )
    accounts = {}
    for name in draw(st.lists(st.sampled_from(["a", "work-chat", "Bad", "b2"]), max_size=2, unique=True)):
        more = draw(st.dictionaries(st.sampled_from(KEYS), GOOD | ODD, max_size=3))
        accounts[name] = smallest(draw(st.sampled_from(list(BUILT_IN)))) | more
    return top | {"accounts": accounts}


@settings(max_examples=400, deadline=None)
@given(drawn_settings(), st.booleans())
@example({"accounts": {"a": smallest("mail", imap=[])}}, False)
def test_what_is_foreseen_is_what_the_settings_give(given_settings, read_only):
    found = predicted_results.predict_accounts(snapshot(), given_settings, read_only=read_only)
    if found is not None:
        loaded = load.from_mapping(given_settings)
        assert lists_of(found) == really(startup_checks.without_writing(loaded) if read_only else loaded)


def really(loaded: load.Config) -> tuple[frozenset[str], bool, bool]:
    async def look() -> tuple[frozenset[str], bool, bool]:
        async with tool_context.open_services(loaded) as shared:
            outside = any(account.provider_class.external for account in shared.workspace.accounts.values())
            names = frozenset(spec.name for spec in available_tools(shared))
            return names, outside, ToolListChanges(shared).may_happen

    return anyio.run(look)


@pytest.mark.parametrize("name", BUILT_IN)
def test_ordinary_settings_of_every_provider_are_foreseen(name):
    table = smallest(name, write="confirm", remember="full", timeout=20)
    given_settings = {"timezone": "Europe/Berlin", "max_tokens": 4000, "accounts": {"mine": table}}
    found = predicted_results.predict_accounts(snapshot(), given_settings, read_only=False)
    assert found is not None
    assert lists_of(found) == really(load.from_mapping(given_settings))


def test_the_servers_of_a_mailbox_are_foreseen_as_one_text_each():
    servers = {"imap": "mail.example.org:993", "smtp": "mail.example.org:465", "user": "ann"}
    given_settings = {"accounts": {"mine": smallest("mail", **servers)}}
    found = predicted_results.predict_accounts(snapshot(), given_settings, read_only=False)
    assert found is not None
    assert lists_of(found) == really(load.from_mapping(given_settings))


HASH = f"sha256:{'a' * 64}"
GLEAN = {"provider": "glean", "base_url": "https://acme-be.glean.com", "token": {"env": "X"}}
ORDINARY = [
    {"accounts": {"mine": {"provider": "local", "name": "Maria Koch"}}},
    {"accounts": {"mine": {"provider": "local", "name": "Zoë Łuczak · 王"}}},
    {"accounts": {"a": {"provider": "local"}, "b": {"provider": "local", "path": "b.db"}}},
    {"http": {"listen": "127.0.0.1:9000", "workers": 4}},
    {"http": {"public_url": "https://mcp.example.com/mcp", "allowed_hosts": ["mcp.example.com"], "sessions": True}},
    {"http": {"allowed_origins": ["https://app.example.com"], "drain_delay": 0.5, "max_body": 4096}},
    {"auth": {"tokens": {"my-laptop": {"hash": HASH, "scopes": ["read", "write"], "accounts": ["local"]}}}},
    {
        "http": {"public_url": "https://mcp.example.com/mcp"},
        "auth": {"oauth": {"issuer": "https://login.example.com/tenant", "algorithms": ["RS256"]}},
    },
    {"telemetry": "http://127.0.0.1:4318"},
    {"flow_guard": "warn", "max_tokens": 200},
    {"accounts": {"mine": {"provider": "local", "write_to": ["mine:room", "other"]}}},
    {"accounts": {"mine": {"provider": "local", "write_to": []}}},
    {"accounts": {"g": GLEAN | {"base_url": "http://127.0.0.1:8080/api"}}},
    {"accounts": {"g": GLEAN | {"base_url": "https://glean.intranet:8443/base/"}}},
    {"accounts": {"g": GLEAN | {"act_as": "ann@example.com", "instance": "Slack (EU)", "workspace_id": "T 1"}}},
    {"accounts": {"c": {"provider": "convore", "token": "sk-plain-token", "base_url": "http://localhost:1"}}},
    {"accounts": {"y": {"provider": "yandex", "api_key": {"env": "X"}, "target": "127.0.0.1:50051", "tls": False}}},
    {"accounts": {"y": {"provider": "yandex", "api_key": {"env": "X"}, "folder_id": "b1g vmob"}}},
    {"accounts": {"d": {"provider": "datagrid", "token": {"env": "X"}, "teamspace": "t-1", "agent_id": "my agent"}}},
]


@pytest.mark.parametrize("given_settings", ORDINARY, ids=lambda it: json.dumps(it)[:60])
@pytest.mark.anyio
async def test_ordinary_settings_are_answered_as_the_sdk_would_answer(given_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    early = front_answers("2025-06-18", given_settings)
    assert early == parsed(await sdk_answers("2025-06-18", given_settings))


@pytest.mark.parametrize(
    "given_settings",
    [
        {"http": {"sessions": True, "workers": 2}},
        {"http": {"workers": 65}},
        {"http": {"listn": "127.0.0.1:1"}},
        {"http": {"public_url": "http://mcp.example.com"}},
        {"auth": {}},
        {"auth": {"tokens": {"A": {"hash": HASH}}}},
        {"auth": {"tokens": {"a": {"hash": "x"}}}},
        {"auth": {"tokens": {"a": {"hash": HASH, "accounts": ["nobody"]}}}},
        {"auth": {"oauth": {"issuer": "https://login.example.com"}}},
        {"telemetry": "http://collector.example.com"},
        {"accounts": {"a": {"provider": "local"}, "b": {"provider": "local"}}},
        {"accounts": {"a": {"provider": "local", "name": ""}}},
        {"accounts": {"g": GLEAN | {"base_url": "http://glean.example.com"}}},
        {"accounts": {"y": {"provider": "yandex", "api_key": {"env": "X"}, "target": "far.example:1", "tls": False}}},
        {"accounts": {"c": {"provider": "convore", "token": {"env": "X"}, "ca_file": "/no/such.pem"}}},
    ],
    ids=lambda it: json.dumps(it)[:60],
)
def test_settings_with_mistakes_are_left_to_what_finds_them(given_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path))
    with pytest.raises(ConfigError):
        load.from_mapping(given_settings)
    assert predicted_results.predict_accounts(snapshot(), given_settings, read_only=False) is None


@pytest.mark.parametrize("accounts", [[], 0, False, "", None, "local"])
def test_accounts_that_are_no_table_are_left_to_what_says_so(accounts):
    assert predicted_results.predict_accounts(snapshot(), {"accounts": accounts}, read_only=False) is None
    assert predicted_results.predict_accounts(snapshot(), {"accounts": {}}, read_only=False) is not None


@pytest.mark.parametrize("folder", ["XDG_CONFIG_HOME", "HOME", "nowhere"])
def test_the_settings_file_is_found_where_the_settings_find_it(tmp_path, monkeypatch, folder):
    monkeypatch.delenv("DRAGOMAN_CONFIG", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path)
    if folder != "nowhere":
        monkeypatch.setenv(folder, str(tmp_path))
        usual = paths.settings_folder()
        usual.mkdir(parents=True)
        (usual / "dragoman.toml").touch()
    expected = find()
    assert (expected is None) == (folder == "nowhere")
    assert predicted_results.settings_path(None) == (None if expected is None else str(expected.path))
    (tmp_path / "dragoman.toml").touch()
    assert predicted_results.settings_path(None) == (None if expected is None else str(expected.path))
    trusted_files.remember(tmp_path / "dragoman.toml", b"")
    assert predicted_results.settings_path(None) == str(find().path) == "dragoman.toml"
