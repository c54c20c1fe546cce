"""The snapshot that the front answers from, made from the SDK's own answers and compared with them.

``DRAGOMAN_ACCEPT=1 pytest tests/server/test_front_snapshot.py`` writes it anew.
"""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.accounts.provider_registry import BUILT_IN, provider_class
from dragoman.core import paths
from dragoman.toolset import TOOLS, available_tools
from dragoman_server.config import load
from dragoman_server.config.auth import OAuthSettings, TokenSettings
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.find import find
from dragoman_server.config.http import HttpSettings
from dragoman_server.config.server_settings import General
from dragoman_server.config.setting_facts import provider_facts, rules_of, table_rule
from dragoman_server.mcp import server, wording
from dragoman_server.mcp.prompts import PROMPTS
from dragoman_server.runtime import startup_checks, tool_context
from dragoman_server.setup.files import trusted_files
from dragoman_server.transports.stdio import early_responder, predicted_results, transport
from dragoman_server.transports.stdio.pipes import StdioPipes

FILE = Path(predicted_results.__file__).with_name(predicted_results.SNAPSHOT)
CLIENT = {"name": "test", "version": "1"}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": early_responder.MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": CLIENT,
}
WRITING = {"write": "allow"}
VALUES = {
    "address": "ann@example.org",
    "base_url": "https://api.example.com",
    "token": {"env": "TOKEN"},
    "api_key": {"command": ["pass", "key"]},
    "ca_file": "/etc/ca.pem",
    "timeout": 12.5,
    "target": "localhost:50051",
}


def smallest(provider: str, **more: object) -> dict[str, object]:
    """The least that an account of a provider needs."""
    kind = snapshot()["providers"][provider]
    needed = dict.fromkeys([*kind["required"], *kind["secrets"][:1]])
    return {"provider": provider, **{key: VALUES.get(key, {"env": "SECRET"}) for key in needed}, **more}


async def sdk_lines(given_settings: dict[str, Any], lines: list[bytes], *, read_only: bool = False) -> list[bytes]:
    """What the server answers without a front, over pipes."""
    loaded = load.from_mapping(given_settings)
    if read_only:
        loaded = startup_checks.without_writing(loaded)
    to_server, from_client = os.pipe()
    to_client, from_server = os.pipe()
    os.write(from_client, b"".join(lines))
    os.close(from_client)
    with open(to_server, "rb") as incoming, open(from_server, "wb") as outgoing, open(to_client, "rb") as answers:  # noqa: ASYNC230, PTH123
        async with tool_context.open_services(loaded) as shared:
            await transport.serve(server.build(shared), StdioPipes(incoming, outgoing))
        outgoing.close()
        return answers.read().splitlines(keepends=True)


def request(number: int | str, method: str, params: dict[str, Any] | None = None) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method} | ({} if params is None else {"params": params})
    return json.dumps(message).encode() + b"\n"


def greeting(version: str, **more: Any) -> dict[str, Any]:
    return {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT} | more


def asked(version: str) -> dict[str, bytes]:
    """The requests that the front answers, in the order in which a client sends them."""
    if version == early_responder.MODERN:
        params = {"_meta": ENVELOPE}
        return {method: request(n, method, params) for n, method in enumerate(("server/discover", "tools/list"))}
    return {
        "initialize": request(0, "initialize", greeting(version)),
        "tools/list": request("ÿ", "tools/list"),
        "ping": request(2, "ping", {}),
    }


async def sdk_answers(version: str, given_settings: dict[str, Any], *, read_only: bool = False) -> dict[str, bytes]:
    questions = asked(version)
    lines = await sdk_lines(given_settings, list(questions.values()), read_only=read_only)
    by_id = {json.loads(line)["id"]: line for line in lines}
    return {method: by_id[json.loads(line)["id"]] for method, line in questions.items()}


async def made() -> dict[str, Any]:
    """The snapshot as it has to be."""
    answers = {}
    tools: dict[str, Any] = {}
    for version in (*early_responder.LEGACY, early_responder.MODERN):
        found = {m: json.loads(line)["result"] for m, line in (await sdk_answers(version, {})).items()}
        listed = {tool["name"]: tool for tool in found["tools/list"]["tools"]}
        assert tools in ({}, listed), "tools differ between versions of the protocol"
        tools = listed
        found["tools/list"]["tools"] = []
        answers[version] = found
    assert list(tools) == [spec.name for spec in TOOLS], "an empty configuration does not list every tool"
    for spec in TOOLS:  # without the words of the accounts
        tools[spec.name] |= {"description": spec.description, "_meta": {wording.SEARCH_HINT: spec.hint}}
    tokens = {"each": table_rule(TokenSettings)}
    return {
        "results": answers,
        "tools": tools,
        "default": {name: dict(table) for name, table in load.DEFAULT_ACCOUNTS.items()},
        "prompt_needs": sorted({prompt.needs.value for prompt in PROMPTS}),
        "general": rules_of(General),
        "http": table_rule(HttpSettings),
        "auth": {"table": {"keys": {"tokens": tokens, "oauth": table_rule(OAuthSettings)}, "required": []}},
        "providers": {name: provider_facts(provider_class(name)) for name in BUILT_IN},
    }


