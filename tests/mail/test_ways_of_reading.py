"""A mail is the same mail however it is read: by lines, as a whole, or with a head that was read before."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.mail import read_mail, read_mail_head, read_whole_mail
from dragoman.core.mail.transfer import decode_quoted_printable, decode_transfer, without_soft_breaks

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "data" / "mail").glob("*.eml"))]
SMALL = [data for data in SAMPLES if len(data) <= 20_000]
PIECES = [
    b"\r\n", b"\n", b"\r", b"--", b"=", b"=\r\n",
    b" \r\n", b"\t\n", b"-- \r\n", b"\r\n\r\n", b"> ", b"\xff", b"\0", b"=C3=BC",
    b"Content-Type: text/html\r\n", b"Content-Transfer-Encoding: base64\r\n", b"References: <a@b>\r\n",
    b"Content-Disposition: attachment\r\n", b"Authentication-Results: x; spf=pass\r\n", b"Received: by x; \r\n",
]  # fmt: skip
FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:.*(?:\n[ \t].*)*(?:\n|\Z)", re.MULTILINE)
UNLISTED = (b"received", b"authentication-results", b"x-", b"user-agent")


def server_head(data: bytes) -> bytes:
    """What a server tells of a head: the fields that are asked for."""
    head = re.split(rb"(?:\A|\r?\n)\r?\n", data, maxsplit=1)[0]
    fields = (found[0].removesuffix(b"\n").removesuffix(b"\r") for found in FIELD.finditer(head))
    return b"".join(one + b"\r\n" for one in fields if not one.lower().startswith(UNLISTED)) + b"\r\n"


def shown(mail):
    return (
        mail.text, mail.new_text, mail.forwarded, mail.is_cut, mail.authentication, mail.id, mail.subject, mail.author,
        mail.reply_to, mail.kind, mail.files, mail.body.labels,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mail_reads_the_same_by_lines_and_as_a_whole_and_below_a_known_head(data):
    mail = data.draw(st.sampled_from(SMALL))
    for piece in data.draw(st.lists(st.sampled_from(PIECES), max_size=4)):
        place = data.draw(st.integers(0, len(mail)))
        mail = mail[:place] + piece + mail[place + data.draw(st.integers(0, 30)) :]
    whole = shown(read_whole_mail(mail))
    assert shown(read_mail(lines(mail))) == whole
    assert shown(read_whole_mail(mail, read_mail_head(server_head(mail)))) == whole


def lines(data: bytes) -> list[bytes]:
    """Lines that end with a line feed alone, as files give them."""
    return re.findall(rb"[^\n]*\n|[^\n]+\Z", data)


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"=", b"=\r\n", b"=\n", b" ", b"\t", b"\r\n", b"\n", b"\r", b"=C3=BC", b"=zz", b"a"])))
def test_quoted_printable_reads_the_same_in_one_step_and_in_several(pieces):
    data = b"".join(pieces)
    assert decode_transfer(data, "quoted-printable") == decode_quoted_printable(without_soft_breaks(data))


BOUNDARIES = ["a", "ab", "a-", "a--", "b"]
ENDS = [*["\r\n"] * 20, "\n", " \r\n", ""]
"""Mostly the usual one, because one other end in a mail is enough."""

FIELDS = [
    "Content-Type: text/plain; charset=utf-8\r\n", "Content-Type: text/html\r\n", "Content-Type: message/rfc822\r\n",
    "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n", "no field\r\n", "",
    *["Content-Disposition: attachment\r\n"] * 5,
]  # fmt: skip
TEXTS = ["", "Hello\r\n", "See https://example.com\r\n", "--\r\n", "-- \r\nMe\r\n", "> a\r\n\r\n", "SGVsbG8=\r\n"]


@st.composite
def parts(draw, depth=0):
    """A part whose boundaries may be the beginning of each other, with its head."""
    if depth == 3 or (depth and draw(st.booleans())):
        return f"{draw(st.sampled_from(FIELDS))}\r\n{draw(st.sampled_from(TEXTS))}"
    mark = draw(st.sampled_from([*[f"part{depth}"] * 5, *BOUNDARIES]))
    kind = draw(st.sampled_from(["mixed", "alternative", "related", "digest"]))
    inner = draw(st.lists(parts(depth + 1), min_size=1, max_size=3))
    body = "".join(f"\r\n--{mark}{draw(st.sampled_from(ENDS))}{one}" for one in inner)
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n{draw(st.sampled_from(["", "Preamble"]))}'
    close = draw(st.sampled_from([*["--"] * 9, ""]))
    return f"{head}{body}\r\n--{mark}{close}{draw(st.sampled_from(ENDS))}"


@settings(max_examples=300, deadline=None)
@given(parts(), st.sampled_from(["", "Epilogue\r\n"]))
def test_parts_within_parts_read_the_same_in_few_steps_and_by_lines(part, behind):
    mail = f"From: a@example.com\r\nSubject: One\r\n{part}{behind}".encode()
    assert shown(read_whole_mail(mail, read_mail_head(server_head(mail)))) == shown(read_mail(lines(mail)))


def test_a_head_that_a_server_has_written_anew_since_counts_for_nothing():
    def mail(mark, encoding):
        head = f"From: a@example.com\r\nContent-Type: multipart/mixed; boundary={mark}\r\n"
        part = f"--{mark}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\nHello=20you\r\n--{mark}--\r\n"
        return f"{head}\r\n{part}".encode(), f"{head}\r\n".encode()

    old, new = mail("one", "8bit"), mail("two", "quoted-printable")
    assert read_whole_mail(new[0], read_mail_head(old[1])).text == "Hello you"
    plain = b"From: a@example.com\r\nContent-Type: text/plain\r\n"
    coded = plain + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nHello=20you"
    assert read_whole_mail(coded, read_mail_head(plain + b"\r\n")).text == "Hello you"
