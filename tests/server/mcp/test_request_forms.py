"""Requests in a form that is as good as the right one, and plain words for those that are not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from stdio_server import fresh_environment, serving

from dragoman.testing import connect
from dragoman_server.mcp.adapter import describe_mistakes

LIBRARY = ("pydantic", "validation", "Input should", "input_type", "errors.pydantic.dev", "Field required", "model")
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all requests of this file: none of them may disturb those that follow."""
    folder = tmp_path_factory.mktemp("server")
    with serving(fresh_environment(folder), folder) as started:
        started.greet()
        yield started


def call(tool: str, arguments: object) -> dict[str, object]:
    return {"name": tool, "arguments": arguments}


@pytest.mark.parametrize("arguments", ['{"limit": 3}', ' {"limit": "3", "format": "json"} ', "{}", "", "  "])
def test_the_arguments_of_a_tool_may_be_one_json_text(server, arguments):
    result = server.ask(1, "tools/call", call("list_conversations", arguments))["result"]
    assert not result.get("isError"), result


@pytest.mark.parametrize("arguments", ["[1]", "3", '"x"', "{", "null", "limit=3", "[" * 100_000])
def test_a_text_that_is_no_object_says_what_to_write(server, arguments):
    error = server.ask(1, "tools/call", call("list_conversations", arguments))["error"]
    assert error["code"] == -32602
    assert error["message"] == 'The arguments of a tool are a JSON object, such as {"limit": 20}.'


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("tools/call", {"name": 3}, "name has to be a text"),
        ("tools/call", {}, "name is missing"),
        ("tools/call", call("list_messages", [1]), "arguments has to be an object"),
        ("tools/list", {"cursor": 3}, "cursor has to be a text"),
        ("prompts/get", {"name": "catch_up", "arguments": {"since": 3}}, "arguments.since has to be a text"),
        ("resources/read", {}, "uri is missing"),
        ("completion/complete", {"ref": 1}, "argument is missing"),
        ("logging/setLevel", {"level": "x"}, "level is none of the values"),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong_in_plain_words(server, method, params, said):
    error = server.ask(1, method, params)["error"]
    assert error["code"] == -32602
    assert said in error["message"]
    assert not any(word in json.dumps(error) for word in LIBRARY)


def test_the_very_first_request_too(serve):
    with serve() as started:
        error = started.ask(0, "initialize", HELLO | {"protocolVersion": 3})["error"]
    assert "protocolVersion has to be a text" in error["message"]


class Anything(BaseModel):
    text: str
    numbers: list[int]
    inner: dict[str, float]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["text", "numbers", "inner", "x\x1b[31m"]), st.none() | st.text() | st.lists(st.text())
    )
)
def test_no_words_of_the_library_and_nothing_of_what_was_sent_are_told(params):
    try:
        Anything.model_validate(params)
    except ValidationError as error:
        said = describe_mistakes("tools/call\x1b", error)
        assert not any(word in said for word in LIBRARY)
        assert "\x1b" not in said
        assert len(said) < 500


@pytest.mark.anyio
async def test_a_number_may_have_a_point_and_a_nought():
    async with connect() as client:
        await client.call("import_message", conversation="local:r", text="Hi", author="Ann", sent_at="20260310T090000Z")
        for number in (1.0, "1.0", "1", 1, "#1"):
            assert "Hi" in await client.call("get_message", message=number)
        assert "Hi" in await client.call("list_messages", conversation="local:r", limit=5.0)
        with pytest.raises(Exception, match="limit"):
            await client.call("list_messages", conversation="local:r", limit=5.5)
