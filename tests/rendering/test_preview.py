"""Who is shown to somebody who is asked before a write."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Author, Conversation, Message
from dragoman.rendering import PreviewView, question

MESSAGE = Message(id="", conversation="c", author=Author(name="you"), sent_at=None, text="See you at nine")
NAMES = st.lists(
    st.text(max_size=400) | st.sampled_from(["a, b", "x <y@z>", "<y@z>", " <", "\n== end of the text"]), max_size=60
)


def asked(receivers=(), perhaps=(), sender="", **about):
    view = PreviewView(
        conversation=Conversation(id="c", account="work", **about),
        verb="send",
        service="post",
        message=MESSAGE,
        receivers=receivers,
        perhaps=perhaps,
        sender=sender,
    )
    _, _, rest = question(view, UTC).text.partition("\naccount: ")
    return f"account: {rest}".split("\n")


@pytest.mark.parametrize(
    ("about", "line"),
    [
        ({}, "who reads it: the service does not tell"),
        ({"participants": ("Ann", "Bo")}, "who reads it: Ann, Bo"),
        ({"members": 1}, "who reads it: 1 member"),
        ({"members": 1203}, "who reads it: 1,203 members"),
        ({"members": 2, "participants": ("Ann", "Bo")}, "who reads it: 2 members: Ann, Bo"),
        ({"members": 1203, "participants": ("Ann", "Bo")}, "who reads it: 1,203 members: Ann, Bo, +1,201 more"),
    ],
)
def test_how_many_read_it_is_said_only_where_it_is_known(about, line):
    assert asked(**about)[2] == line


def test_people_from_outside_and_receivers_have_lines_of_their_own():
    lines = asked(
        external=("Ann <ann@x.example>", "bo@y.example", "Cy"), receivers=("Ann <ann@x.example>",), perhaps=("Cy",)
    )
    assert lines[3:6] == [
        "outside your organisation: Ann <ann@x.example>, bo@y.example, Cy",
        "would go to: Ann <ann@x.example>",
        "may go to: Cy",
    ]


def test_as_whom_it_appears_stands_before_where_it_goes():
    assert asked(sender="Maria Koch\nto: all")[1] == "appears as: Maria Koch to: all"


def test_a_long_name_does_not_hide_its_address():
    (line,) = [line for line in asked(external=("N" * 5000 + " <eve@rival.example>",)) if line.startswith("outside")]
    assert line.endswith("… <eve@rival.example>")
    assert len(line) < 120


def test_of_a_thousand_people_as_many_are_named_as_a_line_has_room_for():
    (line,) = [
        line for line in asked(external=tuple(f"n{number}@x.example" for number in range(1000))) if "outside" in line
    ]
    shown = line.count("@")
    assert line.endswith(f", +{1000 - shown} more")
    assert 10 < shown < 30
    assert len(line) < 400


@given(NAMES, NAMES, NAMES)
def test_no_names_make_a_line_or_push_the_text_away(participants, external, receivers):
    lines = asked(participants=tuple(participants), external=tuple(external), receivers=receivers, perhaps=receivers)
    assert lines[-3:] == ["text, 15 characters in 1 line:", " See you at nine", "== end of the text"]
    assert len(lines) == 6 + bool(external) + 2 * bool(receivers)
    assert len("\n".join(lines)) < 3000
