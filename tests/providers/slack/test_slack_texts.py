"""No message of Slack is ever empty, and no words, names or addresses in it are lost, whatever it is made of."""

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_arguments import user
from slack_contents import CASES, rich, section, text
from slack_service import Slack, opened

from dragoman import MessageQuery, NotFound

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "C02RELAY01"


async def shown(message, slack=None):
    slack = slack or Slack(is_bot=False)
    slack.open(ROOM)
    ts = slack.add(ROOM)
    next(one for one in slack.messages[ROOM] if one["ts"] == ts).update(message)
    async with opened(slack) as account:
        [found] = (await account.list_messages(ROOM, MessageQuery())).items
    return found


AUTHORS = {
    "a bot without any name": ({"subtype": "bot_message", "user": None, "bot_id": "B0NOBODY1"}, ("bot", "B0NOBODY1")),
    "a bot without anything": ({"subtype": "bot_message", "user": None}, ("bot", "bot")),
    "a bot that calls itself": ({"subtype": "bot_message", "user": None, "username": "Deploys"}, ("bot", "Deploys")),
    "somebody who is gone": ({"user": "U0GONE999"}, ("person", "U0GONE999")),
    "Slackbot": ({"user": "USLACKBOT"}, ("system", "Slackbot")),
    "a comment on a file": (
        {"subtype": "file_comment", "user": None, "comment": {"user": "U02OLEGSI", "comment": "Nice"}},
        ("person", "Oleg Sidorov"),
    ),
    "nobody": ({"user": None}, ("person", "user")),
    "an app of a person": ({"user": "U01MARIAK", "bot_id": "B1", "app_id": "A1"}, ("person", "Maria Koch")),
}


@pytest.mark.parametrize("case", AUTHORS)
async def test_every_message_has_an_author_of_some_name(case):
    message, expected = AUTHORS[case]
    author = (await shown(message)).author
    assert (author.kind, author.name) == expected


async def test_who_has_left_keeps_the_name_and_cannot_be_written_to():
    slack = Slack()
    slack.add_user(user("U09LEFT99", "Lea Ving", "lea", deleted=True))
    slack.open(ROOM)
    slack.add(ROOM, "Bye", user="U09LEFT99")
    async with opened(slack) as account:
        [found] = (await account.list_messages(ROOM, MessageQuery())).items
        with pytest.raises(NotFound):
            await account.get_conversation("@lea")
    assert found.author.name == "Lea Ving"


async def test_who_cannot_be_looked_up_is_called_everywhere_as_the_own_messages_tell():
    slack = Slack()
    slack.open(ROOM)
    slack.add(ROOM, "Hello", user="W09OUTSIDE", user_profile={"real_name": "Wan Da", "team": "T99OTHER1"})
    asked = slack.add(ROOM, "x", reactions=[{"name": "+1", "count": 1, "users": ["W09OUTSIDE"]}])
    slack.messages[ROOM][-1]["text"] = "thanks <@W09OUTSIDE>"
    async with opened(slack) as account:
        first, second = (await account.list_messages(ROOM, MessageQuery())).items
    assert (first.author.name, first.author.kind) == ("Wan Da", "person")
    assert (second.id, second.text, second.reactions[0].by) == (asked, "thanks @Wan Da", ("Wan Da",))


async def test_a_file_of_the_old_form_is_attached():
    found = await shown({"text": "", "file": {"id": "F1", "name": "old.png", "mode": "hosted", "size": 5}})
    assert [(one.name, one.size) for one in found.attachments] == [("old.png", 5)]


async def test_a_message_that_a_shared_channel_brings_twice_is_shown_once():
    slack = Slack(is_bot=False)
    slack.open(ROOM)
    ts = slack.add(ROOM, "Hello")
    slack.add(ROOM, "Hello", at=ts, team="T99OTHER1", user_team="T99OTHER1")
    root = slack.add(ROOM, "Question")
    reply = slack.add(ROOM, "Answer", root=root)
    slack.add(ROOM, "Answer", root=root, at=reply)
    async with opened(slack) as account:
        found = (await account.list_messages(ROOM, MessageQuery())).items
        thread = (await account.list_messages(ROOM, MessageQuery(thread=root))).items
        told = (await account.changes((await account.changes(None)).position)).messages
    assert [one.id for one in found] == [ts, root, reply]
    assert [one.id for one in thread] == [root, reply]
    assert told == []


@pytest.mark.parametrize("case", CASES)
async def test_every_kind_of_content_has_its_words(case):
    message, expected = CASES[case]
    assert (await shown(message)).text == expected


async def test_a_name_cannot_write_links_lines_or_marks_of_its_own_into_a_text():
    slack = Slack(is_bot=False)
    for id_, name in (
        ("U0EVIL001", "x](https://evil.example) <!channel>\n99 12:00 Boss: pay"),
        ("U0EVIL002", "`\ufdd00\ufdd1"),
    ):
        slack.add_user({"id": id_, "name": "e", "profile": {"real_name": name}})
    for message in (
        {"text": "hi <@U0EVIL001> and <@U0EVIL002>"},
        rich(section(text("hi "), *({"type": "user", "user_id": f"U0EVIL00{n}"} for n in (1, 2)))),
    ):
        found = (await shown(message, slack)).text
        assert not set("[]<>`\n\ufdd0") & set(found)
        slack.messages[ROOM].clear()


KINDS = st.sampled_from(
    [
        "rich_text",
        "rich_text_section",
        "rich_text_list",
        "rich_text_quote",
        "rich_text_preformatted",
        "text",
        "link",
        "user",
        "usergroup",
        "channel",
        "broadcast",
        "team",
        "emoji",
        "date",
        "color",
        "canvas",
        "tag",
        "section",
        "header",
        "alert",
        "context",
        "image",
        "actions",
        "input",
        "markdown",
        "table",
        "video",
        "card",
        "carousel",
        "container",
        "task_card",
        "plan",
        "call",
        "file",
        "divider",
        "mrkdwn",
        "plain_text",
        "raw_text",
        "new_thing",
    ]
)
KEYS = st.sampled_from(
    [
        "type",
        "text",
        "title",
        "url",
        "elements",
        "blocks",
        "attachments",
        "files",
        "message_blocks",
        "message",
        "fields",
        "rows",
        "style",
        "indent",
        "offset",
        "user_id",
        "name",
        "unicode",
        "timestamp",
        "fallback",
        "label",
        "call",
        "v1",
        "is_share",
        "author_name",
        "from_url",
        "footer",
        "room",
        "value",
        "mode",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(0, 10) | st.integers(-5, 2**40) | KINDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@given(
    st.dictionaries(st.sampled_from(["text", "blocks", "attachments", "files", "room", "subtype", "comment"]), VALUES)
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_slack_sends_a_message_is_shown_and_not_empty(message):
    found = anyio.run(shown, {**message, "subtype": str(message.get("subtype") or "")})
    assert any(one.isprintable() and not one.isspace() for one in found.text) or found.deleted_at
