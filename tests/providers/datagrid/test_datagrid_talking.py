"""Saying something to an agent: once, with what came of it."""

from datetime import timedelta

import httpx
import pytest
from datagrid_service import BEGINNING, Datagrid, event, ok, opened, refused, streamed

from dragoman import progress
from dragoman.errors import InvalidArgument, NotFound, OutcomeUnknown, RateLimited, Unauthenticated
from dragoman.model import AuthorKind, Order
from dragoman.provider import Draft, MessageQuery
from dragoman.providers.datagrid import NEW

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "conv_1"


@pytest.fixture(params=[False, True], ids=["oldest-first", "newest-first"])
def datagrid(request):
    found = Datagrid(newest_first=request.param)
    found.converse_about(ROOM, ["hi", "Hello!"])
    return found


@pytest.fixture(params=[False, True], ids=["plain", "streamed"])
def listening(request):
    """Somebody listens to the progress, or nobody does; what was heard."""
    heard = []

    async def listen(done, text):
        heard.append((done, text))

    with progress.heard_by(listen if request.param else None):
        yield heard if request.param else None


@pytest.fixture
def streaming():
    heard = []

    async def listen(done, text):
        heard.append((done, text))

    with progress.heard_by(listen):
        yield heard


def at(operation, act):
    """Let something happen at one operation."""
    return lambda request, *answer: act(*answer) if request.operation == operation else None


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


# streams

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
        with pytest.raises(OutcomeUnknown, match="broke off after: \"Two RFIs are ov\"") as caught:
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
    with pytest.raises(OutcomeUnknown, match=r"gave up \(Model overloaded\) after: \"So\""):
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
    extra = [event("citations", HERE | {"citations": citations}), event("generated_title", HERE | {"generated_title": "T"})]
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
