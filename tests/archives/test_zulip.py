"""Exports and public archives of Zulip: what the sample does not have."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.archives.zulip.messages import plain
from dragoman.archives.zulip.public import readable_name
from dragoman.core.model import AuthorKind, ConversationKind

TIME = 1773133080
REALM = {
    "zerver_realm": [{"id": 2, "name": "Harbour"}],
    "zerver_userprofile": [
        {"id": 11, "full_name": "Ann", "email": "user11@x.example", "delivery_email": "ann@x.example", "is_bot": False},
        {"id": 12, "full_name": "Bo", "email": "bo@x.example", "is_bot": False},
        {"id": 13, "full_name": "Build", "email": "build@x.example", "is_bot": True},
    ],
    "zerver_userprofile_crossrealm": [{"id": 1, "email": "welcome@x.example", "recipient_id": 61}],
    "zerver_userprofile_mirrordummy": [{"id": 14, "full_name": "Cy", "email": "cy@x.example"}],
    "zerver_stream": [{"id": 5, "name": "boats & more", "description": "all boats", "recipient": 50}],
    "zerver_recipient": [
        {"id": 50, "type": 2, "type_id": 5},
        {"id": 51, "type": 1, "type_id": 11},
        {"id": 52, "type": 1, "type_id": 12},
        {"id": 53, "type": 3, "type_id": 7},
        {"id": 54, "type": 3, "type_id": 8},
        {"id": 55, "type": 3, "type_id": 9},
    ],
    "zerver_subscription": [
        *({"user_profile": person, "recipient": 50, "active": True} for person in (11, 12)),
        {"user_profile": 13, "recipient": 50, "active": False},
        *({"user_profile": person, "recipient": 53} for person in (12, 11)),
        *({"user_profile": person, "recipient": 54} for person in (13, 11, 12)),
    ],
    "zerver_realmauditlog": [{"id": 1, "extra_data": "x" * 100}],
}


def message(number: int, text: str = "Hi", sender: int = 11, recipient: int = 50, **members: object) -> dict:
    return {
        "id": number,
        "sender": sender,
        "recipient": recipient,
        "subject": "Window",
        "content": text,
        "date_sent": TIME + number + 0.5,
        "last_edit_time": None,
        "edit_history": None,
        **members,
    }


@pytest.fixture
def export(tmp_path, read_archive):
    def read(*messages: dict, realm: dict | None = None, folder: str = "export", **files: object):
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        part = {"zerver_message": list(messages), "zerver_usermessage": [{"id": 1}]}
        contents = {"realm": realm or REALM, "messages-000001": {**part, **files.pop("beside", {})}, **files}
        for name, content in contents.items():
            (root / f"{name}.json").write_text(json.dumps(content))
        content = read_archive(root)
        assert content.formats == ["zulip"]
        return content

    return read


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("@**Ann** and @_**Bo Li|12**", "@Ann and @Bo Li"),
        ("@*crew* and @_*crew*", "@crew and @crew"),
        ("@**all** @**topic**", "@all @topic"),
        (
            "#**boats** #**boats>Window** #**boats>Window@123** #**boats>**",
            "#boats #boats > Window #boats > Window #boats",
        ),
        (
            "`@**Ann**` **bold** *soft* :ship: [a](https://a.example)",
            "`@**Ann**` **bold** *soft* :ship: [a](https://a.example)",
        ),
        ("a@**b", "a@**b"),
    ],
)
def test_people_groups_and_channels_are_named_and_the_rest_stays_as_it_was_written(markdown, text):
    assert plain(markdown) == text


@given(st.text(alphabet=st.characters(exclude_characters="@#`\r\x00", exclude_categories=("Cs",))))
def test_a_text_that_refers_to_nobody_stays(text):
    assert plain(text) == text.strip()


@given(st.text(alphabet=st.characters(exclude_characters=".", exclude_categories=("Cs", "Cc")), max_size=40))
def test_names_of_public_files_are_readable_again(name):
    written = "".join(
        char if char.isalnum() and char.isascii() else "".join(f".{byte:02X}" for byte in char.encode())
        for char in name
    )
    assert readable_name(written) == name.strip()


def test_both_directions_of_a_direct_chat_and_its_newer_form_are_one_conversation(export):
    content = export(
        message(1, sender=11, recipient=52, subject="\x07"),
        message(2, sender=12, recipient=51, subject=""),
        message(3, sender=12, recipient=53),
        message(4, sender=11, recipient=51),
        message(5, sender=13, recipient=54),
        message(6, sender=1, recipient=51),
        message(7, sender=11, recipient=61),
    )
    assert [one.conversation for one in content.messages] == [
        *["zulip.dm.11-12"] * 3, "zulip.dm.11", "zulip.dm.11-12-13", "zulip.dm.1-11", "zulip.dm.1-11",
    ]  # fmt: skip
    assert {one.subject for one in content.messages} == {None}
    kinds = {one.id: one.kind for one in content.conversations.values()}
    assert kinds["zulip.dm.11-12"] is ConversationKind.DIRECT
    assert kinds["zulip.dm.11-12-13"] is ConversationKind.GROUP
    assert content.conversations["zulip.dm.11-12-13"].title == "Ann, Bo, Build"


def test_a_channel_has_its_people_and_description_and_people_have_addresses(export):
    content = export(
        message(1), message(2, sender=1), message(3, sender=14), message(4, sender=13), message(5, sender=99)
    )
    channel = content.conversations["zulip.stream.5"]
    assert (channel.title, channel.topic, channel.participants, channel.members) == (
        "boats & more",
        "all boats",
        ("Ann", "Bo"),
        2,
    )
    assert [(m.author.name, m.author.email, m.author.kind) for m in content.messages] == [
        ("Ann", "ann@x.example", AuthorKind.PERSON),
        ("welcome@x.example", "welcome@x.example", AuthorKind.BOT),
        ("Cy", "cy@x.example", AuthorKind.PERSON),
        ("Build", "build@x.example", AuthorKind.BOT),
        ("user 99", None, AuthorKind.PERSON),
    ]


def test_a_change_of_the_topic_alone_is_no_edit_and_earlier_texts_are_in_order(export):
    moved = {"timestamp": TIME + 30, "prev_topic": "Old", "topic": "Window"}
    texts = [
        {"timestamp": TIME + 40, "prev_content": "two"},
        moved,
        {"timestamp": TIME + 20, "prev_content": "@**Ann|11**"},
    ]
    content = export(
        message(1, "three", edit_history=json.dumps(texts), last_edit_time=TIME + 40),
        message(2, edit_history=json.dumps([moved]), last_edit_time=TIME + 30),
        message(3, edit_history=texts),
        message(4, edit_history="{broken", last_edit_time=TIME + 30),
        message(5, last_edit_time=TIME + 30),
    )
    edited = content.messages[0]
    assert edited.edited_at == datetime.fromtimestamp(TIME + 40, UTC)
    assert [(edit.text, edit.at) for edit in edited.history] == [
        ("@Ann", edited.sent_at), ("two", datetime.fromtimestamp(TIME + 20, UTC)),
    ]  # fmt: skip
    assert [message.edited_at is not None for message in content.messages] == [True, False, True, False, True]


def test_reactions_count_people_wherever_they_stand(export):
    def reaction(person: int, name: str, code: str, kind: str = "unicode_emoji", number: int = 1) -> dict:
        return {
            "user_profile": person,
            "message": number,
            "emoji_name": name,
            "emoji_code": code,
            "reaction_type": kind,
        }

    beside = [reaction(11, "+1", "1f44d"), reaction(11, "thumbs_up", "1f44d"), reaction(12, "+1", "1f44d")]
    elsewhere = [
        reaction(12, "ship", "7", "realm_emoji"),
        reaction(13, "zulip", "zulip", "zulip_extra_emoji"),
        {"message": None},
    ]
    content = export(
        message(1), message(2), realm={**REALM, "zerver_reaction": elsewhere}, beside={"zerver_reaction": beside}
    )
    found = {one.emoji: (one.count, one.by) for one in content.message("1").reactions}
    assert found == {"👍": (2, ("Ann", "Bo")), ":ship:": (1, ("Bo",)), ":zulip:": (1, ("Build",))}
    assert content.message("2").reactions == ()


def test_files_lie_among_the_uploads(export, tmp_path):
    path = tmp_path / "export" / "uploads" / "2" / "ab" / "plan.pdf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    files = [
        {"id": 1, "file_name": "plan.pdf", "path_id": "2/ab/plan.pdf", "messages": [1, 2, "x", None]},
        {"id": 2, "file_name": "", "path_id": "2/ab/lost.png", "size": 7, "messages": [1]},
    ]
    content = export(message(1), message(2), attachment={"zerver_attachment": files})
    assert [(one.name, one.media_type, one.size, one.url) for one in content.messages[0].attachments] == [
        ("plan.pdf", "application/pdf", 5, f"file:{path}"), ("lost.png", "image/png", 7, None),
    ]  # fmt: skip
    assert len(content.messages[1].attachments) == 1


def test_recipients_that_nothing_describes_keep_their_messages_apart(export):
    content = export(message(1, recipient=55), message(2, recipient=77), {**message(3), "recipient": None}, 5)  # type: ignore[arg-type]
    assert list(content.conversations) == ["zulip.recipient.55", "zulip.recipient.77"]
    assert content.notes.skipped == 2


def test_parts_without_the_file_of_the_organisation_are_read_as_well(tmp_path, read_archive):
    (tmp_path / "messages-000001.json").write_text(json.dumps({"zerver_message": [message(1)]}))
    content = read_archive(tmp_path / "messages-000001.json")
    assert content.formats == ["zulip"]
    assert (content.messages[0].author.name, content.messages[0].subject) == ("user 11", "Window")


def test_a_public_archive_is_read_with_topics_by_the_names_of_its_files(tmp_path, read_archive):
    root = tmp_path / "zulip_json"
    folder = root / "113488-Boats-.26-more"
    folder.mkdir(parents=True)
    (root / "stream_index.json").write_text(json.dumps({"streams": {"Boats & more": {"id": 113488}}}))
    reactions = [
        {
            "emoji_name": "+1",
            "emoji_code": "1f44d",
            "reaction_type": "unicode_emoji",
            "user": {"id": n, "full_name": name},
        }
        for n, name in ((1, "Ann"), (1, "Ann"), (2, "Bo"))
    ]
    mention = '<span class="user-mention" data-user-id="1">@Ann</span>'
    first = {"id": 9007199254740993, "content": f"<p>Hi {mention}<br>there</p>", "sender_full_name": "Bo"}
    second = {"id": 2, "content": "<p>plain</p>", "sender_full_name": "Ann", "subject": "Said", "stream_id": 5}
    entries = [
        {**first, "timestamp": TIME, "reactions": reactions},
        {**second, "timestamp": TIME},
        {"id": None, "timestamp": TIME},
    ]
    (folder / ".E2.9C.94.20Is.20it.3F.json").write_text(json.dumps(entries))
    content = read_archive(root)
    assert content.conversations["zulip.stream.113488"].title == "Boats & more"
    assert [(one.id, one.text, one.subject) for one in content.messages] == [
        ("9007199254740993", "Hi @Ann\nthere", "✔ Is it?"), ("2", "plain", "Said"),
    ]  # fmt: skip
    assert [(one.emoji, one.count) for one in content.messages[0].reactions] == [("👍", 2)]
    assert content.notes.skipped == 1
