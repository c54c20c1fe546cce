"""Messages of Microsoft Teams as Graph hands them out."""

from __future__ import annotations

import json

import pytest

from dragoman.core.model import AuthorKind, ConversationKind

CHAT = "19:chat1@thread.v2"


def message(id_="1773133100000", html="<p>Hi</p>", **members):
    return {
        "id": id_,
        "messageType": "message",
        "createdDateTime": "2026-03-10T08:58:20.123Z",
        "chatId": CHAT,
        "from": {"user": {"id": "u1", "displayName": "Maria"}},
        "body": {"contentType": "html", "content": html},
        **members,
    }


def reference(kind, content=None, **members):
    return {"id": "a1", "contentType": kind, "content": None if content is None else json.dumps(content), **members}


@pytest.fixture
def read_messages(read_archive, tmp_path):
    def read(*messages, text=None):
        (tmp_path / "saved").write_text(text or json.dumps({"value": messages}))
        return read_archive(tmp_path / "saved")

    return read


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: json.dumps({"@odata.nextLink": "x", "value": rows}),
        lambda rows: json.dumps(rows, indent=1),
        json.dumps,
        lambda rows: "\n".join(map(json.dumps, rows)),
        lambda rows: "\n".join(json.dumps({"value": [row]}) for row in rows),
        lambda rows: "\n".join(json.dumps({"value": [row]}, indent=1) for row in rows),
        lambda rows: json.dumps({"chatId": CHAT, "messages": rows}),
    ],
    ids=["page", "list", "list on a line", "lines", "a page on each line", "pages", "messages of a chat"],
)
def test_the_ways_to_save_messages_hold_the_same(read_messages, form):
    content = read_messages(text=form([message("1773133100000"), message("1773133200000", "<p>Ho</p>")]))
    assert content.formats == ["teams"]
    assert [(one.id, one.text) for one in content.messages] == [("1773133100000", "Hi"), ("1773133200000", "Ho")]
    assert not content.notes.skipped


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>one<br>two &amp; <b>three</b></div>", "one\ntwo & three"),
        ('<p>good <emoji id="smile" alt="😀" title="Smile"></emoji></p>', "good 😀"),
        ('<p>see <a href="https://x.example/a">the plan</a></p>', "see the plan (https://x.example/a)"),
        ('<at id="0">Maria</at>&nbsp;<at id="1">Koch</at>, <at id="2">Olli</at>', "@Maria Koch, @Olli"),
        ("<systemEventMessage/>", ""),
        ("<p> one\n  two </p>", "one two"),
        ("<div><div>one</div></div>", "one"),
        ("<p>one&nbsp;two</p>", "one two"),
        ('<attachment id="a"></attachment>', ""),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
    ],
)
def test_a_body_is_the_text_that_people_see(read_messages, html, text):
    maria, olli = {"user": {"id": "u1"}}, {"user": {"id": "u2"}}
    mentions = [{"id": n, "mentioned": who} for n, who in enumerate((maria, maria, olli))]
    assert read_messages(message(html=html, mentions=mentions)).texts == [text]


def test_plain_text_stays_as_it_is(read_messages):
    content = read_messages(message(body={"contentType": "text", "content": "a < b &amp; c"}))
    assert content.texts == ["a < b &amp; c"]


