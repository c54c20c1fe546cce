"""Rooms of Matrix that Element exported."""

from __future__ import annotations

import json
import zipfile

import pytest

from dragoman.archives.ids import Notebook
from dragoman.core.model import AuthorKind

ROOM = "!r:x.example"
TIME = 1773133080000
MARIA, OLEG = "@maria:x.example", "@oleg:x.example"


def event(id_, content, kind="m.room.message", sender=MARIA, **members):
    base = {"type": kind, "sender": sender, "content": content, "event_id": id_, "origin_server_ts": TIME}
    return {**base, "room_id": ROOM, **members}


def said(id_, body, sender=MARIA, relation=None, **content):
    relates = {"m.relates_to": relation} if relation else {}
    return event(id_, {"msgtype": "m.text", "body": body, **content, **relates}, sender=sender)


def edit(id_, target, body, sender=MARIA, at=TIME + 1000):
    content = {
        "msgtype": "m.text",
        "body": f" * {body}",
        "m.new_content": {"msgtype": "m.text", "body": body},
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }
    return event(id_, content, sender=sender, origin_server_ts=at)


def reaction(id_, target, key, sender):
    relation = {"rel_type": "m.annotation", "event_id": target, "key": key}
    return event(id_, {"m.relates_to": relation}, "m.reaction", sender)


def member(id_, membership, person=OLEG, sender=None, before=None, **content):
    unsigned = {"unsigned": {"prev_content": before}} if before else {}
    content["membership"] = membership
    return event(id_, content, "m.room.member", sender or person, state_key=person, **unsigned)


def room(*events, **about):
    return json.dumps({"room_name": "Room", "room_creator": "Maria", "topic": "Boats", **about, "messages": events})


@pytest.fixture
def read_room(read_archive, tmp_path):
    def read(*events, text=None):
        (tmp_path / "export").write_text(text or room(*events))
        content = read_archive(tmp_path / "export")
        assert content.formats == ["matrix"]
        return content

    return read


def test_edits_keep_all_earlier_texts_wherever_they_stand(read_room):
    content = read_room(edit("$e2", "$1", "third", at=TIME + 2000), said("$1", "first"), edit("$e1", "$1", "second"))
    (message,) = content.messages
    assert (message.text, [one.text for one in message.history]) == ("third", ["first", "second"])
    assert message.edited_at is not None
    assert message.edited_at.timestamp() * 1000 == TIME + 2000


def test_nobody_edits_the_message_of_another(read_room):
    (message,) = read_room(said("$1", "mine"), edit("$e", "$1", "forged", sender=OLEG)).messages
    assert (message.text, message.edited_at, message.history) == ("mine", None, ())


def test_an_edit_that_the_export_has_applied_is_still_an_edit(read_room):
    bundled = {"m.relations": {"m.replace": edit("$e", "$1", "second")}}
    (message,) = read_room(said("$1", "second") | {"unsigned": bundled}).messages
    assert (message.text, message.history) == ("second", ())
    assert message.edited_at is not None


def test_reactions_count_people_once_and_those_that_were_taken_back_not_at_all(read_room):
    content = read_room(
        reaction("$a", "$1", "👍", OLEG),
        reaction("$b", "$1", "👍", OLEG),
        said("$1", "Hi"),
        reaction("$c", "$1", "👍", MARIA),
        event("$d", {}, "m.reaction", unsigned={"redacted_because": {}}),
        member("$m", "join", displayname="Oleg"),
    )
    (one,) = content.message("$1").reactions
    assert (one.emoji, one.count, one.by) == ("👍", 2, ("Oleg", "maria"))


def test_reactions_that_only_the_server_has_summed_up_count(read_room):
    chunk = [{"type": "m.reaction", "key": "🎉", "count": 3}]
    summed = {"m.relations": {"m.annotation": {"chunk": chunk}}}
    (one,) = read_room(said("$1", "Hi") | {"unsigned": summed}).messages[0].reactions
    assert (one.emoji, one.count) == ("🎉", 3)


@pytest.mark.parametrize(
    "taken",
    [
        [event("$1", {}, unsigned={"redacted_because": {"origin_server_ts": TIME + 5}})],
        [event("$1", {})],
        [said("$1", "secret"), event("$r", {}, "m.room.redaction", redacts="$1")],
        [said("$1", "secret"), event("$r", {"redacts": "$1"}, "m.room.redaction")],
    ],
    ids=["because", "empty", "before version 11", "since version 11"],
)
def test_a_redacted_message_is_a_tombstone_without_text(read_room, taken):
    (message,) = read_room(*taken).messages
    assert message.deleted_at is not None
    assert message.text == ""


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("> <@maria:x.example> one\n> two\n\nyes", "yes"),
        ("> * <@maria:x.example> waves\n\nyes\n\nno", "yes\n\nno"),
        ("> my own quote\n\nyes", "> my own quote\n\nyes"),
        ("yes", "yes"),
    ],
)
def test_a_reply_is_shown_without_the_words_that_it_answers(read_room, body, text):
    (message,) = read_room(said("$2", body, relation={"m.in_reply_to": {"event_id": "$1"}})).messages
    assert (message.text, message.reply_to) == (text, "$1")


def test_a_quote_in_a_message_that_answers_nothing_stays(read_room):
    assert read_room(said("$1", "> <@a:b> one\n\ntwo")).texts == ["> <@a:b> one\n\ntwo"]


