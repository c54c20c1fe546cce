"""The user is asked before a write, in every protocol version that can; only a clear yes writes."""

import apsw
import mcp_types as types
import pytest
from asked_user import CANCEL, DECLINE, ERAS, FIRST, REPLY, UNSEEN, YES, User, goes_out_by_token, texts

from dragoman.testing import ToolError, connect
from dragoman_server.mcp import elicitation
from dragoman_server.mcp.known_hosts import HostTraits

pytestmark = pytest.mark.anyio
REFUSALS = {
    "declined": [
        DECLINE,
        types.ElicitResult(action="decline", content={"send": True}),
        types.ElicitResult(action="accept", content={"send": False}),
    ],
    "cancelled": [CANCEL, types.ElicitResult(action="cancel", content={"send": True})],
}
each_refusal = pytest.mark.parametrize(
    ("outcome", "answer"), [(outcome, answer) for outcome, answers in REFUSALS.items() for answer in answers], ids=repr
)


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
