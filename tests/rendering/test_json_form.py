from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dragoman.core.model import (
    Attachment,
    Author,
    AuthorKind,
    Citation,
    Conversation,
    ConversationKind,
    Edit,
    Hit,
    Message,
    Reaction,
)
from dragoman.rendering import (
    ConversationsView,
    Failure,
    MessagesView,
    MessageView,
    Searched,
    SearchView,
    WrittenView,
    estimate,
    lay_out,
)

ROOM = Conversation(id="c-1", title="relay-launch", kind=ConversationKind.CHANNEL, account="slack")
START = datetime(2026, 3, 10, 8, 58, 0, 999_999, tzinfo=UTC)
PLAIN = Message(
    id="m1",
    conversation="c-1",
    account="slack",
    number=401,
    author=Author(name="Maria [K]: x\u202e", id="U1", email="m@x.example"),
    sent_at=START,
    text='Morning "all"\r\n\x1b[31mred\x1b[0m 👩‍🔧',
)
RICH = Message(
    id="m 2",
    conversation="c-1",
    account="slack",
    number=407,
    author=Author(name="BuildBot", kind=AuthorKind.BOT),
    sent_at=START,
    text="done",
    reply_to="m1",
    reply_to_number=401,
    replies=2,
    edited_at=START + timedelta(minutes=1),
    subject="Build",
    status="sent",
    url="https://s.example/m2",
    reactions=(Reaction(emoji="👍", count=3), Reaction(emoji="🎉", count=1)),
    attachments=(
        Attachment(name="a.log", media_type="text/plain", size=9, url="https://f.example"),
        Attachment(name="b"),
    ),
    labels=("pinned",),
    citations=(Citation(title="Runbook", url="https://w.example", text="step\none"), Citation(title="Other")),
    history=(Edit(text="don", at=START), Edit(text="d")),
    extra={"type": "private\u200b", "deep": {"a": [1, None, True]}},
)
PLAIN_JSON = {
    "number": 401,
    "sent_at": "2026-03-10T08:58:00Z",
    "author": "Maria [K]: x<U+202E>",
    "text": 'Morning "all"\nred 👩‍🔧',
}
RICH_JSON = {
    "number": 407,
    "sent_at": "2026-03-10T08:58:00Z",
    "author": "BuildBot",
    "text": "done",
    "bot": True,
    "reply_to": 401,
    "replies": 2,
    "edited_at": "2026-03-10T08:59:00Z",
    "reactions": {"👍": 3, "🎉": 1},
    "attachments": [
        {"name": "a.log", "media_type": "text/plain", "size": 9, "url": "https://f.example"},
        {"name": "b"},
    ],
    "labels": ["pinned"],
    "subject": "Build",
    "status": "sent",
}


def data_of(view, *, cursor=None, zone=UTC, max_tokens=3000):
    answer = lay_out(view, form="json", max_tokens=max_tokens, zone=zone).answer(cursor)
    assert json.loads(answer.text) == answer.data
    assert answer.text == json.dumps(answer.data, ensure_ascii=False, separators=(",", ":"))
    return answer.data


def test_a_page_of_messages_has_the_members_of_the_schema():
    assert data_of(MessagesView(conversation=ROOM, messages=[PLAIN, RICH], more=True, total=9), cursor="k3") == {
        "conversation": "slack:c-1",
        "messages": [PLAIN_JSON, RICH_JSON],
        "cursor": "k3",
    }


def test_an_empty_page_keeps_its_list():
    assert data_of(MessagesView(conversation=ROOM, messages=[])) == {"conversation": "slack:c-1", "messages": []}


def test_times_have_the_offset_of_the_zone():
    berlin = data_of(MessagesView(conversation=ROOM, messages=[PLAIN]), zone=ZoneInfo("Europe/Berlin"))
    assert berlin["messages"][0]["sent_at"] == "2026-03-10T09:58:00+01:00"
    fixed = data_of(MessagesView(conversation=ROOM, messages=[PLAIN]), zone=timezone(timedelta(hours=-3)))
    assert fixed["messages"][0]["sent_at"] == "2026-03-10T05:58:00-03:00"


def test_one_message_has_everything_that_is_known():
    view = MessageView(conversation=ROOM, message=RICH, before=[PLAIN], after=[PLAIN])
    assert data_of(view) == {
        **RICH_JSON,
        "ref": "slack:c-1/m%202",
        "author": {"name": "BuildBot", "kind": "bot"},
        "url": "https://s.example/m2",
        "citations": [
            {"title": "Runbook", "url": "https://w.example", "text": "step\none"},
            {"title": "Other"},
        ],
        "history": [{"text": "don", "at": "2026-03-10T08:58:00Z"}, {"text": "d"}],
        "extra": {"type": "private<U+200B>", "deep": {"a": [1, None, True]}},
        "before": [PLAIN_JSON],
        "after": [PLAIN_JSON],
    }
    assert data_of(MessageView(conversation=ROOM, message=PLAIN))["author"] == {
        "id": "U1",
        "name": "Maria [K]: x<U+202E>",
        "kind": "person",
        "email": "m@x.example",
    }


