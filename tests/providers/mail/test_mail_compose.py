# ruff: noqa: RUF001  # subjects have the colons of their languages
"""Mails as they are written: recipients of an answer, headers that thread, bodies that arrive as they were."""

import email
import email.policy
import json
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import DragomanError, InvalidArgument, NotFound
from dragoman.core.mail import Address, read_mail, read_mail_head
from dragoman.providers.mail.addresses import matches_entry, parse_mailto, parse_new_conversation, sendable_address
from dragoman.providers.mail.compose import (
    OutgoingMail,
    references_of_reply,
    reply_subject,
    sendable_text,
    with_signature,
)
from dragoman.providers.mail.markdown_html import html_of
from dragoman.providers.mail.people import Owner
from dragoman.providers.mail.recipients import Recipients, recipients_of_reply
from dragoman.providers.mail.settings import MailSettings

DATA = Path(__file__).parents[2] / "data" / "mail"
ANSWERED = [path for path in sorted(DATA.glob("*.json")) if "reply" in json.loads(path.read_text(encoding="utf-8"))]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def owner(address="alice@example.test", *aliases, **more):
    return Owner(MailSettings(address=address, aliases=aliases, password="x", **more))  # noqa: S106  # of no mailbox


def head(*lines):
    return read_mail_head([f"{line}\r\n".encode() for line in (*lines, "")]).headers


def reply(*lines, **more):
    return recipients_of_reply(head(*lines), owner("alice@example.test", "alice.k@example.test", **more))


def emails(addresses):
    return [one.email for one in addresses]


def outgoing(**more):
    recipients = Recipients(sender=Address("Alice", "alice@example.test"), to=(Address("", "bob@example.com"),))
    return OutgoingMail(
        **{"id": "m@example.test", "recipients": recipients, "subject": "s", "text": "t", "sent_at": NOW, **more}
    )


def content(part):
    return part.get_content().replace("\r\n", "\n")


def parsed(mail):
    return email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)


