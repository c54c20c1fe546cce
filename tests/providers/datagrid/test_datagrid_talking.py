"""Saying something to an agent: once, with what came of it."""

import httpx
import pytest
from datagrid_service import at, event, opened, refused, streamed

from dragoman.core.errors import InvalidArgument, NotFound, OutcomeUnknown, RateLimited, Unauthenticated
from dragoman.core.model import AuthorKind, Order
from dragoman.providers.base.provider import Draft, MessageQuery
from dragoman.providers.datagrid import NEW

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "conv_1"


def fail(error):
    def act(*_):
        raise error

    return act


async def test_the_answer_comes_back_as_it_is_stored(datagrid, listening):
    async with opened(datagrid) as account:
        answer = await account.send_message(ROOM, Draft(text="  What now?\n"))
        stored = await account.list_messages(ROOM, MessageQuery(order=Order.OLDEST))
    assert answer.text == "You said:   What now?\n"
    assert (answer.author.name, answer.author.kind) == ("Harbor Tower", AuthorKind.ASSISTANT)
    prompt, listed = stored.items[-2:]
    assert (listed.id, listed.text, listed.sent_at) == (answer.id, answer.text, answer.sent_at)
    assert prompt.text == "  What now?\n"
    assert datagrid.prompts() == ["  What now?\n"]
    assert (listening is None) == ("stream" not in datagrid.calls("POST /converse")[0].body)


async def test_what_was_said_before_in_the_same_words_is_not_taken_for_it(datagrid, streaming):
    async with opened(datagrid) as account:
        answers = [await account.send_message(ROOM, Draft(text="hi")) for _ in range(3)]
    assert len({one.id for one in answers}) == 3
    assert [one.id for one in answers] == [one["id"] for one in datagrid.messages[ROOM] if one["role"] == "agent"][1:]
    assert streaming


async def test_the_agent_of_the_settings_answers(datagrid, listening):
    async with opened(datagrid, agent_id="agent_9") as account:
        await account.send_message(ROOM, Draft(text="What now?"))
    body = datagrid.calls("POST /converse")[0].body
    wanted = {"prompt": "What now?", "conversation_id": ROOM, "agent_id": "agent_9", "generate_citations": True}
    assert body == wanted | ({} if listening is None else {"stream": True})


async def test_progress_tells_what_the_agent_does_in_growing_numbers(datagrid, streaming):
    async with opened(datagrid) as account:
        await account.send_message(ROOM, Draft(text="What now?"))
    texts = [text for _, text in streaming]
    for text in ("The agent is thinking", "Look it up", "Semantic search: completed"):
        assert text in texts
    assert any(text.startswith("Answering, ") for text in texts)
    numbers = [done for done, _ in streaming]
    assert numbers == sorted(set(numbers))


async def test_progress_is_safe_to_show(datagrid, streaming):
    task = {"type": "reasoning", "id": "r", "task": "\x1b[31mred\u202e\nsecond line " + "x" * 500}
    end = {"conversation_id": ROOM, "status": "end"}
    said = [event("reasoning", task), event("delta", {"delta": {"type": "text", "text": "Hello!"}}), event("end", end)]

    def answer(_):
        datagrid.messages[ROOM][-1]["content"][0]["text"] = "Hello!"
        return streamed(said)

    datagrid.after = at("POST /converse", answer)
    async with opened(datagrid) as account:
        await account.send_message(ROOM, Draft(text="What now?"))
    shown = next(text for _, text in streaming if "second line" in text)
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(shown) <= 80


async def test_a_new_conversation_is_made_by_saying_something(datagrid, listening):
    async with opened(datagrid) as account:
        answer = await account.send_message(NEW, Draft(text="Start"))
        assert (await account.get_conversation(NEW)).id == NEW
    assert answer.conversation == "conv_made_1"
    body = datagrid.calls("POST /converse")[0].body
    assert body.keys() - {"stream"} == {"prompt", "generate_citations", "generate_title"}
    assert (listening is None) == ("stream" not in body)


async def test_a_subject_names_a_new_conversation(datagrid):
    async with opened(datagrid) as account:
        answer = await account.send_message(NEW, Draft(text="Start", subject="Daily log"))
    assert datagrid.conversations[answer.conversation]["name"] == "Daily log"
    assert datagrid.calls("POST /converse")[0].body["conversation_id"] == answer.conversation


@pytest.mark.parametrize(
    "draft",
    [Draft(text="Hi", reply_to="msg_00001"), Draft(text="Hi", subject="Subject"), Draft(text=" \n")],
    ids=["reply", "subject", "blank"],
)
async def test_what_a_message_cannot_have_is_refused_before_anything_is_sent(datagrid, draft):
    async with opened(datagrid) as account:
        with pytest.raises(InvalidArgument):
            await account.send_message(ROOM, draft)
    assert not datagrid.journal


async def test_nothing_is_said_in_an_unknown_conversation(datagrid, listening):
    async with opened(datagrid) as account:
        with pytest.raises(NotFound) as caught:
            await account.send_message("conv_x", Draft(text="Hi"))
    assert caught.value.sent is False
    assert "agent_id" in str(caught.value)
    assert listening in (None, [])


async def test_trouble_with_reading_does_not_keep_from_sending(datagrid):
    datagrid.before = lambda request: refused(500, "broken") if request.path.endswith("/messages") else None
    async with opened(datagrid) as account:
        answer = await account.send_message(ROOM, Draft(text="Hi"))
    assert answer.text == "You said: Hi"


