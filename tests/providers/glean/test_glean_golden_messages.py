from datetime import UTC, datetime, timedelta

import pytest
from glean_replay import assert_as_recorded, recording, replaying

from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.model import Author, AuthorKind, Order, Reaction
from dragoman.providers.base.provider import MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

CHANNEL = "slack.channel.eng-platform"
NEWEST = MessageQuery()
MAYA = Author(id="p_7f3a91c0de", name="Maya Okafor", email="maya.okafor@acme.example")


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


async def read(name, conversation=CHANNEL, query=NEWEST, **settings):
    async with replaying(name, **settings) as (account, replay):
        page = await account.list_messages(conversation, query)
    assert_as_recorded(replay.requests[0], name)
    return page, replay


async def test_the_newest_messages_of_a_channel():
    page, replay = await read("messages-channel-first-page")
    assert [(m.author.name, m.text) for m in page.items] == [
        ("Priya Raman", "Acked. Dashboards look sane so far — 日本リージョンも問題なし (JP region fine too)"),
        ("Jonas Lindqvist", "@Priya Raman can you ack the page? I have the rollback ready just in case 🙏"),
        ("PagerDuty", "[FIRING:1] IngestLagHigh (prod-eu-1) lag=42s > 30s"),
        (
            "Jonas Lindqvist",
            "Rolling the last canary now.\nWatching error budget on the board: https://grafana.acme.example/d/ab12",
        ),
        ("Maya Okafor", "Deploy of `ingest-v2` is done ✅ p99 went from 840ms to 310ms 🎉"),
    ]
    bot = page.items[2]
    assert bot.author == Author(id="p_bot00pager", name="PagerDuty", kind=AuthorKind.BOT)
    assert page.items[0].edited_at == at("2024-06-03T16:04:02Z")
    assert page.items[1].extra["mentions"] == ["Priya Raman"]
    assert page.cursor is not None
    assert len(replay.requests) == 1


async def test_an_older_page_is_asked_for_with_until():
    query = MessageQuery(until=at("2024-06-03T16:02:40.901Z"))
    page, _ = await read("messages-channel-older-page", query=query)
    assert [m.id for m in page.items] == [
        "SLACK_T01ACME9_C02QF8N7J_1717429990.000300",
        "SLACK_T01ACME9_C02QF8N7J_1717430400.123459",
    ]
    assert page.cursor is None


async def test_a_newer_page_is_asked_for_with_since():
    just_after = at("2024-06-03T16:00:00.123Z") + timedelta(milliseconds=1)
    page, _ = await read("messages-channel-newer-page", query=MessageQuery(since=just_after, order=Order.OLDEST))
    assert [m.sent_at for m in page.items] == sorted(m.sent_at for m in page.items)
    assert page.items[0].sent_at == at("2024-06-03T16:02:40.901Z")


async def test_the_pages_of_a_channel_join_without_loss_or_repetition():
    names = ("messages-channel-first-page", "messages-channel-older-page")
    async with replaying(*names) as (account, replay):
        first = await account.list_messages(CHANNEL, MessageQuery())
        second = await account.list_messages(CHANNEL, MessageQuery(cursor=first.cursor))
    oldest = first.items[0].sent_at
    assert replay.requests[1]["body"]["timestampMillis"] == round(oldest.timestamp() * 1000) + 1
    assert not {m.id for m in first.items} & {m.id for m in second.items}
    assert second.items[-1].sent_at < oldest
    assert second.cursor is None


async def test_a_thread_with_its_first_message():
    page, _ = await read("messages-thread-with-root", "slack.thread.1717430812.004200")
    root, *replies = page.items
    assert root.id == "SLACK_T01ACME9_C02QF8N7J_1717430812.004200"
    assert root.author == MAYA
    assert root.reactions == (Reaction(emoji="🎉", count=6), Reaction(emoji="🚀", count=3))
    assert root.replies == 4
    assert [m.text for m in replies] == [
        "Amazing work! Is the old path still on?",
        "Yes, behind the `legacy_ingest` flag until Friday.",
        "Graph attached.",
        "👏",
    ]
    assert {m.reply_to for m in replies} == {root.id}
    file = replies[2].attachments[0]
    assert (file.name, file.media_type, file.id) == ("p99-after.png", "image/png", "SLACK_FILE_F07K2")
    assert page.cursor is None


async def test_a_whole_conversation_is_taken_apart():
    page, _ = await read("messages-conversation-doc", "doc.SLACK_CONV_C09INC4471_1717501200")
    assert [m.text for m in page.items] == [
        "Customer reports 502s on /v1/export",
        "Looking. LB health checks flap since 11:37.",
        "Resolved: stale DNS in pool B.\nPost-mortem doc: https://docs.acme.example/pm/4471",
    ]


async def test_messages_of_teams_with_their_two_forms_of_text():
    conversation = "microsoftteams.channel.19:abc@thread.tacv2"
    page, _ = await read("messages-teams", conversation)
    assert [m.text for m in page.items] == [
        "Please review the draft before Thursday.\n\n• capex sheet\n• headcount sheet",
        "Adding @Liam Chen for the cloud spend line.",
    ]
    assert page.items[0].url.startswith("https://teams.microsoft.com/l/message/")