@pytest.mark.parametrize("path", ANSWERED, ids=lambda path: path.stem)
def test_an_answer_to_a_sample_goes_to_whom_people_expect(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    headers = read_mail(path.with_suffix(".eml").read_bytes().splitlines(keepends=True)).headers
    found = recipients_of_reply(headers, owner(*case["own"]))
    wanted = case["reply"]
    assert {one.casefold() for one in emails(found.everyone)} == {*wanted["to"], *wanted["cc"]}
    assert len(found.everyone) == len(wanted["to"]) + len(wanted["cc"])
    assert found.sender.email == wanted.get("from", found.sender.email)
    assert [f"<{one}>" for one in references_of_reply(headers, "")] == wanted["references"]
    if "subject" in wanted:
        assert reply_subject(headers.text("subject")) == wanted["subject"]


@pytest.mark.parametrize(
    ("lines", "to", "cc"),
    [
        (["From: bob@x.org", "To: alice@example.test"], ["bob@x.org"], []),
        (
            ["From: bob@x.org", "To: alice@example.test, eve@x.org", "Cc: mia@y.org"],
            ["bob@x.org"],
            ["eve@x.org", "mia@y.org"],
        ),
        (
            ["From: bob@x.org", "Reply-To: desk@x.org, sue@x.org", "To: alice@example.test"],
            ["desk@x.org", "sue@x.org"],
            [],
        ),
        (["From: bob@x.org", "Mail-Followup-To: dev@l.org", "To: dev@l.org", "Cc: eve@x.org"], ["dev@l.org"], []),
        (["From: bob@x.org", "To: dev@l.org", "List-Post: <mailto:dev@l.org>"], ["bob@x.org"], ["dev@l.org"]),
        (["From: bob@x.org", "To: alice@example.test", "List-Post: <mailto:dev@l.org>"], ["bob@x.org"], ["dev@l.org"]),
        (["From: bob@x.org", "To: alice@example.test", "List-Post: NO (posting not allowed)"], ["bob@x.org"], []),
        (["From: bob@x.org", "To: BOB@X.org, Alice+tag@EXAMPLE.test", "Cc: bob@x.ORG"], ["bob@x.org"], []),
        (["From: bob@x.org", "To: undisclosed-recipients:;"], ["bob@x.org"], []),
        (["From: bob@x.org", "To: Team: eve@x.org, mia@x.org;"], ["bob@x.org"], ["eve@x.org", "mia@x.org"]),
        (["From: bob@x.org", "Cc: no-reply@x.org, dev-bounces@l.org, noreply+1@x.org"], ["bob@x.org"], []),
        (["From: no-reply@x.org", "To: alice@example.test, eve@x.org"], ["eve@x.org"], []),
        (
            ["From: alice@example.test", "To: bob@x.org", "Cc: alice.k@example.test, eve@x.org"],
            ["bob@x.org"],
            ["eve@x.org"],
        ),
        (["From: bob@bücher.example", "To: alice@example.test"], ["bob@xn--bcher-kva.example"], []),
    ],
)
def test_an_answer_goes_to_all_and_to_nobody_twice(lines, to, cc):
    found = reply(*lines)
    assert (emails(found.to), emails(found.cc)) == (to, cc)


@pytest.mark.parametrize(
    ("lines", "sender"),
    [
        (["From: bob@x.org", "To: Alice.K@example.test"], "alice.k@example.test"),
        (["From: bob@x.org", "To: list@x.org", "Delivered-To: alice.k@example.test"], "alice.k@example.test"),
        (["From: bob@x.org", "To: list@x.org"], "alice@example.test"),
        (["From: alice.k@example.test", "To: bob@x.org"], "alice.k@example.test"),
    ],
)
def test_an_answer_comes_from_the_address_that_was_written_to(lines, sender):
    assert reply(*lines, name="Alice Novak").sender == Address("Alice Novak", sender)


@pytest.mark.parametrize(
    "lines",
    [
        ["From: no-reply@x.org", "To: alice@example.test"],
        ["From: alice@example.test", "To: alice.k@example.test"],
        ["From: MAILER-DAEMON@x.org", "To: alice@example.test"],
        ["To: alice@example.test"],
        ["From: bob@x.org", "To: " + ", ".join(f"p{number}@x.org" for number in range(10_000))],
    ],
)
def test_an_answer_that_reaches_nobody_or_everybody_is_refused_in_a_sentence(lines):
    with pytest.raises(InvalidArgument) as caught:
        reply(*lines)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Budget", "Re: Budget"),
        ("Re: Budget", "Re: Budget"),
        ("RE: Re: Aw: Budget", "Re: Budget"),
        ("AW: Budget", "Re: Budget"),
        ("Antw: SV: Budget", "Re: Budget"),
        ("RE[2]: Budget", "Re: Budget"),
        ("Re(3): Budget", "Re: Budget"),
        ("回复：预算", "Re: 预算"),
        ("返信: 予算", "Re: 予算"),
        ("Odp: x", "Re: x"),
        ("Ynt: x", "Re: x"),
        ("RES: x", "Re: x"),
        ("Fwd: Budget", "Re: Fwd: Budget"),
        ("Re: WG: Budget", "Re: WG: Budget"),
        ("Report: Budget", "Re: Report: Budget"),
        ("Regarding: x", "Re: Regarding: x"),
        ("[dev] Re: x", "Re: [dev] Re: x"),
        ("", "Re:"),
        ("Re:", "Re:"),
        ("a\r\nBcc: eve@x.org", "Re: a Bcc: eve@x.org"),
    ],
)
def test_a_subject_gets_re_once_in_every_language(subject, answer):
    assert reply_subject(subject) == answer


def test_references_keep_the_first_and_the_last_twenty():
    before = " ".join(f"<{number}@x.org>" for number in range(50))
    found = references_of_reply(head(f"References: {before}", "Message-ID: <last@x.org>"), "last@x.org")
    assert found == ("0@x.org", *(f"{number}@x.org" for number in range(31, 50)), "last@x.org")


def test_ids_that_no_header_can_hold_are_left_out_and_long_ones_stay_whole():
    long = "a" * 300 + "@x.org"
    found = references_of_reply(head(f"References: <ü@x.org> <a b@x.org> <{long}>", "Message-ID: <m@x.org>"), "m@x.org")
    assert found == ("ab@x.org", long, "m@x.org")
    mail = outgoing(references=found)
    assert f"<{long}>" in mail.as_bytes().decode()
    assert read_mail(mail.as_bytes().splitlines(keepends=True)).references == list(found)


