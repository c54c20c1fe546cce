from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dragoman.core.model import (
    Attachment,
    Author,
    AuthorKind,
    Conversation,
    ConversationKind,
    Message,
    Order,
    Reaction,
)
from dragoman.rendering import MessagesView, estimate, lay_out

ROOM = Conversation(id="c-1", title="relay-launch", kind=ConversationKind.CHANNEL, account="slack")
START = datetime(2026, 3, 10, 8, 58, tzinfo=UTC)


def message(number, text="hello", *, minutes=0, name="Maria Koch", kind=AuthorKind.PERSON, **more):
    return Message(
        id=f"m{number}",
        conversation="c-1",
        account="slack",
        number=number,
        author=Author(name=name, kind=kind),
        sent_at=START + timedelta(minutes=minutes),
        text=text,
        **more,
    )


def laid_out(*messages, max_tokens=3000, zone=UTC, cursor=None, **view):
    layout = lay_out(
        MessagesView(conversation=view.pop("conversation", ROOM), messages=messages, **view),
        form="text",
        max_tokens=max_tokens,
        zone=zone,
    )
    return layout.answer(cursor).text


def body(*messages, **more):
    return laid_out(*messages, **more).split("\n")[1:]


def test_a_page_looks_as_the_design_shows_it():
    page = laid_out(
        message(
            401,
            "Morning all. Launch window for Relay 2.0 is Thursday 14:00 UTC.",
            reactions=(Reaction(emoji="👍", count=3),),
        ),
        message(407, "Build #4812 passed.", minutes=43, name="BuildBot", kind=AuthorKind.BOT),
        message(
            411,
            "Migration rehearsal results: ...",
            minutes=169,
            name="Aiko Tanaka",
            reactions=(Reaction(emoji="👀", count=2), Reaction(emoji="🎉", count=1)),
        ),
        message(
            426,
            "Release notes draft attached.",
            minutes=364,
            name="Lena Voss",
            attachments=(Attachment(name="relay-2.0-release-notes.docx", size=47 * 1024),),
        ),
        message(412, "(a) is fine by me.", minutes=174, name="Oleg Sidorov", reply_to="m411", reply_to_number=411),
        message(
            416,
            "Per table:\n```sql\nALTER TABLE messages;\n```",
            minutes=187,
            name="Oleg Sidorov",
            reply_to="m411",
            reply_to_number=411,
        ),
        message(428, "Left 6 comments.", minutes=409, name="Priya Nair", edited_at=START + timedelta(days=1)),
        total=1203,
        more=True,
        cursor="k3",
    )
    assert page.split("\n") == (
        [
            "#relay-launch · slack · 7 of 1203, times in UTC · older: cursor k3",
            "== 2026-03-10",
            "401 08:58 Maria Koch [👍3]: Morning all. Launch window for Relay 2.0 is Thursday 14:00 UTC.",
            "407 09:41 BuildBot (bot): Build #4812 passed.",
            "411 11:47 Aiko Tanaka [👀2 🎉1]: Migration rehearsal results: ...",
            ">412 11:52 Oleg Sidorov: (a) is fine by me.",
            ">416 12:05 Oleg Sidorov: Per table:",
            " ```sql",
            " ALTER TABLE messages;",
            " ```",
            "426 15:02 Lena Voss [file: relay-2.0-release-notes.docx 47 KB]: Release notes draft attached.",
            "428 15:47 Priya Nair [edited]: Left 6 comments.",
        ]
    )


def test_a_reply_whose_parent_is_elsewhere_names_it():
    assert body(message(412, reply_to="m398", reply_to_number=398))[1] == ">412 re 398 08:58 Maria Koch: hello"


def test_a_reply_to_a_reply_stands_in_the_group_and_names_its_parent():
    lines = body(
        message(1),
        message(2, reply_to="m1", reply_to_number=1, minutes=1),
        message(3, minutes=2),
        message(4, reply_to="m2", reply_to_number=2, minutes=3),
    )
    assert [line.split(" 0")[0] for line in lines[1:]] == ["1", ">2", ">4 re 2", "3"]


def test_below_a_reply_whose_parent_is_elsewhere_every_reply_names_its_parent():
    lines = body(message(2, reply_to="m1", reply_to_number=1), message(3, reply_to="m2", reply_to_number=2, minutes=1))
    assert [line.split(" 0")[0] for line in lines[1:]] == [">2 re 1", ">3 re 2"]


def test_messages_that_answer_each_other_in_a_circle_are_all_shown(read_page):
    page = laid_out(
        message(1, reply_to="m2", reply_to_number=2), message(2, reply_to="m1", reply_to_number=1), message(3)
    )
    assert sorted(read_page(page).called) == ["1", "2", "3"]


def test_a_reply_of_another_day_shows_its_date():
    lines = body(message(1), message(2, minutes=60), message(3, reply_to="m1", reply_to_number=1, minutes=24 * 60))
    assert lines == [
        "== 2026-03-10",
        "1 08:58 Maria Koch: hello",
        ">3 2026-03-11 08:58 Maria Koch: hello",
        "2 09:58 Maria Koch: hello",
    ]


