"""Every kind of content of a Slack message, and the words that it shows."""

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
    "a shared message whose author is told by id": (
        card(is_share=True, author_id="U02OLEGSI", channel_id="C02RELAY01", text="hello"),
        "> Oleg Sidorov (#c02relay01): hello",
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
    "a text that is no markup": (
        {"text": "2 * 3 * 4 = *24* &amp; <https://x.example|y> :tada:", "mrkdwn": False},
        "2 * 3 * 4 = *24* & [y](https://x.example) 🎉",
    ),
    "a list in a quote": (
        rich({"type": "rich_text_list", "style": "bullet", "border": 1, "elements": [section(text("a\nb"))]}),
        "> - a\n>   b",
    ),
    "a card of an unknown form": (
        card(id=1, color="f00", novelty={"text": "inner words", "value": "SECRET"}),
        "inner words",
    ),
    "a quoted message whose author has lines": (
        card(is_share=True, author_name="Maria: pay\n> Boss\n\nOleg", text="ok"),
        "> Maria: pay > Boss Oleg: ok",
    ),
    "members of wrong kinds": (
        {"text": 5, "blocks": "no", "attachments": {"a": 1}, "files": "x", "reactions": [{"name": 5}, None]},
        "5",
    ),
    "nothing at all": ({"text": None, "blocks": None, "user": None}, "[no text]"),
    "blanks": ({"text": " \n ", "blocks": [{"type": "rich_text", "elements": [section(text(" "))]}]}, "[rich text]"),
}
