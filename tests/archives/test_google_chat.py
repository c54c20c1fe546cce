"""Google Chat's and Hangouts' parts of a Takeout: what the sample does not have."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from unicodedata import normalize

import pytest

from dragoman.core.model import AuthorKind, ConversationKind

ANN = {"name": "Ann", "email": "ann@x.example", "user_type": "Human"}
BO = {"name": "Bo", "email": "bo@x.example", "user_type": "Human"}


def date(second: int) -> str:
    return f"Tuesday, March 10, 2026 at 8:58:{second:02} AM UTC"


def entry(topic: str, message: str = "", second: int = 0, **members: object) -> dict:
    id_ = f"S/{topic}/{message or topic}"
    return {"creator": ANN, "created_date": date(second), "topic_id": topic, "message_id": id_, "text": "Hi", **members}


@pytest.fixture
def takeout(tmp_path, read_archive):
    def read(*entries: dict, folder: str = "Space S", group: object = None, user: dict | None = None):
        root = tmp_path / "Takeout" / "Google Chat"
        space = root / "Groups" / folder
        space.mkdir(parents=True, exist_ok=True)
        (space / "messages.json").write_text(json.dumps({"messages": list(entries)}))
        if group is not None:
            (space / "group_info.json").write_text(json.dumps(group))
        if user is not None:
            (root / "Users" / "User 1").mkdir(parents=True, exist_ok=True)
            (root / "Users" / "User 1" / "user_info.json").write_text(json.dumps({"user": user}))
        return read_archive(tmp_path / "Takeout")

    return read


def test_the_account_of_the_takeout_is_the_user_and_direct_chats_are_called_by_the_other(takeout):
    content = takeout(entry("A"), entry("B", creator=BO), folder="DM D1", group={"members": [ANN, BO]}, user=ANN)
    assert [message.author.own for message in content.messages] == [True, False]
    assert content.conversations["gchat.D1"].title == "Bo"
    assert content.conversations["gchat.D1"].kind is ConversationKind.DIRECT


@pytest.mark.parametrize(
    ("folder", "group", "kind", "title"),
    [
        ("DM D1", {"members": [ANN, BO, {"name": "Cy"}]}, ConversationKind.GROUP, "Ann, Bo, Cy"),
        ("Space S", {"name": "Boats", "members": [ANN]}, ConversationKind.CHANNEL, "Boats"),
        ("Space S", {"members": [ANN, BO, {"name": "Cy"}]}, ConversationKind.GROUP, "Ann, Bo, Cy"),
        ("odd", None, ConversationKind.DIRECT, ""),
        ("odd", {"members": None, "name": 5}, ConversationKind.CHANNEL, "5"),
    ],
)
def test_a_conversation_is_what_its_folder_and_people_say(folder, group, kind, title, takeout):
    (conversation,) = takeout(entry("A"), folder=folder, group=group).conversations.values()
    assert (conversation.kind, conversation.title) == (kind, title)
    assert conversation.id == ("gchat.D1" if folder == "DM D1" else "gchat.S")


def test_a_topic_is_a_thread_and_a_quote_counts_before_it(takeout):
    content = takeout(
        entry("A"),
        entry("A", "B", 1),
        entry("C", "C", 2, quoted_message_metadata={"message_id": "S/A/B", "text": "Hi"}),
        entry("A", "D", 3, quoted_message_metadata={"text": "without an id"}),
    )
    assert [message.reply_to for message in content.messages] == [None, "S/A/A", "S/A/B", "S/A/A"]


def test_a_deleted_message_leaves_its_time_only(takeout):
    state = {"message_state": "DELETED", "deleted_date": date(9)}
    known, nameless, unknown = entry("A", **state), entry("B", **state), entry("C", **state)
    del nameless["creator"], nameless["text"], nameless["created_date"]
    del unknown["message_id"]
    content = takeout(known, nameless, unknown, entry("D", creator=None))
    assert [(m.text, m.deleted_at is not None) for m in content.messages] == [("", True), ("", True), ("Hi", False)]
    assert content.messages[2].author.name == "Deleted user"
    assert content.notes.reasons["a message that was deleted"].count == 1


def test_a_date_that_cannot_be_read_leaves_the_message_without_a_time_and_is_counted(takeout):
    content = takeout(entry("A", created_date="some day"), entry("B"))
    assert [message.sent_at for message in content.messages] == [None, datetime(2026, 3, 10, 8, 58, tzinfo=UTC)]
    assert content.notes.skipped == 1


def test_messages_of_early_exports_have_lasting_ids_of_their_own(takeout):
    early = [entry(topic) for topic in "AAB"]
    for one in early:
        del one["message_id"], one["topic_id"]
    first = takeout(*early[:2], group={"name": "Boats"})
    again = takeout(*early, group={"name": "Boats"})
    ids = [message.id for message in again.messages]
    assert len(set(ids)) == 3
    assert ids[:2] == [message.id for message in first.messages]


def test_an_update_is_an_edit_unless_it_is_the_moment_of_sending(takeout):
    content = takeout(entry("A", updated_date=date(0)), entry("B", updated_date=date(7)))
    assert [message.edited_at for message in content.messages] == [None, datetime(2026, 3, 10, 8, 58, 7, tzinfo=UTC)]


def test_links_files_of_drive_and_calls_are_lines_of_text(takeout):
    def url(address: str) -> dict:
        return {"url": {"private_do_not_access_or_else_safe_url_wrapped_value": address}}

    content = takeout(
        entry("A", text="⛵ see this now", annotations=[
            {"start_index": 6, "length": 4, "url_metadata": {**url("https://a.example"), "title": "A"}},
        ]),
        entry("B", text="https://b.example", annotations=[
            {"start_index": 0, "length": 17, "url_metadata": {**url("https://b.example"), "title": "B"}},
            {"interaction_data": url("https://b.example")},
        ]),
        entry("C", text="files", annotations=[
            {"drive_metadata": {"id": "1", "title": "Plan"}},
            {"video_call_metadata": {"meeting_space": {"meeting_url": "https://meet.example/x"}}},
            {"youtube_metadata": {"id": "vid", "start_time": 0}},
            {"format_metadata": {"format_type": "BOLD"}, "start_index": 0, "length": 5},
            {"url_metadata": url("https://c.example")},
        ]),
    )  # fmt: skip
    assert content.texts == [
        "⛵ see this (https://a.example) now",
        "https://b.example",
        "files\nPlan\nhttps://meet.example/x\nhttps://www.youtube.com/watch?v=vid\nhttps://c.example",
    ]


def test_files_and_reactions_name_what_lies_there_and_who_reacted(takeout, tmp_path):
    space = tmp_path / "Takeout" / "Google Chat" / "Groups" / "Space S"
    space.mkdir(parents=True)
    (space / normalize("NFD", "File-Plän(1).pdf")).write_bytes(b"12345")
    files = [
        {"original_name": "Plän.pdf", "export_name": "File-Plän(1).pdf"},
        {"original_name": "lost.png"},
        {},
    ]
    reactions = [
        {"emoji": {"unicode": "👍"}, "reactor_emails": ["bo@x.example", "cy@x.example", "bo@x.example", 5]},
        {"emoji": {"custom_emoji": {"shortcode": "ship"}}, "reactor_emails": ["bo@x.example"]},
        {"emoji": {}, "reactor_emails": ["bo@x.example"]},
    ]
    bot = {"name": "B", "user_type": "BOT"}
    entries = (entry("A", attached_files=files, reactions=reactions), entry("B", creator=bot))
    content = takeout(*entries, group={"members": [ANN, BO]})
    message = content.messages[0]
    assert [(file.name, file.size) for file in message.attachments] == [
        ("Plän.pdf", 5),
        ("lost.png", None),
        ("file", None),
    ]
    assert [(r.emoji, r.count, r.by) for r in message.reactions] == [
        ("👍", 2, ("Bo", "cy@x.example")), (":ship:", 1, ("Bo",)),
    ]  # fmt: skip
    assert content.messages[1].author.kind is AuthorKind.BOT


HANGOUTS = {
    "conversations": [{
        "conversation": {
            "conversation_id": {"id": "U1"},
            "conversation": {
                "type": "GROUP", "name": "Crew",
                "self_conversation_state": {"self_read_state": {"participant_id": {"gaia_id": "1", "chat_id": "1"}}},
                "participant_data": [
                    {"id": {"gaia_id": "1"}, "fallback_name": "Ann"}, {"id": {"gaia_id": "2"}, "fallback_name": "Bo"},
                ],
            },
        },
        "events": [],
    }],
}  # fmt: skip


def test_hangouts_are_read_with_their_events(read_archive, tmp_path):
    def event(number: int, sender: str = "1", **members: object) -> dict:
        id_, sender_id = f"E{number}", {"gaia_id": sender}
        return {
            "conversation_id": {"id": "U1"},
            "event_id": id_,
            "sender_id": sender_id,
            "timestamp": f"{1773133080000000 + number}",
            **members,
        }

    segments = [
        {"type": "TEXT", "text": "see"}, {"type": "LINE_BREAK"},
        {"type": "LINK", "text": "here", "link_data": {"link_target": "https://a.example"}},
        {"type": "LINK", "text": "https://b.example", "link_data": {"link_target": "https://b.example/"}},
    ]  # fmt: skip
    photo = {"embed_item": {"id": "p", "type": ["PLUS_PHOTO"], "plus_photo": {"url": "https://p.example/boat.jpg?x=1"}}}
    events = [
        event(1, chat_message={"message_content": {"segment": segments, "attachment": [photo]}}),
        event(2, "2", membership_change={"type": "JOIN", "participant_id": [{"gaia_id": "2"}]}),
        event(3, "2", membership_change={"type": "LEAVE", "participant_id": [{"gaia_id": "9"}]}),
        event(4, "9", conversation_rename={"new_name": "Boats"}),
        event(5, hangout_event={"event_type": "START_HANGOUT"}),
        {**event(6), "timestamp": "soon"},
    ]
    archive = json.loads(json.dumps(HANGOUTS))
    archive["conversations"][0]["events"] = events
    (tmp_path / "Hangouts.json").write_text(json.dumps(archive))
    content = read_archive(tmp_path / "Hangouts.json")
    assert content.formats == ["gchat"]
    conversation = content.conversations["gchat.U1"]
    assert (conversation.title, conversation.kind, conversation.participants) == (
        "Crew",
        ConversationKind.GROUP,
        ("Ann", "Bo"),
    )
    assert content.texts == [
        "see\nhere (https://a.example)https://b.example",
        "added Bo",
        "removed 9",
        "named the conversation Boats",
        "start hangout",
    ]
    assert [m.author.own for m in content.messages] == [True, False, False, False, True]
    assert content.messages[0].sent_at == datetime(2026, 3, 10, 8, 58, 0, 1, tzinfo=UTC)
    assert content.messages[0].attachments[0].name == "boat.jpg"
    assert content.notes.skipped == 1
