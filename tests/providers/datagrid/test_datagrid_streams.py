"""Answers as they are made: events, ends, cuts."""

from datetime import timedelta

import httpx
import pytest
from datagrid_service import BEGINNING, Datagrid, at, event, ok, opened, streamed

from dragoman.core.errors import OutcomeUnknown
from dragoman.providers.base.provider import Draft

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "conv_1"
HERE = {"agent_id": "agent_1", "conversation_id": ROOM}
START = event("start", HERE | {"status": "start"})
END = event("end", HERE | {"status": "end"})


def piece(text):
    return event("delta", {"delta": {"type": "text", "text": text}})


async def ask(datagrid, *pieces, failure=None, content_type="text/event-stream", text="What now?"):
    datagrid.after = at("POST /converse", lambda _: streamed(pieces, failure=failure, content_type=content_type))
    async with opened(datagrid) as account:
        return await account.send_message(ROOM, Draft(text=text))


@pytest.mark.parametrize("failure", [None, httpx.ReadError("reset"), httpx.RemoteProtocolError("cut")])
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "lost"])
async def test_a_cut_stream_is_an_error_with_what_was_heard(datagrid, streaming, failure, stored):
    def cut(_):
        if not stored:
            del datagrid.messages[ROOM][-2:]
        return streamed([START, piece("Two RFIs\n"), piece("are ov")], failure=failure)

    datagrid.after = at("POST /converse", cut)
    async with opened(datagrid) as account:
        with pytest.raises(OutcomeUnknown, match='broke off after: "Two RFIs are ov"') as caught:
            await account.send_message(ROOM, Draft(text="What now?"))
    assert ("do not send it again" in caught.value.hint) == stored
    assert caught.value.sent is None
    assert len(datagrid.prompts()) == 1
    assert streaming


async def test_a_stream_that_is_cut_before_anything_was_said_is_looked_up(datagrid, streaming):
    answer = await ask(datagrid, START)
    assert answer.text == "You said: What now?"
    assert streaming


@pytest.mark.parametrize("name", ["error", "message"])
async def test_an_error_in_the_stream_fails_the_call_in_its_words(datagrid, streaming, name):
    wrong = event(name, {"error": {"message": "Model overloaded", "code": "x"}}).removeprefix("event: message\n")
    with pytest.raises(OutcomeUnknown, match=r"gave up \(in its words: \"Model overloaded\"\) after: \"So\""):
        await ask(datagrid, START, piece("So"), wrong, END)
    assert len(datagrid.prompts()) == 1
    assert streaming


async def test_an_error_without_words_is_an_error(datagrid, streaming):
    with pytest.raises(OutcomeUnknown, match="gave up"):
        await ask(datagrid, START, event("error", {"error": {}}))
    assert streaming


@pytest.mark.parametrize(
    "odd",
    [": comment\n\n", event("novelty", {"delta": {"text": "no"}}), "event: delta\ndata: no json\n\n",
     "event: delta\ndata: [1]\n\n", event("delta", {"delta": None}), event("tool_call", {}), "\r\n\r\n", "data\n\n"],
)  # fmt: skip
async def test_odd_events_are_passed_over(datagrid, streaming, odd):
    answer = await ask(datagrid, odd, START, odd, piece("You said: "), odd, piece("What now?"), odd, END)
    assert answer.text == "You said: What now?"
    assert streaming


@pytest.mark.parametrize("end", [END.rstrip("\n"), END[:-1], "data: [DONE]", "data: [DONE]\n"])
async def test_a_last_event_that_is_complete_but_for_its_blank_line_counts(datagrid, streaming, end):
    answer = await ask(datagrid, START, piece("You said: What now?"), end)
    assert answer.text == "You said: What now?"
    assert streaming


async def test_half_an_end_is_none(datagrid, streaming):
    with pytest.raises(OutcomeUnknown, match='broke off after: "You said"'):
        await ask(datagrid, START, piece("You said"), END.rstrip("\n}"))
    assert streaming


@pytest.mark.parametrize("end", ["data: [DONE]\n\n", "event: done\ndata: [DONE]\n\n", END + piece("more")])
async def test_a_stream_has_two_ends(datagrid, streaming, end):
    answer = await ask(datagrid, START, piece("You said: What now?"), end)
    assert answer.text == "You said: What now?"
    assert streaming


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/event-stream"])
async def test_the_content_type_of_an_answer_does_not_matter(datagrid, streaming, content_type):
    answer = await ask(datagrid, START, piece("You said: What now?"), END, content_type=content_type)
    assert answer.text == "You said: What now?"

    def at_once(_):
        body = ok(datagrid.messages[ROOM][-1] | {"credits": {"consumed": 2}}, 201).text
        return streamed(["\n", body], content_type=content_type)

    datagrid.after = at("POST /converse", at_once)
    async with opened(datagrid) as account:
        answer = await account.send_message(ROOM, Draft(text="And now?"))
    assert (answer.text, answer.extra["credits"]) == ("You said: And now?", 2)
    assert streaming


async def test_an_answer_that_is_listed_late_is_waited_for(datagrid, streaming, waits):
    late = []

    def delayed(_):
        late.extend(datagrid.messages[ROOM][-2:])
        del datagrid.messages[ROOM][-2:]
        return streamed([START, piece("You said: What now?"), END])

    def appear(_):
        if late and datagrid.prompts() and len(datagrid.journal) > 4:
            datagrid.messages[ROOM].extend(late)
            late.clear()

    datagrid.after, datagrid.before = at("POST /converse", delayed), appear
    async with opened(datagrid) as account:
        answer = await account.send_message(ROOM, Draft(text="What now?"))
    assert answer.text == "You said: What now?"
    assert waits
    assert streaming


async def test_an_answer_that_is_never_listed_is_told_in_the_error(datagrid, streaming):
    def lost(_):
        del datagrid.messages[ROOM][-2:]
        return streamed([START, piece("You said: What now?"), END])

    datagrid.after = at("POST /converse", lost)
    async with opened(datagrid) as account:
        with pytest.raises(OutcomeUnknown, match=r"does not list.*\"You said: What now\?\".*do not send again"):
            await account.send_message(ROOM, Draft(text="What now?"))
    assert streaming


async def test_what_the_list_lacks_is_taken_from_the_stream(datagrid, streaming):
    citations = [{"citation": "x", "sources": [{"type": "record", "source_name": "Log"}]}]
    extra = [
        event("citations", HERE | {"citations": citations}),
        event("generated_title", HERE | {"generated_title": "T"}),
    ]
    answer = await ask(datagrid, START, piece("You said: What now?"), *extra, END)
    assert [one.title for one in answer.citations] == ["Log"]
    assert answer.extra["generated_title"] == "T"
    assert streaming


async def test_the_first_words_of_a_conversation_are_found_too(streaming):
    for newest_first in (False, True):
        datagrid = Datagrid(newest_first=newest_first)
        datagrid.open(ROOM)
        for number in range(3):
            async with opened(datagrid) as account:
                answer = await account.send_message(ROOM, Draft(text=f"Number {number}"))
            assert answer.text == f"You said: Number {number}"
    assert streaming


async def test_a_single_earlier_message_does_not_hide_the_order(streaming):
    for newest_first in (False, True):
        datagrid = Datagrid(newest_first=newest_first)
        datagrid.converse_about(ROOM, ["alone"], at=BEGINNING - timedelta(days=1))
        async with opened(datagrid) as account:
            answer = await account.send_message(ROOM, Draft(text="Hi"))
        assert answer.text == "You said: Hi"
    assert streaming
