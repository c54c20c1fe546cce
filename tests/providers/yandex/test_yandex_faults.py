"""Each way of failing, for each operation: the right error, the right number of requests, no write repeated."""

import random
import socket

import pytest
from fault_matrix import CALLS_AT_RANDOM
from grpc_codes import ATTEMPTS, CODES
from threads_server import FOLDER, TOKEN, Fault, ThreadsServer

from dragoman.core.context.clock import hurry
from dragoman.core.errors import (
    BadResponse,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.core.model import Author, Message, Order
from dragoman.providers.base.provider import ConversationQuery, Draft, MessageQuery
from dragoman.providers.yandex import YandexProvider
from dragoman.providers.yandex.settings import YandexSettings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]

THREAD = "fvt0000threadmain001"
RETRY_INFO = bytes.fromhex(
    "0808121071756f746120697320757365642075701a360a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e727063"
    "2e5265747279496e666f120a0a0808011080cab5ee01"
)


@pytest.fixture
def waits():
    with hurry() as asked:
        yield asked


@pytest.fixture
async def server(waits):
    async with ThreadsServer().serving() as server:
        server.thread(THREAD, messages=["one", "two", "three"])
        yield server


@pytest.fixture
async def provider(server):
    async with YandexProvider.open(settings(server.target)) as provider:
        yield provider


def settings(target):
    return YandexSettings(provider="yandex", target=target, tls=False, folder_id=FOLDER, iam_token=TOKEN)


def letter(text="An old letter", external=""):
    return Message(id=external, conversation=THREAD, author=Author(name="Ann"), sent_at=None, text=text)


READS = {
    "ThreadService/List": lambda provider: provider.list_conversations(ConversationQuery()),
    "ThreadService/Get": lambda provider: provider.get_conversation(THREAD),
    "MessageService/List": lambda provider: provider.list_messages(THREAD, MessageQuery()),
    "MessageService/Get": lambda provider: provider.get_message(THREAD, "fvt00000000000000002"),
}
WRITES = {
    "send_message": lambda provider: provider.send_message(THREAD, Draft(text="Once only")),
    "import_message": lambda provider: provider.import_message(THREAD, letter("Once only")),
}
CREATE = "MessageService/Create"

MOST = ("NOT_FOUND", "RESOURCE_EXHAUSTED", "UNAVAILABLE")
"""Codes that differ in how often a call is made; the others differ in their error alone."""


@pytest.mark.parametrize(
    ("code", "operation"), [(code, name) for code in CODES for name in READS if code in MOST or name.endswith("e/List")]
)
async def test_a_read_that_fails_is_the_error_of_its_code(server, provider, code, operation):
    kind, requests, _, _ = CODES[code]
    server.always = Fault(code)
    with pytest.raises(kind) as caught:
        await READS[operation](provider)
    assert type(caught.value) is kind
    assert server.count(operation) == len(server.journal) == requests
    assert caught.value.sent is False
    assert code not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("acted", [False, True])
@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("code", CODES)
async def test_a_write_that_fails_is_the_error_of_its_code_and_happens_at_most_once(
    server, provider, code, operation, acted
):
    _, _, kind, requests = CODES[code]
    acted = acted and kind is OutcomeUnknown  # only then may the service have done it
    server.always = Fault(code, acted=acted)
    with pytest.raises(kind) as caught:
        await WRITES[operation](provider)
    assert type(caught.value) is kind
    assert server.count(CREATE) == requests
    assert server.written == ["Once only"] * acted
    assert (caught.value.sent is None) == (kind is OutcomeUnknown)


@pytest.mark.parametrize("operation", [*READS, *WRITES])
async def test_a_quota_with_a_pause_is_waited_for_and_then_it_works(server, provider, waits, operation):
    server.faults.append(Fault("RESOURCE_EXHAUSTED", details=RETRY_INFO))
    await (READS | WRITES)[operation](provider)
    assert waits == [1.5]
    assert len(server.journal) == 2
    assert server.written == ["Once only"] * (operation in WRITES)


@pytest.mark.parametrize("operation", READS)
async def test_a_read_is_repeated_until_the_service_is_back(server, provider, operation):
    server.faults.extend([Fault(), Fault(headers_first=True), Fault()])
    assert await READS[operation](provider)
    assert server.count(operation) == ATTEMPTS


@pytest.mark.parametrize("operation", READS)
async def test_an_answer_that_is_no_message_is_asked_for_once_more(server, provider, operation):
    server.always = Fault(answer=b"\xff\xff\xff")
    with pytest.raises(BadResponse):
        await READS[operation](provider)
    assert 1 <= server.count(operation) <= 2


@pytest.mark.parametrize("operation", WRITES)
async def test_an_unreadable_answer_to_a_write_leaves_the_outcome_open(server, provider, operation):
    server.always = Fault(answer=b"\xff\xff\xff")
    with pytest.raises(OutcomeUnknown, match="Look whether it is there"):
        await WRITES[operation](provider)
    assert server.written == ["Once only"]


async def test_garbage_in_the_details_changes_nothing(server, provider):
    server.always = Fault("NOT_FOUND", details=b"\xff\x00garbage")
    with pytest.raises(NotFound, match="out of order"):
        await provider.get_conversation(THREAD)