# doubt

UNCLEAR = {
    "reset": fail(httpx.ReadError("reset")),
    "silence": fail(httpx.ReadTimeout("silence")),
    "500": lambda *_: refused(500, "boom"),
    "502 page": lambda *_: httpx.Response(502, html="<html><body>Bad gateway</body></html>"),
    "503": lambda *_: refused(503, "busy"),
    "503 with a time to come back": lambda *_: refused(503, "busy", **{"retry-after": "1"}),
    "408": lambda *_: refused(408, "slow"),
    "no JSON": lambda *_: httpx.Response(201, text='{"object": "conver'),
    "a list": lambda *_: httpx.Response(201, json=[]),
    "no id": lambda *_: httpx.Response(201, json={"object": "conversation.message"}),
    "elsewhere": lambda *_: httpx.Response(302, headers={"location": "/v1/other"}),
}


@pytest.mark.parametrize("trouble", UNCLEAR)
async def test_after_an_unclear_outcome_the_answer_is_found_and_nothing_said_twice(datagrid, listening, trouble):
    datagrid.after = at("POST /converse", UNCLEAR[trouble])
    async with opened(datagrid) as account:
        answer = await account.send_message(ROOM, Draft(text="hi"))
    assert answer.text == "You said: hi"
    assert answer.id == datagrid.messages[ROOM][-1]["id"]
    assert datagrid.prompts() == ["hi"]
    assert not listening


@pytest.mark.parametrize("trouble", UNCLEAR)
async def test_after_an_unclear_outcome_without_a_trace_that_is_said(datagrid, listening, trouble):
    datagrid.before = at("POST /converse", UNCLEAR[trouble])
    async with opened(datagrid) as account:
        with pytest.raises(OutcomeUnknown, match=r"not in the conversation now.*list_messages") as caught:
            await account.send_message(ROOM, Draft(text="hi"))
    assert caught.value.sent is None
    assert datagrid.prompts() == ["hi"]
    assert not listening


async def test_a_message_that_is_there_without_an_answer_says_so(datagrid, listening):
    def lose_the_answer(_):
        del datagrid.messages[ROOM][-1]
        raise httpx.ReadError("reset")

    datagrid.after = at("POST /converse", lose_the_answer)
    async with opened(datagrid) as account:
        sent = await account.send_message(ROOM, Draft(text="hi"))
    assert (sent.text, sent.status, sent.author.name) == ("hi", "stored, not answered yet", "user")
    assert sent.id == datagrid.messages[ROOM][-1]["id"]
    assert not listening


async def test_an_answer_to_somebody_else_is_not_taken_for_ours(datagrid):
    def interleave(_):
        del datagrid.messages[ROOM][-1]
        text = [{"type": "text", "text": "Somebody else"}]
        datagrid.add(ROOM, "user", text)
        datagrid.add(ROOM, "agent", text)
        raise httpx.ReadError("reset")

    datagrid.after = at("POST /converse", interleave)
    async with opened(datagrid) as account:
        sent = await account.send_message(ROOM, Draft(text="hi"))
    assert (sent.text, sent.status) == ("hi", "stored, not answered yet")


async def test_when_looking_fails_as_well_the_outcome_stays_unknown(datagrid, listening):
    def down(request):
        if request.operation == "POST /converse" or datagrid.prompts():
            return refused(500, "down")
        return None

    datagrid.before = down
    async with opened(datagrid) as account:
        with pytest.raises(OutcomeUnknown, match="Look whether it is there"):
            await account.send_message(ROOM, Draft(text="hi"))
    assert len(datagrid.prompts()) == 1
    assert not listening


async def test_an_unclear_new_conversation_is_to_be_looked_for(datagrid, listening):
    datagrid.after = at("POST /converse", UNCLEAR["reset"])
    async with opened(datagrid) as account:
        with pytest.raises(OutcomeUnknown, match="list_conversations"):
            await account.send_message(NEW, Draft(text="hi"))
    assert len(datagrid.prompts()) == 1
    assert not listening


@pytest.mark.parametrize("refusal", [refused(429, "slow down", **{"retry-after": "1"}), httpx.ConnectError("refused")])
async def test_what_certainly_was_not_said_is_said_again(datagrid, listening, refusal):
    first = [refusal]

    def once(*_):
        found = first.pop() if first else None
        if isinstance(found, Exception):
            raise found
        return found

    datagrid.before = at("POST /converse", once)
    async with opened(datagrid) as account:
        answer = await account.send_message(ROOM, Draft(text="What now?"))
    assert answer.text == "You said: What now?"
    assert len(datagrid.prompts()) == 2
    assert len(datagrid.messages[ROOM]) == 4
    assert listening is None or listening


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Unauthenticated), (429, RateLimited), (400, InvalidArgument), (404, NotFound)]
)
async def test_a_refusal_is_certain(datagrid, listening, status, kind):
    datagrid.before = at("POST /converse", lambda: refused(status, "no", **{"retry-after": "600"}))
    async with opened(datagrid) as account:
        with pytest.raises(kind) as caught:
            await account.send_message(ROOM, Draft(text="hi"))
    assert caught.value.sent is False
    assert len(datagrid.prompts()) == 1
    assert not listening
