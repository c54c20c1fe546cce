"""The Inspector's command line, over both transports, in both eras.

It has no option for a version, only for an era: the older one begins at 2025-11-25. It shows no progress,
and cancels a call only by ending.
"""

import json

import pytest

TOOL_IS_ERROR = 5
SETTINGS = ("DRAGOMAN_CONFIG", "DRAGOMAN_DATA", "PATIENT_NOTES", "PYTHONPATH")


@pytest.fixture(params=["legacy", "modern"])
def era(request):
    return request.param


@pytest.fixture
def inspect(place, era, start_node, modules):
    """Start the Inspector with a method."""

    def start(*arguments: str):
        settings = [part for name in SETTINGS for part in ("-e", f"{name}={place.environment[name]}")]
        options = ["--transport", "http"] if place.url else settings
        program = [modules / ".bin" / "mcp-inspector", "--cli", *place.target, *options]
        return start_node(
            *program, "--protocol-era", era, "--format", "json", "--method", *arguments, environment=place.environment
        )

    return start


@pytest.fixture
def result(inspect):
    """What the Inspector shows of a method, and how it ends."""

    def run(*arguments: str):
        process = inspect(*arguments)
        said, complaints = process.communicate(timeout=100)
        assert process.returncode in {0, TOOL_IS_ERROR}, complaints
        return json.loads(said)["result"], process.returncode

    return run


def read(conversation, **more):
    arguments = json.dumps({"conversation": conversation, **more})
    return "tools/call", "--tool-name", "list_messages", "--tool-args-json", arguments


def test_the_inspector_finds_every_schema_portable_and_takes_errors_and_large_answers(result):
    listed, ended = result("tools/list", "--strict")
    assert ended == 0
    assert {"list_conversations", "list_messages"} <= {tool["name"] for tool in listed["tools"]}
    wrong, ended = result(*read("nowhere:x"))
    assert ended == TOOL_IS_ERROR
    assert "nowhere" in wrong["content"][0]["text"]
    assert len(result(*read("far:large", limit=100))[0]["content"][0]["text"]) > 150_000


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["stdio", "http"], indirect=True)  # in a session, work outlives a lost connection
async def test_the_work_of_an_inspector_that_ends_is_ended(inspect, place):
    process = inspect(*read("far:endless"))
    await place.noted("started")
    process.kill()
    await place.noted("stopped")
