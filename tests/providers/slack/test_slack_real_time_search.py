"""Slack's other search, for tokens that have only its scopes: what it finds is read and never kept."""

import httpx
import pytest
from slack_arguments import SCOPES
from slack_service import Slack, failed, opened

from dragoman import SearchQuery, UnsupportedOperation
from dragoman.core.query_parser import parse_query
from dragoman.providers.kit import parse_time

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
METHOD = "assistant.search.context"
ALL = ("search:read.public", "search:read.private", "search:read.im", "search:read.mpim")


def workspace(*scopes):
    """The token of a person who may not use the older search."""
    slack = Slack(is_bot=False)
    slack.scopes = ",".join([SCOPES.replace(",search:read", ""), *scopes])
    slack.open("C02RELAY01")
    return slack


async def found_by(account, query):
    pages = [await account.search_messages(query)]
    while pages[-1].cursor is not None:
        pages.append(
            await account.search_messages(SearchQuery(text=query.text, limit=query.limit, cursor=pages[-1].cursor))
        )
    return pages


async def test_all_pages_are_read_once_each_and_none_may_be_stored():
    slack = workspace(*ALL)
    sent = [slack.add("C02RELAY01", f"pier {number}") for number in range(45)]
    async with opened(slack) as account:
        await account.check()
        pages = await found_by(account, SearchQuery(text="pier", limit=20))
    assert [hit.message.id for page in pages for hit in page.items] == sent
    assert [len(page.items) for page in pages] == [20, 20, 5]
    assert not any(page.storable for page in pages)
    assert slack.calls("search.messages") == []


async def test_a_hit_has_its_author_thread_and_link():
    slack = workspace(*ALL)
    root = slack.add("C02RELAY01", "which one")
    reply = slack.add("C02RELAY01", "the pier", root=root, user="U02OLEGSI")
    async with opened(slack) as account:
        await account.check()
        [hit] = (await account.search_messages(SearchQuery(text="pier"))).items
    message = hit.message
    assert (message.id, message.reply_to, message.author.name) == (reply, root, "Oleg Sidorov")
    assert message.url.endswith(f"?thread_ts={root}&cid=C02RELAY01")


@pytest.mark.parametrize(
    ("scopes", "kinds"), [(ALL[:1], {"public_channel"}), (ALL[:2], {"public_channel", "private_channel"})]
)
async def test_only_conversations_are_searched_that_the_token_may_search(scopes, kinds):
    slack = workspace(*scopes)
    slack.open("C03SECRET1", is_private=True)
    slack.add("C02RELAY01", "the pier")
    slack.add("C03SECRET1", "the pier")
    async with opened(slack) as account:
        await account.check()
        hits = (await account.search_messages(SearchQuery(text="pier"))).items
    assert len(hits) == len(kinds)
    assert {*slack.calls(METHOD)[0]["channel_types"].split(",")} == kinds


async def test_the_window_and_the_conversation_hold_and_operators_are_no_words():
    slack = workspace(*ALL)
    slack.open("C03OTHERS1")
    early, late = slack.add("C02RELAY01", "pier one"), slack.add("C02RELAY01", "pier two")
    slack.add("C03OTHERS1", "pier three")
    parsed = parse_query("pier from:maria")
    query = SearchQuery(
        text="pier from:maria",
        expression=parsed.expression,
        conversation="C02RELAY01",
        since=parse_time(late),
    )
    async with opened(slack) as account:
        await account.check()
        hits = (await account.search_messages(query)).items
    assert [hit.message.id for hit in hits] == [late]
    assert early not in str(hits)


@pytest.mark.parametrize("error", ["assistant_search_context_disabled", "feature_not_enabled", "missing_scope"])
async def test_where_neither_search_is_there_the_account_cannot_search(error):
    slack = workspace(*ALL)
    refused = httpx.Response(200, json=failed(error))
    slack.before = lambda method, _: refused if method == METHOD else None
    async with opened(slack) as account:
        await account.check()
        with pytest.raises(UnsupportedOperation, match="search"):
            await account.search_messages(SearchQuery(text="pier"))


async def test_a_token_whose_scopes_are_not_known_yet_is_tried_with_the_older_search_first():
    slack = workspace(*ALL)
    slack.add("C02RELAY01", "the pier")
    async with opened(slack) as account:
        page = await account.search_messages(SearchQuery(text="pier"))
    assert [len(page.items), page.storable] == [1, False]
