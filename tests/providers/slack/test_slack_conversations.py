"""Lists of conversations, who reads them, and searches: all that is there, and nothing that was not asked for."""

import httpx
import pytest
from slack_arguments import user
from slack_service import Slack, opened

from dragoman.core.errors import NotFound, UnsupportedOperation
from dragoman.core.queries import ConversationQuery, MessageQuery, SearchQuery
from dragoman.providers.kit import parse_time

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "C02RELAY01"


async def test_cursors_that_come_back_end_a_list():
    service = Slack()
    service.talk(ROOM, 2)
    again = {"response_metadata": {"next_cursor": "same"}, "has_more": True}

    def answer(method, _):
        kind = {"users.conversations": "channels", "users.list": "members", "conversations.replies": "messages"}
        return httpx.Response(200, json={"ok": True, kind[method]: [], **again}) if method in kind else None

    service.before = answer
    async with opened(service) as account:
        assert (await account.list_conversations(ConversationQuery())).items == []
        with pytest.raises(NotFound):
            await account.list_messages(ROOM, MessageQuery(thread="1773133060.000001"))


async def test_conversations_are_found_among_public_channels_and_people():
    service = Slack()
    service.open(ROOM, name="relay-launch")
    service.open("C05OTHERS1", name="relay-others", people=[])
    service.open("G01STRAT01", name="relay-secret", is_private=True, people=[])
    service.open("C04MPDM001", name="mpdm-dragoman--maria--oleg-1", is_mpim=True)
    service.open("D01MARIA01", is_im=True, user="U01MARIAK", people=["U0DRAGOMN", "U01MARIAK"])
    async with opened(service) as account:
        relay = await account.list_conversations(ConversationQuery(text="relay"))
        noor = await account.list_conversations(ConversationQuery(text="noor"))
        maria = await account.list_conversations(ConversationQuery(text="Maria"))
        groups = await account.list_conversations(ConversationQuery(kind="group"))
    assert [one.title for one in relay.items] == ["relay-launch", "relay-others"]
    assert [(one.id, one.title) for one in noor.items] == [("@U10NOORAH", "Noor Haddad")]
    assert sorted(one.id for one in maria.items) == ["C04MPDM001", "D01MARIA01"]
    assert [one.title for one in groups.items] == ["Maria Koch, Oleg Sidorov"]


@pytest.mark.parametrize("is_bot", [True, False])
async def test_the_list_tells_the_unread_of_direct_conversations_and_of_no_channel(is_bot):
    slack = Slack(is_bot=is_bot)
    slack.talk("C02RELAY01", 2)
    latest = {"ts": "1773143520.000300"}
    direct = {"is_im": True, "user": "U01MARIAK", "people": ["U0DRAGOMN", "U01MARIAK"]}
    slack.open("D01MARIA01", unread_count_display=4, latest=latest, **direct)
    async with opened(slack) as account:
        found = {one.id: one for one in (await account.list_conversations(ConversationQuery())).items}
    assert (found["D01MARIA01"].unread, found["C02RELAY01"].unread) == (4, None)
    assert found["D01MARIA01"].last_message_at == parse_time(latest["ts"])


async def test_kinds_that_the_token_may_not_list_are_left_out():
    service = Slack(scopes="channels:read,channels:history,users:read")
    service.open(ROOM)

    def refuse(method, arguments):
        if method == "users.conversations" and arguments["types"] != "public_channel":
            body = {"ok": False, "error": "missing_scope", "needed": "groups:read"}
            return httpx.Response(200, json=body, headers={"x-oauth-scopes": service.scopes})
        return None

    service.before = refuse
    async with opened(service) as account:
        assert [one.id for one in (await account.list_conversations(ConversationQuery())).items] == [ROOM]


