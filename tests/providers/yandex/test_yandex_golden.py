"""Every recorded exchange against the code as it is now: what it sends, and what it makes of the answers."""

import json
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from exchange_replay import EXCHANGES, replaying
from google.protobuf import json_format

from dragoman.core.context.clock import JumpingClock, hurry
from dragoman.core.errors import NotFound, RateLimited, Unauthenticated
from dragoman.core.model import AuthorKind
from dragoman.providers.base.provider import ConversationQuery, Draft, MessageQuery
from dragoman.providers.kit.cursor import decode_token, encode_token
from dragoman.providers.yandex import YandexProvider, iam, mapping, wire
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.providers.yandex.client import YandexClient
from dragoman.providers.yandex.errors import iam_profile, profile
from dragoman.providers.yandex.settings import YandexSettings
from dragoman.transport.credentials import Secret
from dragoman.transport.grpc import GrpcClient

THREAD, MESSAGE = "fvt0000threadmain001", "fvt00000000message01"
TYPES = {
    "MessageContent": pb.Content,
    "ExpirationConfig": pb.Expiration,
}
NOT_OURS = {
    "endpoints_list": "the addresses are settings, nothing is looked up",
    "thread_delete": "no tool deletes",
    "thread_update_name": "no tool renames",
    "thread_create_with_messages": "an import makes the thread first, so that the order of its messages is certain",
    "message_create_two_parts": "a text is sent as one part",
    "run_create_stream": "the assistant's own temperature is left alone",
}
"""Requests that Dragoman never makes; their bytes are proved all the same."""

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("one_loop")]


def parts():
    for name, exchange in EXCHANGES.items():
        yield pytest.param(exchange["request"], exchange, id=f"{name}-request")
        for number, answer in enumerate(exchange["responses"]):
            yield pytest.param(answer, exchange, id=f"{name}-{number}")


PARTS = list(parts())


def type_of(part):
    name = part["type"].rpartition(".")[2]
    return TYPES.get(name) or getattr(pb, name)


@pytest.mark.parametrize("part", [pytest.param(each.values[0], id=each.id) for each in PARTS])
def test_the_bytes_of_each_message_are_read_and_written_back(part):
    kind, data = type_of(part), bytes.fromhex(part["hex"])
    assert kind.FromString(data).SerializeToString(deterministic=True) == data


@pytest.mark.parametrize(("part", "exchange"), PARTS)
def test_what_a_message_says_makes_the_recorded_bytes(part, exchange):
    said = json_format.ParseDict(part["json"], type_of(part)(), ignore_unknown_fields=True)
    recorded = type_of(part).FromString(bytes.fromhex(part["hex"]))
    if exchange["case"] in {"message_get_unknown_fields", "message_get_citations"}:
        recorded.DiscardUnknownFields()  # the one has unknown fields, the other a search index that is not looked into
    assert said.SerializeToString(deterministic=True) == recorded.SerializeToString(deterministic=True)


@asynccontextmanager
async def account(name):
    async with replaying(name) as (target, replay, expect):
        sent = dict(EXCHANGES[name]["metadata"]["sent"])
        scheme, _, credential = sent["authorization"].partition(" ")
        key = {"Bearer": "iam_token", "Api-Key": "api_key"}[scheme]
        settings = YandexSettings.model_validate(
            {"provider": "yandex", "target": target, "tls": False, "folder_id": "b1g00000000folder001", key: credential}
        )
        async with YandexProvider.open(settings) as provider:
            yield provider, replay, expect


@asynccontextmanager
async def client(name):
    async with replaying(name) as (target, _, expect):
        authorization = dict(EXCHANGES[name]["metadata"]["sent"])["authorization"]

        async def authorize(_):
            return authorization

        async with GrpcClient(target, profile=profile("iam_token"), authorize=authorize, tls=False) as calls:
            yield YandexClient(calls), expect


def require(message, expect):
    assert message.id == expect["id"]
    assert message.conversation == expect["thread_id"]
    assert message.text == "\n".join(expect["texts"])
    assert message.author.id == expect["author_id"]
    assert message.author.kind is (AuthorKind.ASSISTANT if expect["role"] == "ASSISTANT" else AuthorKind.PERSON)
    assert message.author.name == expect["role"].lower()
    assert message.extra == {"created_by": expect["created_by"]}
    assert message.status == {0: None, 1: "completed", 2: "truncated", 3: "filtered_content"}[expect["status"]]
    assert message.labels == tuple(sorted(f"{key}={value}" for key, value in expect["labels"].items()))
    assert message.sent_at == moment(expect["created_at"])
    assert len(message.citations) == expect.get("citations", 0)


