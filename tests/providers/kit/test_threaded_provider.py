"""A provider made of the kit's parts lists, reads, tells who is there and writes once."""

from dataclasses import replace

import pytest
from threaded_workspace import MINUTE, START, Target, Workspace, member, provider_of, us

from dragoman import (
    Change,
    Conversation,
    ConversationKind,
    ConversationQuery,
    Draft,
    InvalidArgument,
    MessageQuery,
    NotFound,
    UnsupportedOperation,
)
from dragoman.providers.kit import Room, from_us

pytestmark = pytest.mark.anyio


@pytest.fixture
def workspace():
    found = Workspace()
    found.add_room(Room(Conversation(id="c1", title="launch", kind=ConversationKind.CHANNEL)), ("me", "ann", "bob"))
    found.add_room(Room(Conversation(id="d1", kind=ConversationKind.DIRECT), ["ann"]))
    found.add_room(Room(Conversation(id="c2", title="lobby", kind=ConversationKind.CHANNEL)), joined=False)
    return found


async def listed(workspace, text="", **members):
    page = await provider_of(workspace).list_conversations(ConversationQuery(text=text, **members))
    return [(one.id, one.title) for one in page.items]


async def test_direct_conversations_are_called_by_their_people_and_the_liveliest_comes_first(workspace):
    workspace.newest = {"d1": START, "c1": START - MINUTE}
    assert await listed(workspace) == [("d1", "Ann Lee"), ("c1", "launch")]
    workspace.newest = {"c1": START}
    assert await listed(workspace) == [("c1", "launch"), ("d1", "Ann Lee")]


async def test_of_direct_conversations_the_unread_are_told_also_where_a_search_tells_the_times(workspace):
    workspace.newest = {"d1": START}
    workspace.times = {"d1": START, "c1": START}
    page = await provider_of(workspace).list_conversations(ConversationQuery())
    assert {one.id: one.unread for one in page.items} == {"d1": 3, "c1": None}
    assert [one for one in workspace.asked if one.startswith(("room", "history"))] == ["room d1"]


async def test_a_group_of_unknown_people_is_called_by_their_ids_or_by_what_the_service_says(workspace):
    workspace.add_room(Room(Conversation(id="g1", title="ann, max", kind=ConversationKind.GROUP), ["ann", "gone"]))
    workspace.add_room(Room(Conversation(id="g2", title="eva, max", kind=ConversationKind.GROUP)), ())
    workspace.add_room(Room(Conversation(id="g3", title="ann, bob", kind=ConversationKind.GROUP)), ("me", "ann", "bob"))
    shown = {("g1", "Ann Lee, gone"), ("g2", "eva, max"), ("g3", "Ann Lee, Bob Ray")}
    assert shown <= set(await listed(workspace))
    workspace.failing.add("members")
    assert ("g3", "ann, bob") in await listed(workspace), "another account asks anew"


async def test_the_people_of_many_groups_are_asked_for_a_few_at_a_time_and_each_once(workspace):
    for number in range(20):
        group = Conversation(id=f"g{number}", title="ann, bob", kind=ConversationKind.GROUP)
        workspace.add_room(Room(group), ("me", "ann", "bob"))
    account, asked = provider_of(workspace), []
    for _ in range(3):
        workspace.asked.clear()
        page = await account.list_conversations(ConversationQuery(limit=100))
        asked.append([one for one in workspace.asked if one.startswith("members")])
    assert [len(one) for one in asked] == [12, 8, 0]
    assert {one.title for one in page.items if one.kind == "group"} == {"Ann Lee, Bob Ray"}


async def test_a_text_finds_public_channels_and_people_and_a_title_of_our_own_asks_nobody_else(workspace):
    assert await listed(workspace, "lob") == [("c2", "lobby")]
    assert await listed(workspace, "zoe") == [("@zoe", "Zoe Far")]
    assert await listed(workspace, "ann") == [("d1", "Ann Lee")]
    workspace.asked.clear()
    assert await listed(workspace, "#launch", exact=True) == [("c1", "launch")]
    assert "public" not in workspace.asked


async def test_many_conversations_are_not_asked_for_their_newest_messages(workspace):
    for number in range(20):
        workspace.add_room(Room(Conversation(id=f"x{number}", title=f"x{number}", kind=ConversationKind.CHANNEL)))
    await listed(workspace)
    assert not [one for one in workspace.asked if one.startswith("history")]


@pytest.mark.parametrize("is_bot", [True, False])
async def test_who_reads_along_is_told_with_guests_and_outsiders_and_in_whose_name_it_appears(workspace, is_bot):
    workspace.us = us(is_bot=is_bot)
    workspace.inside["c1"].append("zoe")
    audience = await provider_of(workspace).audience("c1")
    assert audience.conversation.participants == ("Ann Lee", "Bob Ray (guest)", "Zoe Far")
    assert audience.conversation.external == ("Zoe Far",)
    assert audience.sender == ("" if is_bot else "Dragoman")


async def test_a_shared_room_says_so_when_no_outsider_is_known(workspace):
    workspace.rooms["c1"] = workspace.rooms["c1"]._replace(is_shared=True)
    audience = await provider_of(workspace).audience("c1")
    assert audience.conversation.external == ("others of another organisation",)


