"""No message of Slack is ever empty, and no words, names or addresses in it are lost, whatever it is made of."""

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_service import Slack, opened

from dragoman import MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "C02RELAY01"
LINK = "https://acme.slack.com/archives/C1/p1773133080000100"


def section(*elements):
    return {"type": "rich_text_section", "elements": list(elements)}


def text(words):
    return {"type": "text", "text": words}


def rich(*elements):
    return {"text": "", "blocks": [{"type": "rich_text", "elements": list(elements)}]}


def block(**members):
    return {"text": "", "blocks": [members]}


def plain(words):
    return {"type": "plain_text", "text": words}


def card(**members):
    return {"text": "", "attachments": [members]}


async def shown(message, slack=None):
    slack = slack or Slack(is_bot=False)
    slack.open(ROOM)
    ts = slack.add(ROOM)
    next(one for one in slack.messages[ROOM] if one["ts"] == ts).update(message)
    async with opened(slack) as account:
        [found] = (await account.list_messages(ROOM, MessageQuery())).items
    return found


CALL = {
    "name": "Standup",
    "join_url": "https://zoom.example/1",
    "has_ended": True,
    "all_participants": [{"slack_id": "U02OLEGSI"}, {"external_id": "x", "display_name": "Guest"}],
}
CASES = {
    "a date without a label": ({"text": "due <!date^1773133080^{date_short}>"}, "due 2026-03-10 08:58 UTC"),
    "a date with a link": (
        {"text": "<!date^1773133080^{date}^https://x.example/|Mar 10>"},
        "[Mar 10](https://x.example/)",
    ),
    "a date that is none": ({"text": "<!date^soon^{date}>"}, "soon"),
    "a rich date": (
        rich(section({"type": "date", "timestamp": 1773133080, "format": "{date}"})),
        "2026-03-10 08:58 UTC",
    ),
    "a rich date in words": (rich(section({"type": "date", "timestamp": 1, "fallback": "Tuesday"})), "Tuesday"),
    "an older form of a broadcast": ({"text": "<!channel|channel> <!here|@here>"}, "@channel @here"),
    "code with more than text": (
        rich(
            {
                "type": "rich_text_preformatted",
                "elements": [
                    text("ask "),
                    {"type": "user", "user_id": "U02OLEGSI"},
                    {"type": "emoji", "name": "tada"},
                    {"type": "link", "url": "https://x.example", "text": "docs"},
                ],
            }
        ),
        "```\nask @Oleg Sidorov🎉docs (https://x.example)\n```",
    ),
    "a list whose entry has lines": (
        rich({"type": "rich_text_list", "style": "ordered", "offset": 9, "elements": [section(text("a\nb"))]}),
        "10. a\n    b",
    ),
    "an unknown element with words inside": (
        rich(
            section(
                {"type": "work_object_mention", "entity": {"title": plain("Ticket 5"), "url": "https://j.example/5"}}
            )
        ),
        "[Ticket 5](https://j.example/5)",
    ),
    "an unknown element without words": (rich(section({"type": "list_record", "record_id": "R1"})), "list record R1"),
    "an unknown block": (block(type="hologram", payload={"title": "Deep", "body": {"text": "inside"}}), "Deep\ninside"),
    "an unknown block without words": (block(type="hologram", size=3), "[hologram]"),
    "an unknown subtype": ({"text": "", "subtype": "brand_new_event"}, "[brand new event]"),
    "a picture without words": (
        block(type="image", image_url="https://x.example/cat.png", alt_text=""),
        "[image](https://x.example/cat.png)",
    ),
    "a call": (
        block(type="call", call={"v1": CALL}),
        "[Standup](https://zoom.example/1), with @Oleg Sidorov, Guest, over",
    ),
    "a table of numbers": (
        block(type="data_table", rows=[[{"type": "raw_text", "text": "sum"}, {"type": "raw_number", "value": 6.5}]]),
        "sum | 6.5",
    ),
    "a forwarded notice of a bot": (
        card(
            is_share=True,
            author_name="Alerts",
            attachments=[{"title": "CPU", "text": "99 %"}],
            fallback="[no preview available]",
        ),
        "> Alerts: CPU\n> 99 %",
    ),
    "a forwarded message with cards of its own": (
        card(
            is_share=True,
            author_name="Bot",
            message_blocks=[{"message": {"text": "Look", "attachments": [{"text": "here"}]}}],
        ),
        "> Bot: Look\n> here",
    ),
    "a forwarded message that forwards": (
        card(
            is_share=True,
            author_name="A",
            text="outer",
            attachments=[{"is_share": True, "author_name": "B", "text": "inner"}],
        ),
        "> A: outer\n> > B: inner",
    ),
    "a forwarded file": (
        card(is_share=True, author_name="A", text="", files=[{"id": "F1", "name": "x.pdf"}]),
        "> A: [file: x.pdf]",
    ),
    "a preview made of blocks": (
        {
            "text": "<https://j.example/5>",
            "attachments": [
                {
                    "from_url": "https://j.example/5",
                    "is_app_unfurl": True,
                    "blocks": [{"type": "section", "text": plain("TICKET-5 open")}],
                }
            ],
        },
        "https://j.example/5\nTICKET-5 open",
    ),
    "an unknown part of rich text with words inside": (
        rich(
            {"type": "rich_text_hologram", "elements": [text("deep "), {"type": "user", "user_id": "U02OLEGSI"}]},
            {"type": "rich_text_grid", "rows": [[{"elements": [text("a cell")]}]]},
        ),
        "deep @Oleg Sidorov\na cell",
    ),
    "an unknown element with a list of words": (
        rich(section({"type": "poll", "options": [{"title": "Yes"}, {"title": plain("No")}]})),
        "Yes No",
    ),
    "an unknown element with a link": (
        rich(section({"type": "canvas", "file_id": "F1", "link": "https://acme.slack.com/docs/T/F1"})),
        "[canvas](https://acme.slack.com/docs/T/F1)",
    ),
    "an unknown block that calls its words otherwise": (
        block(type="hologram", headline="Big news", content="All of it", value="SECRET", action_id="A"),
        "Big news\nAll of it",
    ),
    "an emoji with a tone beside it": (rich(section({"type": "emoji", "name": "wave", "skin_tone": 3})), "👋🏼"),
    "a call of another form": (
        block(type="call", call={"v2": {"name": "Standup", "join_url": "https://zoom.example/2"}}),
        "[Standup](https://zoom.example/2)",
    ),
    "a call without anything": (block(type="call", call_id="R1"), "[call]"),
    "a card that is a picture": (
        card(image_url="https://x.example/cat.gif", image_width=9),
        "[image](https://x.example/cat.gif)",
    ),
    "a card whose fields are no texts": (card(fields=[{"title": "Load", "value": 1.5}]), "Load: 1.5"),
    "a forwarded message that may not be read": (
        card(is_msg_unfurl=True, author_name="Bo", text="", fallback="[no preview available]", from_url=LINK),
        f"> Bo: [message]({LINK})",
    ),
    "a quoted message without anything, whose link stands above": (
        {
            "text": f"<{LINK}>",
            "attachments": [{"is_msg_unfurl": True, "private_channel_prompt": True, "from_url": LINK}],
        },
        LINK,
    ),
    "a stand-in beside what cannot be shown": (
        {"text": "This content can't be displayed.", "blocks": [{"type": "hologram"}]},
        "[hologram]",
    ),
    "a stand-in alone": (
        {"text": "This message contains interactive elements."},
        "This message contains interactive elements.",
    ),
    "characters that nobody sees": ({"text": "\u200b\u2060"}, "[no text]"),
    "a file of the old form": (
        {"text": "", "subtype": "file_share", "file": {"id": "F1", "name": "old.png", "mode": "hosted"}},
        "[file]",
    ),
    "a pinned message": (
        {"text": "", "subtype": "pinned_item", "item": {"type": "message", "message": {"text": "Read <@U02OLEGSI>"}}},
        "Read @Oleg Sidorov",
    ),
    "a new topic of which only the facts are told": (
        {"text": "", "subtype": "channel_topic", "topic": "Ferries &amp; more"},
        "[channel topic: Ferries & more]",
    ),
    "a new name of which only the facts are told": (
        {"text": "", "subtype": "channel_name", "old_name": "a", "name": "b"},
        "[channel name: b]",
    ),
    "a mail of which only the page is there": (
        {
            "text": "",
            "files": [{"id": "F1", "mode": "email", "title": "Bid", "simplified_html": "<p>We &amp; you</p>"}],
        },
        "Bid\nWe & you",
    ),
    "a snippet": (
        {"text": "", "files": [{"id": "F1", "mode": "snippet", "name": "a.py", "preview": "print(1)", "lines": 1}]},
        "[file]",
    ),
    "entities are read once": ({"text": "&lt;!here&gt; &amp;lt;"}, "<!here> &lt;"),
    "a link whose label is another address": (
        {"text": "<https://good.example|https://evil.example>"},
        "[https://evil.example](https://good.example)",
    ),
    "what nobody sees": (
        block(type="actions", elements=[{"type": "button", "text": plain("Go"), "value": "SECRET", "action_id": "A"}]),
        "Go",
    ),
    "members of wrong kinds": (
        {"text": 5, "blocks": "no", "attachments": {"a": 1}, "files": "x", "reactions": [{"name": 5}, None]},
        "5",
    ),
    "nothing at all": ({"text": None, "blocks": None, "user": None}, "[no text]"),
    "blanks": ({"text": " \n ", "blocks": [{"type": "rich_text", "elements": [section(text(" "))]}]}, "[rich text]"),
}


AUTHORS = {
    "a bot without any name": ({"subtype": "bot_message", "user": None, "bot_id": "B0NOBODY1"}, ("bot", "B0NOBODY1")),
    "a bot without anything": ({"subtype": "bot_message", "user": None}, ("bot", "bot")),
    "a bot that calls itself": ({"subtype": "bot_message", "user": None, "username": "Deploys"}, ("bot", "Deploys")),
    "somebody who is gone": ({"user": "U0GONE999"}, ("person", "U0GONE999")),
    "Slackbot": ({"user": "USLACKBOT"}, ("system", "Slackbot")),
    "nobody": ({"user": None}, ("person", "user")),
    "an app of a person": ({"user": "U01MARIAK", "bot_id": "B1", "app_id": "A1"}, ("person", "Maria Koch")),
}


@pytest.mark.parametrize("case", AUTHORS)
async def test_every_message_has_an_author_of_some_name(case):
    message, expected = AUTHORS[case]
    author = (await shown(message)).author
    assert (author.kind, author.name) == expected


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
