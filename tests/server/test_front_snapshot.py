"""The snapshot that the front answers from, made from the SDK's own answers and compared with them.

``DRAGOMAN_ACCEPT=1 pytest tests/server/test_front_snapshot.py`` writes it anew.
"""

import itertools
import json
import os
from typing import Any

import anyio
import pytest
from front_questions import (
    ENVELOPE,
    FILE,
    front_answers,
    greeting,
    lists_of,
    parsed,
    request,
    sdk_answers,
    sdk_lines,
    smallest,
    snapshot,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.accounts.provider_registry import BUILT_IN, provider_class
from dragoman.toolset import TOOLS
from dragoman_server.config import load
from dragoman_server.config.auth import OAuthSettings, TokenSettings
from dragoman_server.config.http import HttpSettings
from dragoman_server.config.server_settings import General
from dragoman_server.config.setting_facts import provider_facts, rules_of, table_rule
from dragoman_server.mcp import wording
from dragoman_server.mcp.prompts import PROMPTS
from dragoman_server.transports.stdio import early_responder, predicted_results
from dragoman_server.transports.stdio.pipes import StdioPipes

WRITING = {"write": "allow"}


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


@pytest.mark.anyio
async def test_the_snapshot_is_current():
    text = json.dumps(await made(), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("DRAGOMAN_ACCEPT"):
        FILE.write_text(text, encoding="utf-8")
    current = FILE.read_text(encoding="utf-8") == text
    assert current, "run DRAGOMAN_ACCEPT=1 pytest tests/server/test_front_snapshot.py, and look at the difference"


def kinds_of_lists() -> dict[tuple[frozenset[str], bool, bool], dict[str, Any]]:
    """Settings for every tool list that there can be: one for each set of tools and each hint."""
    found: dict[tuple[frozenset[str], bool, bool], dict[str, Any]] = {}
    shapes = [{"write": w, "remember": r} for w in ("off", "confirm", "allow") for r in ("full", "numbers", "off")]
    single = [smallest(name, **shape) for name in BUILT_IN for shape in (*shapes, {}, WRITING | {"write_to": []})]
    for pair in itertools.chain(((it,) for it in single), itertools.combinations(single, 2)):
        accounts = {f"a{n}": it for n, it in enumerate(pair)}
        predicted = predicted_results.predict_accounts(snapshot(), {"accounts": accounts}, read_only=False)
        if predicted is not None:
            found.setdefault(lists_of(predicted), {"accounts": accounts})
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
