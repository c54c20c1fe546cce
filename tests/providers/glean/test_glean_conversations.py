import pytest
from glean_account import opened, read_all
from glean_service import Fault, GleanServer
from glean_store import Tenant
from glean_tenants import START, IdsOnly, tenant

from dragoman.core.errors import (
    Conflict,
    InvalidArgument,
    PermissionDenied,
)
from dragoman.core.model import ConversationKind, Order
from dragoman.providers.base.provider import ConversationQuery, MessageQuery

pytestmark = pytest.mark.anyio


async def test_chats_come_first_by_time_and_channels_as_the_service_lists_them():
    it = tenant()
    it.add("general", "g1", START)
    it.chats = {
        one: {"id": one, "name": one, "updateTime": at} for one, at in (("old", 10), ("new", 20), ("never", None))
    }
    async with opened(GleanServer(it)) as account:
        page = await account.list_conversations(ConversationQuery())
    assert [one.id for one in page.items] == [
        "chat.new", "chat.old", "chat.never", "slack.channel.general", "slack.channel.C02QF8N7J",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [ConversationKind.DIRECT, ConversationKind.MAIL])
async def test_kinds_that_cannot_be_listed_are_not_asked_for(kind):
    server = GleanServer(tenant())
    async with opened(server) as account:
        assert list((await account.list_conversations(ConversationQuery(kind=kind))).items) == []
    assert server.journal == []


@pytest.mark.parametrize(("refused", "left"), [("listchats", "slack.channel.C02QF8N7J"), ("search", "chat.c")])
async def test_what_the_token_may_not_list_is_left_out(refused, left):
    server = GleanServer(tenant())
    server.tenant.chats["c"] = {"id": "c", "name": "Chat"}
    server.always = lambda endpoint, _: Fault(403, "Forbidden") if endpoint == refused else None
    async with opened(server) as account:
        page = await account.list_conversations(ConversationQuery())
        assert [one.id for one in page.items] == [left]
        server.always = Fault(403, "Forbidden")
        with pytest.raises(PermissionDenied):
            await account.list_conversations(ConversationQuery())


async def test_among_very_many_channels_a_name_is_asked_for_by_its_beginning():
    it = Tenant()
    it.channels = [f"channel-{number}" for number in range(3005)]
    async with opened(GleanServer(it)) as account:
        page = await account.list_conversations(ConversationQuery(text="#channel-0", kind=ConversationKind.CHANNEL))
    assert [one.title for one in page.items] == ["channel-0"]


async def test_a_list_that_changed_in_between_says_so():
    it = tenant()
    it.channels = [f"c{number}" for number in range(4)]
    async with opened(GleanServer(it)) as account:
        page = await account.list_conversations(ConversationQuery(limit=2))
        it.channels.remove(page.items[-1].title)
        with pytest.raises(Conflict, match="has changed"):
            await account.list_conversations(ConversationQuery(limit=2, cursor=page.cursor))
        with pytest.raises(InvalidArgument):
            await account.list_conversations(ConversationQuery(cursor="x"))


async def test_a_title_costs_no_request_of_its_own():
    server = GleanServer(tenant())
    conversation = "slack.channel.C02QF8N7J"
    async with opened(server) as account:
        for message in server.tenant.messages:
            message.metadata["container"] = "eng-platform"
        described = await account.get_conversation(conversation)
        page = await account.list_messages(conversation, MessageQuery())
        assert len(server.journal) == 1
        await account.list_messages(conversation, MessageQuery())
        assert len(server.journal) == 2
        await account.get_conversation(conversation)
        assert len(server.journal) == 2
    assert (described.title, described.kind) == ("eng-platform", ConversationKind.CHANNEL)
    assert described.last_message_at == page.items[-1].sent_at


async def test_threads_and_whole_conversations_say_where_they_are():
    it = tenant("eng", 1)
    async with opened(GleanServer(it)) as account:
        thread = await account.get_conversation(f"slack.thread.{it.messages[0].stamp}")
        whole = await account.get_conversation("doc.CONV_eng")
    assert (thread.title, thread.kind) == ("Thread in eng", ConversationKind.THREAD)
    assert whole.title == "Conversation in eng"


@pytest.mark.parametrize("refuse", [False, True])
@pytest.mark.parametrize("order", Order)
async def test_a_listed_name_is_read_by_the_id_behind_it_where_names_are_not_taken(order, refuse):
    server = IdsOnly(tenant(), refuse=refuse)
    async with opened(server) as account:
        [listed] = (await account.list_conversations(ConversationQuery(kind=ConversationKind.CHANNEL))).items
        pages = await read_all(account, listed.id, MessageQuery(order=order))
        found = await account.get_message(listed.id, "m1")
    joined = pages if order is Order.OLDEST else pages[::-1]
    assert [one for page in joined for one in page] == [f"m{n}" for n in range(6)]
    assert (listed.id, found.conversation) == ("slack.channel.eng-platform", "slack.channel.eng-platform")


async def test_a_name_that_was_not_listed_is_not_looked_up():
    server = IdsOnly(tenant())
    async with opened(server) as account:
        assert list((await account.list_messages("slack.channel.eng-platform", MessageQuery())).items) == []
    assert [seen.endpoint for seen in server.journal] == ["messages"]
