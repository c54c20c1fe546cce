"""What a model sees of the tools, pinned: a change shows in review.

DRAGOMAN_ACCEPT=1 writes the snapshots and the table of tools in the documentation anew.
"""

import json
import os
import re
from pathlib import Path

import pytest
from rs_bpe.bpe import openai

import doc_pages
from dragoman.toolset import TOOLS, ToolSpec

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "tests" / "snapshots"
ACCEPT = bool(os.environ.get("DRAGOMAN_ACCEPT"))


def as_seen(tool: ToolSpec) -> dict[str, object]:
    return {"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema}


def table() -> str:
    rows = ["| tool | parameters | what it does |", "| --- | --- | --- |"]
    for tool in TOOLS:
        names = ", ".join(f"`{p.name}`" if p.required else f"`{p.name}`?" for p in tool.parameters.values())
        rows.append(f"| `{tool.name}` | {names} | {tool.description} |")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_definition_is_the_one_in_the_snapshot(tool: ToolSpec) -> None:
    file = SNAPSHOTS / f"{tool.name}.json"
    if ACCEPT:
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(json.dumps(as_seen(tool), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8")) == as_seen(tool)


def test_there_is_a_snapshot_for_each_tool_and_no_other() -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == {tool.name for tool in TOOLS}


def test_the_table_in_the_documentation_is_made_from_the_tools() -> None:
    found, expected = doc_pages.generated("docs/tools.md", "tools", table())
    assert found == expected


def test_all_definitions_together_cost_at_most_1600_tokens() -> None:
    text = json.dumps([as_seen(tool) for tool in TOOLS], ensure_ascii=False, separators=(",", ":"))
    assert openai.o200k_base().count(text) <= 1600


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_definition_follows_the_rules_that_every_client_needs(tool: ToolSpec) -> None:
    schema = tool.input_schema
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert not {"anyOf", "oneOf", "allOf", "$ref", "title"} & schema.keys()
    assert re.fullmatch(r"[a-z_]{1,48}", tool.name)
    assert 0 < len(tool.description) <= 400
    for parameter in schema["properties"].values():
        assert isinstance(parameter["type"], str)
        assert parameter["description"]
        assert parameter.keys() <= {"type", "items", "enum", "description"}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_reading_tools_take_a_form_and_a_budget(tool: ToolSpec) -> None:
    assert ({"format", "max_tokens"} <= tool.parameters.keys()) == tool.read_only