async def test_excerpts_are_put_in_order_and_marked():
    page, _ = await read("messages-snippets-only")
    assert page.items[0].text == "First paragraph: the offsite starts Monday.\nSecond paragraph: lunch is at 12:30 🍜"
    assert page.items[0].partial


async def test_old_deployments_with_metadata_elsewhere():
    page, _ = await read("messages-legacy-metadata-on-result")
    [message] = page.items
    assert message.id == "SLACK_T01ACME9_C0GENERAL_1700000000.000100"
    assert message.author == Author(name="Maya Okafor")
    assert message.sent_at == at("2023-11-14T22:13:20Z")
    assert (message.text, message.partial) == ("legacy highlighted snippet", True)


async def test_a_message_that_nobody_signed():
    page, _ = await read("messages-no-author")
    assert (page.items[0].author, page.items[0].text) == (Author(name="user"), "system: channel was archived")


async def test_values_that_are_new_to_us():
    page, _ = await read("messages-unknown-cluster-type")
    assert [m.author.name for m in page.items] == ["Jonas Lindqvist", "Jonas Lindqvist"]
    assert page.items[1].text.startswith("Rolling the last canary now.\n")


@pytest.mark.parametrize("name", ["messages-empty-no-search-response", "messages-empty-results"])
async def test_an_empty_channel(name):
    page, replay = await read(name)
    assert (list(page.items), page.cursor, len(replay.requests)) == ([], None, 1)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("messages-act-as", {"act_as": "maya.okafor@acme.example"}),
        ("messages-oauth", {"auth_type": "oauth"}),
        ("messages-instance-display-name", {"instance": "Acme EU Slack"}),
        ("messages-missing-has-more", {}),
        ("messages-429-then-ok", {}),
        ("messages-503-then-ok", {}),
    ],
)
async def test_the_same_two_messages_whatever_it_takes(name, settings):
    page, replay = await read(name, **settings)
    assert [m.text for m in page.items] == [
        "Change ticket approved: CHG-2291",
        "Heads up: starting the `ingest-v2` rollout in 2 minutes.",
    ]
    assert page.cursor is None
    assert len(replay.requests) == len(recording(name).get("exchanges") or [1])


async def test_no_locale_is_asked_for():
    async with replaying("messages-locale") as (account, replay):
        page = await account.list_messages(CHANNEL, MessageQuery())
    assert_as_recorded(replay.requests[0], "messages-locale")  # the query alone differs, which the path shows
    assert len(page.items) == 2


@pytest.mark.parametrize(
    ("conversation", "settings"),
    [
        ("slackentgrid.channel.eng-platform@T01ACME9", {}),
        ("slackentgrid.channel.eng-platform", {"workspace_id": "T01ACME9", "datasource": "slackentgrid"}),
    ],
)
async def test_a_workspace_is_a_part_of_the_id_or_of_the_account(conversation, settings):
    page, _ = await read("messages-enterprise-grid-workspace", conversation, **settings)
    assert (page.items[0].text, page.items[0].conversation) == ("grid says hi", conversation)


@pytest.mark.parametrize(
    ("name", "error", "requests", "words"),
    [
        ("messages-400-bad-request", InvalidArgument, 1, "Invalid request"),
        ("messages-401-expired", Unauthenticated, 1, "has expired. Get a new one and set `token`"),
        ("messages-401-invalid-secret", Unauthenticated, 1, 'auth_type = "oauth"'),
        ("messages-403", PermissionDenied, 1, "scopes"),
        ("messages-404", NotFound, 1, "Check `base_url`"),
        ("messages-429-no-retry-by-default", RateLimited, 4, "Try again in 2 seconds."),
        ("messages-500", Unavailable, 1, "Something went wrong"),
        ("messages-200-html", BadResponse, 2, "web page"),
        ("messages-200-invalid-json", BadResponse, 2, "no JSON"),
        ("messages-reset", Unavailable, 4, "broke"),
        ("messages-timeout", DeadlineExceeded, 2, "did not answer"),
    ],
)
async def test_what_goes_wrong_is_the_right_error_after_the_right_number_of_tries(name, error, requests, words):
    conversation = "slack.channel.eng-platform"
    async with replaying(name) as (account, replay):
        with pytest.raises(error) as caught:
            await account.list_messages(conversation, MessageQuery())
    assert words in str(caught.value)
    assert "<html" not in str(caught.value)
    assert len(replay.requests) == requests
    # The recorded call that was refused as such had an empty id, which does not leave our hands.
    if name != "messages-400-bad-request":
        assert_as_recorded(replay.requests[0], name)


async def test_a_channel_without_an_id_is_not_asked_for():
    async with replaying("messages-400-bad-request") as (account, replay):
        with pytest.raises(NotFound):
            await account.list_messages("slack.channel.", MessageQuery())
    assert replay.requests == []
