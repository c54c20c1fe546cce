"""What stays the same from line to line is told once, and what is left out is counted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Attachment, Author, Conversation, Message, Reaction
from dragoman.rendering import MessagesView, lay_out
from dragoman.rendering.budget.fitting import TokenShares
from dragoman.rendering.plain.lines import badges

START = datetime(2026, 3, 10, 9, tzinfo=UTC)


def message(number, parent=None, subject=None, **more):
    return Message(
        id=f"m{number}",
        conversation="c",
        account="work",
        number=number,
        author=Author(name=f"A{number}"),
        sent_at=START + timedelta(minutes=number),
        text=f"t{number}",
        reply_to=None if parent is None else f"m{parent}",
        reply_to_number=parent,
        subject=subject,
        **more,
    )


def lines(*messages, title="room"):
    view = MessagesView(conversation=Conversation(id="c", account="work", title=title), messages=messages)
    return lay_out(view, form="text", max_tokens=3000, zone=UTC).answer(None).text.split("\n")[2:]


def test_replies_to_a_message_off_the_page_stand_together_and_name_it_once():
    assert lines(message(10, 3), message(11), message(12, 3), message(13, 3), message(14, 4), message(15, 11)) == [
        ">10 re 3 09:10 A10: t10",
        ">12 09:12 A12: t12",
        ">13 09:13 A13: t13",
        "11 09:11 A11: t11",
        ">15 09:15 A15: t15",
        ">14 re 4 09:14 A14: t14",
    ]


def test_a_parent_is_named_where_it_changes():
    assert lines(message(1), message(2, 1), message(3, 2), message(4, 2), message(5, 1)) == [
        "1 09:01 A1: t1",
        ">2 09:02 A2: t2",
        ">3 re 2 09:03 A3: t3",
        ">4 09:04 A4: t4",
        ">5 re 1 09:05 A5: t5",
    ]


def parents(page):
    """What each line of a page answers, by the rule of the text form."""
    found, current = {}, None
    for line in page:
        reply, number, _, parent = re.match(r"(>?)(\d+) (re (\d+) )?", line).groups()
        current = (parent or current) if reply else number
        found[int(number)] = int(current) if reply else None
    return found


@given(st.lists(st.none() | st.integers(1, 30), min_size=1, max_size=20))
def test_every_line_tells_what_it_answers(answered):
    messages = [
        message(20 + at, parent if parent is None or parent < 20 + at else 20 + at - 1)
        for at, parent in enumerate(answered)
    ]
    assert parents(lines(*messages)) == {one.number: one.reply_to_number for one in messages}


def test_a_subject_is_told_where_it_changes():
    page = lines(
        message(1, subject="Budget"),
        message(2, subject="Re: Budget"),
        message(3, subject="Lunch"),
        message(4, subject="RE: lunch"),
        message(5),
        message(6, subject="Lunch"),
    )
    assert [re.search(r"\[subject: (.*?)\]", line) and line.split("[subject: ")[1].split("]")[0] for line in page] == [
        "Budget",
        None,
        "Lunch",
        None,
        None,
        "Lunch",
    ]


@given(
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(0, 500),
    st.sampled_from([20, 60, 200, 375]),
    st.text(max_size=9),
)
def test_what_is_shown_and_what_is_told_to_be_left_out_are_all_there_is(reactions, labels, files, part, word):
    name = re.sub(r"[^a-z]", "", word) + "x"
    one = message(
        1,
        reactions=(Reaction(emoji=f"r{name}", count=2),) * reactions,
        labels=(f"l{name}",) * labels,
        attachments=(Attachment(name=f"f{name}"),) * files,
        edited_at=START,
    )
    marks = badges(one, 0, TokenShares(3000, 3000, part, 1000))
    shown = len(re.findall(rf"r{name}:2|l{name}|f{name}|edited", marks))
    told = re.findall(r"\+(\d+) more", marks)
    assert len(told) <= 1
    if "…" not in marks:
        assert shown + sum(map(int, told)) == reactions + labels + files + 1


@pytest.mark.parametrize(("count", "part"), [(450, 375), (450, 60)])
def test_many_files_are_counted_once(count, part):
    one = message(1, attachments=tuple(Attachment(name=f"f{at}.pdf") for at in range(count)), labels=("a",) * 200)
    marks = badges(one, 0, TokenShares(3000, 3000, part, 1000))
    shown = marks.count("file: ") + len(re.findall(r"\ba\b", marks))
    assert f"+{count + 200 - shown} more]" in marks