async def test_a_shared_room_of_more_people_than_are_known_says_that_there_may_be_others(workspace):
    room = workspace.rooms["c1"]
    workspace.inside["c1"].append("zoe")
    for count, external in ((4, ("Zoe Far",)), (900, ("Zoe Far", "others of another organisation"))):
        conversation = replace(room.conversation, members=count)
        workspace.rooms["c1"] = room._replace(conversation=conversation, is_shared=True)
        assert (await provider_of(workspace).audience("c1")).conversation.external == external


async def test_a_person_is_reached_by_any_name_and_the_conversation_opened_only_by_writing(workspace):
    account = provider_of(workspace)
    assert (await account.get_conversation("@Ann Lee")).id == "d1"
    assert (await account.get_conversation("@zoe")).id == "@zoe"
    assert (await account.audience("@zoe")).conversation.external == ("Zoe Far",)
    assert "d-zoe" not in workspace.rooms
    sent = await account.send_message("@zoe", Draft(text="Hello"))
    assert (sent.conversation, sent.text) == ("d-zoe", "Hello")
    with pytest.raises(NotFound):
        await account.get_conversation("@nobody")


async def test_what_was_written_is_read_where_the_answer_to_the_write_does_not_tell_it(workspace):
    class Silent(Target):
        is_whole = False

    sent = await provider_of(workspace, Silent).send_message("c1", Draft(text="Hello"))
    assert (sent.text, sent.conversation) == ("Hello", "c1")


async def test_an_answer_to_a_reply_goes_to_the_root_and_one_to_nothing_is_not_sent(workspace):
    account, root = provider_of(workspace), workspace.add("root")
    reply = workspace.add("reply", root)
    sent = await account.send_message("c1", Draft(text="Yes", reply_to=reply))
    assert sent.reply_to == root
    count = len(workspace.posts)
    with pytest.raises(NotFound):
        await account.send_message("c1", Draft(text="Yes", reply_to="1"))
    assert len(workspace.posts) == count
    page = await account.list_messages("c1", MessageQuery())
    assert [one.text for one in page.items] == ["root", "reply", "Yes"]


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("Thanks @Bob Ray!", "Thanks <bob>!"),
        ("mail@ann and `@ann`", "mail@ann and `@ann`"),
        ("@zoe is not here", "@zoe is not here"),
    ],
)
async def test_only_members_of_a_conversation_are_mentioned(workspace, said, sent):
    assert (await provider_of(workspace).send_message("c1", Draft(text=said))).text == sent


async def test_a_text_goes_out_as_it_is_where_members_cannot_be_listed(workspace):
    workspace.failing.add("members")
    assert (await provider_of(workspace).send_message("c1", Draft(text="@ann"))).text == "@ann"


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (Draft(text=" \n"), InvalidArgument),
        (Draft(text="x" * 101), InvalidArgument),
        (Draft(text="x", subject="y"), UnsupportedOperation),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_is_written(workspace, draft, error):
    with pytest.raises(error):
        await provider_of(workspace).send_message("c1", draft)
    assert workspace.posts == []


async def test_a_lost_send_is_found_by_its_key_and_else_by_the_same_words_without_one(workspace):
    account, draft, since = provider_of(workspace), Draft(text="Yes", idempotency_key="k1"), from_us(START)
    assert await account.find_sent("c1", draft, since) is None
    other = workspace.add("Yes", key="of another write")
    assert await account.find_sent("c1", draft, since) is None
    plain = workspace.add("Yes")
    assert (await account.find_sent("c1", draft, since)).id == plain
    assert await account.find_sent("c1", draft, since, known=[plain]) is None
    sent = await account.send_message("c1", draft)
    assert (await account.find_sent("c1", draft, since)).id == sent.id != other
    assert await account.find_sent("@zoe", draft, since) is None


async def test_a_change_has_a_text_alone_and_is_read_afterwards(workspace):
    account, id_ = provider_of(workspace), workspace.add("old")
    await account.list_messages("c1", MessageQuery())
    assert (await account.update_message("c1", id_, Change(text="new"))).text == "new"
    assert [one.text for one in (await account.list_messages("c1", MessageQuery())).items] == ["new"]
    with pytest.raises(UnsupportedOperation):
        await account.update_message("c1", id_, Change(subject="x"))


async def test_what_is_new_is_told_once_where_nobody_tells_which_conversations_moved(workspace):
    workspace.rooms, account = {"c1": workspace.rooms["c1"]}, provider_of(workspace)
    workspace.add("old")
    first = await account.changes(None)
    new = workspace.add("new", minute=5)
    told = await account.changes(first.position)
    assert [one.id for one in told.messages] == [new]
    assert (await account.changes(told.position)).messages == []


async def test_the_account_knows_its_own_author(workspace):
    account = provider_of(workspace)
    own = await account.own_author()
    assert (own.name, own.kind, own.own) == ("Dragoman", "bot", True)
    del workspace.people["me"]
    assert (await provider_of(workspace).own_author()).name == "me"
    assert account.could_be_sent_by_us(replace(await workspace.message("c1", workspace.add()), author=own))


@pytest.mark.parametrize(
    ("members", "outside"),
    [
        ({}, False),
        ({"organisations": frozenset({"other"})}, True),
        ({"organisations": frozenset({"other", "acme"})}, False),
        ({"organisations": frozenset()}, False),
        ({"is_stranger": True}, True),
    ],
)
def test_somebody_is_outside_who_shares_no_organisation_with_us(members, outside):
    assert member("x", "X", **members).is_outside({"acme"}) is outside
    assert member("x", "X", is_stranger=False, organisations=frozenset({"a"})).is_outside(()) is False
