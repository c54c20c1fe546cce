"""The user is asked before a write, in every protocol version that can; only a clear yes writes."""

import json
import math
from dataclasses import replace

import anyio
import apsw
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from dragoman.testing import ToolError, connect
from dragoman_server.mcp import adapter, elicitation
from dragoman_server.mcp.call_slot import CallSlot
from dragoman_server.mcp.known_hosts import HostTraits, traits_of

pytestmark = pytest.mark.anyio

ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
ROOM = "local:room"
FIRST = {"conversation": ROOM, "text": "Hello", "author": "Ann", "sent_at": "2026-03-10T09:00Z"}
REPLY = {"conversation": ROOM, "text": "See you at nine"}

THOUGHTFUL = HostTraits(unseen_within=-1.0)
"""A client whose every answer comes from a person, however quickly."""

YES = types.ElicitResult(action="accept", content={"send": True})
DECLINE = types.ElicitResult(action="decline")
CANCEL = types.ElicitResult(action="cancel")
REFUSALS = {
    "declined": [
        DECLINE,
        types.ElicitResult(action="decline", content={"send": True}),
        types.ElicitResult(action="accept", content={"send": False}),
    ],
    "cancelled": [CANCEL, types.ElicitResult(action="cancel", content={"send": True})],
}
UNSEEN = [
    types.ElicitResult(action="accept"),
    types.ElicitResult(action="accept", content={}),
    types.ElicitResult(action="accept", content={"send": "true"}),
    types.ElicitResult(action="accept", content={"send": 1}),
    types.ElicitResult(action="accept", content={"confirm": True}),
]
each_refusal = pytest.mark.parametrize(
    ("outcome", "answer"), [(outcome, answer) for outcome, answers in REFUSALS.items() for answer in answers], ids=repr
)


