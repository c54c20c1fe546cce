"""Sending to an assistant: the message is stored, a run is started, the answer is waited for."""

import pytest
from threads_logic import ASSISTANT, RUNS
from threads_server import FOLDER, TOKEN, Fault, ThreadsServer

from dragoman.core.context import progress
from dragoman.core.context.clock import hurry
from dragoman.core.errors import OutcomeUnknown
from dragoman.core.model import AuthorKind
from dragoman.providers.base.provider import Draft, MessageQuery
from dragoman.providers.yandex import YandexProvider
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.providers.yandex.settings import YandexSettings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]
CREATE = "/yandex.cloud.ai.assistants.v1.threads.MessageService/Create"


@pytest.fixture
async def server():
    with hurry():
        async with ThreadsServer().serving() as server:
            yield server


@pytest.fixture
def thread(server):
    return server.thread().thread.id


@pytest.fixture
async def provider(server):
    settings = YandexSettings(
        provider="yandex",
        target=server.target,
        tls=False,
        folder_id=FOLDER,
        iam_token=TOKEN,
        assistant_id=ASSISTANT,
        timeout=5,
    )
    async with YandexProvider.open(settings) as provider:
        yield provider


def state(status, **data):
    return pb.RunState(status=status, **data)


async def test_the_assistant_s_answer_is_returned_and_both_messages_are_in_the_thread(server, thread, provider):
    answer = await provider.send_message(thread, Draft(text="hello"))
    assert answer.text == "Hello! How can I help you?"
    assert answer.author.kind is AuthorKind.ASSISTANT
    assert [call.method for call in server.journal] == [CREATE, f"{RUNS}/Create", f"{RUNS}/Listen"]
    page = await provider.list_messages(thread, MessageQuery())
    assert [message.text for message in page.items] == ["hello", answer.text]
    assert page.items[-1] == answer


async def test_nobody_is_asked_when_the_message_was_not_stored(server, thread, provider):
    server.always = Fault("INTERNAL", acted=True)
    with pytest.raises(OutcomeUnknown):
        await provider.send_message(thread, Draft(text="hello"))
    assert [call.method for call in server.journal] == [CREATE]


async def _require_stored(server, thread, provider, status, reason=""):
    sent = await provider.send_message(thread, Draft(text="hello"))
    assert (sent.text, sent.status) == ("hello", status)
    assert reason in sent.extra.get("assistant", "")
    assert server.written == ["hello"]
    return sent


async def test_a_run_that_cannot_be_started_leaves_the_message_stored(server, thread, provider):
    server.faults.extend([None, Fault("PERMISSION_DENIED", "no right to run")])
    await _require_stored(server, thread, provider, "stored, assistant not started", "no right to run")


async def test_a_run_that_may_have_been_started_is_not_started_again(server, thread, provider):
    server.faults.extend([None, Fault("INTERNAL", acted=True)])
    await _require_stored(server, thread, provider, "stored, answer pending")
    assert len(server.runs) == 1


async def test_a_run_that_fails_says_why_in_the_service_s_words(server, thread, provider):
    server.run_events = [
        pb.StreamEvent(event_type=pb.StreamEvent.ERROR, error=pb.Error(message="model is\noverloaded"))
    ]
    await _require_stored(server, thread, provider, "stored, assistant failed", "model is overloaded")


async def test_an_assistant_that_wants_a_tool_is_told_of(server, thread, provider):
    server.run_events = [pb.StreamEvent(event_type=pb.StreamEvent.TOOL_CALLS, tool_call_list=pb.ToolCallList())]
    await _require_stored(server, thread, provider, "stored, assistant waits for a tool")


async def test_an_assistant_that_says_nothing_is_told_of(server, thread, provider):
    server.run_events = [pb.StreamEvent(event_type=pb.StreamEvent.DONE)]
    await _require_stored(server, thread, provider, "stored, assistant said nothing")


@pytest.mark.parametrize("fault", [Fault("UNIMPLEMENTED"), Fault("INTERNAL", after=1), Fault("NOT_FOUND")])
async def test_an_answer_that_is_not_told_is_looked_for(server, thread, provider, fault):
    author = pb.Author(id=ASSISTANT, role="ASSISTANT")
    message = pb.Message(
        id="fvtreply", author=author, content=pb.Content(content=[pb.Part(text=pb.Text(content="Hi"))])
    )
    server.faults.extend([None, None, fault])
    server.run_states.extend(
        [
            state(pb.RunState.PENDING),
            state(pb.RunState.IN_PROGRESS),
            state(9),
            state(pb.RunState.COMPLETED, completed_message=message),
        ]
    )
    answer = await provider.send_message(thread, Draft(text="hello"))
    assert (answer.id, answer.text) == ("fvtreply", "Hi")
    assert server.count("RunService/Get") == 4


@pytest.mark.parametrize(
    ("final", "status"),
    [
        (state(pb.RunState.FAILED, error=pb.Error(message="too long")), "stored, assistant failed"),
        (state(pb.RunState.TOOL_CALLS), "stored, assistant waits for a tool"),
        (state(pb.RunState.COMPLETED), "stored, assistant said nothing"),
    ],
)
async def test_a_run_that_is_looked_at_ends_as_one_that_is_listened_to(server, thread, provider, final, status):
    server.run_events = []
    server.run_states.append(final)
    await _require_stored(server, thread, provider, status)


async def test_waiting_for_an_answer_has_an_end(server, thread, provider):
    server.run_events = []
    sent = await _require_stored(server, thread, provider, "stored, answer pending")
    assert sent.extra["run"] in server.runs
    assert 5 <= server.count("RunService/Get") <= 11


async def test_what_the_assistant_has_said_so_far_is_reported(server, thread, provider):
    heard = []

    async def listener(_, text):
        heard.append(text)

    with progress.listening(listener):
        await provider.send_message(thread, Draft(text="hello"))
    assert heard == ["Hello", "Hello! How can I help you?"]
    assert server.count("RunService/Get") == 0
