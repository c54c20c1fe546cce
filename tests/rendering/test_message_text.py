from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dragoman.core.model import (
    Attachment,
    Author,
    Citation,
    Conversation,
    ConversationKind,
    Edit,
    Message,
    Reaction,
)
from dragoman.rendering import MessageView, WrittenView, estimate, lay_out

ROOM = Conversation(id="c-1", title="relay-launch", kind=ConversationKind.CHANNEL, account="slack")
START = datetime(2026, 3, 10, 8, 58, tzinfo=UTC)


def message(number, text="hello", **more):
    return Message(
        id=f"m{number}",
        conversation="c-1",
        account="slack",
        number=number,
        author=Author(name="Maria Koch", id="U1", email="maria@x.example"),
        sent_at=START + timedelta(minutes=number),
        text=text,
        **more,
    )


RICH = message(
    5,
    "(a)",
    reply_to="m3",
    reply_to_number=3,
    replies=4,
    url="https://slack.example/m5",
    edited_at=START + timedelta(hours=2),
    labels=("pinned",),
    status="failed",
    attachments=(Attachment(name="x.pdf", media_type="application/pdf", size=2048, url="https://f.example/x"),),
    reactions=(Reaction(emoji="👍", count=3, by=("Ann", "Bob")),),
    citations=(Citation(title="Runbook", url="https://wiki.example/r", text="step\none"),),
    history=(Edit(text="(b) is\nfine", at=START),),
    extra={"channel_type": "private", "flags": ["a", "b"]},
)


def pages(view, max_tokens, form="text"):
    """The answers of a message from the first page to the last."""
    answers = []
    while True:
        layout = lay_out(view, form=form, max_tokens=max_tokens, zone=UTC)
        answers.append(layout.answer("k3" if layout.needs_cursor else None))
        if layout.next_offset is None:
            return answers
        view = replace(view, offset=layout.next_offset)


def test_everything_that_is_known_is_shown():
    view = MessageView(conversation=ROOM, message=RICH, before=[message(4)], after=[message(6)])
    text = lay_out(view, form="text", max_tokens=1000, zone=UTC).answer(None).text
    assert text.split("\n") == [
        "#relay-launch · slack:c-1/m5 · message 5 · times in UTC",
        "== 2026-03-10",
        "4 09:02 Maria Koch: hello",
        ">5 re 3 09:03 Maria Koch [👍3; labels: pinned; status: failed; file: x.pdf 2 KB; replies: 4; edited]: (a)",
        "6 09:04 Maria Koch: hello",
        "-- author: U1, maria@x.example",
        "-- link: https://slack.example/m5",
        "-- file: x.pdf, application/pdf, 2 KB, https://f.example/x",
        "-- reaction: 👍 Ann, Bob +1 more",
        "-- labels: pinned",
        "-- status: failed",
        "-- replies: 4",
        "-- edited: 2026-03-10 10:58",
        "-- earlier text 2026-03-10 08:58: (b) is fine",
        "-- source: Runbook, https://wiki.example/r, step one",
        "-- extra channel_type: private",
        '-- extra flags: ["a", "b"]',
    ]


@pytest.mark.parametrize("max_tokens", [200, 700, 3000])
def test_the_pages_of_a_long_text_show_every_line_once(max_tokens, read_page):
    lines = [f"line {number} of the log" for number in range(600)]
    answers = pages(MessageView(conversation=ROOM, message=message(5, "\n".join(lines))), max_tokens)
    assert len(answers) > 1
    assert all(estimate(answer.text) <= max_tokens for answer in answers)
    found = [read_page(answer.text).messages[0].text.split("\n") for answer in answers]
    assert [line for page in found for line in page] == lines


def test_a_page_of_a_text_says_which_part_it_is():
    first, second, *_ = pages(MessageView(conversation=ROOM, message=message(5, "word " * 800)), 300)
    assert ": cursor k3" in first.text
    assert "[characters 1-" in first.text
    assert "of 4000]: word" in second.text
    assert "-- author" not in second.text


def test_details_that_do_not_fit_stand_on_the_next_page():
    files = tuple(Attachment(name=f"file-{number}.bin", size=number) for number in range(300))
    answers = pages(MessageView(conversation=ROOM, message=message(5, attachments=files)), 500)
    shown = [line for answer in answers for line in answer.text.split("\n") if line.startswith("-- file: ")]
    assert [line.split(",")[0] for line in shown] == [f"-- file: file-{number}.bin" for number in range(300)]


def test_neighbours_give_way_to_a_long_text():
    around = [message(number, "chatter " * 40) for number in range(40)]
    view = MessageView(conversation=ROOM, message=message(99, "word " * 5000), before=around, after=around)
    text = lay_out(view, form="text", max_tokens=1000, zone=UTC).answer("k3").text
    assert text.count("word") > 400
    assert 1 <= text.count("chatter chatter") // 39 <= 12


def test_a_text_that_offers_ten_million_characters_is_paged():
    huge = message(5, "🙂 x" * 3_400_000)
    layout = lay_out(MessageView(conversation=ROOM, message=huge), form="text", max_tokens=200, zone=UTC)
    assert layout.next_offset
    assert estimate(layout.answer("k3").text) <= 200


@pytest.mark.parametrize("verb", ["sent", "updated", "imported"])
def test_a_written_message_is_shown_as_it_stands(verb):
    view = WrittenView(
        conversation=ROOM, message=message(5, "two\nlines"), verb=verb, by_others=False, notes=["It was there before."]
    )
    assert lay_out(view, form="text", max_tokens=300, zone=UTC).answer(None).text.split("\n") == [
        f"{verb} · #relay-launch · slack:c-1 · times in UTC · It was there before.",
        "== 2026-03-10",
        "5 09:03 Maria Koch: two",
        " lines",
    ]


def test_a_long_written_message_is_cut():
    view = WrittenView(conversation=ROOM, message=message(5, "word " * 5000), verb="sent", by_others=False)
    layout = lay_out(view, form="text", max_tokens=300, zone=UTC)
    text = layout.answer(None).text
    assert not layout.needs_cursor
    assert text.endswith("chars, get_message 5)")
    assert 200 < estimate(text) <= 300


def test_an_address_that_is_the_id_is_told_once():
    said = replace(message(5), author=Author(name="Ann", id="a@x.example", email="a@x.example"))
    text = (
        lay_out(MessageView(conversation=ROOM, message=said), form="text", max_tokens=1000, zone=UTC).answer(None).text
    )
    assert text.split("\n")[-1] == "-- author: a@x.example"
