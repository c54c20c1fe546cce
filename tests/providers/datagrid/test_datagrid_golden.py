"""Golden exchanges of Datagrid: messages, their pages and their parts."""

from datetime import UTC, datetime

import pytest
from datagrid_replay import ROOM, assert_same_request, claim, exchanges, recording, replaying

from dragoman.core.errors import NotFound
from dragoman.core.model import Attachment, Author, AuthorKind, Citation, Order
from dragoman.providers.base.provider import MessageQuery
from dragoman.providers.datagrid.message_listing import Step
from dragoman.providers.kit.cursor import encode
from dragoman.providers.kit.list_walk import Position
from dragoman.providers.kit.pager import list_id

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
FIRST = "What is the retainage on the Harbor Tower job? 🏗️"
ALL = ["msg_01", "msg_02", "msg_03", "msg_04", "msg_05"]
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
