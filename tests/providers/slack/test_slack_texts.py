"""No message of Slack is ever empty, and no words, names or addresses in it are lost, whatever it is made of."""

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_service import Slack, opened

from dragoman import MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

ROOM = "C02RELAY01"


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
    assert found.text.strip() or found.deleted_at
