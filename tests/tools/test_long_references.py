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
