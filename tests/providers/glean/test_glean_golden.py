import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from glean_replay import assert_as_recorded, names, recording, replaying

from dragoman.core.context import progress
from dragoman.core.errors import (
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
)
from dragoman.core.model import Author, AuthorKind, Citation, ConversationKind
from dragoman.providers.base.provider import ConversationQuery, Draft, MessageQuery, SearchQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

CHANNEL = "slack.channel.eng-platform"
NEWEST = MessageQuery()
MAYA = Author(id="p_7f3a91c0de", name="Maya Okafor", email="maya.okafor@acme.example")
OUTSIDE = {
    "chat-delete": "Chats are not deleted by any tool.",
    "platform-chat": "The client API has all that the experimental platform API has, and more.",
    "platform-search": "The platform API's search has neither message ids nor whole texts.",
    "platform-search-400-cursor": "As platform-search.",
    "platform-search-429": "As platform-search.",
}


async def test_a_message_by_its_id():
    name, identifier = "documents-by-id", "SLACK_T01ACME9_C02QF8N7J_1717430812.004200"
    async with replaying(name) as (account, replay):
        message = await account.get_message("slack.channel.C02QF8N7J", identifier)
        with pytest.raises(NotFound):
            await account.get_message(CHANNEL, "SLACK_T01ACME9_C02QF8N7J_9999999999.000000")
    assert (message.author, message.replies) == (MAYA, 4)
    assert message.text == "Deploy of `ingest-v2` is done ✅\np99 went from 840ms to 310ms 🎉"
    sent = replay.requests[0]
    assert_as_recorded(replace_specs(sent, name), name)
    assert [one["body"]["documentSpecs"] for one in replay.requests] == [
        [spec] for spec in recording(name)["request"]["body"]["documentSpecs"]
    ]


def replace_specs(sent, name):
    """The recorded call asked for two documents at once."""
    return {**sent, "body": {**sent["body"], "documentSpecs": recording(name)["request"]["body"]["documentSpecs"]}}


async def test_a_message_by_its_link():
    link = "https://acme.slack.com/archives/C02QF8N7J/p1717430812004200"
    async with replaying("documents-by-url") as (account, replay):
        where, message = account.parse_link(link)
        found = await account.get_message(where, message)
    assert where == "slack.channel.C02QF8N7J"
    assert (found.id, found.url) == ("SLACK_T01ACME9_C02QF8N7J_1717430812.004200", link)
    assert_as_recorded(replay.requests[0], "documents-by-url", ours=["includeFields"])


async def test_a_message_that_may_not_be_seen_is_not_found():
    async with replaying("documents-403") as (account, replay):
        with pytest.raises(NotFound, match="may not show it"):
            await account.get_message(CHANNEL, "nope")
    assert_as_recorded(replay.requests[0], "documents-403", ours=["includeFields"])


async def test_channels_are_listed_by_their_facet():
    name = "search-list-channels-by-facet"
    async with replaying(name) as (account, replay):
        page = await account.list_conversations(ConversationQuery(kind=ConversationKind.CHANNEL))
    assert [(one.id, one.title) for one in page.items] == [
        ("slack.channel.eng-platform", "eng-platform"),
        ("slack.channel.incident-4471", "incident-4471"),
    ]
    assert_as_recorded(replay.requests[0], name)


async def test_a_search_finds_messages_and_takes_conversations_apart():
    name = "search-slack"
    async with replaying(name) as (account, replay):
        page = await account.search_messages(SearchQuery(text="ingest rollout", limit=10))
    first, *others = page.items
    assert first.message.conversation == "slack.channel.C02QF8N7J"
    assert first.message.text == "Deploy of `ingest-v2` is done ✅ p99 went from 840ms to 310ms 🎉"
    assert (first.excerpt, first.highlights) == ("Deploy of ingest-v2 is done", ((10, 19),))
    assert [hit.message.text[:7] for hit in others] == ["Custome", "Looking", "Resolve"]
    assert {hit.message.conversation for hit in others} == {"slack.channel.C09INC4471"}
    ours = [
        "requestOptions.disableSpellcheck",
        "requestOptions.disableQueryAutocorrect",
        "requestOptions.facetBucketSize",
    ]
    assert replay.requests[0]["body"]["requestOptions"]["facetBucketSize"] == 0
    assert_as_recorded(replay.requests[0], name, ours=ours, theirs=["requestOptions.facetBucketSize"])


async def test_a_search_goes_on_with_the_cursor_and_the_token_of_its_first_page():
    async with replaying("search-slack", "search-next-page") as (account, replay):
        query = SearchQuery(text="ingest rollout", limit=10)
        first = await account.search_messages(query)
        second = await account.search_messages(replace(query, cursor=first.cursor))
    assert (list(second.items), second.cursor) == ([], None)
    ours = ["requestOptions.disableSpellcheck", "requestOptions.disableQueryAutocorrect"]
    both = ["requestOptions.datasourcesFilter", "maxSnippetSize"]  # the recorded call has the older name of the filter
    assert_as_recorded(
        replay.requests[1], "search-next-page", ours=[*ours, *both], theirs=["requestOptions.datasourceFilter"]
    )


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("search-403-error-info", PermissionDenied, "slack: expired token"),
        ("search-422-invalid-operator", InvalidArgument, "updated:someday"),
    ],
)
async def test_a_search_that_is_refused_says_why(name, error, words):
    text = recording(name)["request"]["body"]["query"]
    async with replaying(name) as (account, replay):
        with pytest.raises(error, match=words):
            await account.search_messages(SearchQuery(text=text))
    assert_as_recorded(replay.requests[0], name, ours=["pageSize", "maxSnippetSize", "requestOptions"])


