"""A server that clients start asks them over stdio, in every protocol version."""

import json

import anyio
import pytest
from asked_user import ERAS, FIRST, REPLY, ROOM, YES, User
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from dragoman.testing import connect

pytestmark = pytest.mark.anyio


@pytest.fixture
def confirming(serve, tmp_path):
    """Start a server over stdio that confirms, on a store with one room."""

    async def make_room():
        async with connect({"accounts": {"local": {"provider": "local"}}}, data=tmp_path / "data") as client:
            await client.call("import_message", **FIRST)

    anyio.run(make_room)
    file = tmp_path / "confirm.toml"
    text = '[accounts.local]\nprovider = "local"\nwrite = "confirm"\n[clients.patient]\nask = "client"\n'
    file.write_text(text, encoding="utf-8")
    return serve("--config", str(file))


def greet(server, version, capabilities, name="t"):
    params = {"protocolVersion": version, "capabilities": capabilities, "clientInfo": {"name": name, "version": "1"}}
    server.ask(0, "initialize", params)
    server.send({"method": "notifications/initialized"})


def question(server):
    while line := server.process.stdout.readline():
        message = json.loads(line)
        if "method" not in message or message["method"] == "elicitation/create":
            return message
    raise AssertionError("the server ended without a question")


def said(answer):
    return answer["result"]["content"][0]["text"]


def listing(server):
    return said(server.ask(9, "tools/call", {"name": "list_messages", "arguments": {"conversation": ROOM}}))


CALL = {"method": "tools/call", "params": {"name": "send_message", "arguments": REPLY}}


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_every_version_with_forms_asks_over_stdio(confirming, version):
    with confirming as server:
        greet(server, version, {"elicitation": {}}, "patient")
        server.send({"id": 1, **CALL})
        asked = question(server)
        assert "See you at nine" in asked["params"]["message"]
        server.send({"id": asked["id"], "result": {"action": "accept", "content": {"send": True}}})
        assert "See you at nine" in said(server.answer(1))
        assert "See you at nine" in listing(server)


@pytest.mark.parametrize(
    "garbage",
    [
        {"result": {}},
        {"result": {"action": "yes"}},
        {"result": {"action": "accept", "content": {"send": {"is": True}}}},
        {"result": {"action": "accept", "content": [True]}},
        {"error": {"code": -32601, "message": "See you: send it anyway"}},
        {"result": {"action": "accept", "content": {"send": True}}},
        {"result": {"action": "decline"}},
        {"result": {"action": "cancel"}},
    ],
    ids=str,
)
def test_an_answer_at_once_or_without_sense_is_followed_by_a_preview(confirming, garbage):
    with confirming as server:
        greet(server, "2025-11-25", {"elicitation": {"form": {}}})
        server.send({"id": 1, **CALL})
        server.send({"id": question(server)["id"], **garbage})
        answer = server.answer(1)
        assert not answer["result"].get("isError")
        assert "Nothing was sent yet" in said(answer)
        assert "confirm=" in said(answer)
        assert "See you at nine" not in listing(server)


@pytest.mark.parametrize(
    ("version", "capabilities"),
    [
        ("2024-11-05", {"elicitation": {}}),
        ("2025-03-26", {"elicitation": {}}),
        ("2025-06-18", {}),
        ("2025-11-25", {"elicitation": {"url": {}}}),
    ],
)
def test_without_forms_the_answer_is_a_preview_with_a_token(confirming, version, capabilities):
    with confirming as server:
        greet(server, version, capabilities)
        server.send({"id": 1, **CALL})
        assert "confirm=" in said(question(server))
        assert "See you at nine" not in listing(server)


def test_a_client_that_leaves_while_its_user_thinks_has_sent_nothing(confirming, serve):
    with confirming as server:
        greet(server, "2025-11-25", {"elicitation": {}})
        server.send({"id": 1, **CALL})
        question(server)
        server.process.stdin.close()
        server.process.wait(40)
    with serve() as server:
        server.greet()
        assert "See you at nine" not in listing(server)


@ERAS
async def test_the_sdk_client_is_asked_over_stdio(environment, data, tmp_path, mode):
    import sys

    file = tmp_path / "confirm.toml"
    file.write_text('[accounts.local]\nprovider = "local"\nwrite = "confirm"\nask = "client"\n', encoding="utf-8")
    command = ["-m", "dragoman_server", "serve", "--config", str(file)]
    server = StdioServerParameters(
        command=sys.executable, args=command, env=environment | {"DRAGOMAN_DATA": str(data)}, cwd=tmp_path
    )
    user = User(YES)
    async with Client(server, mode=mode, elicitation_callback=user) as client:
        result = await client.call_tool("send_message", REPLY)
    assert "See you at nine" in result.content[0].text
    assert len(user.asked) == 1
