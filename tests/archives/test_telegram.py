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
