from datetime import UTC, datetime

import pytest
from threads_server import FOLDER, TOKEN, Fault, ThreadsServer

from dragoman.core.context.clock import hurry
from dragoman.core.errors import NotFound, OutcomeUnknown
from dragoman.core.model import Author, AuthorKind, Conversation, Message
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.yandex import YandexProvider
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.providers.yandex.settings import YandexSettings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]
THEN = datetime(2019, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
async def server():
    with hurry():
        async with ThreadsServer().serving() as server:
            yield server


@pytest.fixture
async def provider(server):
    settings = YandexSettings(provider="yandex", target=server.target, tls=False, folder_id=FOLDER, iam_token=TOKEN)
    async with YandexProvider.open(settings) as provider:
        yield provider


def letter(number=1, kind=AuthorKind.PERSON, **more):
    author = Author(name="Old Friend", id="u7", kind=kind)
    return Message(id=f"x{number}", conversation="old", author=author, sent_at=THEN, text=f"Letter {number}", **more)


async def test_an_imported_message_keeps_its_author_and_names_its_time(server, provider):
    thread = server.thread().thread.id
    found = await provider.import_message(thread, letter(subject="Greetings"))
    assert (found.author.name, found.author.id, found.subject) == ("Old Friend", "u7", "Greetings")
    assert found.labels == ("imported_id=x1", f"imported_sent_at={THEN.isoformat()}")
    assert server.threads[thread].messages[0].author.role == "USER"


@pytest.mark.parametrize("kind", [AuthorKind.ASSISTANT, AuthorKind.BOT])
async def test_an_imported_program_speaks_as_the_assistant(server, provider, kind):
    thread = server.thread().thread.id
    found = await provider.import_message(thread, letter(kind=kind))
    assert found.author.kind is AuthorKind.ASSISTANT
    assert server.threads[thread].messages[0].author.role == "ASSISTANT"


async def test_the_same_message_is_imported_once(server, provider):
    thread = server.thread(messages=["something else"]).thread.id
    first = await provider.import_message(thread, letter())
    assert await provider.import_message(thread, letter()) == first
    assert server.written == ["Letter 1"]


async def test_an_import_into_a_thread_that_is_not_there_is_not_found(provider):
    with pytest.raises(NotFound):
        await provider.import_message("fvtmissing", letter())


async def test_a_conversation_becomes_a_thread_that_is_found_again(server, provider):
    old = Conversation(id="harbour", title="Harbour office")
    letters = [letter(n) for n in range(1, 6)]
    assert await provider.import_conversation(old, letters[:3]) == 3
    assert await provider.import_conversation(old, letters) == 2
    assert await provider.import_conversation(old, letters) == 0
    (stored,) = server.threads.values()
    assert stored.thread.name == "Harbour office"
    page = await provider.list_messages(stored.thread.id, MessageQuery())
    assert [message.text for message in page.items] == [each.text for each in letters]


async def test_a_conversation_with_the_id_of_a_thread_goes_there(server, provider):
    for _ in range(3):
        server.thread()
    thread = server.thread(messages=["first"]).thread.id
    server.thread()
    assert await provider.import_conversation(Conversation(id=thread), [letter()]) == 1
    assert len(server.threads) == 5
    assert len(server.threads[thread].messages) == 2


async def test_an_import_that_broke_off_goes_on_where_it_was(server, provider):
    old, letters = Conversation(id="harbour"), [letter(n) for n in range(1, 6)]
    server.faults.extend([None, None, None, None, Fault("INTERNAL", acted=True)])
    with pytest.raises(OutcomeUnknown):
        await provider.import_conversation(old, letters)
    server.faults.clear()
    await provider.import_conversation(old, letters)
    assert server.written == [each.text for each in letters]


async def test_a_list_of_threads_that_goes_round_in_circles_has_an_end(monkeypatch, server, provider):
    asked = []

    async def threads(folder, size, token):
        asked.append(token)
        return pb.ListThreadsResponse(
            threads=[pb.Thread(id="fvtother")], next_page_token={"": "a", "a": "b", "b": "a"}[token]
        )

    monkeypatch.setattr(provider._client, "threads", threads)
    assert await provider.import_conversation(Conversation(id="harbour"), []) == 0
    assert asked == ["", "a", "b"]
    assert len(server.threads) == 1