def snapshot() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.anyio
async def test_the_snapshot_is_current():
    text = json.dumps(await made(), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("DRAGOMAN_ACCEPT"):
        FILE.write_text(text, encoding="utf-8")
    current = FILE.read_text(encoding="utf-8") == text
    assert current, "run DRAGOMAN_ACCEPT=1 pytest tests/server/test_front_snapshot.py, and look at the difference"


def kinds_of_lists() -> dict[tuple[frozenset[str], bool], dict[str, Any]]:
    """Settings for every tool list that there can be: one for each set of tools and each hint."""
    found: dict[tuple[frozenset[str], bool], dict[str, Any]] = {}
    shapes = [{"write": w, "remember": r} for w in ("off", "confirm", "allow") for r in ("full", "numbers", "off")]
    single = [smallest(name, **shape) for name in BUILT_IN for shape in (*shapes, {}, WRITING | {"write_to": []})]
    for pair in itertools.chain(((it,) for it in single), itertools.combinations(single, 2)):
        accounts = {f"a{n}": it for n, it in enumerate(pair)}
        predicted = predicted_results.predict_accounts(snapshot(), {"accounts": accounts}, read_only=False)
        if predicted is not None:
            found.setdefault(lists_of(predicted), {"accounts": accounts})
    return found


def lists_of(predicted: dict[str, dict[str, Any]]) -> tuple[frozenset[str], bool]:
    names = {name for account in predicted.values() for name in account["offers"]}
    return frozenset(names), any(account["external"] for account in predicted.values())


@pytest.mark.anyio
@pytest.mark.parametrize("version", [*early_responder.LEGACY, early_responder.MODERN])
async def test_every_answer_of_the_front_is_the_one_of_the_sdk(version):
    lists = kinds_of_lists()
    assert len(lists) > 5
    for given_settings in ({}, *lists.values()):
        assert front_answers(version, given_settings) == parsed(await sdk_answers(version, given_settings))


@pytest.mark.anyio
async def test_without_writing_the_answers_are_the_sdks_too():
    writer = {"accounts": {"a": smallest("local")}}
    expected = parsed(await sdk_answers("2025-06-18", writer, read_only=True))
    assert front_answers("2025-06-18", writer, read_only=True) == expected
    assert "send_message" not in str(expected)


def parsed(answers: dict[str, bytes]) -> dict[str, Any]:
    return {method: json.loads(line) for method, line in answers.items()}


def front_answers(version: str, given_settings: dict[str, Any], *, read_only: bool = False) -> dict[str, Any]:
    found = predicted_results.predict_accounts(snapshot(), given_settings, read_only=read_only)
    assert found is not None, given_settings
    before_the_sdk = early_responder.EarlyResponder(StdioPipes(None, None), predicted_results.fill(snapshot(), found))
    lines = {method: before_the_sdk._answer(line) for method, line in asked(version).items()}
    assert all(line.count(b"\n") == 1 for line in lines.values())
    return parsed(lines)


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
def test_what_is_foreseen_is_what_the_settings_give(given_settings, read_only):
    found = predicted_results.predict_accounts(snapshot(), given_settings, read_only=read_only)
    if found is not None:
        loaded = load.from_mapping(given_settings)
        assert lists_of(found) == really(startup_checks.without_writing(loaded) if read_only else loaded)


def really(loaded: load.Config) -> tuple[frozenset[str], bool]:
    async def look() -> tuple[frozenset[str], bool]:
        async with tool_context.open_services(loaded) as shared:
            outside = any(account.provider_class.external for account in shared.workspace.accounts.values())
            return {spec.name for spec in available_tools(shared)}, outside

    return anyio.run(look)


@pytest.mark.parametrize("name", BUILT_IN)
def test_ordinary_settings_of_every_provider_are_foreseen(name):
    table = smallest(name, write="confirm", remember="full", timeout=20)
    given_settings = {"timezone": "Europe/Berlin", "max_tokens": 4000, "accounts": {"mine": table}}
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
    assert predicted_results.place(None) == (None if expected is None else str(expected.path))
    (tmp_path / "dragoman.toml").touch()
    assert predicted_results.place(None) == (None if expected is None else str(expected.path))
    trusted_files.remember(tmp_path / "dragoman.toml", b"")
    assert predicted_results.place(None) == str(find().path) == "dragoman.toml"


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["form", "list", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
CAPABILITY = st.sampled_from(["roots", "elicitation", "sampling", "tasks", "experimental", "extensions", "more"])
CAPABILITIES = st.dictionaries(CAPABILITY, NESTED | st.just({}) | st.just({"listChanged": True}), max_size=3)
INFO = st.fixed_dictionaries(
    {"name": st.text(max_size=3), "version": st.just("1") | NESTED}, optional={"title": NESTED}
)


@settings(max_examples=100, deadline=None)
@given(CAPABILITIES, INFO, st.sampled_from([*early_responder.LEGACY, "2026-07-28", "1"]), st.booleans())
def test_what_the_front_answers_the_sdk_answers_alike(capabilities, info, version, modern):
    if modern:
        meta = ENVELOPE | {
            "io.modelcontextprotocol/clientCapabilities": capabilities,
            "io.modelcontextprotocol/clientInfo": info,
        }
        line = request(1, "server/discover", {"_meta": meta})
    else:
        line = request(1, "initialize", greeting(version, capabilities=capabilities, clientInfo=info))
    found = predicted_results.predict_accounts(snapshot(), {}, read_only=False)
    answer = early_responder.EarlyResponder(StdioPipes(None, None), predicted_results.fill(snapshot(), found))._answer(
        line
    )
    if answer is not None:
        assert [json.loads(answer)] == [json.loads(it) for it in anyio.run(sdk_lines, {}, [line])]
