"""A question: whoever reads three lines of it has seen the place, the warnings and, where it fits, all of the text."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Author, Conversation, ConversationKind, Message
from dragoman.rendering import PreviewView, question

WIDTH = 72
CALLS = "it calls everybody: @channel"


def view(text="Hello", verb="send", conversation=None, **more):
    where = conversation or Conversation(id="room", account="post", title="Room", kind=ConversationKind.ROOM)
    given = {name: more.pop(name) for name in ("subject", "labels") if name in more}
    message = Message(
        id="m", conversation=where.id, account=where.account, author=Author(name="Ann"),
        sent_at=datetime(2026, 3, 10, 9, tzinfo=UTC), text=text, **given,
    )  # fmt: skip
    return PreviewView(conversation=where, verb=verb, service="journal", message=message, **more)


def lines_of(view):
    return question(view, UTC).text.split("\n")[:3]


def columns(line):
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in line)
    return len(line) + wide - sum(unicodedata.category(char) in ("Mn", "Me") for char in line)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "Send to post:room Room (readers unknown)?"),
        ({"participants": ("Ann", "Bo")}, "Send to post:room Room (2 readers)?"),
        (
            {"members": 1200, "external": ("Eve",)},
            "Send to post:room Room (1,200 readers, 1 outside your organisation)?",
        ),
        ({"title": ""}, "Send to post:room (readers unknown)?"),
        ({"title": "x" * 200}, "Send to post:room " + "x" * 34 + "\u2026 (readers unknown)?"),
    ],
)
def test_the_first_line_says_what_goes_where_and_to_how_many(more, line):
    conversation = Conversation(**{"id": "room", "account": "post", "title": "Room"} | more)
    assert lines_of(view(conversation=conversation))[0] == line


def test_the_first_line_counts_receivers_where_they_are_told():
    shown = lines_of(view(receivers=["a@x.example", "b@x.example"], perhaps=["c@x.example"]))[0]
    assert shown == "Send to post:room Room (2 receivers, perhaps 1 more)?"


@pytest.mark.parametrize(
    ("verb", "asked"),
    [("send", "Send to"), ("change", "Change a message in"), ("import", "Store as written elsewhere in")],
)
def test_the_first_line_says_what_is_done(verb, asked):
    assert lines_of(view(verb=verb, changes=["text"]))[0].startswith(f"{asked} post:room")


def test_without_warnings_the_text_begins_in_the_second_line():
    assert lines_of(view("Hello"))[1] == "Text: Hello"
    assert question(view("Hello"), UTC).fits


def test_a_text_of_two_lines_fits():
    shown = question(view("a" * 66 + "b" * 71), UTC)
    assert shown.text.split("\n")[1:3] == ["Text: " + "a" * 66, " " + "b" * 71]
    assert shown.fits
    assert not question(view("a" * 66 + "b" * 72), UTC).fits


def test_warnings_stand_in_the_second_line_and_the_text_in_the_third():
    shown = question(view("@channel look\u202e", warnings=[CALLS]), UTC)
    assert shown.text.split("\n")[1:3] == [
        "Careful: it calls everybody: @channel; it has hidden characters",
        "Text: @channel look<U+202E>",
    ]
    assert shown.fits


def test_warnings_that_do_not_fit_make_the_question_too_long():
    assert not question(view("Hi", warnings=[CALLS, "it links to evil.example, which did not occur in it"]), UTC).fits


def test_a_place_that_does_not_fit_makes_the_question_too_long():
    assert not question(view("Hi", conversation=Conversation(id="r" * 80, account="post")), UTC).fits


def test_everything_that_is_written_counts():
    assert lines_of(view("Hello", subject="Plan", labels=("a", "b")))[1] == (
        "Subject: Plan \u23ce Labels: a, b \u23ce Text: Hello"
    )
    assert lines_of(view("Hello", verb="import"))[1].startswith("By Ann 2026-03-10 09:00 UTC \u23ce Text: Hello")
    assert not question(view("Hello", subject="s" * 200), UTC).fits
    assert lines_of(view("", verb="change", labels=(), changes=["labels"]))[1] == "Labels: none"


def test_what_is_answered_or_changed_is_named_before_the_text():
    other = Message(
        id="o", conversation="room", account="post", author=Author(name="Bo"), sent_at=None, text="Why? " * 20
    )
    answer = lines_of(view("Because", answers=other))
    assert answer[1] == "Answers Bo: Why? Why? Why? Why? Why? Why? W\u2026 \u23ce Text: Because"
    change = lines_of(view("Because", verb="change", before=other, changes=["text"]))
    assert change[1] == "Was: Why? Why? Why? Why? Why? Why? W\u2026 \u23ce Text: Because"


def test_the_whole_preview_follows():
    text = question(view("Hello\n" * 40), UTC).text
    assert "\naccount: post (journal)\nconversation: post:room" in text
    assert text.endswith("\n== end of the text")


HOSTILE = st.text(st.sampled_from(list("ab \n\t\r\u202e\u200b\x1b[31m\u0301\u754c<>:\u23ce\u2028")), max_size=300)


@given(HOSTILE, HOSTILE, HOSTILE, st.lists(HOSTILE, max_size=3))
def test_whatever_is_written_the_first_lines_are_ours_and_narrow(text, title, subject, warnings):
    conversation = Conversation(id="room", account="post", title=title)
    shown = question(view(text, conversation=conversation, subject=subject, warnings=warnings), UTC)
    lines = shown.text.split("\n")
    assert lines[0].startswith("Send to post:room")
    assert lines[0].endswith("(readers unknown)?")
    assert lines[1].startswith(("Careful: ", "Subject: ", "Text: "))
    assert lines[2].startswith((" ", "Subject: ", "Text: ", "account: "))
    assert all(columns(line) <= WIDTH for line in lines[:3])
    assert shown.fits or not shown.length.endswith("all of it is in the first lines.")


@given(HOSTILE)
def test_a_text_that_fits_is_there_to_its_last_visible_letter(text):
    shown = question(view(text + "!"), UTC)
    summary, _, _ = shown.text.partition("\naccount: ")
    assert not shown.fits or summary.endswith("!")
