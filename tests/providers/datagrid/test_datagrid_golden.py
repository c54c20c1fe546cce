"""Every recorded exchange: what we send now is what was recorded, and its answer becomes what it should."""

from datetime import UTC, datetime

import pytest
from datagrid_replay import assert_same_request, claim, exchanges, recording, replaying

from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.model import Attachment, Author, AuthorKind, Citation, ConversationKind, Order
from dragoman.providers.base.provider import ConversationQuery, MessageQuery
from dragoman.providers.datagrid.message_listing import Step
from dragoman.providers.kit.cursor import encode
from dragoman.providers.kit.list_walk import Position
from dragoman.providers.kit.pager import list_id

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "conv_01HZX4T0Q8M3"
FIRST = "What is the retainage on the Harbor Tower job? 🏗️"
ALL = ["msg_01", "msg_02", "msg_03", "msg_04", "msg_05"]
SORTED = ("sort", "direction")

ONE_PAGE = {
    "messages-list-default": ALL,
    "messages-list-newest-first": ALL,
    "messages-list-empty": [],
    "messages-list-no-has-more": ["msg_01"],
    "messages-list-teamspace": ["msg_01"],
    "messages-no-citations-key": ["msg_01"],
    "messages-extra-fields": ["msg_01"],
    "messages-legacy-knowledges": ["msg_02"],
    "messages-unknown-content-type": ["msg_x"],
}


@claim(*ONE_PAGE)
@pytest.mark.parametrize("order", Order)
async def test_a_list_of_one_page_comes_oldest_first_in_both_orders(name, order):
    recorded = recording(name)
    options = recorded.get("client_options", {}).get("client", {})
    async with replaying(recorded, **options) as (account, replay):
        page = await account.list_messages(ROOM, MessageQuery(order=order))
    assert [one.id for one in page.items] == ONE_PAGE[name]
    assert page.cursor is None
    [sent] = replay.requests
    assert sent.query == {"limit": "50"}
    assert_same_request(sent, recorded["request"], ours=["limit"])


@claim("messages-list-limit", "messages-list-after")
async def test_a_page_in_the_order_of_the_list_is_asked_for_by_the_last_id(name):
    first, second = recording("messages-list-limit"), recording("messages-list-after")
    async with replaying(first, second) as (account, replay):
        query = MessageQuery(order=Order.OLDEST, limit=2)
        page = await account.list_messages(ROOM, query)
        following = await account.list_messages(ROOM, MessageQuery(order=Order.OLDEST, limit=2, cursor=page.cursor))
    assert [one.id for one in (*page.items, *following.items)] == ALL[:4]
    assert following.cursor is not None
    for sent, recorded in zip(replay.requests, (first, second), strict=True):
        assert_same_request(sent, recorded["request"])
    assert name in {first["id"], second["id"]}


@claim("messages-list-before")
async def test_a_page_against_the_order_of_the_list_is_asked_for_by_the_first_id(name):
    whole, back = recording("messages-list-default"), recording(name)
    async with replaying(whole, back) as (account, replay):
        page = await account.list_messages(ROOM, MessageQuery(limit=2))
        assert [one.id for one in page.items] == ALL[3:]
        page = await account.list_messages(ROOM, MessageQuery(limit=2, cursor=page.cursor))
    assert [one.id for one in page.items] == ALL[1:3]
    assert page.cursor is not None
    assert_same_request(replay.requests[1], back["request"])


@claim("messages-iterate-three-pages")
async def test_three_pages_are_read_without_the_request_that_only_finds_the_end(name):
    recorded = recording(name)
    found, cursor = [], None
    async with replaying(recorded) as (account, replay):
        for _ in range(3):
            query = MessageQuery(order=Order.OLDEST, limit=2, cursor=cursor)
            page = await account.list_messages(ROOM, query)
            found, cursor = found + [one.id for one in page.items], page.cursor
    assert (found, cursor) == (ALL, None)
    for sent, exchange in zip(replay.requests, exchanges(recorded)[:3], strict=True):
        assert_same_request(sent, exchange["request"])


@claim("messages-list-odd-ids")
async def test_odd_ids_are_encoded_in_path_and_query(name):
    recorded = recording(name)
    room, after = recorded["arguments"]["conversation_id"], recorded["arguments"]["after"]
    async with replaying(recorded) as (account, replay):
        token = encode(Step(ascending=True, beside=after), list_id=room)
        cursor = encode(Position(token=token, loose=True), list_id=list_id(room, Order.OLDEST))
        page = await account.list_messages(room, MessageQuery(order=Order.OLDEST, cursor=cursor))
    assert (list(page.items), page.cursor) == ([], None)
    assert replay.paths == [recorded["request"]["path"]]
    assert_same_request(replay.requests[0], recorded["request"], ours=["limit"])


