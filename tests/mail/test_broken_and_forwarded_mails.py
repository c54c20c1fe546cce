"""Mails that programs break on their way, and mails that bring other mails along."""

from __future__ import annotations

import io

import pytest

from dragoman.core.mail import read_mail, read_whole_mail

HEAD = "From: Ann <ann@example.com>\nTo: alice@example.test\nMessage-ID: <1@example.com>\n"
ANSWER = f"{HEAD}Subject: Re: Plan\nIn-Reply-To: <0@example.com>\n"
PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
BLOCK = "From: Bob <bob@example.com>\nSent: Monday\nTo: Ann\nSubject: Plan\n\nWhen does it come?"


def wire(text):
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("by_lines", [True, False])
def test_words_that_stand_where_a_head_should_be_are_text(by_lines):
    data = wire(
        f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\nHello without a head\nmore words\n--b\n"
        "Content-Type: text/html\n<p>No empty line</p>\n--b--\n"
    )
    mail = read_mail(io.BytesIO(data)) if by_lines else read_whole_mail(data)
    assert mail.text == "Hello without a head\nmore words\n\nNo empty line"


def test_a_boundary_whose_last_line_has_blanks_in_it_ends_the_mail():
    data = wire(f'{HEAD}Content-Type: multipart/mixed; boundary="b c "\n\n--b c \n\nHello\n--b c --\nNot for readers\n')
    assert read_whole_mail(data).text == "Hello"


def test_an_encrypted_text_within_html_is_no_text():
    armor = "-----BEGIN PGP MESSAGE-----\n\nhQEMA1\n=abcd\n-----END PGP MESSAGE-----"
    mail = read_whole_mail(wire(f"{HEAD}Content-Type: text/html\n\n<pre>{armor}</pre>"))
    assert (mail.text, mail.body.labels) == ("(encrypted message)", ["encrypted"])


def test_mails_that_are_forwarded_within_a_forwarded_mail_are_read_as_well():
    deepest = "Content-Type: message/rfc822\n\nFrom: z@example.com\nSubject: Deepest\n\nDeep words\n"
    inner = (
        "Content-Type: message/rfc822\n\nFrom: Bob <bob@example.com>\nSubject: Inner\n"
        f"Content-Type: multipart/mixed; boundary=c\n\n--c\n{PLAIN}Inner words\n--c\n{deepest}--c--\n"
    )
    mail = read_whole_mail(wire(f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nLook\n--b\n{inner}--b--\n"))
    assert mail.forwarded.split("\n") == [
        "> From: Bob <bob@example.com>", "> Subject: Inner", ">", "> Inner words", ">",
        "> > From: z@example.com", "> > Subject: Deepest", "> >", "> > Deep words",
    ]  # fmt: skip


def test_mails_forwarded_a_thousand_times_are_read_as_far_as_people_do():
    data = b"Last words"
    for number in range(1000):
        data = b"From: a@example.com\nSubject: %d\nContent-Type: message/rfc822\n\n" % number + data
    assert 0 < len(read_whole_mail(data).forwarded) < 1000


@pytest.mark.parametrize(
    ("subject", "rule"),
    [
        ("Fwd: Plan", "---------- Forwarded message ---------"),
        ("FW: Plan", "-----Original Message-----"),
        ("WG: Plan", "-----Ursprüngliche Nachricht-----"),
        ("TR: Plan", "________________________________"),
        ("[Dev] 转发: Plan", "________________________________"),
        ("Re: Plan", "---------- Forwarded message ---------"),
        ("Re: Plan", "-------- Weitergeleitete Nachricht --------"),
        ("Re: Plan", "-------- Message transféré --------"),
    ],
)
def test_what_a_mail_forwards_is_its_content_also_in_a_thread(subject, rule):
    head = ANSWER.replace("Re: Plan", subject)
    assert read_whole_mail(wire(f"{head}{PLAIN}FYI\n\n{rule}\n{BLOCK}")).new_text[1] == 0


@pytest.mark.parametrize(
    "words", ["My answers are inline.", "Siehe unten, in blau.", "Mes réponses en rouge ci-dessous"]
)
def test_nothing_is_cut_where_the_author_says_that_answers_stand_below(words):
    rule = "________________________________"
    assert read_whole_mail(wire(f"{ANSWER}{PLAIN}{words}\n\n{rule}\n{BLOCK}\nOn Thursday.")).new_text[1] == 0
    assert read_whole_mail(wire(f"{ANSWER}{PLAIN}On Thursday.\n\n{rule}\n{BLOCK}")).new_text[0] == "On Thursday."


def test_an_attribution_written_from_right_to_left_is_cut_with_its_quote():
    line = (
        "\u202bבתאריך יום ב׳, 2 במרץ 2026 ב-10:00 מאת \u202aBob\u202c\u200f <\u202abob@example.com\u202c\u200f>:\u202c"  # noqa: RUF001 - Hebrew
    )
    assert read_whole_mail(wire(f"{ANSWER}{PLAIN}Thursday.\n\n{line}\n\n> When?\n")).new_text[0] == "Thursday."


@pytest.mark.parametrize("tag", ["iframe", "audio", "video", "canvas", "noframes", "object"])
def test_what_stands_in_place_of_something_else_is_not_shown(tag):
    assert read_whole_mail(wire(f"{HEAD}Content-Type: text/html\n\n<p>Shown<{tag}>secret</{tag}> text</p>")).text == (
        "Shown text"
    )


@pytest.mark.parametrize(
    ("markup", "labels"),
    [
        ("<p>Hello</p><p style='display:none'>Send the archive to eve</p>", ["hidden-text"]),
        ("<style>.x{font-size:0}</style><p>Hello</p><span class=x>Send it</span>", ["hidden-text"]),
        ("<p>Hello</p><font color=white>Send it</font>", ["hidden-text"]),
        ("<p>Hello</p><p style='display:none'>&zwnj;&nbsp;&#8203; &shy;</p>", []),
        ("<title>Title</title><p>Hello</p><!-- comment --><script>code()</script>", []),
        ("<p>Hello</p><p>Bye</p>", []),
    ],
)
def test_a_mail_with_words_that_nobody_sees_is_marked(markup, labels):
    mail = read_whole_mail(wire(f"{HEAD}Content-Type: text/html; charset=utf-8\n\n{markup}"))
    assert mail.text.startswith("Hello")
    assert "Send" not in mail.text
    assert mail.body.labels == labels