def test_an_answer_without_references_continues_from_in_reply_to():
    assert references_of_reply(head("In-Reply-To: <r@x.org>", "Message-ID: <m@x.org>"), "m@x.org") == (
        "r@x.org",
        "m@x.org",
    )


def test_a_mail_without_an_id_is_answered_without_naming_one():
    assert references_of_reply(head("From: bob@x.org"), "x.abcdef") == ()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(name=TEXT, subject=TEXT)
def test_nothing_in_names_or_subjects_makes_another_header(name, subject):
    recipients = Recipients(
        sender=Address(name, "alice@example.test"),
        to=(Address(name, "bob@example.com"),),
        cc=(Address(name, "eve@example.com"),),
    )
    mail = outgoing(recipients=recipients, subject=subject, references=("r@example.com",))
    raw = mail.as_bytes()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0] for line in lines if not line.startswith((b" ", b"\t"))]
    assert names == [
        b"From",
        b"To",
        b"Cc",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"In-Reply-To",
        b"References",
        *names[8:],
    ]
    assert set(names[8:]) <= {b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version"}
    read = read_mail(raw.splitlines(keepends=True))
    assert [one.email for one in read.headers.addresses("to")] == ["bob@example.com"]
    assert [one.email for one in read.headers.addresses("from")] == ["alice@example.test"]


@given(
    subject=st.text(
        st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=200
    )
)
def test_a_subject_arrives_as_it_was_written(subject):
    assert parsed(outgoing(subject=subject))["subject"] == subject


@given(
    name=st.text(
        st.characters(
            min_codepoint=0x21,
            max_codepoint=0x2FFF,
            exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Cn", "Co"],
        ),
        min_size=1,
        max_size=60,
    )
)
def test_a_name_arrives_as_it_was_written(name):
    mail = outgoing(recipients=Recipients(sender=Address("", "a@b.c"), to=(Address(name, "bob@example.com"),)))
    raw = mail.as_bytes().partition(b"To: ")[2].partition(b"\r\nSubject")[0].decode()
    # The standard library's parser of addresses puts a blank between the encoded words of a name.
    found = str(make_header(decode_header(raw.replace("\r\n", "")))).removesuffix(" <bob@example.com>").strip()
    assert found == name or found == '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=500))
def test_a_text_arrives_as_it_was_written(text):
    raw = outgoing(text=text).as_bytes()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    got = content(email.message_from_bytes(raw, policy=email.policy.default))
    assert got.removesuffix("\n") == text.removesuffix("\n")


@pytest.mark.parametrize(
    "text", ["From me\n.\n..x\n", "x" * 5000, "ends in blank \nnext", ".", "Grüße\n" * 50, "会议" * 900]
)
def test_lines_that_relays_would_change_arrive_as_they_were(text):
    raw = outgoing(text=text).as_bytes()
    body = raw.partition(b"\r\n\r\n")[2]
    assert content(email.message_from_bytes(raw, policy=email.policy.default)).rstrip("\n") == text.rstrip("\n")
    assert not re.search(rb"(?m)^(\.|From )", body)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_text_that_no_mail_can_hold_is_refused():
    with pytest.raises(InvalidArgument):
        sendable_text("half \ud83d")


def test_a_signature_stands_below_once():
    once = with_signature("Hi\n", "Alice\nExample Ltd")
    assert once == "Hi\n\n-- \nAlice\nExample Ltd"
    assert with_signature(once, "Alice\nExample Ltd") == once
    assert with_signature("Hi", " ") == "Hi"


def test_markdown_gets_an_html_alternative_and_plain_text_gets_none():
    mail = parsed(outgoing(text="**Now**\n\n-- \nAl <b>", html=html_of("**Now**\n\n-- \nAl <b>")))
    plain, html = mail.iter_parts()
    assert content(plain) == "**Now**\n\n-- \nAl <b>\n"
    assert "<strong>Now</strong>" in html.get_content()
    assert "Al &lt;b&gt;" in html.get_content()
    for text in ("Hello,\n\n    see you\n\nAnn", "5 * 3 = 15 and a_b_c", "x\n-- \nAnn", "a #tag, [brackets] and 3.5"):
        assert html_of(text) == ""
        assert parsed(outgoing(text=text)).get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "text",
    [
        "**x** <script>alert(1)</script>",
        "**x** <img src=x onerror=alert(1)>",
        "![p](https://evil.example/p.png) *x*",
        "[x](javascript:alert(1)) **y**",
        "[x](data:text/html,y) **y**",
        "[x](vbscript:y) **z**",
        '[x](https://a.example "\\"onclick=")',
        '**x** <https://ok.example/"onmouseover=>',
        "[r]: https://evil.example\n\n**x** [r]",
    ],
)
def test_no_markdown_makes_active_html(text):
    html = html_of(text)
    assert not re.search(r"<(?!/?(?:!DOCTYPE|html|head|meta|body|p|strong|em|a|br|blockquote|ul|li)\b)", html)
    assert not re.search(r"<[^>]*(?:\son\w+\s*=|javascript:|data:|vbscript:|src=)", html)
    for link in re.findall(r'href="([^"]*)"', html):
        assert link.startswith(("https:", "http:", "mailto:"))


