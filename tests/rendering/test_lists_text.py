from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dragoman.core.model import Author, Conversation, ConversationKind, Hit, Message
from dragoman.rendering import ConversationsView, Failure, Searched, SearchView, estimate, lay_out

START = datetime(2026, 4, 9, 16, 6, tzinfo=UTC)


def hit(number, text, conversation="c-1", excerpt=None, highlights=(), **more):
    message = Message(
        id=f"m{number}",
        conversation=conversation,
        account="local",
        number=number,
        author=Author(name="Ann"),
        sent_at=START + timedelta(minutes=number),
        text=text,
        **more,
    )
    return Hit(message=message, excerpt=excerpt, highlights=highlights)


def lines_of(view, max_tokens=3000):
    return lay_out(view, form="text", max_tokens=max_tokens, zone=UTC).answer(None).text.split("\n")


def test_conversations_stand_one_to_a_line_with_what_is_known():
    view = ConversationsView(
        conversations=[
            Conversation(
                id="c-kiosk-firmware",
                title="kiosk-firmware",
                kind=ConversationKind.CHANNEL,
                messages=67,
                last_message_at=START,
                account="local",
                participants=("Ann", "Bo"),
            ),
            Conversation(id="d-1", kind=ConversationKind.DIRECT, participants=("Ann", "Bo"), unread=3, account="work"),
            Conversation(
                id="g",
                title="Plan · x",
                kind=ConversationKind.GROUP,
                participants=tuple("abcdefg"),
                messages=1,
                account="work",
            ),
            Conversation(id="odd id/7", account="work"),
        ],
        more=True,
        failures=[Failure("glean", "The service did not answer\nin time.")],
    )
    assert lines_of(view) == [
        "4 conversations, times in UTC",
        "local:c-kiosk-firmware #kiosk-firmware · channel · 67 messages · 2026-04-09 16:06",
        "work:d-1 Ann, Bo · direct · 3 unread",
        "work:g Plan - x · group · a, b, c, d, e +2 more · 1 message",
        "work:odd%20id%2F7 · room",
        "! glean: The service did not answer in time.",
    ]


def test_threads_of_mail_name_their_people_and_a_title_that_is_a_name_is_not_repeated():
    view = ConversationsView(
        conversations=[
            Conversation(id="t", title="Lunch", kind=ConversationKind.MAIL, participants=tuple("abcd"), account="post"),
            Conversation(id="d", title="Ann", kind=ConversationKind.DIRECT, participants=("Ann",), account="post"),
            Conversation(id="e", title="Empty", kind=ConversationKind.MAIL, account="post"),
        ]
    )
    assert lines_of(view)[1:] == ["post:t Lunch · mail · a, b, c +1 more", "post:d Ann · direct", "post:e Empty · mail"]


def test_conversations_that_do_not_fit_are_left_to_the_cursor():
    view = ConversationsView(
        conversations=[Conversation(id=f"c-{number}", title=f"room {number}", account="a") for number in range(90)]
    )
    layout = lay_out(view, form="text", max_tokens=300, zone=UTC)
    text = layout.answer("k3").text
    assert 5 < layout.shown < 40
    assert layout.needs_cursor
    assert text.split("\n")[0] == f"{layout.shown} conversations, times in UTC · more: cursor k3"
    assert text.split("\n")[-1].startswith(f"a:c-{layout.shown - 1} ")


def test_many_failures_leave_room_for_what_was_found():
    view = ConversationsView(
        conversations=[Conversation(id="c", title="room", account="a")],
        failures=[Failure(f"account-{number}", "It is not reachable now. " * 5) for number in range(50)],
    )
    lines = lines_of(view, 300)
    assert lines[1].startswith("a:c room")
    assert lines[-1].startswith("! ")
    assert lines[-1].endswith("more accounts could not answer")
    assert estimate("\n".join(lines)) <= 300


def test_hits_stand_under_their_conversation_best_first():
    view = SearchView(
        query="drain",
        hits=[
            hit(7, "we drain the queue", "c-2", "drain the queue", ((0, 5),)),
            hit(1, "the drain script", highlights=((4, 9),)),
            hit(9, "drained", "c-2", reply_to="m7", reply_to_number=7),
        ],
        conversations={
            ("local", "c-1"): Conversation(id="c-1", title="ops", kind=ConversationKind.CHANNEL),
            ("local", "c-2"): Conversation(id="c-2", title="Incident · 12"),
        },
        searched=[Searched("local", "local index"), Searched("work", "local index", START)],
        failures=[Failure("x", "No.")],
    )
    assert lines_of(view) == [
        "3 hits · local: everything in the local index · work: local index back to 2026-04-09 · times in UTC",
        "# Incident - 12 · local:c-2",
        "7 2026-04-09 16:13 Ann: ... **drain** the queue",
        ">9 re 7 2026-04-09 16:15 Ann: drained",
        "# ops · local:c-1",
        "1 2026-04-09 16:07 Ann: the **drain** script",
        "! x: No.",
    ]


def test_a_passage_from_the_middle_is_marked_at_both_ends():
    view = SearchView(query="b", hits=[hit(1, "aaa bbb ccc", excerpt="bbb", highlights=((0, 3),))])
    assert lines_of(view)[2] == "1 2026-04-09 16:07 Ann: ... **bbb** ..."


def test_a_passage_that_only_the_service_knows_is_shown_as_it_is():
    view = SearchView(
        query="b", hits=[hit(1, "another text", excerpt="from the\nservice", highlights=((9, 99), (0, 4)))]
    )
    assert lines_of(view)[2:] == ["1 2026-04-09 16:07 Ann: **from** the", " service"]


def test_a_long_text_that_was_found_is_cut():
    layout = lay_out(
        SearchView(query="w", hits=[hit(1, "x"), hit(2, "word " * 2000)]), form="text", max_tokens=400, zone=UTC
    )
    text = layout.answer(None).text
    assert layout.shown == 2
    assert text.endswith("chars, get_message 2)")


def test_nothing_found_still_says_what_was_searched():
    view = SearchView(query="x", hits=[], searched=[Searched("local", "local index")])
    assert lines_of(view) == ["0 hits · local: everything in the local index · times in UTC"]


def test_a_service_that_searched_itself_is_named():
    view = SearchView(query="x", hits=[], searched=[Searched("g", "service")])
    assert lines_of(view) == ["0 hits · g: everything in the service · times in UTC"]