@pytest.mark.parametrize("order", Order)
async def test_a_stream_that_breaks_off_is_read_again_from_its_start(server, provider, order):
    server.faults.extend([Fault(after=1), Fault(after=2)])
    page = await provider.list_messages(THREAD, MessageQuery(order=order))
    assert [message.text for message in page.items] == ["one", "two", "three"]
    assert server.count("MessageService/List") == 3


async def test_a_part_of_a_thread_is_never_passed_off_as_the_whole(server, provider):
    server.always = Fault(after=2)
    with pytest.raises(Unavailable):
        await provider.list_messages(THREAD, MessageQuery())
    assert server.count("MessageService/List") == 3


async def test_a_page_that_is_full_before_the_stream_breaks_is_a_page(server, provider):
    server.always = Fault(after=3)
    page = await provider.list_messages(THREAD, MessageQuery(limit=2))
    assert [message.text for message in page.items] == ["two", "three"]
    assert page.cursor


async def test_the_stream_is_cancelled_as_soon_as_the_page_is_full(server, provider):
    for number in range(3000):
        server.message(THREAD, f"{number} " + "x" * 1000)
    await provider.list_messages(THREAD, MessageQuery(limit=5))
    await provider.get_conversation(THREAD)
    assert server.cancelled_after
    assert server.cancelled_after[0] < 3000


@pytest.mark.usefixtures("waits")
async def test_a_host_that_is_not_found_names_the_switch_off():
    own = settings("x.invalid:443").model_copy(update={"tls": True})
    async with YandexProvider.open(own) as provider:
        with pytest.raises(Unavailable, match="switch its AI Assistant API"):
            await provider.check()


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("operation", ["ThreadService/List", "send_message"])
async def test_a_refused_connection_names_the_switch_off_and_nothing_was_sent(operation):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{free.getsockname()[1]}"
    async with YandexProvider.open(settings(target)) as provider:
        with pytest.raises(Unavailable, match="switch its AI Assistant API") as caught:
            await (READS | WRITES)[operation](provider)
    assert caught.value.sent is False
    assert "`target`" in caught.value.hint


async def test_a_service_without_the_methods_names_the_switch_off(server, provider):
    server.always = Fault("UNIMPLEMENTED", "Method not found!")
    with pytest.raises(UnsupportedOperation, match="switch its AI Assistant API"):
        await provider.check()


async def test_what_is_missing_for_access_is_named(server, provider):
    server.always = Fault("PERMISSION_DENIED", "Permission denied")
    with pytest.raises(PermissionDenied, match=r"ai\.assistants\.editor"):
        await provider.check()


async def test_a_folder_that_does_not_fit_is_named(server, provider):
    server.folder = "b1g0000000000another"
    with pytest.raises(InvalidArgument, match="`folder_id`"):
        await provider.check()


async def test_an_expired_token_names_its_setting(server, provider):
    server.authorization = "Bearer t1.newer"
    with pytest.raises(Unauthenticated, match="`iam_token`"):
        await provider.check()
    assert len(server.journal) == 1


CHANCES = [None, None, Fault(), Fault("RESOURCE_EXHAUSTED", details=RETRY_INFO), Fault("INTERNAL"), Fault(after=1)]
CHANCES += [
    Fault("UNAVAILABLE", acted=True),
    Fault("DEADLINE_EXCEEDED", acted=True),
    Fault(after=2, headers_first=True),
]
CHANCES += [Fault("NOT_FOUND"), Fault(answer=b"\xff")]


async def test_calls_among_random_faults_lose_and_double_nothing(server, provider):
    rng = random.Random(20260310)
    certain, possible = set(), set()
    for number in range(CALLS_AT_RANDOM):
        if number % 40 == 0:
            thread = server.thread().thread.id
        server.faults.clear()
        server.faults.extend(rng.choice(CHANCES) for _ in range(rng.randint(0, 2)))
        text = f"message {number}"
        try:
            if rng.random() < 0.25:
                certain.add((await provider.send_message(thread, Draft(text=text))).text)
            else:
                await _require_right(server, provider, thread, rng)
        except OutcomeUnknown:
            possible.add(text)
        except DragomanError:
            pass
    assert len(set(server.written)) == len(server.written)
    assert certain <= set(server.written) <= certain | possible
    assert len(certain) > 35
    assert len(possible) > 15


async def _require_right(server, provider, thread, rng):
    """A read answers what is there, or it fails."""
    stored = server.threads[thread].messages
    texts = [message.content.content[0].text.content for message in stored]
    if stored and rng.random() < 0.3:
        wanted = rng.choice(stored)
        assert (await provider.get_message(thread, wanted.id)).text == wanted.content.content[0].text.content
        return
    order, limit = rng.choice(list(Order)), rng.randint(1, 10)
    page = await provider.list_messages(thread, MessageQuery(order=order, limit=limit))
    found = [message.text for message in page.items]
    assert found == (texts[-limit:] if order is Order.LATEST else texts[:limit])
    assert (page.cursor is not None) == (len(texts) > limit)
