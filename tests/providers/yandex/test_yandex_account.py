"""Settings, opening, checking, threads: what an account does apart from reading and writing messages."""

import subprocess
import sys

import grpc
import pytest
from certificates import certificate
from pydantic import ValidationError
from threads_server import FOLDER, TOKEN, ThreadsServer

from dragoman.accounts.provider_registry import provider_class
from dragoman.core.context import progress
from dragoman.core.context.clock import hurry
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound, Unavailable, UnsupportedOperation
from dragoman.core.model import ConversationKind, Order
from dragoman.providers.base.provider import Capability, ConversationQuery, Draft, MessageQuery
from dragoman.providers.yandex import YandexProvider
from dragoman.providers.yandex.settings import YandexSettings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]
BASE = {"provider": "yandex", "iam_token": TOKEN}


@pytest.fixture
async def server():
    with hurry():
        async with ThreadsServer().serving() as server:
            yield server


def opened(server, **own):
    given = {"provider": "yandex", "target": server.target, "tls": False, "folder_id": FOLDER, "iam_token": TOKEN} | own
    return YandexProvider.open(YandexSettings.model_validate({k: v for k, v in given.items() if v is not None}))


async def whole(provider, limit):
    found, cursor = [], None
    while True:
        page = await provider.list_conversations(ConversationQuery(limit=limit, cursor=cursor))
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


def test_the_registry_knows_the_provider():
    assert provider_class("yandex") is YandexProvider


