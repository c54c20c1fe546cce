"""Each recorded exchange with Slack becomes what its reader has to come to."""

from dataclasses import replace
from datetime import datetime

import pytest
from slack_replay import names, recording, replaying

from dragoman.core import errors
from dragoman.core.errors import DragomanError
from dragoman.core.model import Order
from dragoman.core.queries import Change, ConversationQuery, Draft, MessageQuery, SearchQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

MARKS = str.maketrans("", "", "*_~`")


def of_operation(*operations):
    return [name for name in names() if recording(name)["operation"] in operations]


def time(text):
    return None if text is None else datetime.fromisoformat(text)


async def carry_out(account, recorded):
    """The call of a recording; pages as a list of lists, oldest first."""
    given, operation = recorded["arguments"], recorded["operation"]
    room, _, message = given.get("message", "/").partition("/")
    if operation == "list_messages":
        query = MessageQuery(
            thread=given.get("thread"),
            order=Order(given.get("order", "latest")),
            since=time(given.get("since")),
            limit=given.get("limit", 50),
        )
        pages = []
        for _ in range(given.get("pages", 1)):
            page = await account.list_messages(given["conversation"], query)
            pages.append(page)
            query = replace(query, cursor=page.cursor)
        return pages
    if operation == "get_message":
        return [await account.get_message(room, message)]
    if operation == "send_message":
        draft = Draft(text=given["text"], reply_to=given.get("reply_to"), idempotency_key=given.get("idempotency_key"))
        return [await account.send_message(given["conversation"], draft)]
    if operation == "update_message":
        return [await account.update_message(room, message, Change(text=given["text"]))]
    if operation == "get_conversation":
        return [await account.get_conversation(given["conversation"])]
    if operation == "audience":
        return [(await account.audience(given["conversation"])).conversation]
    raise AssertionError(operation)


def require_message(found, expect):
    shown = " ".join(found.text.translate(MARKS).split())
    for piece in expect.get("contains", ()):
        assert " ".join(piece.translate(MARKS).split()) in shown, (piece, found.text)
    for piece in expect.get("contains_any", ()):
        assert piece in shown or piece in {one.name for one in found.attachments}
    for piece in expect.get("lacks", ()):
        assert piece not in found.text, (piece, found.text)
    assert found.text or not expect.get("not_empty")
    wanted = {
        "conversation": found.conversation,
        "author": found.author.name,
        "author_kind": found.author.kind,
        "reply_to": found.reply_to,
        "replies": found.replies,
        "files": len(found.attachments),
        "deleted": found.deleted_at is not None,
        "url": found.url,
        "reactions": {one.emoji: one.count for one in found.reactions},
    }
    assert {key: value for key, value in expect.items() if key in wanted} == {
        key: value for key, value in wanted.items() if key in expect
    }
    assert "sent_at" not in expect or found.sent_at == time(expect["sent_at"])
    assert "edited_at" not in expect or found.edited_at == time(expect["edited_at"])
    files = [(one.name, one.size, one.url) for one in found.attachments]
    for one in expect.get("files_has", ()):
        assert any(
            one["name"] == name and one.get("size", size) == size and one.get("url", url) == url
            for name, size, url in files
        ), (one, files)


@pytest.mark.parametrize("name", of_operation("list_messages", "get_message", "send_message", "update_message"))
async def test_messages_are_read_and_written_as_recorded(name):
    recorded = recording(name)
    expect = recorded["expect"]
    async with replaying(name) as (account, replay):
        if "error" in expect:
            with pytest.raises(DragomanError) as caught:
                await carry_out(account, recorded)
            require_error(caught.value, expect["error"])
        else:
            require_messages(await carry_out(account, recorded), expect)
        if "find_sent" in expect:
            draft = Draft(text=recorded["arguments"]["text"], idempotency_key=recorded["arguments"]["idempotency_key"])
            replay.left[-1]["response"]["body"]["messages"][0]["metadata"] = replay.calls("chat.postMessage")[0][
                "metadata"
            ]
            found = await account.find_sent("C02RELAY01", draft, time("2026-03-10T17:00:00Z"))
            assert found.id == expect["find_sent"]["id"]
    require_requests(replay, recorded, expect.get("requests", {}))


def require_messages(found, expect):
    pages = [one.items for one in found] if found and hasattr(found[0], "items") else [found]
    by_id = {one.id: one for page in pages for one in page}
    assert len(by_id) == sum(len(page) for page in pages)
    if "once" in expect:
        assert sorted(by_id) == sorted(expect["once"])
    if "pages" in expect:
        assert [[one.id for one in page] for page in pages] == expect["pages"]
    for one in expect.get("messages", ()):
        require_message(by_id[one["id"]], one)
    listed = [one["id"] for one in expect.get("messages", ())]
    assert [one for one in by_id if one in listed] == listed
    if "cursor" in expect:
        assert (found[-1].cursor is None) == (expect["cursor"] == "end")


