"""A reference that is shown works when it is passed back, however long the ids are."""

from __future__ import annotations

import re

import pytest

LONG = "room-" + "x" * 700


@pytest.fixture
def room(dragoman):
    dragoman.call(
        "import_message",
        conversation=f"local:{LONG}",
        text="Hello",
        author="Ann",
        sent_at="2026-03-10T09:00Z",
        external_id="m" * 700,
    )
    return dragoman


def test_long_references_of_a_conversation_and_a_message_work(room):
    listed = room.json("list_conversations")["conversations"][0]["ref"]
    assert listed == f"local:{LONG}"
    assert listed in room.call("list_conversations")
    assert "Hello" in room.call("list_messages", conversation=listed)
    shown = room.json("get_message", message="1")["ref"]
    assert room.json("get_message", message=shown)["number"] == 1


@pytest.mark.parametrize("max_tokens", [200, 300, 3000])
def test_a_message_whose_reference_has_no_room_is_called_by_its_number(room, max_tokens):
    ref = room.json("get_message", message="1", max_tokens=max_tokens)["ref"]
    assert room.json("get_message", message=ref)["text"] == "Hello"
    header = room.call("get_message", message="1", max_tokens=max_tokens).split("\n")[0]
    (shown,) = [part for part in header.split(" · ") if re.fullmatch(r"1|local:\S+/\S+", part)]
    assert "Hello" in room.call("get_message", message=shown)


def test_an_empty_label_is_refused(room):
    assert "label is empty" in room.error("update_message", message="1", labels=["kept", " "])
    assert "labels" not in room.json("get_message", message="1")


@pytest.fixture
def rooms(dragoman):
    """Conversations with ids of all lengths, in the last case longer than any answer."""
    for name in ("a%20b" * 150, "π%207?%2F" * 60, "short", "y" * 5000):
        dragoman.call("import_message", conversation=f"local:{name}", text="found", author="Ann", sent_at="2026-03-10")
    return dragoman


@pytest.mark.parametrize("max_tokens", [200, 1000, 3000, 20000])
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("tool", "query"), [("list_conversations", None), ("search_messages", "found")])
def test_every_reference_of_a_conversation_works_however_little_room_it_had(rooms, tool, query, form, max_tokens):
    arguments = {"query": query, "format": form, "max_tokens": max_tokens}
    found = []
    cursor = None
    while True:
        said = rooms.call(tool, **arguments, cursor=cursor)
        found += re.findall(r'local:[^"\s]+(?=["\s])|(?<=· )local:\S+$', said.partition("\n")[2] or said, re.MULTILINE)
        following = re.search(r'(?:more: cursor |"cursor":")(\w+)', said)
        if following is None:
            break
        cursor = following[1]
    assert len(set(found)) == 4
    for reference in found:
        assert "1 message" in rooms.call("list_messages", conversation=reference)


def test_what_is_written_to_a_shortened_reference_goes_to_the_conversation_it_means(rooms):
    shown = next(ref for ref in rooms.call("list_conversations", max_tokens=200).split() if ref.startswith("local:yyy"))
    assert shown.endswith("…")
    rooms.call("send_message", conversation=shown, text="one more")
    rooms.call("import_message", conversation=shown, text="and another", author="Ann", sent_at="2026-03-11")
    assert rooms.json("list_conversations", query="yyy")["conversations"][0]["messages"] == 3


def test_a_shortened_reference_that_means_several_is_refused_with_what_helps(rooms):
    rooms.call("import_message", conversation="local:" + "y" * 4999, text="x", author="Ann", sent_at="2026-03-10")
    assert "larger max_tokens" in rooms.error("list_messages", conversation="local:yyyy…")
    assert "There is no such conversation" in rooms.error("list_messages", conversation="local:zzz…")


def test_an_id_that_really_ends_with_an_ellipsis_is_itself(rooms):
    for name in ("so…", "so it is"):
        rooms.call(
            "import_message", conversation=f"local:{name.replace(' ', '%20')}", text=name, author="Ann", sent_at="2h"
        )
    assert "Ann: so…" in rooms.call("list_messages", conversation="local:so…")
