"""Exports of Signal, and chats that signal-export saved: what the sample does not have."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.archives.signal.content import with_mentions
from dragoman.archives.signal.people import Directory, uuid_of
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import ConversationKind

TIME = 1773133080000
BO, ANN, ME = (base64.b64encode(bytes([n]) * 16).decode() for n in (17, 34, 51))
BO_ID, ANN_ID = str(UUID(bytes=bytes([17]) * 16)), str(UUID(bytes=bytes([34]) * 16))
PEOPLE = [
    {"version": "1", "backupTimeMs": str(TIME)},
    {"account": {"givenName": "Me", "familyName": "Myself"}},
    {"recipient": {"id": "1", "self": {}}},
    {"recipient": {"id": "2", "contact": {"aci": BO, "e164": "491", "profileGivenName": "Bo"}}},
    {"recipient": {"id": "3", "contact": {"aci": ANN, "nickname": {"given": "Ann", "family": "L"}}}},
    {"recipient": {"id": "4", "group": {"masterKey": "+/8=", "snapshot": {
        "title": {"title": "Crew"}, "description": {"descriptionText": "boats"},
        "members": [{"userId": BO}, {"userId": ANN}, {"userId": ME}],
    }}}},
    {"chat": {"id": "10", "recipientId": "2"}},
    {"chat": {"id": "11", "recipientId": "4"}},
    {"chat": {"id": "12", "recipientId": "1"}},
]  # fmt: skip


def item(second: int, author: str = "2", chat: str = "10", **members: object) -> dict:
    return {
        "chatItem": {
            "chatId": chat,
            "authorId": author,
            "dateSent": str(TIME + second * 1000),
            **(members or {"standardMessage": {"text": {"body": f"text {second}"}}}),
        }
    }


def said(body: str, **members: object) -> dict:
    return {"standardMessage": {"text": {"body": body}, **members}}


@pytest.fixture
def export(tmp_path, read_archive):
    def read(*items: object, people: list[dict] = PEOPLE):
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        lines = [*map(json.dumps, people), *(one if isinstance(one, str) else json.dumps(one) for one in items)]
        (folder / "main.jsonl").write_text("\n".join(lines) + "\n")
        (folder / "metadata.json").write_text('{"version": 1}')
        return read_archive(folder)

    return read


@given(st.uuids())
def test_a_service_id_is_the_same_in_base64_and_with_dashes(id_):
    raw = base64.b64encode(id_.bytes).decode()
    assert uuid_of(raw) == uuid_of(raw.rstrip("=")) == uuid_of(str(id_)) == str(id_)


@given(st.text(max_size=60))
def test_what_is_no_service_id_is_none(text):
    found = uuid_of(text)
    assert not found or UUID(found)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_mentions_are_where_their_places_in_utf_16_say(before, between, after):
    people = Directory()
    people.learn({"recipient": {"id": "2", "contact": {"aci": BO, "systemGivenName": "Bo"}}})
    units = [len(part.encode("utf-16-le", "surrogatepass")) // 2 for part in (before, between)]
    ranges = [
        {"start": units[0], "length": 1, "mentionAci": BO},
        {"start": units[0] + 1 + units[1], "length": 1, "mentionAci": BO},
        {"start": 0, "length": 3, "style": "BOLD"},
    ]
    text = f"{before}\ufffc{between}\ufffc{after}"
    assert with_mentions(text, ranges, people) == f"{before}@Bo{between}@Bo{after}"


def test_people_and_chats_have_ids_that_outlive_the_file(export):
    content = export(item(0), item(1, "3", "11"), item(2, "1", "12"))
    assert list(content.conversations) == [f"signal.{BO_ID}", "signal.group.-_8", "signal.self"]
    group = content.conversations["signal.group.-_8"]
    assert (group.title, group.topic, group.kind) == ("Crew", "boats", ConversationKind.GROUP)
    assert group.participants == ("Bo", "Ann L", "Me Myself")
    assert [(m.author.name, m.author.id, m.author.own) for m in content.messages] == [
        ("Bo", BO_ID, False), ("Ann L", ANN_ID, False), ("Me Myself", "self", True),
    ]  # fmt: skip
    assert content.messages[0].id == f"{TIME}.{BO_ID}"


def test_numbers_of_recipients_and_chats_may_be_others_in_a_later_export(export):
    first = export(item(0))
    text = json.dumps([*PEOPLE, item(0)])
    for old, new in (("2", "77"), ("10", "99")):
        for member in ("id", "recipientId", "authorId", "chatId"):
            text = text.replace(f'"{member}": "{old}"', f'"{member}": "{new}"')
    again = export(people=json.loads(text))
    assert [(m.conversation, m.id) for m in again.messages] == [(m.conversation, m.id) for m in first.messages]


def test_a_contact_without_an_account_goes_by_its_number(export):
    people = [
        *PEOPLE,
        {"recipient": {"id": "9", "contact": {"e164": "492"}}},
        {"chat": {"id": "90", "recipientId": "9"}},
    ]
    content = export(item(0, "9", "90"), people=people)
    assert content.messages[0].author.name == "+492"
    assert list(content.conversations) == ["signal.+492"]


def test_an_answer_to_an_edited_message_finds_it_by_its_first_time(export):
    old = item(0, **said("first"))["chatItem"]
    middle = item(1, **said("second"))["chatItem"]
    quote = {"targetSentTimestamp": str(TIME + 1000), "authorId": "2"}
    content = export(
        item(2, revisions=[middle, old], **said("third")),
        item(3, "1", **said("yes", quote=quote)),
        item(4, "1", **said("lost", quote={"authorId": "2"})),
    )
    edited, answer, lost = content.messages
    assert (edited.text, [edit.text for edit in edited.history]) == ("third", ["first", "second"])
    assert (edited.id, edited.sent_at) == (f"{TIME}.{BO_ID}", datetime(2026, 3, 10, 8, 58, tzinfo=UTC))
    assert edited.edited_at == datetime(2026, 3, 10, 8, 58, 2, tzinfo=UTC)
    assert answer.reply_to == edited.id
    assert lost.reply_to is None


def test_a_mention_of_the_user_has_the_users_name(export):
    ranges = [{"start": 0, "length": 1, "mentionAci": ME}, {"start": 2, "length": 1, "mentionAci": "AAAA"}]
    body = {"text": {"body": "\ufffc \ufffc", "bodyRanges": ranges}}
    assert export(item(0, chat="11", standardMessage=body)).texts == ["@Me Myself @Unknown"]


def test_every_kind_of_message_says_what_it_is(export):
    contact = {"name": {"givenName": "Cy", "familyName": "Day"}, "number": [{"value": "+493"}], "email": []}
    poll = {"question": "When?", "options": [{"option": "now", "votes": [{"voterId": "1"}]}, {"option": "later"}]}
    preview = [{"url": "https://a.example", "title": "A"}, {"url": "https://b.example", "title": "B"}]
    items = [
        {"contactMessage": {"contact": contact}},
        {"contactMessage": {"contact": [contact]}},
        {"stickerMessage": {"sticker": {"emoji": "⛵", "data": {"contentType": "image/webp"}}}},
        {"paymentNotification": {"amountMob": "1.5", "note": "lunch"}},
        {"giftBadge": {}},
        {"viewOnceMessage": {}},
        {"directStoryReplyMessage": {"textReply": {"text": {"body": "nice"}}}},
        {"directStoryReplyMessage": {"emoji": "😍"}},
        {"poll": poll},
        said("see https://a.example", linkPreview=preview),
    ]
    content = export(*(item(n, **one) for n, one in enumerate(items)))
    assert content.texts == [
        "Contact: Cy Day, +493",
        "Contact: Cy Day, +493",
        "⛵",
        "Payment: 1.5 MOB\nlunch",
        "Gift badge",
        "View-once media",
        "nice",
        "😍",
        "Poll: When?\n- now: 1\n- later: 0",
        "see https://a.example\nB (https://b.example)",
    ]
    assert content.messages[2].attachments[0].media_type == "image/webp"


def test_events_are_activities_in_plain_words(export):
    updates = [
        {"simpleUpdate": {"type": "JOINED_SIGNAL"}},
        {"profileChange": {"previousName": "Bo", "newName": "Bob"}},
        {"expirationTimerChange": {"expiresInMs": "60000"}},
        {"expirationTimerChange": {}},
        {"individualCall": {"type": "VIDEO_CALL", "state": "MISSED"}},
        {"groupCall": {"state": "JOINED"}},
        {"groupChange": {"updates": [{"groupNameUpdate": {"newGroupName": "Boats"}}, {"groupMemberLeftUpdate": {}}]}},
        {"threadMerge": {"previousE164": "1"}},
        {},
    ]
    content = export(*(item(n, updateMessage=one) for n, one in enumerate(updates)))
    assert {m.status for m in content.messages} == {"activity"}
    assert content.texts == [
        "joined signal",
        "changed the name from Bo to Bob",
        "messages disappear after 60 s",
        "messages do not disappear",
        "video call, missed",
        "group call, joined",
        "group name: Boats\ngroup member left",
        "thread merge",
        "update",
    ]


def test_what_was_deleted_leaves_no_text(export):
    content = export(item(0, remoteDeletedMessage={}), item(1, adminDeletedMessage={"adminId": "3"}))
    assert [(m.text, m.deleted_at is not None) for m in content.messages] == [("", True), ("", True)]


def test_reactions_of_two_people_with_one_emoji_are_counted_once_each(export):
    reactions = [{"emoji": "👍", "authorId": one} for one in ("1", "2", "2")] + [{"emoji": "", "authorId": "1"}]
    (message,) = export(item(0, **said("x", reactions=reactions))).messages
    assert [(r.emoji, r.count, r.by) for r in message.reactions] == [("👍", 2, ("Me Myself", "Bo"))]


def test_files_lie_in_the_export_under_a_digest(export, tmp_path):
    digests = [sha256(bytes([n])).digest() for n in range(2)]
    named = sha256(digests[1] + b"key").hexdigest()
    files = tmp_path / "export" / "files"
    lying = [files / digests[0].hex()[:2] / f"{digests[0].hex()}.jpg", files / f"{named[:2]}/{named}"]
    for path in lying:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"123")
    hashes = [base64.b64encode(one).decode() for one in digests]
    key = base64.b64encode(b"key").decode()
    pointers = [
        {"contentType": "image/jpeg", "locatorInfo": {"plaintextHash": hashes[0]}},
        {"locatorInfo": {"plaintextHash": hashes[1], "localKey": key, "size": 3}},
        {"contentType": "audio/aac", "backupLocator": {"size": 7}},
    ]
    flags = ("NONE", "GIF", "VOICE_MESSAGE")
    found = [{"pointer": pointer, "flag": flag} for pointer, flag in zip(pointers, flags, strict=True)]
    (message,) = export(item(0, standardMessage={"attachments": found})).messages
    assert [(a.name, a.size, a.url) for a in message.attachments] == [
        ("attachment", 3, f"file:{lying[0]}"),
        ("GIF", 3, f"file:{lying[1]}"),
        ("voice message", 7, None),
    ]


def test_a_long_text_is_read_from_its_file(export, tmp_path):
    path = tmp_path / "export" / "files" / "ab" / "abcd"
    path.parent.mkdir(parents=True)
    path.write_text("begin and the rest")
    long_text = {"contentType": "text/x-signal-plain", "locatorInfo": {"mediaName": "abcd"}}
    assert export(item(0, **said("begin", longText=long_text))).texts == ["begin and the rest"]


def test_lines_that_hang_on_nothing_are_counted_and_the_others_read(export):
    content = export(
        "{}", "{broken", "[1]", '"x"', json.dumps({"chatItem": 5}), item(0, chat="404"), item(1, strange={}),
        {"chatItem": {"chatId": "10", "authorId": "2", "standardMessage": {}}}, item(2, author="404"), item(3),
    )  # fmt: skip
    assert content.texts == ["text 2", "text 3"]
    assert content.messages[0].author.name == "Unknown"
    assert content.notes.skipped == 7


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("signal-2026-03-10-08-58-00.backup", b"\x00\x00\x00\x36\x0a\x34\x0a\x10" + bytes(range(60))),
        ("SignalBackups/signal-backup-2026-03-10-08-58-00/main", bytes(range(256)) * 4),
        ("Signal/sql/db.sqlite", bytes(range(255, -1, -1)) * 16),
    ],
)
def test_an_encrypted_backup_is_named_with_what_to_do(path, data, read_archive, tmp_path):
    place = tmp_path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    for name in ("metadata", "files"):
        (place.parent / name).write_bytes(b"\x01\x02")
    with pytest.raises(InvalidArgument) as error:
        read_archive(place.parent)
    assert "Signal" in str(error.value)
    assert "Settings > Chats > Export" in str(error.value.hint)
