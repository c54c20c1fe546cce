import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dragoman.core.model import Attachment, Author, AuthorKind, ConversationKind, Edit, Message, Reaction

CHAT = """{
 "about": "ignored",
 "people": [
  {"id": "p1", "name": "Ann", "email": "ann@example.org", "kind": "person", "tz": "UTC"},
  {"id": "b1", "name": "Forge", "kind": "bot"}
 ],
 "conversations": [
  {"id": "c1", "name": "room", "kind": "channel", "topic": "All of it", "members": ["p1", "b1", "gone"], "messages": [
   {"id": "m1", "author": "p1", "at": "2026-04-06T07:55:00Z", "text": "<@b1> was added by <@p1>.", "kind": "join"},
   {"id": "m2", "author": "b1", "at": "2026-04-06T08:00:00+02:00", "text": "new", "thread": "m1", "pinned": true,
    "edited_at": "2026-04-06T09:00:00Z", "edits": [{"at": "2026-04-06T08:00:00Z", "text": "old <@p1>"}],
    "reactions": [{"emoji": "🎉", "by": ["p1", "gone"]}],
    "attachments": [{"id": "f1", "name": "a.csv", "mime": "text/csv", "size": 5}]},
   {"id": "m3", "author": "p1", "at": "2026-04-06T09:30:00Z", "text": "never", "deleted_at": "2026-04-06T10:00:00Z"}
  ]},
  {"id": "d1", "name": "", "kind": "dm", "members": ["p1", "b1"], "messages": []},
  {"id": "x1", "kind": "seance"}
 ]
}"""


@pytest.fixture
def chat(tmp_path, read_archive):
    (tmp_path / "chat").write_text("\ufeff" + CHAT)
    content = read_archive(tmp_path / "chat")
    assert content.formats == ["chat"]
    return {
        id_: (place, [m for m in content.messages if m.conversation == id_])
        for id_, place in content.conversations.items()
    }


def test_a_message_keeps_everything_that_the_file_knows_of_it(chat):
    assert chat["c1"][1][1] == Message(
        id="m2",
        conversation="c1",
        author=Author(id="b1", name="Forge", kind=AuthorKind.BOT),
        sent_at=datetime(2026, 4, 6, 6, tzinfo=UTC),
        text="new",
        reply_to="m1",
        edited_at=datetime(2026, 4, 6, 9, tzinfo=UTC),
        labels=("pinned",),
        reactions=(Reaction(emoji="🎉", count=2, by=("Ann", "gone")),),
        attachments=(Attachment(id="f1", name="a.csv", media_type="text/csv", size=5),),
        history=(Edit(text="old @Ann", at=datetime(2026, 4, 6, 8, tzinfo=UTC)),),
    )


def test_mentions_become_names_and_joining_is_an_activity(chat):
    joined = chat["c1"][1][0]
    assert joined.text == "@Forge was added by @Ann."
    assert joined.status == "activity"
    assert joined.author.email == "ann@example.org"


def test_a_deleted_message_leaves_only_a_tombstone(chat):
    deleted = chat["c1"][1][2]
    assert deleted.deleted_at == datetime(2026, 4, 6, 10, tzinfo=UTC)
    assert deleted.text == ""


def test_a_conversation_has_its_kind_topic_and_people(chat):
    place = chat["c1"][0]
    assert (place.title, place.kind, place.topic) == ("room", ConversationKind.CHANNEL, "All of it")
    assert place.participants == ("Ann", "Forge", "gone")


def test_a_direct_chat_without_a_name_is_called_by_its_people(chat):
    assert (chat["d1"][0].title, chat["d1"][0].kind) == ("Ann, Forge", ConversationKind.DIRECT)


def test_a_conversation_without_a_kind_says_nothing_of_it(tmp_path, read_archive):
    (tmp_path / "x").write_text('{"conversations": [{"id": "c1", "name": "room"}]}')
    assert read_archive(tmp_path / "x").conversations["c1"].kind is ConversationKind.ROOM


def test_an_unknown_kind_of_conversation_is_a_room(chat):
    assert (chat["x1"][0].kind, chat["x1"][0].title) == (ConversationKind.ROOM, "")


def test_the_chat_of_the_package_is_read_whole(read_archive):
    content = read_archive(Path(__file__).parents[2] / "tools/dragoman/archives/samples/team_chat.json")
    assert (len(content.conversations), len(content.messages)) == (4, 199)
    assert not any("<@" in text for text in content.texts)
    assert not content.notes.skipped


@pytest.fixture
def read_chat(tmp_path, read_archive):
    def read(chat: str | bytes):
        (tmp_path / "chat").write_bytes(chat.encode() if isinstance(chat, str) else chat)
        return read_archive(tmp_path / "chat")

    return read


def test_people_may_stand_after_the_messages_and_a_name_after_its_messages(read_chat):
    message = '{"id": "m", "author": "p", "at": "2026-03-10T09:00Z", "text": "<@p>"}'
    people = '"people": [{"id": "p", "name": "Ann"}]'
    chat = f'{{"conversations": [{{"messages": [{message}], "name": "room", "id": "c"}}], {people}}}'
    content = read_chat(chat)
    assert content.conversations["c"].title == "room"
    assert [(m.author.name, m.text) for m in content.messages] == [("Ann", "@Ann")]


def test_null_is_absent_and_a_number_is_its_text(read_chat):
    row = {"id": 7, "author": None, "at": "2026-03-10T09:00Z", "text": None, "reactions": None, "attachments": [None]}
    content = read_chat(json.dumps({"people": None, "conversations": [{"id": 3, "topic": None, "messages": [row]}]}))
    (message,) = content.messages
    assert (message.id, message.conversation, message.author.name, message.text) == ("7", "3", "user", "")
    assert not content.notes.skipped


def test_a_bad_row_is_counted_with_its_line_and_the_rows_after_it_are_read(read_chat):
    rows = ['{"id": "a", "at": "soon"}', "5", '{"id": "b"}', '{"id": "c", "at": "2026-03-10T09:00Z"}']
    content = read_chat('{"conversations": [{"id": "c", "messages": [\n' + ",\n".join(rows) + "]}]}")
    assert [m.id for m in content.messages] == ["c"]
    reasons = {reason: about.places[0].rpartition(", ")[2] for reason, about in content.notes.reasons.items()}
    assert reasons == {"at is no ISO time": "line 2", "no JSON object": "line 3", "no time": "line 4"}


def test_half_a_surrogate_pair_in_the_chat_is_read_as_the_replacement_character(read_chat):
    content = read_chat(rb'{"conversations": [{"id": "c", "topic": "\ud83d x"}]}')
    assert content.conversations["c"].topic == "\ufffd x"


def test_equal_messages_without_ids_are_as_many_as_they_are(read_chat):
    row = {"author": "Ann", "at": "2026-03-10T09:00Z", "text": "ok"}
    chat = json.dumps({"conversations": [{"id": "c", "messages": [row, row, row]}]})
    ids = [m.id for m in read_chat(chat).messages]
    assert len(set(ids)) == 3
    assert ids == [m.id for m in read_chat(chat).messages]