def test_importing_the_provider_loads_neither_grpc_nor_protobuf():
    program = (
        "import sys; from dragoman.accounts.provider_registry import provider_class; kind = provider_class('yandex');"
        "kind.Settings(provider='yandex', api_key='k'); kind.capabilities();"
        "print([name for name in ('grpc', 'google.protobuf', 'httpx', 'jwt', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_the_service_cannot_do_is_no_capability():
    assert set(Capability) - YandexProvider.capabilities() == {Capability.SEARCH_MESSAGES, Capability.UPDATE_MESSAGE}


def test_the_documented_defaults_are_there():
    settings = YandexSettings.model_validate(BASE)
    assert settings.target == "assistant.api.cloud.yandex.net:443"
    assert settings.iam_target == "iam.api.cloud.yandex.net:443"
    assert settings.tls is True


@pytest.mark.parametrize(
    "given",
    [
        {"provider": "yandex"},
        BASE | {"api_key": "k"},
        {"provider": "yandex", "api_key": "k", "service_account_key": {"file": "key.json"}},
    ],
)
def test_exactly_one_credential_is_asked_for(given):
    with pytest.raises(ValidationError, match="exactly one of iam_token, api_key and service_account_key") as caught:
        YandexSettings.model_validate(given)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("key", ["folder", "base_url", "token", "assistant"])
def test_a_setting_that_does_not_exist_is_an_error(key):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        YandexSettings.model_validate(BASE | {key: "x"})


async def test_plain_text_to_another_machine_is_refused():
    settings = YandexSettings.model_validate(BASE | {"target": "example.com:80", "tls": False})
    with pytest.raises(InvalidArgument):
        async with YandexProvider.open(settings):
            pass


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_authority_of_the_settings_is_trusted_and_no_other(tmp_path, trusted):
    made = certificate(tmp_path)
    credentials = grpc.ssl_server_credentials([(made.key_file.read_bytes(), made.file.read_bytes())])
    ca_file = made.file if trusted else None
    with hurry():
        async with (
            ThreadsServer().serving(credentials) as server,
            opened(server, tls=True, ca_file=ca_file) as provider,
        ):
            if trusted:
                await provider.check()
            else:
                with pytest.raises(Unavailable, match="`ca_file`"):
                    await provider.check()


async def test_checking_asks_for_one_thread(server):
    async with opened(server) as provider:
        assert FOLDER in await provider.check()
    assert [call.request.page_size for call in server.journal] == [1]


async def test_an_account_without_folder_says_what_to_set_and_reads_threads_all_the_same(server):
    thread = server.thread(messages=["hello"]).thread.id
    async with opened(server, folder_id=None) as provider:
        for call in (provider.check(), provider.list_conversations(ConversationQuery())):
            with pytest.raises(InvalidArgument, match="`folder_id`"):
                await call
        assert server.journal == []
        assert len((await provider.list_messages(thread, MessageQuery())).items) == 1


async def test_an_api_key_goes_under_its_own_scheme(server):
    server.authorization = "Api-Key AQVN-example-key"
    async with opened(server, iam_token=None, api_key=" AQVN-example-key\n") as provider:
        await provider.check()


async def test_every_call_has_an_id_of_its_own(server):
    async with opened(server) as provider:
        for _ in range(5):
            await provider.check()
    assert len({call.metadata["x-client-request-id"] for call in server.journal}) == 5


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 5000])
async def test_threads_are_listed_newest_first_until_an_empty_page(server, limit):
    made = [server.thread(name=f"Thread {n}" if n else "").thread.id for n in range(5)]
    async with opened(server) as provider:
        found = await whole(provider, limit)
    assert [each.id for each in found] == made[::-1]
    assert [each.title for each in found] == ["Thread 4", "Thread 3", "Thread 2", "Thread 1", ""]
    assert all(call.request.page_size == min(limit, 1000) for call in server.journal)
    # The last page with threads has a token as well, so one more is asked for.
    assert len(server.journal) == -(-5 // limit) + 1


async def test_a_kind_that_no_thread_is_asks_nothing(server):
    async with opened(server) as provider:
        page = await provider.list_conversations(ConversationQuery(kind=ConversationKind.MAIL))
    assert (page.items, page.cursor, server.journal) == ((), None, [])


@pytest.mark.parametrize("cursor", ["", "nonsense", "WyJhIiwiYiJd"])
async def test_a_made_up_cursor_of_threads_is_refused(server, cursor):
    async with opened(server) as provider:
        with pytest.raises(InvalidArgument, match="another list"):
            await provider.list_conversations(ConversationQuery(cursor=cursor))
    assert server.journal == []


@pytest.mark.parametrize("odd", ["", "\ud800"])
async def test_an_id_that_nothing_can_have_is_not_found_without_asking(server, odd):
    async with opened(server) as provider:
        for call in (
            provider.get_conversation(odd),
            provider.list_messages(odd, MessageQuery()),
            provider.get_message(odd, "m"),
            provider.get_message("t", odd),
            provider.send_message(odd, Draft(text="x")),
        ):
            with pytest.raises(NotFound):
                await call
    assert server.journal == []


async def test_a_text_with_half_a_character_is_refused_without_asking(server):
    async with opened(server) as provider:
        with pytest.raises(InvalidArgument):
            await provider.send_message("t", Draft(text="\ud83d"))
    assert server.journal == []


async def test_what_a_thread_has_not_is_refused_before_anything_is_sent(server):
    thread = server.thread().thread.id
    async with opened(server) as provider:
        for draft in (Draft(text="x", reply_to="m"), Draft(text="x", subject="s")):
            with pytest.raises(UnsupportedOperation):
                await provider.send_message(thread, draft)
    assert server.journal == []


async def test_a_message_without_author_asks_for_no_author(server):
    thread = server.thread().thread.id
    async with opened(server) as provider:
        sent = await provider.send_message(thread, Draft(text="hello"))
    (call,) = server.journal
    assert not call.request.HasField("author")
    assert not call.request.labels
    assert (sent.author.name, sent.status) == ("user", "completed")


async def test_the_caller_s_key_makes_one_key_for_the_service_in_each_thread(server):
    first, second = server.thread().thread.id, server.thread().thread.id
    async with opened(server) as provider:
        for thread, key in ((first, "order 66"), (first, "order 66"), (second, "order 66"), (first, None)):
            await provider.send_message(thread, Draft(text="x", idempotency_key=key))
    one, same, elsewhere, none = (call.metadata["idempotency-key"] for call in server.journal)
    assert one == same
    assert len({one, elsewhere, none}) == 3


async def test_an_answer_of_several_mebibytes_arrives(server):
    text = "ж" * 5_000_000
    stored = server.thread(messages=[text])
    async with opened(server) as provider:
        found = await provider.get_message(stored.thread.id, stored.messages[0].id)
    assert found.text == text


async def test_the_thread_below_a_message_is_the_message(server):
    stored = server.thread(messages=["one", "two"])
    wanted = stored.messages[0].id
    async with opened(server) as provider:
        page = await provider.list_messages(stored.thread.id, MessageQuery(thread=wanted))
    assert [message.id for message in page.items] == [wanted]
    assert page.cursor is None


async def test_sending_to_new_makes_a_thread_named_by_the_subject(server):
    async with opened(server) as provider:
        assert (await provider.get_conversation("new")).id == "new"
        sent = await provider.send_message("new", Draft(text="hello", subject="Launch", idempotency_key="one"))
    ((identifier, stored),) = server.threads.items()
    assert (sent.conversation, stored.thread.name, len(stored.messages)) == (identifier, "Launch", 1)
    assert len({call.metadata["idempotency-key"] for call in server.journal}) == 2


async def test_no_thread_is_made_for_what_cannot_be_sent(server):
    async with opened(server) as provider:
        for draft in (Draft(text="\ud83d"), Draft(text="x", reply_to="m")):
            with pytest.raises(DragomanError):
                await provider.send_message("new", draft)
    assert server.journal == []


async def test_reading_through_a_long_thread_is_reported(server):
    thread = server.thread(messages=[str(n) for n in range(1200)]).thread.id
    heard = []

    async def listener(done, text):
        heard.append((done, text))

    async with opened(server) as provider:
        with progress.listening(listener):
            await provider.list_messages(thread, MessageQuery(order=Order.OLDEST, limit=1))
    assert [done for done, _ in heard] == [500, 1000]
