"""Recorded answers of agents: what we send now is what was recorded, and the answer becomes what it should."""

import pytest
from datagrid_replay import assert_same_request, claim, exchanges, recording, replaying

from dragoman.core.context import progress
from dragoman.core.errors import InvalidArgument, OutcomeUnknown, PermissionDenied
from dragoman.core.model import AuthorKind
from dragoman.providers.base.provider import Draft
from dragoman.providers.datagrid import NEW

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "conv_01HZX4T0Q8M3"
NOTHING_YET = {("GET", f"/conversations/{ROOM}/messages"): {"object": "list", "data": [], "has_more": False}}


@claim("converse-in-conversation")
async def test_an_answer_is_returned_with_its_sources_and_cost(name):
    recorded = recording(name)
    async with replaying(recorded, others=NOTHING_YET, agent_id="agent_7Qm2Lk") as (account, replay):
        answer = await account.send_message(ROOM, Draft(text="Which RFIs are overdue?"))
    # Whether a conversation gets another title is not for a message to say, so that is never asked for here.
    assert_same_request(replay.requests[0], recorded["request"], theirs=["generate_title"])
    assert (answer.id, answer.conversation, answer.text) == ("msg_06", ROOM, "Two RFIs are overdue: RFI-31 and RFI-34.")
    assert answer.author.kind is AuthorKind.ASSISTANT
    assert answer.extra["credits"] == 1.75
    assert answer.extra["tools"] == ["Semantic search: completed"]
    assert [one.title for one in answer.citations] == ["RFI log", "osha.gov", "site-07.jpg", "calendar.create"]


@claim("converse-text")
async def test_saying_something_somewhere_new_tells_where(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        answer = await account.send_message(NEW, Draft(text="Which RFIs are overdue?"))
    assert_same_request(replay.requests[0], recorded["request"], ours=["generate_title", "generate_citations"])
    assert answer.conversation == ROOM


@claim("converse-stream", "converse-stream-all-events")
async def test_a_streamed_answer_is_heard_and_read_back(name):
    recorded = recording(name)
    said = "Two RFIs\nare overdue." if name.endswith("events") else "Hello 👋"
    stored = [message("msg_07", "user", "hi"), message("msg_08", "agent", said)]
    heard = []

    async def listen(done, text):
        heard.append((done, text))

    place = recorded["arguments"].get("conversation_id", NEW)
    before = [] if place == NEW else [{"data": []}]
    others = {("GET", f"/conversations/{ROOM}/messages"): [*before, {"data": stored}]}
    async with replaying(recorded, others=others) as (account, replay):
        with progress.listening(listen):
            answer = await account.send_message(place, Draft(text="hi"))
    assert_same_request(replay.requests[0], recorded["request"], ours=set(BODY) - recorded["request"]["body"].keys(),
                        theirs=["generate_title"] if place != NEW else ())  # fmt: skip
    assert (answer.id, answer.text, answer.conversation) == ("msg_08", said, ROOM)
    assert [done for done, _ in heard] == sorted({done for done, _ in heard})
    texts = [text for _, text in heard]
    assert texts[0] == "The agent is thinking"
    if name.endswith("events"):
        assert texts[1:4] == ["look up", "Semantic search: in_progress", "Semantic search: completed"]
        assert answer.extra["generated_title"] == "Overdue RFIs"
        assert [one.title for one in answer.citations] == ["RFI log", "osha.gov", "site-07.jpg", "calendar.create"]


BODY = ("generate_title", "generate_citations")


def message(identifier, role, text):
    return {
        "object": "conversation.message", "id": identifier, "agent_id": "agent_7Qm2Lk", "role": role,
        "content": [{"type": "text", "text": text}], "created_at": "2026-05-04T14:05:00Z", "conversation_id": ROOM,
        "credits": None, "citations": None,
    }  # fmt: skip


@claim("converse-402", "converse-413", "converse-500-retried")
async def test_a_refused_prompt_is_said_once_and_the_error_says_whether_it_may_be_there(name):
    recorded = recording(name)
    kind, said = {
        "converse-402": (PermissionDenied, "Credit limit exceeded"),
        "converse-413": (InvalidArgument, "Prompt too large"),
        "converse-500-retried": (OutcomeUnknown, "boom"),  # the official client says it again
    }[name]
    prompt = recorded["arguments"]["prompt"]
    async with replaying(recorded) as (account, replay):
        with pytest.raises(kind, match=said) as caught:
            await account.send_message(NEW, Draft(text=prompt))
    [sent] = replay.requests
    assert_same_request(sent, exchanges(recorded)[0]["request"], ours=BODY)
    assert caught.value.sent is (None if kind is OutcomeUnknown else False)