async def test_messages_of_every_kind_become_what_they_are():
    async with replaying(recording("messages-list-default")) as (account, _):
        page = await account.list_messages(ROOM, MessageQuery())
    question, answer, photo, crack, voice = page.items
    assert question.author == Author(name="user", own=True)
    assert (question.text, question.sent_at) == (FIRST, datetime(2026, 5, 4, 14, tzinfo=UTC))
    assert answer.author == Author(id="agent_7Qm2Lk", name="assistant", kind=AuthorKind.ASSISTANT)
    assert answer.text.startswith("**5 %** until substantial completion.\n\n| item |")
    assert photo.attachments == (Attachment(name="file_img7", id="file_img7"),)
    assert crack.text == "It shows a hairline crack.\n\nSeverity: low."
    assert voice.text == "schedule an inspection for thursday\n\nagent: Booked for Thursday, 9 am."
    assert all(one.conversation == ROOM and one.reply_to is None for one in page.items)


async def test_names_of_agents_and_files_are_looked_up_once():
    others = {
        ("GET", "/agents/agent_7Qm2Lk"): recording("agents-list")["response"]["body"]["data"][0],
        ("GET", "/files/file_img7"): {"object": "file", "filename": "site-07.jpg", "media_type": "image/jpeg"},
    }
    async with replaying(recording("messages-list-default"), others=others) as (account, _):
        page = await account.list_messages(ROOM, MessageQuery())
    assert [one.author.name for one in page.items] == ["user", "Harbor Tower", "user", "assistant", "user"]
    assert page.items[2].attachments == (Attachment(name="site-07.jpg", id="file_img7", media_type="image/jpeg"),)


@claim("messages-retrieve")
async def test_one_message_comes_with_its_sources(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        found = await account.get_message(ROOM, "msg_02")
    assert_same_request(replay.requests[0], recorded["request"])
    excerpt = "Retainage is capped at 5 % until substantial completion."
    assert found.citations[:2] == (
        Citation(
            title="Master Agreement.pdf — p. 14",
            url="https://app.datagrid.example/files/file_9aa1?page=14",
            text=f"{excerpt}\n…the Owner shall retain five percent (5%)…",
        ),
        Citation(title="Change orders / CO-118", text=excerpt),
    )
    titles = [one.title for one in found.citations[2:]]
    assert titles == ["RFI log", "osha.gov", "site-07.jpg", "calendar.create"]


async def test_sources_of_the_older_generation_are_sources_as_well():
    async with replaying(recording("messages-legacy-knowledges")) as (account, _):
        [found] = (await account.list_messages(ROOM, MessageQuery())).items
    assert found.citations == (Citation(title="Master Agreement", text="Retainage is capped at 5 %.\nfive percent"),)
    assert found.extra["credits"] == 3


@claim("messages-retrieve-voice")
async def test_a_voice_message_has_both_sides_its_clips_and_its_tools(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        found = await account.get_message(ROOM, "msg_05")
    assert_same_request(replay.requests[0], recorded["request"])
    assert [(one.name, one.id, one.url) for one in found.attachments] == [
        ("voice of user", "file_aud1", "datagrid://files/file_aud1"),
        ("voice of agent", "file_aud2", "datagrid://files/file_aud2"),
    ]
    assert found.extra["tools"] == ["calendar: completed"]
    assert found.extra["voice_ms"] == 8412.5
    assert [one.title for one in found.citations][:1] == ["RFI log"]


async def test_a_part_of_an_unknown_type_is_kept_as_an_attachment():
    async with replaying(recording("messages-unknown-content-type")) as (account, _):
        [found] = (await account.list_messages(ROOM, MessageQuery())).items
    assert found.text == "see widget"
    assert [one.name for one in found.attachments] == ["chart"]
    assert found.extra["parts"] == [{"type": "chart", "spec": {"kind": "bar"}}]


@claim("messages-retrieve-404")
async def test_an_unknown_message_is_not_found(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        with pytest.raises(NotFound, match="Message not found"):
            await account.get_message(ROOM, "msg_nope")
    assert_same_request(replay.requests[0], recorded["request"])


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