@pytest.mark.parametrize(("falls_back", "parent"), [(True, "$root"), (False, "$last")])
def test_a_message_of_a_thread_answers_its_first_unless_it_answers_another(read_room, falls_back, parent):
    relation = {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": falls_back,
        "m.in_reply_to": {"event_id": "$last"},
    }
    assert read_room(said("$2", "x", relation=relation)).messages[0].reply_to == parent


@pytest.mark.parametrize("kind", ["m.room.encrypted", "m.room.message"])
def test_what_could_not_be_decrypted_says_so(read_room, kind):
    (message,) = read_room(event("$1", {"msgtype": "m.bad.encrypted", "body": "x", "ciphertext": "y"}, kind)).messages
    assert message.text == "This message could not be decrypted."


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (member("$1", "join", displayname="Oleg"), "joined"),
        (member("$1", "leave", before={"membership": "join"}), "left"),
        (member("$1", "leave", sender=MARIA, before={"membership": "join"}), "removed oleg"),
        (member("$1", "ban", sender=MARIA), "banned oleg"),
        (member("$1", "leave", sender=MARIA, before={"membership": "ban"}), "unbanned oleg"),
        (member("$1", "leave", before={"membership": "invite"}), "declined the invitation"),
        (
            member("$1", "join", displayname="Olli", before={"membership": "join", "displayname": "Oleg"}),
            "changed their name from Oleg to Olli",
        ),
        (event("$1", {"name": "New"}, "m.room.name", state_key=""), "changed the name to New"),
        (event("$1", {"x": 1}, "m.room.power_levels", state_key=""), "changed power levels"),
        (event("$1", {}, "m.call.invite"), "started a call"),
    ],
)
def test_events_of_the_room_are_activities(read_room, state, text):
    (message,) = read_room(state).messages
    assert (message.text, message.status) == (text, "activity")


def test_polls_places_and_notices_are_text(read_room):
    poll = {"question": {"m.text": [{"body": "When?"}]}, "answers": [{"id": "a", "org.matrix.msc1767.text": "Now"}]}
    content = read_room(
        event("$1", {"m.poll": poll}, "m.poll.start"),
        event("$2", {"msgtype": "m.location", "body": "Pier 4", "geo_uri": "geo:1,2"}),
        event("$3", {"msgtype": "m.notice", "body": "done"}),
        event("$4", {"msgtype": "m.new.kind", "formatted_body": "<b>bold</b>"}),
    )
    assert content.texts == ["Poll: When?\n- Now", "Location: Pier 4, geo:1,2", "done", "bold"]
    assert content.message("$3").author.kind is AuthorKind.BOT


def test_a_file_is_an_attachment_that_lies_in_the_zip_under_a_name_with_a_time(read_archive, tmp_path):
    image = event("$1", {"msgtype": "m.image", "body": "pier.png", "info": {"mimetype": "image/png", "size": 3}})
    sticker = event("$2", {"body": "ship", "info": {"mimetype": "image/webp"}}, "m.sticker")
    with zipfile.ZipFile(tmp_path / "element.zip", "w") as archive:
        archive.writestr("export.json", room(image, sticker))
        archive.writestr("images/pier-10.3.2026 um 09-58-00.png", "abc")
        archive.writestr("images/pier-11.3.2026 um 09-58-00.png", "abcdef")
    content = read_archive(tmp_path / "element.zip")
    (pier,) = content.message("$1").attachments
    assert (pier.name, pier.media_type, pier.size) == ("pier.png", "image/png", 3)
    assert pier.url is not None
    assert pier.url.endswith("/images/pier-10.3.2026%20um%2009-58-00.png")
    assert content.message("$2").attachments[0].name == "ship"
    assert content.message("$1").text == ""


def test_a_room_that_no_event_names_has_an_id_of_its_own(read_room):
    nameless = {name: value for name, value in said("$1", "Hi").items() if name != "room_id"}
    first = read_room(text=room(nameless))
    again = read_room(text=room(nameless, said("$2", "Ho") | {"room_id": None}))
    other = read_room(text=room(nameless, room_name="Other"))
    assert first.conversations.keys() == again.conversations.keys()
    assert first.conversations.keys() != other.conversations.keys()


def test_what_cannot_be_read_is_counted_and_the_rest_is_read(read_room):
    encrypted_edit = event("$3", {"m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}, "m.room.encrypted")
    odd = [
        5,
        said(None, "x"),
        said("$2", "x") | {"origin_server_ts": "soon"},
        encrypted_edit,
        event("$4", {}, "org.x.unknown"),
        event("$5", "text", unsigned=[]),
        event("$6", {"msgtype": 7, "body": {}, "info": 3, "m.relates_to": "x"}),
    ]
    content = read_room(*odd, said("$1", "Hi"))
    assert content.notes.skipped == 5
    assert [one.id for one in content.messages] == ["$5", "$6", "$1"]


def test_an_export_that_is_cut_off_is_read_up_to_there(read_room):
    content = read_room(text=room(said("$1", "Hi"), said("$2", "Ho"))[:-40])
    assert content.texts == ["Hi"]
    assert "ends too early" in " ".join(content.notes.sentences)


def test_what_is_remembered_takes_a_bounded_part_of_memory():
    notebook = Notebook()
    for number in range(2000):
        notebook.put(str(number), "x" * 10_000)
    assert sum(map(len, notebook._notes.values())) < 2 << 20
    assert notebook.get("0") == notebook.get("1999") == "x" * 10_000