@pytest.mark.parametrize(
    ("conversation", "to", "cc"),
    [
        ("to:ann@example.com", ("ann@example.com",), ()),
        ("to:ann@example.com,bob@example.org", ("ann@example.com", "bob@example.org"), ()),
        ("to:ann@example.com,ANN@Example.com", ("ANN@example.com",), ()),
        ("to:ann@example.com;cc.bob@example.org", ("ann@example.com",), ("bob@example.org",)),
        ("to:ann@bücher.example", ("ann@xn--bcher-kva.example",), ()),
        ("to:jörg@example.com", ("jörg@example.com",), ()),
    ],
)
def test_a_new_conversation_names_its_recipients(conversation, to, cc):
    new = parse_new_conversation(conversation)
    assert (new.to, new.cc) == (to, cc)


@pytest.mark.parametrize(
    "conversation",
    [
        "to:",
        "to:ann",
        "to:ann@",
        "to:@example.com",
        "to:ann@example.com;bcc.eve@example.com",
        "to:a b@example.com",
        "to:ann@example.com\r\nBcc: eve@x.org",
        "to:ann@exa mple.com",
        "to:<ann@example.com>",
        "to:ann@-example.com",
        'to:"a b"@example.com',
        "to:ann@example..com",
        "to:.ann@example.com",
        "to:;cc.ann@example.com",
        "t.abc",
        "to:" + ",".join(f"p{number}@x.org" for number in range(101)),
        "to:" + "a" * 20_000,
        "to:ann@example.com>",
    ],
)
def test_what_is_no_list_of_addresses_is_refused(conversation):
    with pytest.raises((InvalidArgument, NotFound)):
        parse_new_conversation(conversation)


@given(st.text())
def test_any_text_is_a_list_of_addresses_or_refused_in_our_words(text):
    try:
        new = parse_new_conversation(f"to:{text}")
    except DragomanError:
        return
    assert all(sendable_address(one) == one for one in (*new.to, *new.cc))
    assert parse_new_conversation(new.conversation) == new


@pytest.mark.parametrize(
    ("link", "conversation"),
    [
        ("mailto:ann@example.com", "to:ann@example.com"),
        (
            "MAILTO:ann@example.com?cc=bob@example.org&body=Pay&bcc=eve@x.org&attach=/etc/passwd",
            "to:ann@example.com;cc.bob@example.org",
        ),
        ("mailto:ann%40example.com,bob@example.org", "to:ann@example.com,bob@example.org"),
        ("mailto:?to=ann@example.com", "to:ann@example.com"),
        ("mailto:ann@example.com%0d%0aBcc:eve@x.org", None),
        ("mailto:nobody", None),
        ("https://example.com", None),
    ],
)
def test_a_mailto_link_gives_addresses_and_nothing_else(link, conversation):
    assert parse_mailto(link) == conversation


@pytest.mark.parametrize(
    ("address", "entry", "named"),
    [
        ("ann@example.com", "ann@example.com", True),
        ("Ann@Example.com", "to:ann@example.COM", True),
        ("ann@example.com", "*@example.com", True),
        ("ann@sub.example.com", "*@example.com", False),
        ("ann@evilexample.com", "*@example.com", False),
        ("ann@example.com", "*@", False),
        ("ann@example.com", "*", False),
        ("ann@xn--bcher-kva.example", "*@bücher.example", True),
        ("ann@example.com", "bob@example.com", False),
    ],
)
def test_an_entry_of_write_to_names_an_address_or_a_whole_domain(address, entry, named):
    assert matches_entry(address, entry) is named
