from datetime import timedelta

import pytest
from glean_account import opened
from glean_service import Fault, GleanServer
from glean_store import Tenant, Variant
from glean_tenants import START, IdsOnly, tenant, threaded

from dragoman.core.errors import (
    InvalidArgument,
    Unavailable,
)
from dragoman.core.model import Author, ConversationKind
from dragoman.providers.base.provider import ConversationQuery, MessageQuery, SearchQuery

pytestmark = pytest.mark.anyio


async def test_filters_are_sent_as_facets_and_times_with_a_margin():
    it = tenant("eng")
    it.messages[3].author = {"name": "Bo", "obfuscatedId": "u2", "metadata": {"email": "bo@acme.example"}}
    server = GleanServer(it)
    async with opened(server) as account:
        query = SearchQuery(
            text="hello", conversation="slack.channel.eng", author="bo@acme.example", since=START + timedelta(minutes=1)
        )
        page = await account.search_messages(query)
    assert [hit.message.id for hit in page.items] == ["m3"]
    [body] = server.sent("search")
    assert body["requestOptions"] == {
        "facetBucketSize": 0,
        "datasourcesFilter": ["slack"],
        "disableSpellcheck": True,
        "disableQueryAutocorrect": True,
        "facetFilters": [
            {"fieldName": "channel", "values": [{"value": "eng", "relationType": "EQUALS"}]},
            {"fieldName": "from", "values": [{"value": "bo@acme.example", "relationType": "EQUALS"}]},
            {"fieldName": "last_updated_at", "values": [{"value": "2024-06-01", "relationType": "GT"}]},
        ],
    }


async def test_a_channel_known_by_its_id_is_filtered_by_its_name():
    server = IdsOnly(tenant())
    async with opened(server) as account:
        query = SearchQuery(text="hello", conversation="slack.channel.C02QF8N7J", limit=3)
        first = await account.search_messages(query)
        await account.search_messages(query)
    assert len(first.items) == 3
    assert len(server.sent("messages")) == 1


async def test_a_search_in_a_thread_keeps_only_what_is_in_it():
    it = threaded()
    async with opened(GleanServer(it)) as account:
        conversation = f"slack.thread.{it.messages[0].stamp}"
        page = await account.search_messages(SearchQuery(text="reply", conversation=conversation))
    assert [(hit.message.id, hit.message.conversation) for hit in page.items] == [
        ("r1", conversation),
        ("r2", conversation),
    ]


async def test_chats_are_not_searched():
    server = GleanServer(tenant())
    async with opened(server) as account:
        with pytest.raises(InvalidArgument, match="list_messages"):
            await account.search_messages(SearchQuery(text="x", conversation="chat.c"))
    assert server.journal == []


async def test_a_hit_of_another_workspace_says_so_and_one_of_the_account_does_not():
    it = tenant("C1", 2)
    for message, workspace in zip(it.messages, ("T1", "T2"), strict=True):
        message.metadata["superContainerId"] = f"SLACK_WORKSPACE_{workspace}"
    async with opened(GleanServer(it), workspace_id="T1") as account:
        page = await account.search_messages(SearchQuery(text="hello"))
    assert [hit.message.conversation for hit in page.items] == ["slack.channel.C1", "slack.channel.C1@T2"]


@pytest.mark.parametrize(
    ("info", "error", "words"),
    [
        ({"errorMessages": [{"source": "slack", "errorMessage": "expired"}]}, Unavailable, "slack: expired"),
        ({"invalidOperators": [{"key": "from", "value": "?"}]}, InvalidArgument, "from:?"),
    ],
)
async def test_a_success_without_hits_that_says_why_is_an_error(info, error, words):
    server = GleanServer(tenant())
    server.always = Fault(200, {"results": [], "errorInfo": info})
    async with opened(server) as account:
        with pytest.raises(error) as caught:
            await account.search_messages(SearchQuery(text="x"))
    assert words in str(caught.value)