def require_error(error, expect):
    assert type(error) is getattr(errors, expect["type"])
    said = str(error)
    assert all(piece in said for piece in expect.get("says", ())), said
    assert not any(piece in said for piece in expect.get("lacks", ())), said
    assert error.retry_after == expect.get("retry_after", error.retry_after)
    if "sent" in expect:
        assert error.sent is expect["sent"]


def require_requests(replay, recorded, expect):
    main = recorded["request"]["path"].rpartition("/")[2]
    writes = replay.calls("chat.postMessage") + replay.calls("chat.update")
    if "count" in expect:
        assert len(replay.calls(main)) == expect["count"]
    if "posts" in expect:
        assert len(replay.calls("chat.postMessage")) == expect["posts"]
    if "post_thread_ts" in expect:
        assert [one["thread_ts"] for one in replay.calls("chat.postMessage")] == [expect["post_thread_ts"]]
    for one in writes:
        assert {key: one.get(key) for key in expect.get("body_has", {})} == expect.get("body_has", {})
        assert not one.keys() & {"text", "blocks", "reply_broadcast", "as_user", "username", "link_names", "parse"}
        assert not any(piece in str(one) for piece in expect.get("raw_lacks", ()))


@pytest.mark.parametrize("name", of_operation("get_conversation", "audience"))
async def test_conversations_and_their_readers_are_told_as_recorded(name):
    recorded = recording(name)
    async with replaying(name) as (account, _):
        [found] = await carry_out(account, recorded)
    [expect] = recorded["expect"]["conversations"]
    require_conversation(found, expect)


def require_conversation(found, expect):
    for key in {"id", "title", "kind", "topic", "members", "unread"} & expect.keys():
        assert getattr(found, key) == expect[key]
    assert not any(piece in found.title for piece in expect.get("title_lacks", ()))
    assert set(expect.get("external_has", ())) <= set(found.external)
    assert not set(expect.get("external_lacks", ())) & set(found.external)
    assert set(expect.get("participants_has", ())) <= set(found.participants)
    assert "last_message_at" not in expect or found.last_message_at == time(expect["last_message_at"])


async def test_conversations_are_listed_over_short_and_empty_pages():
    expect = recording("conversations-list-pages")["expect"]["conversations"]
    async with replaying("conversations-list-pages") as (account, _):
        page = await account.list_conversations(ConversationQuery(limit=3))
        following = await account.list_conversations(ConversationQuery(limit=3, cursor=page.cursor))
    found = {one.id: one for one in (*page.items, *following.items)}
    assert following.cursor is None
    assert len(found) == len(expect)
    for one in expect:
        require_conversation(found[one["id"]], one)


async def test_who_the_token_speaks_for_is_checked():
    async with replaying("auth-test-bot") as (account, _):
        said = await account.check()
    assert "Acme" in said
    assert "a bot" in said
    assert "lacks" not in said


@pytest.mark.parametrize("name", ["search-messages", "search-filters", "search-last-page"])
async def test_searches_are_asked_and_read_as_recorded(name):
    recorded = recording(name)
    given, expect = recorded["arguments"], recorded["expect"]
    query = SearchQuery(
        text=given["query"],
        conversation=given.get("conversation"),
        author=given.get("author"),
        since=time(given.get("since")),
        until=time(given.get("until")),
        limit=given.get("limit", 20),
    )
    async with replaying(name) as (account, replay):
        page = await account.search_messages(query)
    require_hits(page, expect)
    [asked] = replay.calls("search.messages")
    assert all(piece in asked["query"] for piece in expect.get("requests", {}).get("query_has", ())) or given.get(
        "author"
    )
    if given.get("since"):
        assert "after:2026-03-07" in asked["query"]
        assert "before:2026-03-13" in asked["query"]


def require_hits(page, expect):
    hits = {one.message.id: one for one in page.items}
    assert list(hits) == [one["id"] for one in expect["hits"]]
    for one in expect["hits"]:
        require_message(hits[one["id"]].message, one)
        assert [list(span) for span in hits[one["id"]].highlights] == one.get(
            "highlights", [list(span) for span in hits[one["id"]].highlights]
        )
    assert (page.cursor is None) == (expect["cursor"] == "end")


async def test_what_the_other_search_finds_may_not_be_stored():
    async with replaying("search-real-time") as (account, _):
        page = await account.search_messages(SearchQuery(text="what is the rehearsal result"))
    require_hits(page, recording("search-real-time")["expect"])
    assert page.storable is False


async def test_a_bot_token_is_not_used_to_search():
    async with replaying("search-bot-token") as (account, replay):
        with pytest.raises(errors.UnsupportedOperation, match="user token"):
            await account.search_messages(SearchQuery(text="rehearsal"))
    assert replay.requests == []


async def test_a_link_to_a_reply_leads_to_it_and_is_made_again():
    recorded = recording("permalink-reply")
    async with replaying("permalink-reply") as (account, _):
        assert list(account.parse_link(recorded["arguments"]["link"])) == recorded["expect"]["locates"]