async def test_names_are_asked_for_where_there_are_only_ids():
    name = "people-by-ids"
    result = {
        "url": "https://a.example/1",
        "document": {"id": "m1", "metadata": {"author": {"obfuscatedId": "p_7f3a91c0de"}}},
    }
    strange = {
        "url": "https://a.example/2",
        "document": {"id": "m2", "metadata": {"author": {"obfuscatedId": "p_zzz"}}},
    }
    messages = {"hasMore": False, "searchResponse": {"results": [result, strange]}}
    async with replaying(name, others={"messages": messages}) as (account, replay):
        for _ in range(2):
            page = await account.list_messages(CHANNEL, MessageQuery())
    assert [m.author for m in page.items] == [MAYA, Author(id="p_zzz", name="p_zzz")]
    assert len(replay.requests) == 1
    assert_as_recorded(replay.requests[0], name, theirs=["emailIds"])


async def test_chats_are_listed_without_a_body():
    async with replaying("chat-list") as (account, replay):
        page = await account.list_conversations(ConversationQuery(kind=ConversationKind.ASSISTANT))
    assert [(one.id, one.title, one.last_message_at) for one in page.items] == [
        ("chat.chat_4b7e19", "Ingest rollout status", datetime.fromtimestamp(1717581666, UTC)),
        ("chat.chat_00aa31", "Parental leave", datetime.fromtimestamp(1717000300, UTC)),
    ]
    assert page.cursor is None
    assert_as_recorded(replay.requests[0], "chat-list")


async def test_a_chat_is_questions_and_answers_without_failures():
    async with replaying("chat-retrieve") as (account, replay):
        page = await account.list_messages("chat.chat_4b7e19", MessageQuery())
    assert [(m.id, m.author.name, m.text) for m in page.items] == [
        ("u-1", "Maya Okafor", "When did the ingest-v2 rollout finish?"),
        ("7e4c1449e53f4d5fa4eb36fca305db20", "Glean", ANSWER),
        ("u-2", "Maya Okafor", "Thanks! 🙏"),
    ]
    assert page.items[1].citations == (SOURCE,)
    assert page.items[0].attachments[0].id == "FILE_1234"
    assert_as_recorded(replay.requests[0], "chat-retrieve")


ANSWER = "The rollout finished at 16:06 UTC on June 3. p99 dropped from 840 ms to 310 ms 🎉"
SOURCE = Citation(
    title="#eng-platform",
    url="https://acme.slack.com/archives/C02QF8N7J/p1717430812004200",
    text="Deploy of ingest-v2 is done",
)


async def test_a_chat_of_somebody_else_says_whom_to_ask():
    async with replaying("chat-retrieve-403") as (account, replay):
        with pytest.raises(PermissionDenied, match="Ask 'Jonas Lindqvist' for access"):
            await account.list_messages("chat.chat_private", MessageQuery())
    assert_as_recorded(replay.requests[0], "chat-retrieve-403")


async def test_a_question_is_answered():
    async with replaying("chat-create") as (account, replay):
        draft = Draft(text="When did the ingest-v2 rollout finish?")
        message = await account.send_message("chat.new", draft)
    assert (message.conversation, message.id) == ("chat.chat_4b7e19", "7e4c1449e53f4d5fa4eb36fca305db20")
    assert (message.text, message.citations) == (ANSWER, (SOURCE,))
    assert message.author == Author(id="GLEAN_AI", name="Glean", kind=AuthorKind.ASSISTANT)
    assert_as_recorded(replay.requests[0], "chat-create", ours=["timeoutMillis"], theirs=["timeoutMillis"])


async def test_an_answer_that_calls_itself_plain_text_is_read_all_the_same():
    async with replaying("chat-plain-text-content-type") as (account, replay):
        message = await account.send_message("chat.new", Draft(text="hi"))
    assert message.text == ANSWER
    assert_as_recorded(replay.requests[0], "chat-plain-text-content-type", ours=["saveChat", "timeoutMillis", "stream"])


async def test_an_answer_in_lines_is_put_together_while_somebody_listens():
    heard = []

    async def listen(done, text):
        heard.append((done, text))

    async with replaying("chat-stream-ndjson") as (account, replay):
        with progress.listening(listen):
            message = await account.send_message("chat.new", Draft(text="hi"))
    assert (message.conversation, message.text) == ("chat.chat_9", "There are no holidays! 🎄")
    assert heard == [(1, "Glean is answering"), (2, "Glean is answering"), (3, "Glean is answering")]
    assert_as_recorded(replay.requests[0], "chat-stream-ndjson", ours=["saveChat", "timeoutMillis"])


async def test_an_answer_in_lines_that_stops_in_the_middle_is_not_taken_for_whole():
    cut = recording("chat-stream-ndjson")
    cut["response"]["body"] = cut["response"]["body"].split("\n")[0] + "\n"

    async def listen(*_):
        pass

    async with replaying("chat-stream-ndjson") as (account, replay):
        replay.exchanges = [cut]
        with progress.listening(listen), pytest.raises(OutcomeUnknown, match="broke off"):
            await account.send_message("chat.new", Draft(text="hi"))


def test_every_recording_is_used_or_left_out_for_a_reason():
    used = {
        constant.value
        for path in Path(__file__).parent.glob("test_glean_golden*.py")
        for part in ast.parse(path.read_text()).body
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
        for constant in ast.walk(part)
        if isinstance(constant, ast.Constant)
    }
    claimed = used.intersection(names())
    assert not OUTSIDE.keys() & claimed
    assert set(names()) == OUTSIDE.keys() | claimed