async def test_a_shared_channel_names_who_is_from_outside_and_says_so_when_nobody_is_known():
    service = Slack()
    service.open(ROOM, is_ext_shared=True, people=["U0DRAGOMN", "U01MARIAK", "U03GUEST1", "U10NOORAH"])
    service.open("C03GLOBEX1", is_ext_shared=True, people=["U0DRAGOMN", "U01MARIAK"])
    async with opened(service) as account:
        known = await account.audience(ROOM)
        unknown = await account.audience("C03GLOBEX1")
    assert known.conversation.external == ("Noor Haddad",)
    assert known.conversation.participants == ("Maria Koch", "Gus Guest (guest)", "Noor Haddad")
    assert known.conversation.members == 4
    assert unknown.conversation.external == ("others of another organisation",)


async def test_of_a_large_channel_the_first_200_are_named_and_all_are_counted():
    service = Slack(largest=200)
    people = [f"U9{number:06d}" for number in range(430)]
    for id_ in people:
        service.add_user(user(id_, f"Person {id_}", id_.lower()))
    service.open(ROOM, people=["U0DRAGOMN", *people])
    async with opened(service) as account:
        there = (await account.audience(ROOM)).conversation
    assert (len(there.participants), there.members) == (199, 431)
    assert len(service.calls("conversations.members")) == 1


@pytest.mark.parametrize(
    ("members", "outside"),
    [
        ({"team_id": "T77SISTER", "enterprise_user": {"enterprise_id": "E01ACME99", "teams": ["T77SISTER"]}}, False),
        ({"team_id": "T77SISTER", "enterprise_user": {"enterprise_id": "E02OTHER9", "teams": ["T77SISTER"]}}, True),
        ({"team_id": "T77SISTER", "enterprise_user": {"enterprise_id": "E02OTHER9", "teams": ["T01ACME9"]}}, False),
        ({"team_id": "E01ACME99"}, False),
    ],
)
async def test_people_of_other_workspaces_of_the_organisation_are_no_outsiders(members, outside):
    service = Slack()
    service.add_user(user("W01SISTER", "Sis Ter", "sis") | members)
    service.open(ROOM, people=["U0DRAGOMN", "W01SISTER"])
    identity = {"ok": True, "team_id": "T01ACME9", "enterprise_id": "E01ACME99", "user_id": "U0DRAGOMN", "bot_id": "B1"}
    service.before = lambda method, _: httpx.Response(200, json=identity) if method == "auth.test" else None
    async with opened(service) as account:
        there = (await account.audience(ROOM)).conversation
    assert (there.participants, there.external) == (("Sis Ter",), ("Sis Ter",) if outside else ())


async def test_words_of_a_search_are_no_operators_and_alternatives_are_asked_one_by_one():
    service = Slack(is_bot=False)
    service.open(ROOM)
    for text in ("in:private words", "red apples", "green pears"):
        service.add(ROOM, text)
    async with opened(service) as account:
        page = await account.search_messages(SearchQuery(text="apples OR pears"))
        await account.search_messages(SearchQuery(text='"in:#private" <!here> -from:x wild*'))
    assert [one.message.text for one in page.items] == ["red apples", "green pears"]
    queries = [one["query"] for one in service.calls("search.messages")]
    assert queries[:2] == ["apples", "pears"]
    assert '"in:#private"' in queries[2]
    assert "<" not in queries[2]


async def test_what_speaks_only_a_part_of_the_protocol_is_read_all_the_same():
    service = Slack(is_bot=False)
    service.open(ROOM, is_member=True)
    service.open("C05OTHERS1", is_member=False)
    lacking = {"users.conversations", "search.messages", "assistant.search.context"}
    service.before = lambda method, _: httpx.Response(404, json={"message": "Not Found"}) if method in lacking else None
    async with opened(service) as account:
        page = await account.list_conversations(ConversationQuery())
        with pytest.raises(UnsupportedOperation):
            await account.search_messages(SearchQuery(text="x"))
    assert [one.id for one in page.items] == [ROOM]
