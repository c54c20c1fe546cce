"""Whatever people write in names, subjects and texts arrives as it was written, and as nothing else."""

import email
import email.policy
import re
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_sender import outgoing

from dragoman.core.errors import InvalidArgument
from dragoman.core.mail import Address, read_mail
from dragoman.providers.mail.compose import sendable_text, with_signature
from dragoman.providers.mail.markdown_html import html_of
from dragoman.providers.mail.recipients import Recipients


def content(part):
    return part.get_content().replace("\r\n", "\n")


def parsed(mail):
    return email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)


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