def moment(text):
    """Microseconds are what the model holds; the service's own times have nanoseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")


GETS = sorted(name for name in EXCHANGES if name.startswith("message_get_") or name == "auth_api_key")


@pytest.mark.parametrize("name", GETS)
async def test_a_message_is_asked_for_and_read_as_recorded(name):
    async with account(name) as (provider, _, expect):
        require(await provider.get_message(THREAD, MESSAGE), expect)


async def test_citations_name_their_file_and_quote_it():
    async with account("message_get_citations") as (provider, _, _):
        (citation,) = (await provider.get_message(THREAD, MESSAGE)).citations
    assert (citation.title, citation.text) == ("fvt000000000000file1", "the number is 57")


ERRORS = {
    "error_not_found": (NotFound, 1, "message is not found"),
    "error_unauthenticated": (Unauthenticated, 1, "`iam_token`"),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
async def test_a_recorded_refusal_of_a_read_becomes_its_error(name):
    kind, requests, said = ERRORS[name]
    async with account(name) as (provider, replay, expect):
        with pytest.raises(kind) as caught:
            await provider.get_message(THREAD, MESSAGE)
    assert caught.value.request_id == expect["request_id"]
    assert said in str(caught.value)
    assert len(replay.requests) == requests


async def test_a_used_up_quota_is_waited_for_as_the_service_asks():
    with hurry() as waits:
        async with account("error_resource_exhausted_retry_info") as (provider, replay, expect):
            with pytest.raises(RateLimited) as caught:
                await provider.send_message(THREAD, Draft(text="hello"))
    assert caught.value.retry_after == expect["retry_after_s"]
    assert caught.value.request_id == expect["request_id"]
    assert set(waits) == {1.5}
    assert len(replay.requests) == len(waits) + 1
    assert len({metadata["idempotency-key"] for metadata in replay.metadata}) == 1


async def test_a_message_without_author_is_sent_as_recorded():
    key = dict(EXCHANGES["message_create_minimal"]["metadata"]["sent"])["idempotency-key"]
    async with account("message_create_minimal") as (provider, _, expect):
        require(await provider.send_message(THREAD, Draft(text="hello", idempotency_key=key)), expect)


async def test_a_message_with_author_and_labels_is_sent_as_recorded():
    async with client("message_create_as_assistant") as (calls, expect):
        author, labels = ("import-tool", wire.ASSISTANT), {"source": "import"}
        stored = await calls.create_message(THREAD, "answer", author=author, labels=labels, key=None)
        require(mapping.message_of(stored, THREAD), expect)


@pytest.mark.parametrize("name", ["message_list_empty", "message_list_newest_first"])
async def test_a_thread_is_listed_oldest_to_newest(name):
    async with account(name) as (provider, _, expect):
        page = await provider.list_messages(THREAD, MessageQuery())
    assert [message.id for message in page.items] == expect["ids"][::-1]
    assert page.cursor is None


@pytest.mark.parametrize("name", ["thread_list_first_page", "thread_list_short_page_has_token", "thread_list_end"])
async def test_threads_are_listed_by_the_service_s_token_until_there_is_none(name):
    token = EXCHANGES[name]["request"]["json"].get("page_token")
    async with account(name) as (provider, _, expect):
        page = await provider.list_conversations(
            ConversationQuery(limit=2, cursor=encode_token(token, list_id="threads"))
        )
    assert [thread.id for thread in page.items] == expect["ids"]
    assert decode_token(page.cursor, list_id="threads") == (expect["next_page_token"] or None)


async def test_a_thread_is_asked_for_and_read_as_recorded():
    async with account("thread_get") as (provider, _, expect):
        thread = await provider.get_conversation(THREAD)
    assert (thread.id, thread.title, thread.topic) == (expect["id"], expect["name"], "long one")
    assert thread.extra["folder_id"] == expect["folder_id"]
    assert thread.extra["labels"] == {"team": "core"}
    assert thread.extra["created_at"] == moment(expect["created_at"]).isoformat()
    assert thread.extra["expires_at"] == moment(expect["expires_at"]).isoformat()


async def test_a_thread_is_made_as_recorded():
    async with client("thread_create_minimal") as (calls, expect):
        made = await calls.create_thread("b1g00000000folder001", "", {}, None)
    assert (made.id, made.default_message_author_id) == (expect["id"], expect["default_message_author_id"])
    assert made.expiration_config.ttl_days == expect["ttl_days"]
    assert made.expiration_config.expiration_policy == expect["expiration_policy"]


async def test_a_completed_run_has_the_reply():
    async with client("run_get_completed") as (calls, expect):
        run = await calls.run("fvt0000000000run0001")
    assert run.state.status == expect["state"] == wire.COMPLETED
    assert run.usage.total_tokens == expect["total_tokens"]
    require(mapping.message_of(run.state.completed_message, THREAD), expect["reply"])


async def test_a_run_is_listened_to_from_its_first_event():
    async with (
        client("run_listen_partial_then_done") as (calls, expect),
        calls.listen("fvt0000000000run0001", 5) as events,
    ):
        heard = [event async for event in events]
    assert [event.event_type for event in heard] == expect["types"]
    require(mapping.message_of(heard[-1].completed_message, THREAD), expect["final"])


async def test_a_proof_is_exchanged_for_a_token_as_recorded(monkeypatch):
    key = json.dumps({"id": "aje0", "service_account_id": "aje0", "private_key": "signed elsewhere"})
    recorded = EXCHANGES["iam_token_from_jwt"]["request"]["json"]["jwt"]
    monkeypatch.setattr(iam, "sign", lambda *_: recorded)
    async with (
        replaying("iam_token_from_jwt") as (target, _, expect),
        GrpcClient(target, profile=iam_profile(), tls=False) as calls,
    ):
        authorize = iam.ServiceAccount(Secret(key), calls, JumpingClock())
        assert await authorize(False) == f"Bearer {expect['iam_token']}"


REPLAYED = {
    *GETS,
    *ERRORS,
    "error_resource_exhausted_retry_info",
    "message_create_minimal",
    "message_create_as_assistant",
    "message_list_empty",
    "message_list_newest_first",
    "thread_list_first_page",
    "thread_list_short_page_has_token",
    "thread_list_end",
    "thread_get",
    "thread_create_minimal",
    "run_get_completed",
    "run_listen_partial_then_done",
    "iam_token_from_jwt",
}


def test_every_recording_is_used():
    assert EXCHANGES
    assert not REPLAYED & NOT_OURS.keys()
    assert EXCHANGES.keys() == REPLAYED | NOT_OURS.keys()