class User:
    """Answers every question in the same way and remembers them."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def __call__(self, _context, params):
        self.asked.append(params)
        return self.answer


@pytest.fixture(autouse=True)
def thoughtful(monkeypatch):
    """Every client takes its time, unless a test says otherwise."""
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: THOUGHTFUL)


@pytest.fixture
def settings():
    return {"timezone": "UTC", "accounts": {"local": {"provider": "local", "write": "confirm"}}}


@pytest.fixture
async def data(tmp_path):
    """A folder with one room."""
    async with connect({"accounts": {"local": {"provider": "local"}}}, data=tmp_path) as client:
        await client.call("import_message", **FIRST)
    return tmp_path


async def texts(client):
    page = json.loads(await client.call("list_messages", conversation=ROOM, format="json"))
    return [message["text"] for message in page["messages"]]


@ERAS
async def test_a_yes_sends_and_the_user_saw_where_and_what(settings, data, mode):
    user = User(YES)
    async with connect(settings, data=data, mode=mode, elicitation_callback=user) as client:
        assert "See you at nine" in await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello", "See you at nine"]
    (asked,) = user.asked
    assert "See you at nine" in asked.message
    assert asked.requested_schema == {
        "type": "object",
        "properties": {
            "send": {
                "type": "boolean",
                "title": "Send exactly this",
                "description": "15 characters in 1 line; all of it is in the first lines.",
            }
        },
        "required": ["send"],
    }


@ERAS
async def test_changing_and_importing_ask_in_words_of_their_own(settings, data, mode):
    user = User(YES)
    async with connect(settings, data=data, mode=mode, elicitation_callback=user) as client:
        await client.call("update_message", message="1", text="Hello all")
        await client.call("import_message", **FIRST | {"text": "Later", "sent_at": "2026-03-10T10:00Z"})
        assert await texts(client) == ["Hello all", "Later"]
    boxes = [asked.requested_schema["properties"]["send"]["title"] for asked in user.asked]
    assert boxes == ["Change the message to exactly this", "Import exactly this"]


def outcomes(data):
    return [row for (row,) in apsw.Connection(str(data / "dragoman.db")).execute("SELECT outcome FROM audit")]


@ERAS
@each_refusal
async def test_a_no_writes_nothing_and_is_told_and_recorded_as_what_it_is(settings, data, mode, outcome, answer):
    async with connect(settings, data=data, mode=mode, elicitation_callback=User(answer)) as client:
        with pytest.raises(ToolError) as refusal:
            await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello"]
    said = "The client answered no." if outcome == "declined" else "Nobody confirmed"
    assert str(refusal.value).startswith(said)
    assert "Nothing was sent." in str(refusal.value)
    assert 'ask = "token"' in str(refusal.value)
    assert "The user declined" not in str(refusal.value)
    assert outcomes(data)[-1] == outcome


def token_of(preview):
    return preview.split("\n")[0].partition("confirm=")[2].split()[0]


async def goes_out_by_token(client, preview):
    """A preview was answered, nothing is written, and its token writes."""
    assert preview.startswith("preview")
    assert await texts(client) == ["Hello"]
    await client.call("send_message", **REPLY, confirm=token_of(preview))
    assert await texts(client) == ["Hello", "See you at nine"]


@ERAS
@pytest.mark.parametrize("answer", UNSEEN, ids=repr)
async def test_a_form_without_its_box_counts_as_not_asked(settings, data, mode, answer):
    async with connect(settings, data=data, mode=mode, elicitation_callback=User(answer)) as client:
        await goes_out_by_token(client, await client.call("send_message", **REPLY))
    assert "unseen" in outcomes(data)


@pytest.mark.parametrize("code", [types.METHOD_NOT_FOUND, types.INTERNAL_ERROR, types.INVALID_PARAMS, -1])
async def test_a_client_that_fails_to_ask_counts_as_one_that_cannot(settings, data, code):
    failure = types.ErrorData(code=code, message="Unsupported server request")
    async with connect(settings, data=data, mode="legacy", elicitation_callback=User(failure)) as client:
        await goes_out_by_token(client, await client.call("send_message", **REPLY))
    assert "unseen" in outcomes(data)


@ERAS
@pytest.mark.parametrize("answer", [YES, DECLINE, CANCEL], ids=repr)
async def test_an_answer_that_comes_at_once_was_given_by_no_person(settings, data, mode, answer, monkeypatch):
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: HostTraits(unseen_within=60.0))
    async with connect(settings, data=data, mode=mode, elicitation_callback=User(answer)) as client:
        await goes_out_by_token(client, await client.call("send_message", **REPLY))
    assert "unseen" in outcomes(data)


@pytest.mark.parametrize(
    ("client", "seconds"), [("", 0.3), ("t", 0.3), ("claude-code", 1.0), ("Codex-mcp-client", 1.0), ("codex", 1.0)]
)
def test_how_quick_is_too_quick_is_known_of_each_client(client, seconds):
    assert traits_of(client).unseen_within == seconds


@ERAS
@pytest.mark.parametrize("where", ["account", "client"])
async def test_the_settings_say_that_a_client_does_ask(settings, data, mode, where, monkeypatch):
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: HostTraits(unseen_within=60.0))
    say(settings, where, "client")
    async with connect(settings, data=data, mode=mode, elicitation_callback=User(YES)) as client:
        await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello", "See you at nine"]


@ERAS
@pytest.mark.parametrize("answer", [DECLINE, CANCEL, *UNSEEN], ids=repr)
async def test_a_client_that_is_said_to_ask_has_no_second_way(settings, data, mode, answer, monkeypatch):
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: HostTraits(unseen_within=60.0))
    say(settings, "client", "client")
    async with connect(settings, data=data, mode=mode, elicitation_callback=User(answer)) as client:
        with pytest.raises(ToolError, match="Nothing was sent"):
            await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello"]


@ERAS
@pytest.mark.parametrize("where", ["account", "client"])
async def test_the_settings_say_that_a_client_asks_nobody(settings, data, mode, where):
    say(settings, where, "token")
    user = User(YES)
    async with connect(settings, data=data, mode=mode, elicitation_callback=user) as client:
        await goes_out_by_token(client, await client.call("send_message", **REPLY))
    assert user.asked == []


async def test_where_account_and_client_disagree_the_token_counts(settings, data):
    say(settings, "account", "token")
    say(settings, "client", "client")
    user = User(YES)
    async with connect(settings, data=data, mode="legacy", elicitation_callback=user) as client:
        await goes_out_by_token(client, await client.call("send_message", **REPLY))
    assert user.asked == []


LONG = {"conversation": ROOM, "text": "See you at nine. " * 12}


@ERAS
async def test_what_claude_code_would_cut_is_not_asked_there_but_previewed(settings, data, mode, monkeypatch):
    monkeypatch.setattr(elicitation, "traits_of", lambda _client: replace(THOUGHTFUL, shown_lines=3))
    user = User(YES)
    say(settings, "client", "client")
    async with connect(settings, data=data, mode=mode, elicitation_callback=user) as client:
        preview = await client.call("send_message", **LONG)
        assert "confirm=" in preview
        assert (user.asked, await texts(client)) == ([], ["Hello"])
        await client.call("send_message", **REPLY)
        assert len(user.asked) == 1
        assert await texts(client) == ["Hello", "See you at nine"]


def test_claude_code_is_known_to_show_three_lines():
    assert traits_of("claude-code").shown_lines == 3
    assert traits_of("t").shown_lines is None


async def test_where_questions_are_shown_whole_a_long_text_is_asked_about(settings, data):
    user = User(YES)
    async with connect(settings, data=data, mode="legacy", elicitation_callback=user) as client:
        await client.call("send_message", **LONG)
    (asked,) = user.asked
    assert asked.requested_schema["properties"]["send"]["description"] == (
        "204 characters in 1 line; the first lines show only its beginning, more follows."
    )


def say(settings, where, how):
    if where == "account":
        settings["accounts"]["local"]["ask"] = how
    else:
        settings["clients"] = {"MCP": {"ask": how}}


async def test_an_answer_that_never_comes_writes_nothing(settings, data, monkeypatch):
    monkeypatch.setattr(elicitation, "WAIT", 0.05)

    async def away(_context, _params):
        await anyio.sleep_forever()

    async with connect(settings, data=data, mode="legacy", elicitation_callback=away) as client:
        with pytest.raises(ToolError, match=r"[Nn]othing was (written|sent|imported|changed)"):
            await client.call("send_message", **REPLY)
        assert await texts(client) == ["Hello"]


@ERAS
async def test_a_client_that_cannot_ask_gets_a_preview_with_a_token(settings, data, mode):
    async with connect(settings, data=data, mode=mode) as client:
        preview = await client.call("send_message", **REPLY)
        token = preview.partition("confirm=")[2].split()[0]
        assert await texts(client) == ["Hello"]
        await client.call("send_message", **REPLY, confirm=token)
        assert await texts(client) == ["Hello", "See you at nine"]


@ERAS
async def test_where_writing_is_allowed_nobody_is_asked(data, mode):
    user = User(types.ElicitResult(action="decline"))
    async with connect({"timezone": "UTC"}, data=data, mode=mode, elicitation_callback=user) as client:
        await client.call("send_message", **REPLY)
    assert user.asked == []


async def test_a_client_is_told_that_its_user_is_still_thinking(settings, data, monkeypatch):
    monkeypatch.setattr(elicitation, "PULSE", 0.0)
    heard = anyio.Event()
    told = []

    async def progress(_done, _total, message):
        told.append(message)
        heard.set()

    async def think(_context, _params):
        await heard.wait()
        return YES

    async with connect(settings, data=data, mode="legacy", elicitation_callback=think) as client:
        with anyio.fail_after(10):
            result = await client.call_tool("send_message", REPLY, progress_callback=progress)
    assert not result.is_error
    assert told[0] == "Waiting for the user's answer"


async def test_thinking_takes_no_time_of_the_call_and_no_place_of_others(settings, data, monkeypatch):
    turns = []

    class Watched(CallSlot):
        async def __aenter__(self):
            turns.append(self)
            return await super().__aenter__()

    monkeypatch.setattr(adapter, "CallSlot", Watched)
    monkeypatch.setattr(adapter, "CONCURRENT_CALLS", 1)
    thinking, others_done = anyio.Event(), anyio.Event()
    deadlines = []

    async def think(_context, _params):
        deadlines.append(turns[0].scope.deadline)
        thinking.set()
        await others_done.wait()
        return YES

    results = []
    async with connect(settings, data=data, mode="legacy", elicitation_callback=think) as client:

        async def send():
            results.append(await client.call("send_message", **REPLY))

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(send)
                await thinking.wait()
                assert await texts(client) == ["Hello"]
                others_done.set()
    assert deadlines == [math.inf]
    assert "See you at nine" in results[0]
    assert turns[0].scope.deadline < math.inf


class TestStateInTheHandsOfTheClient:
    """From 2026-07-28 on the client holds what names the question."""

    @pytest.fixture
    async def client(self, settings, data):
        user = User(YES)
        async with connect(settings, data=data, mode="2026-07-28", elicitation_callback=user) as client:
            yield client

    @staticmethod
    async def call(client, arguments, answer=None, state=None):
        answers = {"confirm": answer} if answer else None
        return await client.session.call_tool(
            "send_message", arguments, input_responses=answers, request_state=state, allow_input_required=True
        )

    async def asked(self, client, arguments=REPLY):
        result = await self.call(client, arguments)
        assert isinstance(result, types.InputRequiredResult)
        assert list(result.input_requests) == ["confirm"]
        return result.request_state

    async def test_an_answer_to_the_question_sends(self, client):
        state = await self.asked(client)
        result = await self.call(client, REPLY, YES, state)
        assert not result.is_error
        assert await texts(client) == ["Hello", "See you at nine"]

    @pytest.mark.parametrize("state", [None, "", "x", "a" * 14, "a" * 100_000, "\ud800"])
    async def test_an_answer_to_no_question_is_asked_again(self, client, state):
        again = await self.call(client, REPLY, YES, state)
        assert isinstance(again, types.InputRequiredResult)
        assert await texts(client) == ["Hello"]

    async def test_an_answer_counts_once(self, client):
        state = await self.asked(client)
        await self.call(client, REPLY, YES, state)
        again = await self.call(client, REPLY, YES, state)
        assert not isinstance(again, types.CallToolResult) or again.is_error
        assert await texts(client) == ["Hello", "See you at nine"]

    async def test_of_two_answers_at_once_one_counts(self, client):
        state = await self.asked(client)
        results = []

        async def answer():
            results.append(await self.call(client, REPLY, YES, state))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(answer)
        assert await texts(client) == ["Hello", "See you at nine"]
        written = [r for r in results if isinstance(r, types.CallToolResult) and not r.is_error]
        assert len(written) == 1

    @pytest.mark.parametrize(
        "change", [{"text": "See you never"}, {"conversation": "local:other"}, {"reply_to": "1"}, {"subject": "x"}]
    )
    async def test_an_answer_counts_for_nothing_else(self, client, change):
        other = FIRST | {"conversation": "local:other"}
        await client.call("import_message", **other)
        state = await self.asked(client)
        again = await self.call(client, REPLY | change, YES, state)
        assert isinstance(again, types.InputRequiredResult)
        assert await texts(client) == ["Hello"]
        assert (await self.call(client, REPLY, YES, state)).is_error is False

    async def test_after_a_no_the_same_question_cannot_be_answered_with_yes(self, client):
        state = await self.asked(client)
        assert (await self.call(client, REPLY, types.ElicitResult(action="decline"), state)).is_error
        assert isinstance(await self.call(client, REPLY, YES, state), types.InputRequiredResult)
        assert await texts(client) == ["Hello"]

    async def test_a_no_needs_no_state(self, client):
        assert (await self.call(client, REPLY, types.ElicitResult(action="cancel"))).is_error
        assert await texts(client) == ["Hello"]

    async def test_the_state_is_no_token_of_a_preview(self, client):
        state = await self.asked(client)
        result = await self.call(client, REPLY | {"confirm": state})
        assert not isinstance(result, types.CallToolResult) or result.is_error
        assert await texts(client) == ["Hello"]

    async def test_the_token_of_a_preview_is_no_state(self, client, settings, data):
        async with connect(settings, data=data) as other:
            token = (await other.call("send_message", **REPLY)).partition("confirm=")[2].split()[0]
        assert isinstance(await self.call(client, REPLY, YES, token), types.InputRequiredResult)
        assert await texts(client) == ["Hello"]

    async def test_an_answer_of_another_kind_writes_nothing(self, client):
        state = await self.asked(client)
        answer = types.ListRootsResult(roots=[])
        result = await self.call(client, REPLY, answer, state)
        assert result.content[0].text.startswith("preview")
        assert await texts(client) == ["Hello"]


@pytest.fixture
def confirming(serve, tmp_path):
    """Start a server over stdio that confirms, on a store with one room."""
    with serve() as server:
        server.greet()
        server.ask(1, "tools/call", {"name": "import_message", "arguments": FIRST})
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
        server.process.wait(20)
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