def test_a_card_becomes_lines(read_messages):
    card = {
        "type": "AdaptiveCard",
        "body": [
            {"type": "TextBlock", "text": "Build 4812"},
            {"type": "FactSet", "facts": [{"title": "State", "value": "passed"}]},
            {"type": "ColumnSet", "columns": [{"items": [{"type": "TextBlock", "text": "in 3 min"}]}]},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": "https://ci.example/4812"}],
    }
    content = read_messages(message(html="", attachments=[reference("application/vnd.microsoft.card.adaptive", card)]))
    assert content.texts == ["Build 4812\nState: passed\nin 3 min\nOpen (https://ci.example/4812)"]
    assert content.messages[0].attachments == ()


def test_a_card_that_is_damaged_is_passed_over(read_messages):
    card = reference("application/vnd.microsoft.card.hero") | {"content": "{"}
    assert read_messages(message(attachments=[card])).texts == ["Hi"]


def test_a_forwarded_message_is_quoted_and_answers_nothing(read_messages):
    forwarded = {
        "originalMessageContent": "<p>The <b>plan</b></p>",
        "originalMessageSender": {"user": {"id": "u2", "displayName": "Olli"}},
    }
    (found,) = read_messages(message(attachments=[reference("forwardedMessageReference", forwarded)])).messages
    assert (found.text, found.reply_to) == ("Hi\nForwarded from Olli:\nThe plan", None)


def test_files_are_attachments_with_their_addresses(read_messages):
    file = reference("reference", name="plan.pdf", contentUrl="https://x.sharepoint.example/plan.pdf")
    (found,) = read_messages(message(attachments=[file])).messages
    (attachment,) = found.attachments
    assert (attachment.name, attachment.media_type) == ("plan.pdf", "application/pdf")
    assert attachment.url == "https://x.sharepoint.example/plan.pdf"


def test_reactions_are_characters_whatever_their_names(read_messages):
    kinds = ["like", "like", "heart", "💯", "custom"]
    reactions = [{"reactionType": kind, "displayName": "ship it"} for kind in kinds]
    (found,) = read_messages(message(reactions=reactions)).messages
    assert {one.emoji: one.count for one in found.reactions} == {"👍": 2, "❤️": 1, "💯": 1, ":ship it:": 1}


def test_a_reaction_is_no_edit_and_a_deletion_is_a_tombstone(read_messages):
    content = read_messages(
        message("1", lastModifiedDateTime="2026-03-11T00:00:00Z"),
        message("2", lastEditedDateTime="2026-03-11T00:00:00Z"),
        message("3", deletedDateTime="2026-03-11T00:00:00Z"),
    )
    assert [bool(one.edited_at) for one in content.messages] == [False, True, False]
    assert [bool(one.deleted_at) for one in content.messages] == [False, False, True]


@pytest.mark.parametrize("kind", ["systemEventMessage", "unknownFutureValue", "chatEvent"])
def test_an_event_says_what_happened_and_who_did_it(read_messages, kind):
    event = {
        "@odata.type": "#microsoft.graph.chatRenamedEventMessageDetail",
        "chatDisplayName": "Launch crew",
        "initiator": {"user": {"id": "u9", "displayName": "Lena"}},
    }
    gone = {"from": None, "eventDetail": event, "messageType": kind}
    content = read_messages(message(html="<systemEventMessage/>", **gone))
    (found,) = content.messages
    assert (found.text, found.status, found.author.name) == ("chat renamed: Launch crew", "activity", "Lena")
    assert content.conversations[f"teams.{CHAT}"].title == "Launch crew"


def test_an_event_without_anybody_is_the_service_s(read_messages):
    (found,) = read_messages(message(**{"from": None, "messageType": "systemEventMessage"})).messages
    assert found.author.kind is AuthorKind.SYSTEM


def test_a_bot_has_the_name_of_its_application(read_messages):
    bot = {"application": {"id": "b1", "displayName": "Build", "applicationIdentityType": "bot"}}
    (found,) = read_messages(message(**{"from": bot})).messages
    assert (found.author.name, found.author.kind) == ("Build", AuthorKind.BOT)


def test_replies_that_are_listed_with_their_first_message_answer_it(read_messages):
    place = {"chatId": None, "channelIdentity": {"teamId": "t", "channelId": "19:c@thread.tacv2"}}
    reply = message("2", "<p>yes</p>", replyToId="1", **place)
    content = read_messages(message("1", **place, replies=[reply]))
    assert [(one.id, one.reply_to) for one in content.messages] == [("1", None), ("2", "1")]
    assert content.conversations["teams.19:c@thread.tacv2"].kind is ConversationKind.CHANNEL


def test_a_list_of_chats_names_them(read_archive, tmp_path):
    members = [{"userId": "u1", "displayName": "Maria"}, {"userId": "u2", "displayName": "Olli"}]
    chats = [
        {"id": CHAT, "topic": "Launch", "chatType": "group", "members": members},
        {"id": "19:a_b@unq.gbl.spaces", "topic": None, "chatType": "oneOnOne", "members": members},
    ]
    (tmp_path / "chats.json").write_text(json.dumps({"value": chats}))
    (tmp_path / "messages.json").write_text(json.dumps({"value": [message()]}))
    content = read_archive(tmp_path)
    assert content.conversations[f"teams.{CHAT}"].title == "Launch"
    direct = content.conversations["teams.19:a_b@unq.gbl.spaces"]
    assert (direct.title, direct.kind) == ("Maria, Olli", ConversationKind.DIRECT)


CHANNEL = {"channelIdentity": {"teamId": "t", "channelId": "19:abc@thread.tacv2"}, "chatId": None}


def test_a_list_of_channels_names_them(read_archive, tmp_path):
    channel = {
        "id": "19:abc@thread.tacv2",
        "displayName": "General",
        "description": "All of it",
        "membershipType": "standard",
    }
    (tmp_path / "channels.json").write_text(json.dumps({"value": [channel]}))
    (tmp_path / "messages.json").write_text(json.dumps({"value": [message(**CHANNEL)]}))
    content = read_archive(tmp_path)
    found = content.conversations["teams.19:abc@thread.tacv2"]
    assert (found.title, found.kind, found.topic) == ("General", ConversationKind.CHANNEL, "All of it")
    assert not content.notes.skipped


@pytest.mark.parametrize(
    ("file", "title"), [("Launch plans.json", "Launch plans"), ("messages (2).json", "Channel with Maria")]
)
def test_a_channel_whose_title_nothing_tells_is_called_by_its_file_or_its_people(read_archive, tmp_path, file, title):
    (tmp_path / file).write_text(json.dumps({"value": [message(**CHANNEL)]}))
    content = read_archive(tmp_path / file)
    assert content.conversations["teams.19:abc@thread.tacv2"].title == title


def test_a_file_of_several_channels_names_none_of_them(read_archive, tmp_path):
    other = {"channelIdentity": {"teamId": "t", "channelId": "19:def@thread.tacv2"}, "chatId": None}
    (tmp_path / "Launch.json").write_text(json.dumps({"value": [message(**CHANNEL), message("2", **other)]}))
    content = read_archive(tmp_path / "Launch.json")
    assert {one.title for one in content.conversations.values()} == {"Channel with Maria"}


def test_what_cannot_be_read_is_counted_and_the_rest_is_read(read_messages):
    rows = [5, message(None, createdDateTime=None), message("9", createdDateTime=None, body=None, **{"from": 7})]
    content = read_messages(*rows, message("1773133100000"))
    assert content.notes.skipped == 2
    assert [one.id for one in content.messages] == ["9", "1773133100000"]


def test_an_export_that_is_cut_off_is_read_up_to_there(read_messages):
    whole = json.dumps({"value": [message("1773133100000"), message("1773133200000")]}, indent=1)
    content = read_messages(text=whole[: whole.rindex('"body"')])
    assert [one.id for one in content.messages] == ["1773133100000"]
    assert "ends too early" in " ".join(content.notes.sentences)
