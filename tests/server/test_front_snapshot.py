"""The snapshot that the front answers from, made from the SDK's own answers and compared with them.

``DRAGOMAN_ACCEPT=1 pytest tests/server/test_front_snapshot.py`` writes it anew.
"""

import itertools
import json
import os
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.accounts.provider_registry import BUILT_IN, provider_class
from dragoman.core import paths
from dragoman.providers.base.provider import Capability
from dragoman.toolset import TOOLS, available_tools
from dragoman.transport.credentials import Secret
from dragoman_server.config import load
from dragoman_server.config.find import find
from dragoman_server.config.server_settings import General
from dragoman_server.mcp import server
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


def rule_of(model: type, key: str) -> dict[str, Any] | None:
    """What a value of a setting has to be in order to be certainly good; ``None`` when that cannot be said."""
    field = model.model_fields[key]
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "plain" in extra:
        return {"fits": extra["plain"]}
    if key == "timezone":
        return {"zone": True}
    if key == "write_to":
        return {"places": True}
    validated = {name for it in model.__pydantic_decorators__.field_validators.values() for name in it.info.fields}
    bare = field.annotation
    if type(None) in get_args(bare):
        (bare,) = (part for part in get_args(bare) if part is not type(None))
    return None if key in validated else rule_of_type(bare, field.metadata)


def rule_of_type(bare: Any, bounds: list[Any]) -> dict[str, Any] | None:
    if get_origin(bare) is Literal:
        return {"any of": list(get_args(bare))}
    if bare in (int, float):
        return number_rule(bare, bounds)
    word = {"fits": "[!-~]{1,200}"}
    simple = {bool: {"flag": True}, Secret: {"secret": True}, Path: {"fits": "[ -~]{1,500}"}, str: word}
    return simple.get(bare) or (word if get_args(bare)[:1] == (str,) else None)


def number_rule(kind: type, bounds: list[Any]) -> dict[str, Any] | None:
    low = [it.ge for it in bounds if isinstance(it, annotated_types.Ge)]
    low += [it.gt + (1 if kind is int else 0.001) for it in bounds if isinstance(it, annotated_types.Gt)]
    high = [it.le for it in bounds if isinstance(it, annotated_types.Le)]
    if not low or not high:
        return None
    return {"number": {"whole": kind is int, "from": max(low), "to": min(high)}}


def rules_of(model: type) -> dict[str, Any]:
    rules = {key: rule_of(model, key) for key in model.model_fields}
    return {key: rule for key, rule in rules.items() if rule is not None}


def provider_facts(name: str) -> dict[str, Any]:
    kind = provider_class(name)
    fields = kind.Settings.model_fields
    offered = kind.capabilities()
    rules = rules_of(kind.Settings)
    return {
        "open_world": kind.external,
        "write": fields["write"].default,
        "remember": fields["remember"].default,
        "capabilities": [it.value for it in Capability if it in offered],
        "required": [key for key, field in fields.items() if field.is_required() and key != "provider"],
        "secrets": [key for key, rule in rules.items() if rule == {"secret": True}],
        "keys": rules,
    }


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
        async with tool_context.at(loaded) as shared:
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
    return {
        "results": answers,
        "tools": tools,
        "default": {"local": {"provider": "local"}},
        "general": rules_of(General),
        "providers": {name: provider_facts(name) for name in BUILT_IN},
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
        tools = predicted_results.tools(snapshot(), {"accounts": accounts}, read_only=False)
        if tools is not None:
            found.setdefault((frozenset(tools[0]), tools[1]), {"accounts": accounts})
    return found


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
    found = predicted_results.tools(snapshot(), given_settings, read_only=read_only)
    assert found is not None
    before_the_sdk = early_responder.EarlyResponder(
        StdioPipes(None, None), predicted_results._filled(snapshot(), *found)
    )
    lines = {method: before_the_sdk._answer(line) for method, line in asked(version).items()}
    assert all(line.count(b"\n") == 1 for line in lines.values())
    return parsed(lines)


ODD = st.one_of(st.integers(-5, 10**7), st.floats(), st.booleans(), st.text(max_size=12), st.lists(st.text(max_size=5)))
WORDS = "off allow confirm full numbers warn oauth principal SLACK a:b ~/x host:443 ann@example.com Europe/Berlin"
PLACES = ("https://a.example.com", "http://x", "x y", "")
TABLES = ({"env": "X"}, {"file": ""}, {"env": "X", "file": "y"}, {"command": ["a"]}, {"command": []}, {})
GOOD = st.sampled_from([*WORDS.split(), *PLACES, 0.0005, 3000, True, 30, *TABLES, ["a:room"], ["room"], []])
KEYS = sorted({key for name in BUILT_IN for key in provider_class(name).Settings.model_fields} | {"unknown"})


@st.composite
def drawn_settings(draw: st.DrawFn) -> dict[str, Any]:
    top = draw(st.dictionaries(st.sampled_from([*General.model_fields, "other"]), GOOD | ODD, max_size=2))
    accounts = {}
    for name in draw(st.lists(st.sampled_from(["a", "work-chat", "Bad", "b2"]), max_size=2, unique=True)):
        more = draw(st.dictionaries(st.sampled_from(KEYS), GOOD | ODD, max_size=3))
        accounts[name] = smallest(draw(st.sampled_from(list(BUILT_IN)))) | more
    return top | {"accounts": accounts}


@settings(max_examples=400, deadline=None)
@given(drawn_settings(), st.booleans())
def test_what_is_foreseen_is_what_the_settings_give(given_settings, read_only):
    found = predicted_results.tools(snapshot(), given_settings, read_only=read_only)
    if found is not None:
        loaded = load.from_mapping(given_settings)
        assert found == really(startup_checks.without_writing(loaded) if read_only else loaded)


def really(loaded: load.Config) -> tuple[set[str], bool]:
    async def look() -> tuple[set[str], bool]:
        async with tool_context.at(loaded) as shared:
            outside = any(account.provider_class.external for account in shared.workspace.accounts.values())
            return {spec.name for spec in available_tools(shared)}, outside

    return anyio.run(look)


@pytest.mark.parametrize("name", BUILT_IN)
def test_ordinary_settings_of_every_provider_are_foreseen(name):
    table = smallest(name, write="confirm", remember="full", timeout=20)
    given_settings = {"timezone": "Europe/Berlin", "max_tokens": 4000, "accounts": {"mine": table}}
    found = predicted_results.tools(snapshot(), given_settings, read_only=False)
    assert found == really(load.from_mapping(given_settings))


def test_a_list_of_places_on_this_machine_is_looked_up_before_the_start():
    table = smallest("local", write_to=["room"])
    assert predicted_results.tools(snapshot(), {"accounts": {"a": table}}, read_only=False) is None


@pytest.mark.parametrize("accounts", [[], 0, False, "", None, "local"])
def test_accounts_that_are_no_table_are_left_to_what_says_so(accounts):
    assert predicted_results.tools(snapshot(), {"accounts": accounts}, read_only=False) is None
    assert predicted_results.tools(snapshot(), {"accounts": {}}, read_only=False) is not None


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
    found = predicted_results.tools(snapshot(), {}, read_only=False)
    answer = early_responder.EarlyResponder(
        StdioPipes(None, None), predicted_results._filled(snapshot(), *found)
    )._answer(line)
    if answer is not None:
        assert [json.loads(answer)] == [json.loads(it) for it in anyio.run(sdk_lines, {}, [line])]
