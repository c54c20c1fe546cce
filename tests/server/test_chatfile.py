from datetime import UTC, datetime

import pytest

from dragoman.archives.chat_export import conversations, read
from dragoman.core.errors import InvalidArgument
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
def chat():
    return {place.id: (place, messages) for place, messages in conversations(read(CHAT.encode()))}


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
    assert place.last_message_at == datetime(2026, 4, 6, 9, 30, tzinfo=UTC)


def test_a_direct_chat_without_a_name_is_called_by_its_people(chat):
    assert (chat["d1"][0].title, chat["d1"][0].kind) == ("Ann, Forge", ConversationKind.DIRECT)


def test_an_unknown_kind_of_conversation_is_a_room(chat):
    assert (chat["x1"][0].kind, chat["x1"][0].title) == (ConversationKind.ROOM, "x1")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"people": []}', b'{"conversations": [{"name": 3}]}', b"\xff"])
def test_another_form_is_refused_without_repeating_it(content):
    with pytest.raises(InvalidArgument, match="neither a chat export nor JSON Lines"):
        read(content)


def test_the_chat_of_the_package_is_read_whole(chat_file):
    everything = list(conversations(read(chat_file.read_bytes())))
    messages = [message for _, found in everything for message in found]
    assert (len(everything), len(messages)) == (4, 199)
    assert not any("<@" in message.text for message in messages)


def test_a_byte_order_mark_before_the_chat_is_passed_over():
    assert len(read(b"\xef\xbb\xbf" + CHAT.encode()).conversations) == 3


def test_half_a_surrogate_pair_in_the_chat_is_read_as_the_replacement_character():
    chat = read(rb'{"conversations": [{"id": "c", "topic": "\ud83d x"}]}')
    assert chat.conversations[0].topic == "\ufffd x"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"people": 3, "conversations": []}', "people is no list"),
        (b'{"people": []}', "conversations is missing"),
        (b'{"conversations": [{"id": "c"}, {"id": 3}]}', "conversations[1].id is no text"),
        (
            b'{"conversations": [{"id": "c", "messages": [{"id": "m", "author": "a", "at": "2026-03-10T09:00"}]}]}',
            "conversations[0].messages[0].at names no time zone",
        ),
        (
            b'{"conversations": [], "people": [{"id": "p", "name": "Ann"}, {"id": "q"}]}',
            "people[1].name is missing",
        ),
        (b"[]", "it is no object"),
        (b"", "it is no JSON"),
        (b"\xff", "it is not UTF-8 text"),
    ],
)
def test_a_refusal_says_in_plain_words_what_is_wrong_and_where(content, reason):
    with pytest.raises(InvalidArgument) as caught:
        read(content)
    assert caught.value.message == f"The file is neither a chat export nor JSON Lines ({reason})."
    assert "Files to import" in caught.value.hint


def test_a_file_of_a_negative_size_is_refused():
    message = b'{"id": "m", "author": "a", "at": "2026-03-10T09:00Z", "attachments": [{"name": "f", "size": -1}]}'
    with pytest.raises(InvalidArgument, match=r"attachments\[0\]\.size is negative"):
        read(b'{"conversations": [{"id": "c", "messages": [' + message + b"]}]}")