async def test_a_message_that_is_a_hit_and_a_part_of_another_comes_once():
    result = {"url": "u", "fullText": "hello", "document": {"id": "m1"}}
    whole = {"url": "w", "relatedResults": [{"relation": "CONVERSATION_MESSAGES", "results": [result]}]}
    server = GleanServer(tenant())
    server.faults = [Fault(200, {"results": [result], "hasMoreResults": True, "cursor": "2"}),
                     Fault(200, {"results": [whole], "hasMoreResults": True, "cursor": "2"})]  # fmt: skip
    async with opened(server) as account:
        first = await account.search_messages(SearchQuery(text="hello"))
        second = await account.search_messages(SearchQuery(text="hello", cursor=first.cursor))
    assert [hit.message.id for hit in first.items] == ["m1"]
    assert (list(second.items), second.cursor) == ([], None)  # a cursor that comes again is the end


@pytest.mark.parametrize("cursor", ["", "x", "{}", '{"c":""}', '{"c":"1","z":1}', '{"c":1}', "null"])
async def test_a_cursor_that_is_none_of_a_search_is_refused(cursor):
    server = GleanServer(tenant())
    async with opened(server) as account:
        with pytest.raises(InvalidArgument, match="another list"):
            await account.search_messages(SearchQuery(text="x", cursor=cursor))
    assert server.journal == []


async def test_names_are_asked_for_in_batches_and_once():
    it = Tenant(Variant(page_size=250))
    for number in range(230):
        it.add("C1", f"m{number:03}", START + timedelta(seconds=number), author={"obfuscatedId": f"u{number}"})
        it.people[f"u{number}"] = {"name": f"Person {number}", "obfuscatedId": f"u{number}"}
    server = GleanServer(it)
    async with opened(server) as account:
        for _ in range(2):
            page = await account.list_messages("slack.channel.C1", MessageQuery())
    assert page.items[7].author == Author(id="u7", name="Person 7")
    assert sorted(len(one["obfuscatedIds"]) for one in server.sent("people")) == [30, 100, 100]


@pytest.mark.parametrize(("status", "asked"), [(403, 1), (500, 2)])
async def test_messages_come_with_ids_where_nobody_may_be_looked_up(status, asked):
    it = tenant("C1")
    for message in it.messages:
        message.author = {"obfuscatedId": "u9"}
    server = GleanServer(it)
    server.always = lambda endpoint, _: Fault(status, "no") if endpoint == "people" else None
    async with opened(server) as account:
        for _ in range(2):
            page = await account.list_messages("slack.channel.C1", MessageQuery())
            assert {one.author.name for one in page.items} == {"u9"}
    assert len(server.sent("people")) == asked


async def test_searches_call_the_datasource_as_the_service_does_once_that_was_seen():
    it = tenant("C02QF8N7J", 2)
    for message in it.messages:
        message.metadata["datasource"] = "slack_acme"
    server = GleanServer(it)
    server.connector = "slack_acme"
    async with opened(server) as account:
        await account.search_messages(SearchQuery(text="hello"))
        await account.list_messages("slack.channel.C02QF8N7J", MessageQuery())
        await account.search_messages(SearchQuery(text="hello"))
        await account.check()
    named = [str(one["requestOptions"]) for one in server.sent("search")]
    assert ["slack_acme" in one for one in named] == [False, True, True]


@pytest.mark.parametrize("info", [
    {"errorMessages": [{"source": "slack", "errorMessage": "index is rebuilt"}]},
    {"federatedSearchRateLimitError": True},
])  # fmt: skip
async def test_a_list_of_channels_that_could_not_be_made_is_no_empty_one(info):
    server = GleanServer(tenant())
    server.always = Fault(200, {"results": [], "errorInfo": info})
    async with opened(server) as account:
        with pytest.raises(Unavailable, match="could not search everything"):
            await account.check()
        with pytest.raises(Unavailable, match="could not search everything"):
            await account.list_conversations(ConversationQuery(kind=ConversationKind.CHANNEL))