def test_conversations_have_what_is_known():
    view = ConversationsView(
        conversations=[
            Conversation(
                id="c 1",
                account="a",
                title="t",
                kind=ConversationKind.GROUP,
                last_message_at=START,
                participants=("Ann",),
                messages=3,
                unread=1,
                url="https://u.example",
            ),
            Conversation(id="c2", account="a"),
        ],
        failures=[Failure("b", "It is away.")],
    )
    assert data_of(view, cursor="q") == {
        "conversations": [
            {
                "ref": "a:c%201",
                "title": "t",
                "kind": "group",
                "last_message_at": "2026-03-10T08:58:00Z",
                "participants": ["Ann"],
                "messages": 3,
                "unread": 1,
                "url": "https://u.example",
            },
            {"ref": "a:c2", "title": "", "kind": "room"},
        ],
        "failures": [{"account": "b", "reason": "It is away."}],
        "cursor": "q",
    }


def test_a_hit_names_its_conversation_and_shows_the_passage():
    view = SearchView(
        query="all",
        hits=[Hit(message=PLAIN), Hit(message=RICH, excerpt="don", highlights=((0, 3),))],
        searched=[Searched("slack", "local index", START), Searched("x", "service")],
        failures=[Failure("b", "It is away.")],
    )
    assert data_of(view) == {
        "messages": [
            {"conversation": "slack:c-1", **PLAIN_JSON},
            {"conversation": "slack:c-1", **RICH_JSON, "text": "don", "cut": 1},
        ],
        "searched": [
            {"account": "slack", "where": "local index", "back_to": "2026-03-10T08:58:00Z"},
            {"account": "x", "where": "service"},
        ],
        "failures": [{"account": "b", "reason": "It is away."}],
    }


def test_a_written_message_has_its_reference_and_the_notes():
    view = WrittenView(conversation=ROOM, message=PLAIN, verb="sent", by_others=False, notes=["It was there before."])
    assert data_of(view) == {"ref": "slack:c-1/m1", **PLAIN_JSON, "notes": ["It was there before."]}


def test_a_message_without_number_has_its_reference_instead():
    unnumbered = Message(
        id="m/9", conversation="c", account="a", author=Author(name="Ann"), sent_at=None, text="", reply_to="m8"
    )
    assert data_of(MessagesView(conversation=ROOM, messages=[unnumbered]))["messages"] == [
        {"ref": "a:c/m%2F9", "author": "Ann", "text": "", "reply_to": "a:c/m8"}
    ]


def test_a_long_text_says_how_much_was_cut():
    long = Message(
        id="m",
        conversation="c",
        account="a",
        number=1,
        author=Author(name="Ann"),
        sent_at=None,
        text='say "hi"\n' * 900,
    )
    found = data_of(MessagesView(conversation=ROOM, messages=[long]), max_tokens=400)["messages"][0]
    assert len(found["text"]) + found["cut"] == len(long.text)
    assert found["text"] == long.text[: len(found["text"])]


def test_lists_without_end_are_cut_and_counted():
    crowded = Message(
        id="m",
        conversation="c",
        account="a",
        number=1,
        author=Author(name="Ann"),
        sent_at=None,
        text="",
        labels=tuple(f"label-{number}" for number in range(10_000)),
    )
    layout = lay_out(MessagesView(conversation=ROOM, messages=[crowded]), form="json", max_tokens=300, zone=UTC)
    answer = layout.answer(None)
    assert answer.data is not None
    found = answer.data["messages"][0]
    assert len(found["labels"]) + found["left_out"] == 10_000
    assert estimate(answer.text) <= 300


def test_accounts_without_room_are_counted():
    many = [Failure(f"account-{number}", "It could not be reached.") for number in range(60)]
    searched = [Searched(f"other-{number}", "service") for number in range(60)]
    listed = data_of(ConversationsView(conversations=[], failures=many), max_tokens=200)
    assert listed["left_out"] == 60 - len(listed["failures"])
    found = data_of(SearchView(query="x", hits=[], searched=searched, failures=many), max_tokens=200)
    assert found["left_out"] == 120 - len(found["failures"]) - len(found["searched"])
    few = data_of(SearchView(query="x", hits=[], searched=searched[:1], failures=many[:1]))
    assert set(few) == {"messages", "searched", "failures"}
