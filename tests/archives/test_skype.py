"""Exports of Skype: what the sample does not have."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from dragoman.core.model import AuthorKind, ConversationKind

TIME = datetime(2026, 3, 10, 8, 58, tzinfo=UTC)


def entry(
    number: int, content: str = "Hi", kind: str = "RichText", author: str = "8:live:bo", **members: object
) -> dict:
    return {
        "id": str(1773133080000 + number * 1000),
        "displayName": None,
        "originalarrivaltime": f"2026-03-10T08:58:{number:02}Z",
        "messagetype": kind,
        "content": content,
        "from": author,
        "properties": None,
        **members,
    }


def conversation(*entries: dict, id_: str = "8:live:bo", **members: object) -> dict:
    return {"id": id_, "displayName": None, "threadProperties": None, **members, "MessageList": list(entries)}


@pytest.fixture
def export(tmp_path, read_archive):
    def read(*conversations: dict, user: str = "8:live:ann"):
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        archive = {"userId": user, "exportDate": "2026-03-11T10:00", "conversations": list(conversations)}
        (folder / "messages.json").write_text(json.dumps(archive))
        (folder / "endpoints.json").write_text('{"endpoints": []}')
        content = read_archive(folder)
        assert content.formats == ["skype"]
        return content

    return read


def test_an_answer_leaves_the_quote_out_unless_its_message_is_elsewhere(export):
    def quote(**attributes: str) -> str:
        written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        hidden = "<legacyquote>[9:58] Bo: </legacyquote>"
        return f'<quote author="live:bo" authorname="Bo &amp; Co" {written}>{hidden}Hi</quote>Yes'

    content = export(
        conversation(
            entry(3, quote(timestamp="1")),
            entry(2, quote(messageid="1", conversation="8:live:cy")),
            entry(1, quote(messageid="1773133080000", conversation="8:live:bo")),
            entry(0),
        )
    )
    assert [(m.text, m.reply_to) for m in reversed(content.messages)] == [
        ("Hi", None),
        ("Yes", "1773133080000"),
        ("> Bo & Co: Hi\nYes", None),
        ("> Bo & Co: Hi\nYes", None),
    ]
    assert {message.author.name for message in content.messages} == {"Bo & Co"}


def test_people_are_named_by_lists_messages_quotes_and_calls(export):
    call = '<partlist type="missed"><part identity="8:live:di"><name>Di</name></part></partlist>'
    group = {
        "topic": "Boats &amp; more",
        "members": json.dumps(["8:live:ann", "8:live:bo", "8:live:cy", "8:live:di", "28:bot"]),
    }
    content = export(
        conversation(entry(0), displayName="Bo"),
        conversation(
            entry(1, author="8:live:cy", displayName="Cy"),
            entry(2, call, "Event/Call", "8:live:di"),
            entry(3, author="28:bot"),
            entry(4, author="8:live:ann"),
            entry(5, author="https://api.skype.example/contacts/8:live:bo"),
            id_="19:x@thread.skype",
            threadProperties=group,
        ),
    )
    assert content.conversations["skype.8:live:bo"].title == "Bo"
    crew = content.conversations["skype.19:x@thread.skype"]
    assert (crew.title, crew.kind, crew.members) == ("Boats & more", ConversationKind.GROUP, 5)
    assert crew.participants == ("ann", "Bo", "Cy", "Di", "bot")
    assert [(m.author.name, m.author.kind, m.author.own) for m in content.messages[1:]] == [
        ("Cy", AuthorKind.PERSON, False),
        ("Di", AuthorKind.PERSON, False),
        ("bot", AuthorKind.BOT, False),
        ("ann", AuthorKind.PERSON, True),
        ("Bo", AuthorKind.PERSON, False),
    ]
    assert content.message("1773133082000").text == "call missed"


def test_a_group_without_a_topic_is_called_by_the_others(export):
    members = {"topic": None, "members": '["8:live:ann", "8:live:bo"]'}
    content = export(conversation(entry(0), id_="19:x", threadProperties=members))
    assert content.conversations["skype.19:x"].title == "bo"


def test_edits_deletions_and_reactions_are_taken_from_the_properties(export):
    emotions = [
        {"key": "heart", "users": [{"mri": "8:live:ann"}, {"mri": "8:live:ann"}, {"mri": "8:live:bo"}]},
        {"key": "tada", "users": json.dumps([{"mri": "8:live:bo"}])},
        {"key": "like", "users": []},
    ]
    content = export(
        conversation(
            entry(0, properties={"emotions": json.dumps(emotions), "edittime": "1773133090000"}),
            entry(1, "left", properties={"deletetime": "1773133091000"}),
            entry(2, ""),
            entry(3, 'a &lt;b&gt;<e_m a="bo" ts_ms="1773133095000" ts="1773133095"></e_m>', "Text"),
            displayName="Bo",
        )
    )
    assert (content.messages[2].text, content.messages[2].edited_at) == ("a <b>", TIME.replace(second=15))
    assert [(r.emoji, r.count, r.by) for r in content.messages[0].reactions] == [
        ("❤️", 2, ("ann", "Bo")),
        ("🎉", 1, ("Bo",)),
    ]
    assert content.messages[0].edited_at == TIME.replace(second=10)
    assert (content.messages[1].text, content.messages[1].deleted_at) == ("", TIME.replace(second=11))
    assert content.notes.reasons["an empty message"].count == 1


def activity(initiator: str, *targets: str, inner: str = "") -> str:
    people = "".join(f"<target>{one}</target>" for one in targets)
    return f"<activity><eventtime>1</eventtime><initiator>{initiator}</initiator>{people}{inner}</activity>"


BO, CY = "8:live:bo", "8:cy"
CALL = (
    '<partlist type="ended"><part identity="bo"><duration>61.5</duration></part>'
    "<part><duration>3</duration></part></partlist>"
)
ROLE = "<roleupdate><target><id>8:cy</id><role>admin</role></target></roleupdate>"
NAMED = activity(BO, inner="<value>A &amp; B</value>")


@pytest.mark.parametrize(
    ("kind", "content", "text", "author"),
    [
        ("ThreadActivity/AddMember", activity("8:live:ann", BO, CY), "added Bo, cy", "ann"),
        ("ThreadActivity/AddMember", activity(BO, BO), "joined", "Bo"),
        ("ThreadActivity/AddMember", "", "added somebody", "Skype"),
        ("ThreadActivity/DeleteMember", activity(BO, BO), "left the conversation", "Bo"),
        ("ThreadActivity/DeleteMember", activity(BO, CY), "removed cy", "Bo"),
        ("ThreadActivity/TopicUpdate", NAMED, "named the conversation A & B", "Bo"),
        ("ThreadActivity/TopicUpdate", activity(BO), "took the name of the conversation away", "Bo"),
        ("ThreadActivity/PictureUpdate", activity(BO), "changed the picture", "Bo"),
        ("ThreadActivity/RoleUpdate", ROLE, "role update", "Skype"),
        ("Event/Call", CALL, "call ended, 62 s", "Skype"),
        ("Event/Call", "", "call", "Skype"),
        ("InviteFreeRelationshipChanged/Initialized", "<x/>", "initialized", "Skype"),
        ("Notice", '[{"attachments": [{"content": {"text": "News"}}]}]', "News", "Skype"),
        ("PopCard", "<b>News</b>", "News", "Skype"),
        ("PopCard", "", "popcard", "Skype"),
    ],
)
def test_events_say_what_happened_and_who_did_it(kind, content, text, author, export):
    told = export(
        conversation(entry(9), displayName="Bo"),
        conversation(entry(0, content, kind, "19:x@thread.skype"), id_="19:x@thread.skype"),
    )
    event = told.message("1773133080000")
    assert (event.text, event.author.name, event.status) == (text, author, "activity")


def test_shared_files_have_their_place_in_the_export(export, tmp_path):
    media = tmp_path / "export" / "media"
    media.mkdir(parents=True)
    for name in ("doc-1.1.pdf", "doc-2.1.jpg"):
        (media / name).write_bytes(b"12345")

    def shared(id_: str, kind: str, inner: str) -> str:
        return f'<URIObject uri="https://x" type="{kind}" doc_id="{id_}">To view: <a href="https://x">link</a>{inner}</URIObject>'

    picture = shared("doc-2", "Picture.1", '<meta type="photo" originalName=""/>')
    named = '<Title>x</Title><OriginalName v="Pl&#228;n.pdf"/><FileSize v="48231"/>'
    content = export(
        conversation(
            entry(0, shared("doc-1", "File.1", named), "RichText/Media_GenericFile"),
            entry(1, picture, "RichText/UriObject"),
            entry(2, shared("doc-3", "Audio.1/Message.1", ""), "RichText/Media_AudioMsg"),
            entry(3, picture + picture, "RichText/Media_Album"),
        )
    )
    assert [
        [(file.name, file.media_type, file.size, file.url) for file in m.attachments] for m in content.messages
    ] == [
        [("Plän.pdf", "application/pdf", 48231, f"file:{media}/doc-1.1.pdf")],
        [("picture", "image/jpeg", 5, f"file:{media}/doc-2.1.jpg")],
        [("audio message", None, None, None)],
        [("picture", "image/jpeg", 5, f"file:{media}/doc-2.1.jpg")] * 2,
    ]
    assert set(content.texts) == {""}


def test_cards_polls_and_invitations_are_lines_of_text(export):
    card = base64.b64encode(
        json.dumps({"attachments": [{"content": {"title": "Build", "text": "passed"}}]}).encode()
    ).decode()
    content = export(
        conversation(
            entry(
                0,
                f'<URIObject type="SWIFT.1" uri="x"><Title>old</Title><Swift b64="{card}"/></URIObject>',
                "RichText/Media_Card",
            ),
            entry(1, "<poll>When?</poll>", "Poll"),
            entry(2, '{"title": "When?", "options": []}', "Poll"),
            entry(3, "<scheduledcallinvite>Standup</scheduledcallinvite>", "RichText/ScheduledCallInvite"),
            entry(4, "<e_m/>later", "SomethingNew"),
            entry(5, '<URIObject type="SWIFT.1"><Swift b64="!"/></URIObject>', "RichText/Media_Card"),
        )
    )
    assert content.texts == ["Build\npassed", "Poll: When?", "When?", "Scheduled call: Standup", "later"]
    assert not any(message.attachments for message in content.messages)


def test_what_stands_behind_the_messages_of_a_conversation_counts_for_them(export):
    late = {"MessageList": [entry(0)], "displayName": "Bo", "id": "8:live:bo"}
    logs = conversation(entry(1, author="48:calllogs"), id_="48:calllogs")
    content = export(late, {**conversation(), "id": "8:live:empty"}, logs)
    assert [one.title for one in content.conversations.values()] == ["Bo"]
    assert content.messages[0].author.name == "Bo"


def test_entries_without_id_or_time_and_signs_of_typing_are_counted(export):
    broken = [
        {**entry(1), "id": None},
        {**entry(2), "id": "x", "originalarrivaltime": "soon"},
        entry(3, kind="Control/Typing"),
    ]
    timed_by_id = {**entry(4), "originalarrivaltime": None}
    content = export(conversation(*broken, timed_by_id), None, 5)  # type: ignore[arg-type]
    assert [message.sent_at for message in content.messages] == [TIME.replace(second=4)]
    assert content.notes.skipped == 3
