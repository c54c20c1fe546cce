"""Everything about one message is reached by its cursor, each entry exactly once, in both forms."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dragoman.core.model import Attachment, Author, Citation, Conversation, Edit, Message, Reaction
from dragoman.rendering import MessageView, estimate, lay_out

ROOM = Conversation(id="c-1", title="relay-launch", account="slack")
AT = datetime(2026, 3, 10, 8, 58, tzinfo=UTC)
MANY = 60
LADEN = Message(
    id="m5",
    conversation="c-1",
    account="slack",
    number=5,
    author=Author(name="Maria Koch", id="U1"),
    sent_at=AT,
    text="A long report. " * 60,
    url="https://slack.example/m5",
    edited_at=AT,
    attachments=tuple(Attachment(name=f"file{n}.bin", size=n, url=f"https://f.example/{n}") for n in range(MANY)),
    reactions=tuple(Reaction(emoji=f"emoji{n}", count=n + 1) for n in range(MANY)),
    labels=tuple(f"label{n}" for n in range(MANY)),
    history=tuple(Edit(text=f"earlier{n}", at=AT) for n in range(MANY)),
    citations=tuple(Citation(title=f"source{n}", text="quoted") for n in range(MANY)),
    extra={f"extra{n}": {"deep": [n]} for n in range(MANY)},
)
KINDS = ("file", "emoji", "label", "earlier", "source", "extra")


def pages(view, forms, max_tokens):
    """The answers from the first page to the last, in turn in each of the forms."""
    answers = []
    while len(answers) < 2000:
        form = forms[len(answers) % len(forms)]
        layout = lay_out(view, form=form, max_tokens=max_tokens, zone=UTC)
        answers.append(layout.answer("k3" if layout.needs_cursor else None).text)
        if layout.next_offset is None:
            return answers
        view = replace(view, offset=layout.next_offset)
    raise AssertionError("The pages have no end.")


def told(kind, answers):
    """The numbers of the entries of a kind in the order they are told, marks before texts left out."""
    lines = [line for answer in answers for line in answer.split("\n") if line.startswith(("-- ", "{"))]
    return [int(number) for line in lines for number in re.findall(rf"\b{kind}(\d+)\b", line)]


@pytest.mark.parametrize("forms", [["text"], ["json"], ["text", "json"]])
@pytest.mark.parametrize("max_tokens", [200, 400, 3000, 100_000])
def test_every_entry_is_told_exactly_once(forms, max_tokens):
    answers = pages(MessageView(conversation=ROOM, message=LADEN), forms, max_tokens)
    assert all(estimate(answer) <= max_tokens for answer in answers)
    for kind in KINDS:
        assert told(kind, answers) == list(range(MANY)), kind


def test_json_says_how_many_entries_the_later_pages_hold():
    answers = [json.loads(page) for page in pages(MessageView(conversation=ROOM, message=LADEN), ["json"], 1000)]
    lists = ("attachments", "reactions", "labels", "history", "citations", "extra")
    for answer, after in itertools.pairwise(answers):
        assert answer["left_out"] == after.get("left_out", 0) + sum(len(after.get(name, ())) for name in lists)
    assert "left_out" not in answers[-1]


@pytest.mark.parametrize("form", ["text", "json"])
def test_two_thousand_files_are_all_reached(form):
    laden = replace(LADEN, attachments=tuple(Attachment(name=f"file{n}.bin") for n in range(2000)))
    answers = pages(MessageView(conversation=ROOM, message=laden), [form], 20_000)
    assert told("file", answers) == list(range(2000))


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("max_tokens", [200, 3000])
def test_an_entry_that_is_cut_says_so_and_what_shows_more(form, max_tokens):
    long = replace(LADEN, text="now", attachments=(), reactions=(), labels=(), citations=())
    long = replace(long, history=(Edit(text="word " * 20_000),), extra={"log": "word " * 20_000})
    answers = pages(MessageView(conversation=ROOM, message=long), [form], max_tokens)
    assert sum(len(re.findall(r"chars, larger max_tokens|\"cut\":", answer)) for answer in answers) == 2
    (whole,) = pages(MessageView(conversation=ROOM, message=long), [form], 400_000)
    assert whole.count("word ") + whole.count("word\n") + whole.count('word"') >= 39_990


@pytest.mark.parametrize("form", ["text", "json"])
def test_neighbours_without_room_are_told(form):
    around = [replace(LADEN, id=f"n{n}", number=100 + n, text="chatter " * 40, attachments=()) for n in range(20)]
    view = MessageView(conversation=ROOM, message=replace(LADEN, text="word " * 3000), before=around, after=around)
    first, second, *_ = pages(view, [form], 1500)
    if form == "text":
        shown = len(re.findall(r"^1\d\d ", first, re.MULTILINE))
    else:
        shown = sum(len(json.loads(first).get(name, [])) for name in ("before", "after"))
    assert f"{40 - shown} neighbours left out, list_messages has them" in first
    assert "left out, list" not in second
    fitting = replace(view, message=replace(LADEN, text="short"), before=around[:1], after=())
    assert "neighbour" not in pages(fitting, [form], 100_000)[0]
