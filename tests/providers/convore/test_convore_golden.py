"""Every recorded exchange: what we send now is what was recorded, and its answer becomes what it should."""

from dataclasses import replace
from datetime import datetime

import pytest
from convore_replay import (
    CHANNEL,
    assert_same_request,
    channel_of,
    listing,
    names,
    recording,
    replaying,
    require_expected,
)

from dragoman.core.errors import InvalidArgument, NotFound, OutcomeUnknown, RateLimited, Unauthenticated
from dragoman.core.model import Author, ConversationKind, Message, Order
from dragoman.providers.base.provider import Change, ConversationQuery, Draft, MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "conv_01hqwy5cg08zp24ha7wyhdtrzm"
LARGEST = {"limit": "100"}
claimed = set()


def claim(*recordings):
    """Mark a test with the recordings that it replays; each is given to it in turn."""
    claimed.update(recordings)
    return pytest.mark.parametrize("name", recordings)


OUTSIDE = {
    "list_contacts_keyword": "participants are named by conversations and messages themselves",
    "list_events_poll": "nothing waits for new messages",
}


async def test_every_recording_is_replayed_or_outside_for_a_reason():
    assert claimed | OUTSIDE.keys() == set(names())
    assert not claimed & OUTSIDE.keys()


# one message


@claim(
    "get_message_absent",
    "get_message_attachments",
    "get_message_chat",
    "get_message_inbound",
    "get_message_nulls",
)
async def test_one_message_becomes_what_it_is(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        found = await account.get_message(ROOM, recorded["expect"]["id"])
    require_expected(found, recorded["expect"])
    [sent] = replay.requests
    assert_same_request(sent, recorded)


async def test_files_have_names_types_and_sizes_and_blind_copies_are_not_told():
    async with replaying(recording("get_message_attachments")) as (account, _):
        found = await account.get_message(ROOM, "msg_01hr64eg67rezae543j81zj012")
    assert [(one.name, one.media_type, one.size) for one in found.attachments] == [
        ("image01.png", "image/png", 14039),
        ("отчёт.pdf", "application/pdf", 1048576),
    ]
    assert found.extra["to"] == ["Acme Support <support@acme.example>"]
    assert found.extra["cc"] == ["Bob Ray <bob@example.net>"]
    assert "audit@acme.example" not in repr(found)


async def test_people_of_mail_have_addresses_and_visitors_of_a_chat_have_not():
    mail, chat = recording("get_message_inbound"), recording("get_message_chat")
    async with replaying(mail, chat) as (account, _):
        ann = await account.get_message(ROOM, mail["expect"]["id"])
        visitor = await account.get_message(ROOM, chat["expect"]["id"])
    assert ann.author == Author(id="ann@example.com", name="Ann Lee", email="ann@example.com")
    assert visitor.author == Author(id="visitor-81", name="visitor-81")


# lists of messages


@claim("list_messages_empty")
@pytest.mark.parametrize("order", Order)
async def test_a_conversation_without_messages_is_asked_for_before_it_is_called_empty(name, order):
    recorded = recording(name)
    async with replaying(recorded, recording("get_conversation")) as (account, replay):
        page = await account.list_messages(ROOM, MessageQuery(order=order))
    assert (list(page.items), page.cursor, page.total) == ([], None, 0)
    assert_same_request(replay.requests[0], recorded)
    assert len(replay.requests) == 2


@claim("list_messages_null_cursor", "list_messages_minimal")
@pytest.mark.parametrize("order", Order)
async def test_a_list_of_one_page(name, order):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        page = await account.list_messages(ROOM, MessageQuery(order=order))
    assert [one.id for one in page.items] == recorded["expect"]["ids"]
    assert (page.cursor, page.total) == (None, 1)
    if "first" in recorded["expect"]:
        require_expected(page.items[0], recorded["expect"]["first"])
    [sent] = replay.requests
    assert_same_request(sent, recorded, query={"format": "full", **LARGEST})


@claim("list_messages_first_page", "list_messages_last_page")
async def test_pages_are_read_to_the_end_and_sorted(name):
    first, last = recording("list_messages_first_page"), recording("list_messages_last_page")
    async with replaying(first, last) as (account, replay):
        page = await account.list_messages(ROOM, MessageQuery(limit=2))
        rest = await account.list_messages(ROOM, MessageQuery(limit=2, cursor=page.cursor))
    found = [*rest.items, *page.items]
    assert [one.id for one in found] == sorted(first["expect"]["ids"] + last["expect"]["ids"])
    assert (page.total, rest.total, rest.cursor) == (3, 3, None)
    require_expected(found[2], first["expect"]["first"])
    for sent, recorded in zip(replay.requests, (first, last), strict=True):
        assert_same_request(sent, recorded, query=LARGEST)
    assert name in {first["case"], last["case"]}


@claim("list_messages_everywhere")
async def test_messages_of_other_conversations_are_never_shown(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        page = await account.list_messages(ROOM, MessageQuery(limit=10))
    assert [one.id for one in page.items] == ["msg_01hr64eg67rezae543j81zj008"]
    assert_same_request(replay.requests[0], recorded, query={"conversation_id": ROOM, **LARGEST})


# conversations and channels


@claim("get_conversation")
async def test_one_conversation(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        found = await account.get_conversation(ROOM)
    expect = recorded["expect"]
    assert (found.id, found.title, found.messages) == (expect["id"], expect["title"], expect["message_count"])
    assert found.extra["channel_id"] == expect["channel_id"]
    assert (found.kind, found.unread) == (ConversationKind.MAIL, 0)
    assert found.participants == ("Ann Lee", "Acme Support")
    assert found.extra["labels"] == ["Technical support"]
    [sent] = replay.requests
    assert_same_request(sent, recorded)


@claim("list_conversations_filters")
async def test_conversations_with_somebody_are_narrowed_down_by_the_service(name):
    recorded = recording(name)
    once = {**recorded, "response": {**recorded["response"], "json": {"data": [], "total_count": 5}}}
    async with replaying(recorded, once) as (account, replay):
        page = await account.list_conversations(ConversationQuery(text="ann@example.com"))
    assert [one.id for one in page.items] == recorded["expect"]["ids"]
    assert_same_request(replay.requests[0], recorded, query={"status": None, **LARGEST})
    following = {"status": None, "cursor": recorded["expect"]["next_cursor"], **LARGEST}
    assert_same_request(replay.requests[1], recorded, query=following)


@claim("list_channels")
async def test_checking_counts_the_channels(name):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        assert await account.check() == "the key is accepted and reaches 1 channel"
    [sent] = replay.requests
    assert_same_request(sent, recorded)


# writes


@claim("send_message_reply", "send_message_reply_all")
async def test_a_reply_names_only_what_it_answers(name):
    recorded = recording(name)
    answered = recorded["request"]["json"]["reply_to_message_id"]
    parent = next(one for one in map(recording, names()) if one["expect"].get("id") == answered)
    draft = Draft(text=recorded["request"]["json"]["body"], reply_to=answered)
    async with replaying(recorded, parent, recording("get_conversation"), channel_of()) as (account, replay):
        found = await account.send_message(ROOM, draft)
    require_expected(found, recorded["expect"])
    [sent] = replay.sent(recorded)
    only = {"reply_to_message_id": answered, "body": draft.text}
    assert sent.body == only
    assert_same_request(replace(sent, body=recorded["request"]["json"]), recorded)


@claim("send_message_new")
async def test_without_anything_to_answer_a_message_goes_through_the_channel_to_all_others(name):
    recorded = recording(name)
    room = recording("get_conversation")
    room["response"]["json"]["participants"][0]["handle"]["value"] = "bob@example.net"
    draft = Draft(text="This is a test", subject="Test")
    async with replaying(recorded, room, channel_of(), listing()) as (account, replay):
        found = await account.send_message(ROOM, draft)
    require_expected(found, recorded["expect"])
    [sent] = replay.sent(recorded)
    assert_same_request(sent, recorded, body={"conversation_id": ROOM, "body": "This is a test"})


@claim("update_message_subject_body")
async def test_only_what_changes_is_sent(name):
    recorded = recording(name)
    before = {**recorded, "request": {**recorded["request"], "method": "GET"}}
    change = Change(subject="Corrected", text="new & better")
    async with replaying(recorded, before) as (account, replay):
        found = await account.update_message(ROOM, recorded["expect"]["id"], change)
    require_expected(found, recorded["expect"])
    [sent] = replay.sent(recorded)
    assert_same_request(sent, recorded, body={"body": "new &amp; better"})


def letter(recorded, name, email, text=""):
    at = datetime.fromisoformat(recorded["request"]["json"]["date"])
    return Message(id="", conversation=ROOM, author=Author(name=name, email=email), sent_at=at, text=text)


@claim("import_message_conversation")
async def test_an_old_message_goes_into_its_conversation_with_who_got_it(name):
    recorded = recording(name)
    old = replace(letter(recorded, "Ann Lee", "ann@example.com", "old"), subject="Migration")
    async with replaying(recorded, recording("get_conversation"), channel_of()) as (account, replay):
        found = await account.import_message(ROOM, old)
    require_expected(found, recorded["expect"])
    [sent] = replay.sent(recorded)
    assert_same_request(sent, recorded, body={"body": "old"})


@claim("import_message_channel")
async def test_a_channel_is_told_from_a_conversation_when_importing(name):
    recorded = recording(name)
    async with replaying(recorded, channel_of()) as (account, replay):
        found = await account.import_message(CHANNEL, letter(recorded, "Ann Lee", "ann@example.com"))
        with pytest.raises(InvalidArgument, match="who got this message"):
            await account.import_message(CHANNEL, letter(recorded, "Acme Support", "support@acme.example"))
    require_expected(found, recorded["expect"])
    [sent] = replay.sent(recorded)
    people = {"handle": {"type": "email", "value": "ann@example.com"}, "role": "from", "name": "Ann Lee"}
    channel = {"handle": {"type": "email", "value": "support@acme.example"}, "role": "to", "name": "Acme Support"}
    assert_same_request(sent, recorded, body={"direction": "inbound", "sender": people, "recipients": [channel]})


# refusals


@claim("error_401", "error_404_problem")
async def test_a_refused_read_says_what_the_service_said(name):
    recorded = recording(name)
    message = recorded["request"]["path"].rpartition("/")[2]
    kind, words = {"error_401": (Unauthenticated, "`token`"), "error_404_problem": (NotFound, "msg_nope")}[name]
    async with replaying(recorded) as (account, replay):
        with pytest.raises(kind, match=words):
            await account.get_message(ROOM, message)
    [sent] = replay.requests
    assert_same_request(sent, recorded)


@claim("error_422_detail_list")
async def test_a_send_that_the_service_finds_wrong_certainly_did_not_go_out(name):
    recorded = recording(name)
    involved = (recording("get_conversation"), channel_of(), recording("get_message_inbound"))
    async with replaying(recorded, *involved) as (account, replay):
        with pytest.raises(InvalidArgument, match="channel_id or reply_to_message_id is needed") as caught:
            await account.send_message(ROOM, Draft(text="x", reply_to=recording("get_message_inbound")["expect"]["id"]))
    assert caught.value.sent is False
    [sent] = replay.sent(recorded)
    assert_same_request(replace(sent, body=recorded["request"]["json"]), recorded)


@claim("error_429_seconds")
async def test_a_service_that_asks_for_fewer_calls_is_given_its_time(name, waits):
    recorded = recording(name)
    async with replaying(recorded) as (account, replay):
        with pytest.raises(RateLimited, match="slow down") as caught:
            await account.list_messages(ROOM, MessageQuery())
    assert caught.value.retry_after == recorded["expect"]["retry_after_s"]
    assert waits == [2.0] * (len(replay.requests) - 1)
    for sent in replay.requests:
        assert_same_request(sent, recorded)


async def test_a_sent_message_without_an_id_is_in_doubt():
    recorded = recording("send_message_reply")
    del recorded["response"]["json"]["id"]
    parent = recording("get_message_inbound")
    async with replaying(recorded, parent, recording("get_conversation"), channel_of()) as (account, replay):
        with pytest.raises(OutcomeUnknown, match="before sending it again"):
            await account.send_message(ROOM, Draft(text="thanks", reply_to=parent["expect"]["id"]))
    assert len(replay.sent(recorded)) == 1
