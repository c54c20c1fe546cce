"""Whom somebody is told of who is asked before a write: who reads it, who is from outside, who would get it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import mcp_types as types
import pytest
from convore_replay import CHANNEL, listing, names, recording, replaying
from convore_service import ANN, KEY, OWN, Convore, channel, opened, refused
from http_loopback import serving

from dragoman.core.errors import NotFound
from dragoman.providers.base.provider import Draft
from dragoman.testing import connect

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "conv_01hqwy5cg08zp24ha7wyhdtrzm"
RED_TEAM = json.loads((Path(__file__).parents[2] / "data" / "red_team.json").read_text(encoding="utf-8"))
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
BOB = {"handle": {"type": "email", "value": "bob@example.net"}, "name": "Bob Ray"}
JO = {"handle": {"type": "email", "value": "jo@acme.example"}, "name": "Jo"}
SUPPORT = {"handle": OWN, "name": "Acme Support"}
YES = types.ElicitResult(action="accept", content={"send": True})


def mail(value):
    return {"type": "email", "value": value}


def role(participant, role):
    return participant | {"role": role}


def message(identifier):
    return next(one for one in map(recording, names()) if one["expect"].get("id") == identifier)


# On the wire


async def test_of_the_recorded_conversation_the_customer_is_from_outside_and_gets_the_answer():
    answered = recording("send_message_reply")["request"]["json"]["reply_to_message_id"]
    recorded = [recording("get_conversation"), recording("list_channels"), message(answered)]
    async with replaying(*recorded) as (account, replay):
        told = await account.audience(ROOM, Draft(text="thanks", reply_to=answered))
    assert (told.conversation.id, told.conversation.title) == (ROOM, "Migration")
    assert told.conversation.participants[:2] == ("Ann Lee", "Acme Support")
    assert told.conversation.external[0] == "Ann Lee <ann@example.com>"
    assert not any("acme.example" in one for one in told.conversation.external)
    assert told.receivers == ("Ann Lee <ann@example.com>",)
    assert told.conversation.members is None
    assert {one.method for one in replay.requests} == {"GET"}


async def test_who_had_a_copy_of_what_is_answered_may_get_the_answer_too():
    recorded = recording("send_message_reply_all")
    answered = recorded["request"]["json"]["reply_to_message_id"]
    parent = message(answered)
    parent["response"]["json"]["recipients"].append(role(BOB, "cc"))
    blind = {"handle": {"type": "email", "value": "audit@rival.example"}, "role": "bcc"}
    parent["response"]["json"]["recipients"].append(blind)
    async with replaying(recording("get_conversation"), recording("list_channels"), parent) as (account, _):
        told = await account.audience(ROOM, Draft(text="all", reply_to=answered))
    assert "Bob Ray <bob@example.net>" in told.perhaps
    assert "Bob Ray <bob@example.net>" in told.conversation.external
    assert "audit" not in str(told)
    assert not set(told.perhaps) & set(told.receivers)


async def test_who_got_what_the_team_wrote_may_get_what_is_added_to_it():
    async with replaying(*map(recording, ("get_conversation", "list_channels", "send_message_reply"))) as (
        account,
        replay,
    ):
        sent = recording("send_message_reply")["response"]["json"]
        replay.answers["GET", f"/v1/messages/{sent['id']}"] = [{"status": 200, "headers": {}, "json": sent}]
        told = await account.audience(ROOM, Draft(text="one more thing", reply_to=sent["id"]))
    assert (told.receivers, told.perhaps) == ((), ("Ann Lee <ann@example.com>",))


async def test_where_nothing_came_in_all_others_get_it():
    recorded = [recording("get_conversation"), recording("list_channels"), listing()]
    async with replaying(*recorded) as (account, _):
        told = await account.audience(ROOM, Draft(text="hello"))
    assert (told.receivers, told.perhaps) == (("Ann Lee <ann@example.com>",), ())


async def test_a_change_tells_who_takes_part_and_looks_for_no_message():
    async with replaying(recording("get_conversation"), recording("list_channels")) as (account, replay):
        told = await account.audience(ROOM)
    assert told.conversation.external == ("Ann Lee <ann@example.com>",)
    assert (told.receivers, told.perhaps) == ((), ())
    assert [one.path for one in replay.requests] == [f"/v1/conversations/{ROOM}", "/v1/channels"]


async def test_without_the_channel_nobody_is_said_to_be_from_outside():
    async with replaying(recording("get_conversation")) as (account, _):
        told = await account.audience(ROOM)
    assert told.conversation.external == ()
    assert told.conversation.participants == ("Ann Lee", "Acme Support")


async def test_a_channel_that_is_not_on_the_list_is_asked_for_alone():
    alone, others = recording("list_channels"), recording("list_channels")
    alone["request"]["path"] += f"/{CHANNEL}"
    alone["response"]["json"] = others["response"]["json"]["data"][0]
    others["response"]["json"] = {"data": []}
    async with replaying(recording("get_conversation"), others, alone) as (account, _):
        told = await account.audience(ROOM)
    assert told.conversation.external == ("Ann Lee <ann@example.com>",)


async def test_a_conversation_that_is_not_there_has_no_audience():
    async with replaying(recording("list_channels")) as (account, _):
        with pytest.raises(NotFound):
            await account.audience(ROOM)


# Through the tools


@pytest.fixture
def convore():
    service = Convore()
    service._now = lambda: datetime.now(UTC)
    service.open("conv_1", "Migration")
    service.add("conv_1", "Where is table t21?", to=[role(SUPPORT, "to"), role(JO, "cc"), role(BOB, "cc")])
    return service


async def used(convore, act, **options):
    async with serving(convore.handle) as base_url:
        account = {"provider": "convore", "token": KEY, "base_url": base_url, "write": "confirm", "ask": "client"}
        async with connect({"timezone": "UTC", "accounts": {"mail": account}}, **options) as client:
            return await act(client)


def asking(tool="send_message", **arguments):
    """Calls a tool and gives the lines before the text."""

    async def act(client):
        said = await client.call(tool, **({"conversation": "mail:conv_1", "text": "In t4."} | arguments))
        return said.split("\n")

    return act


ABOUT = [
    "who reads it: Ann Lee, Acme Support, Jo, Bob Ray",
    "outside your organisation: Ann Lee <ann@example.com>, Bob Ray <bob@example.net>",
]


@pytest.mark.parametrize("conversation", ["mail:conv_1", "Migration"])
async def test_a_preview_names_who_reads_it_who_is_from_outside_and_who_gets_it(convore, conversation):
    lines = await used(convore, asking(conversation=conversation))
    assert lines[3:7] == [
        *ABOUT,
        "would go to: Ann Lee <ann@example.com>",
        "may go to: Jo <jo@acme.example>, Bob Ray <bob@example.net>",
    ]
    assert convore.written == []


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_question_to_the_user_names_them_too(convore, mode):
    asked = []

    async def answer(_context, params):
        asked.append(params.message.split("\n"))
        return YES

    await used(convore, asking(), mode=mode, elicitation_callback=answer)
    assert all(lines[4:6] == ABOUT for lines in asked)
    assert len(asked) == len(convore.written) == 1


async def test_changes_and_imports_are_asked_about_with_the_same_people(convore):
    change = {"conversation": None, "message": "mail:conv_1/msg_00001"}

    async def act(client):
        arguments = {"message": change["message"], "text": "Mended."}
        changed = await client.call("update_message", **arguments)
        more = {"author": "Ann Lee", "sent_at": "2024-01-01T10:00Z"}
        imported = await client.call("import_message", conversation="mail:conv_1", text="Old", **more)
        return changed.split("\n"), imported.split("\n")

    for lines in await used(convore, act):
        assert lines[2:5] == ["conversation: mail:conv_1 · mail · Migration", *ABOUT]


@pytest.mark.parametrize("conversation", ["mail:conv_1", "Migration"])
async def test_who_joined_after_the_conversation_was_read_is_named(convore, conversation):
    eve = {"handle": mail("eve@rival.example"), "name": "Eve"}

    async def act(client):
        for tool, arguments in (("list_conversations", {}), ("list_messages", {"conversation": conversation})):
            await client.call(tool, **arguments)
        first = await asking(conversation=conversation)(client)
        convore.conversations["conv_1"]["participants"] = [role(SUPPORT, "to"), role(eve, "from")]
        convore.messages.clear()
        return first, await asking(conversation=conversation)(client)

    first, then = await used(convore, act)
    assert not any("eve@rival.example" in line for line in first)
    assert then[3:6] == [
        "who reads it: Acme Support, Eve",
        "outside your organisation: Eve <eve@rival.example>",
        "would go to: Eve <eve@rival.example>",
    ]


async def test_where_the_channel_cannot_be_seen_the_question_says_nothing_of_outside(convore):
    def closed(request):
        return refused(403, "no") if request.operation.startswith("GET /v1/channels") else None

    convore.before = closed
    lines = await used(convore, asking())
    assert ABOUT[0] in lines
    assert not any(line.startswith("outside") for line in lines)


async def test_many_people_are_told_by_their_number_and_the_text_stays_in_view(convore):
    crowd = [{"handle": mail(f"n{number}@crowd.example"), "name": f"Name {number}"} for number in range(5000)]
    convore.conversations["conv_1"]["participants"] += [role(one, "cc") for one in crowd]
    lines = await used(convore, asking())
    assert re.fullmatch(r"who reads it: Ann Lee, Acme Support, Jo, Bob Ray, Name 0, .*, \+4,9\d\d more", lines[3])
    assert re.fullmatch(r"outside your organisation: Ann Lee <ann@example.com>, .*, \+4,9\d\d more", lines[4])
    assert len("\n".join(lines[: lines.index(" In t4.")])) < 2000


@pytest.mark.parametrize("case", RED_TEAM, ids=[case["name"] for case in RED_TEAM])
async def test_no_name_and_no_address_breaks_the_question(convore, case):
    piece, times = case.get("repeat", ["", 0])
    hostile = case["text"] + piece * times + case.get("then", "")
    name = {"handle": mail("eve@rival.example"), "name": hostile}
    address = {"handle": mail(hostile), "name": "Eve"}
    convore.conversations["conv_1"]["participants"] = [role(one, "cc") for one in (SUPPORT, name, address)]
    convore.messages.clear()
    lines = await used(convore, asking())
    said = [
        "preview ",
        "account: ",
        "conversation: ",
        "who reads",
        "outside ",
        "would go",
        "because ",
        "text, ",
        " In",
        "==",
    ]
    assert [line[: len(word)] for line, word in zip(lines, said, strict=True)] == said
    assert HIDDEN.findall("".join(lines)) == []
    assert "<eve@rival.example>, Eve <" in lines[4]
    assert lines[-3:] == ["text, 6 characters in 1 line:", " In t4.", "== end of the text"]


async def test_a_name_that_imitates_an_address_stands_before_the_true_one(convore):
    liar = {"handle": mail("eve@rival.example"), "name": "Boss <boss@acme.example>, Jo <jo@acme.example>"}
    convore.conversations["conv_1"]["participants"] = [role(SUPPORT, "to"), role(liar, "from")]
    convore.messages.clear()
    lines = await used(convore, asking())
    assert lines[4] == "outside your organisation: Boss boss@acme.example Jo jo@acme.example <eve@rival.example>"


async def test_a_visitor_of_a_chat_widget_is_from_outside_by_name_alone():
    widget, visitor = (
        {"type": "convore_chat", "value": "widget"},
        {"type": "convore_chat", "value": "v <ceo@acme.example>"},
    )
    service = Convore(channel=channel("convore_chat", widget))
    service.add("conv_1", "hi", sender={"handle": visitor}, to=[{"handle": widget, "role": "to"}])
    async with opened(service) as account:
        told = await account.audience("conv_1", Draft(text="x"))
    assert told.conversation.external == told.receivers == ("v ceo@acme.example",)
    assert ANN["name"] not in str(told)
