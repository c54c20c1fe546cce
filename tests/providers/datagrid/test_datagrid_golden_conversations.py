"""Golden exchanges of Datagrid: conversations, the account, and reads that fail."""

from datetime import UTC, datetime

import pytest
from datagrid_replay import ROOM, assert_same_request, claim, exchanges, recording, replaying

from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    InvalidArgument,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.model import ConversationKind
from dragoman.providers.base.provider import ConversationQuery, MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
SORTED = ("sort", "direction")


@claim("conversations-list", "conversations-list-sorted")
async def test_conversations_are_asked_for_by_their_last_change(name):
    recorded = recording(name)
    limit = recorded["arguments"].get("limit", 20)
    async with replaying(recorded) as (account, replay):
        page = await account.list_conversations(ConversationQuery(limit=limit))
    first, *rest = page.items
    assert (first.id, first.title, first.kind) == (ROOM, "Harbor Tower \u2013 retainage", ConversationKind.ASSISTANT)
    assert first.last_message_at == datetime(2026, 5, 4, 14, 3, tzinfo=UTC)
    assert first.extra["participated_agent_ids"] == ["agent_7Qm2Lk", "agent_pX91zz"]
    assert [(one.id, one.title) for one in rest] == ([] if limit == 1 else [("conv_min", "")])
    always = () if "sort" in recorded["request"]["query"] else (*SORTED, "limit")
    assert_same_request(replay.requests[0], recorded["request"], ours=always)


@claim("conversations-iterate")
async def test_conversations_come_once_each_to_the_end(name):
    recorded = recording(name)
    found, cursor = [], None
    async with replaying(recorded) as (account, replay):
        while True:
            page = await account.list_conversations(ConversationQuery(limit=1, cursor=cursor))
            found, cursor = found + [one.id for one in page.items], page.cursor
            if cursor is None:
                break
    assert found == [ROOM, "conv_min"]
    for sent, exchange in zip(replay.requests[:2], exchanges(recorded), strict=False):
        assert_same_request(sent, exchange["request"], ours=SORTED)


@claim("conversations-retrieve")
async def test_one_conversation_is_read(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        found = await account.get_conversation(ROOM)
    assert (found.id, found.title) == (ROOM, "Harbor Tower \u2013 retainage")
    assert_same_request(replay.requests[0], recorded["request"])


@claim("conversations-create-bare", "conversations-create-named")
async def test_a_conversation_is_made(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        found = await account.create_conversation(recorded["arguments"].get("name"))
    assert (found.id, found.title) == ("conv_min", recorded["arguments"].get("name", ""))
    assert_same_request(replay.requests[0], recorded["request"])


@claim("identity")
async def test_checking_asks_whose_key_it_is(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        assert await account.check() == "the key is accepted in teamspace ts_88"
    assert_same_request(replay.requests[0], recorded["request"])


FAILURES = {
    "error-401": (Unauthenticated, 1, "Check `token`"),
    "error-403": (PermissionDenied, 1, "teamspace"),
    "error-429-exhausted": (RateLimited, 3, "Rate limit exceeded"),
    "error-500": (Unavailable, 1, "Internal error"),
    "error-invalid-json": (BadResponse, 2, "no JSON"),
    "error-reset": (Unavailable, 3, "broke"),
    "error-timeout": (DeadlineExceeded, 2, "did not answer"),
    "error-truncated": (BadResponse, 2, "cut off"),
}


@claim(*FAILURES)
async def test_a_failing_read_says_what_is_wrong(name):
    recorded = recording(name)
    kind, requests, said = FAILURES[name]
    async with replaying(recorded) as (account, replay):
        with pytest.raises(kind, match=said):
            await account.list_messages(ROOM, MessageQuery())
    assert len(replay.requests) == requests
    assert_same_request(replay.requests[0], recorded["request"], ours=["limit"])


@claim("error-400")
async def test_a_request_that_the_service_refuses_is_an_invalid_argument(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        with pytest.raises(InvalidArgument, match="limit must be between 1 and 100"):
            await account.list_messages(ROOM, MessageQuery(limit=500))
    assert replay.requests[0].query == {"limit": "100"}


RECOVERING = {
    "error-409-retried": 1,
    "error-429-retry-after": 1,
    "error-429-retry-after-ms": 0,
    "error-503-then-ok": 1,
}


@claim(*RECOVERING)
async def test_a_read_is_repeated_when_that_helps(name, waits):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        page = await account.list_messages(ROOM, MessageQuery())
    assert len(page.items) == RECOVERING[name]
    assert len(replay.requests) == 2
    for sent, exchange in zip(replay.requests, exchanges(recorded), strict=True):
        assert_same_request(sent, exchange["request"], ours=["limit"])
    asked = {"error-429-retry-after": 1.0, "error-429-retry-after-ms": 0.12}.get(name)
    assert asked is None or sum(waits) == pytest.approx(asked, abs=0.01)
