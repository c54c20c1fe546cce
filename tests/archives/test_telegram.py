"""Exports of Telegram: what the sample does not have."""

from __future__ import annotations

import json

import pytest

from dragoman.core.model import ConversationKind

MESSAGE = {
    "id": 1, "type": "message", "date": "2026-03-10T09:00:00", "date_unixtime": "1773133200", "from": "Ann",
    "from_id": "user5", "text": "hi",
}  # fmt: skip
ABOUT = {"name": "Crew", "type": "private_group", "id": 7}


@pytest.fixture
def read_chats(read_archive, tmp_path):
    def read(text):
        (tmp_path / "result.json").write_text(text if isinstance(text, str) else json.dumps(text))
        return read_archive(tmp_path / "result.json")

    return read


@pytest.mark.parametrize(
    "chat",
    [
        ABOUT | {"messages": [MESSAGE]},
        {"messages": [MESSAGE]} | ABOUT,
        {"id": 7, "type": "private_group", "messages": [MESSAGE], "name": "Crew"},
        {"name": "Crew", "messages": [MESSAGE], "type": "private_group", "id": 7},
    ],
    ids=["before", "behind", "name behind", "around"],
)
@pytest.mark.parametrize("whole", [False, True], ids=["one chat", "account"])
def test_what_a_chat_is_may_stand_anywhere_around_its_messages(read_chats, chat, whole):
    other = {"name": "Bo", "type": "personal_chat", "id": 7, "messages": [MESSAGE | {"text": "of Bo"}]}
    content = read_chats({"about": "", "chats": {"list": [chat, other]}} if whole else chat)
    found = content.conversations["telegram.group.7"]
    assert (found.title, found.kind) == ("Crew", ConversationKind.GROUP)
    assert [(one.conversation, one.text) for one in content.messages] == [
        ("telegram.group.7", "hi"),
        *([("telegram.user.7", "of Bo")] if whole else []),
    ]


@pytest.mark.parametrize("question", ["Where?", {"text": "Where?"}, {"text": ["Whe", {"type": "bold", "text": "re?"}]}])
def test_the_question_of_a_poll_is_shown_in_every_form(read_chats, question):
    poll = {"question": question, "answers": [{"text": {"type": "plain", "text": "Here"}, "voters": 2}]}
    content = read_chats(ABOUT | {"messages": [MESSAGE | {"text": "", "poll": poll}]})
    assert content.texts == ["Poll: Where?\n- Here: 2"]


def test_a_message_that_is_more_than_a_text_keeps_all_of_it(read_chats):
    reaction = {"type": "emoji", "count": 1, "emoji": "x"}
    content = read_chats(
        ABOUT
        | {
            "messages": [
                MESSAGE | {"reply_to_message_id": 9, "reactions": [reaction], "via_bot": "@b"},
                MESSAGE | {"id": 2, "from_id": 5},
                MESSAGE | {"id": 3, "from": None},
            ]
        }
    )
    first, second, third = content.messages
    assert (first.reply_to, first.reactions[0].emoji, first.extra) == ("9", "x", {"via_bot": "@b"})
    assert (second.author.id, third.author.name) == ("user5", "Deleted Account")


def test_chats_that_share_a_number_stay_apart_and_each_kind_of_entry_is_what_it_says(tmp_path, read_archive):
    def entry(id_, text="x", **more):
        time = {"date": "2026-03-10T08:58:00", "date_unixtime": "1773133080"}
        return {"id": id_, "type": "message", "from": "Ann", "from_id": "user5", "text": text, **time, **more}

    hearts = {"reactions": [{"type": "emoji", "emoji": "❤", "count": 1}], "edited_unixtime": "1773136800"}
    invitation = {"type": "service", "from": None, "from_id": None, "actor": "Bo", "actor_id": "user6"}
    invitation |= {"action": "invite_members", "members": ["Cy", None]}
    unsupported = {"id": 2, "type": "unsupported"}
    chats = [
        {"name": "Bo", "type": "personal_chat", "id": 7, "messages": [entry(1, "\vtab"), entry(2, **hearts)]},
        {"name": "G", "type": "private_group", "id": 7, "messages": [
            entry(1, **invitation),
            entry(2, reply_to_message_id=9, reply_to_peer_id="channel3"),
        ]},
        {"name": "C", "type": "public_channel", "id": 7, "messages": [entry(1, author="Sig"), unsupported]},
    ]  # fmt: skip
    text = json.dumps({"chats": {"list": chats[:2]}, "left_chats": {"list": chats[2:]}}).replace("\\u000b", "\\x0B")
    (tmp_path / "result.json").write_text(text)
    content = read_archive(tmp_path)
    assert set(content.conversations) == {"telegram.user.7", "telegram.group.7", "telegram.channel.7"}
    tab, heart, event, elsewhere, signed = content.messages
    assert tab.text == "tab"
    assert (heart.edited_at, heart.reactions[0].emoji) == (None, "❤")
    assert (event.status, event.author.name, event.text) == ("activity", "Bo", "invite members Cy")
    assert elsewhere.reply_to is None
    assert signed.extra == {"author": "Sig"}
    assert content.notes.skipped == 1