def test_the_zone_decides_time_and_day_and_is_named_once():
    page = laid_out(message(1, minutes=15 * 60), zone=ZoneInfo("Asia/Tokyo"))
    assert page.split("\n") == [
        "#relay-launch · slack · 1 message, times in Asia/Tokyo",
        "== 2026-03-11",
        "1 08:58 Maria Koch: hello",
    ]


def test_a_message_without_time_keeps_its_place():
    unknown = replace(message(2), sent_at=None)
    assert body(message(1), unknown)[1:] == ["1 08:58 Maria Koch: hello", "2 --:-- Maria Koch: hello"]


def test_a_message_without_number_is_called_by_its_reference():
    lines = body(replace(message(1, reply_to="x y"), number=None))
    assert lines[1].startswith(">slack:c-1/m1 re slack:c-1/x%20y ")


def test_every_kind_of_mark_stands_in_one_group():
    lines = body(
        message(
            1,
            subject="Re: [plan]; B",
            status="failed",
            partial=True,
            labels=("pinned", "x; y]"),
            attachments=(Attachment(name="a.bin"), Attachment(name="b", size=1_900_000)),
        )
    )
    assert lines[1] == (
        "1 08:58 Maria Koch [subject: Re: (plan), B; labels: pinned, x, y); status: failed; file: a.bin; "
        "file: b 1.8 MB; excerpt]: hello"
    )


def test_a_usual_status_goes_without_saying():
    assert body(message(1, status="SENT"))[1] == "1 08:58 Maria Koch: hello"


def test_replies_that_are_not_on_the_page_are_counted():
    assert body(message(1, replies=4))[1] == "1 08:58 Maria Koch [replies: 4]: hello"


def test_a_message_with_only_a_file_says_so():
    assert body(message(1, "", attachments=(Attachment(name="x.png", size=2048),)))[1] == (
        "1 08:58 Maria Koch [file: x.png 2 KB]:"
    )


def test_an_emoji_name_that_ends_like_a_number_stays_apart_from_its_count():
    assert (
        "[plus1:3 :tada:2]"
        in body(message(1, reactions=(Reaction(emoji="plus1", count=3), Reaction(emoji=":tada:", count=2))))[1]
    )


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        (Conversation(id="d", account="a", kind=ConversationKind.DIRECT, participants=("Ann", "Bo")), "Ann, Bo · a"),
        (Conversation(id="d 1", account="a"), "a:d%201 · a"),
        (
            Conversation(id="d", account="a", title="Plan · 9 of 9 · older: cursor zz"),
            "Plan - 9 of 9 - older cursor zz",
        ),
        (Conversation(id="d", account="a", title="x" * 90), "x" * 59 + "… · a"),
        (Conversation(id="d", account="a", title="a\nb\x1b[31m\u202e"), "a b<U+202E> · a"),
    ],
)
def test_a_title_cannot_imitate_the_header(conversation, expected):
    assert laid_out(message(1), conversation=conversation).startswith(expected)


def test_the_word_before_the_cursor_tells_the_direction():
    assert "newer: cursor k" in laid_out(message(1), order=Order.OLDEST, more=True, cursor="k")
    assert "older: cursor k" in laid_out(message(1), more=True, cursor="k")
    assert "cursor" not in laid_out(message(1))


def test_a_notice_stands_in_the_header_and_a_note_below_it():
    view = MessagesView(conversation=ROOM, messages=[message(1)], notes=["only threads are listed"])
    layout = lay_out(view, form="text", max_tokens=300, zone=UTC, notice="texts of others")
    assert layout.answer("k").text.split("\n")[:2] == [
        "#relay-launch · slack · 1 message, times in UTC · texts of others · older: cursor k",
        "-- note: only threads are listed",
    ]


def test_an_empty_conversation_has_only_a_header():
    assert laid_out() == "#relay-launch · slack · 0 messages, times in UTC"


def test_a_long_text_is_cut_and_says_how_to_read_on():
    layout = lay_out(
        MessagesView(conversation=ROOM, messages=[message(1), message(2, "word " * 4000)]),
        form="text",
        max_tokens=600,
        zone=UTC,
    )
    text = layout.answer(None).text
    assert layout.shown == 2
    assert not layout.needs_cursor
    shown = text.count("word")
    assert text.endswith(f"word ... (+{20_000 - shown * 5:,} chars, get_message 2)")
    assert estimate(text) <= 600


def test_a_greater_budget_shows_more_of_a_long_text():
    lengths = [len(laid_out(message(1), message(2, "word " * 9000), max_tokens=budget)) for budget in (300, 900, 2700)]
    assert lengths[0] < lengths[1] / 2 < lengths[2] / 4


@pytest.mark.parametrize(("order", "kept"), [(Order.LATEST, "last"), (Order.OLDEST, "first")])
def test_what_does_not_fit_is_cut_at_the_far_end(order, kept, read_page):
    messages = [message(n, "some words to say " * 4, minutes=n) for n in range(1, 101)]
    layout = lay_out(
        MessagesView(conversation=ROOM, messages=messages, order=order), form="text", max_tokens=800, zone=UTC
    )
    called = [int(one) for one in read_page(layout.answer("k").text).called]
    assert 10 < layout.shown == len(called) < 40
    assert layout.needs_cursor
    assert called == (list(range(101 - len(called), 101)) if kept == "last" else list(range(1, len(called) + 1)))
