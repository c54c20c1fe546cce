"""Where a mail of an mbox begins and ends, and what its line and its flags tell."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_lines import ENVELOPE, mail, mbox

from dragoman.archives.mail.mbox import Mbox, is_envelope, time_of_envelope


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("From ann@x.example Tue Mar 10 09:00:00 2026", True),
        ("From ann@x.example  Tue Mar  1 09:00 2026", True),
        ("From 1790000000000000001@xxx Tue Mar 10 08:58:31 +0000 2026", True),
        ("From ann@x.example Tue Mar 10 09:00:00 CET 2026", True),
        ("From ann@x.example Tue Mar 10 09:00:00 2026 +0100", True),
        ("From maria at example.com  Tue Mar 10 09:00:00 2026", True),
        ("From - Tue Mar 10 09:00:00 2026", True),
        ("From - ", True),
        ("From ", True),
        ("From", True),
        ("From MAILER-DAEMON Fri Jul  8 12:08:34 2011", True),
        ("From ann@x.example Tue Mar 10 09:00:00 2026 remote from host", True),
        ("From here on nothing moves.", False),
        ("From Tuesday on we meet in room 4", False),
        ("From: ann@x.example", False),
        ("from ann@x.example Tue Mar 10 09:00:00 2026", False),
    ],
)
def test_the_line_before_a_mail_ends_like_a_date(line, right):
    assert is_envelope(line.encode()) is right


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (b"From a Tue Mar 10 09:00:00 2026", datetime(2026, 3, 10, 9, tzinfo=UTC)),
        (b"From 1@xxx Tue Mar 10 08:58:31 +0000 2026", datetime(2026, 3, 10, 8, 58, 31, tzinfo=UTC)),
        (b"From a Tue Mar 10 09:00:00 2026 +0100", datetime(2026, 3, 10, 8, tzinfo=UTC)),
        (b"From a Tue Mar 10 09:00:00 CET 2026", datetime(2026, 3, 10, 8, tzinfo=UTC)),
        (b"From - ", None),
    ],
)
def test_the_line_before_a_mail_tells_a_time(line, time):
    assert time_of_envelope(line) == time


def test_quoted_lines_lose_one_sign_and_lines_that_only_begin_so_are_text(read_mbox):
    body = (
        "a\n\nFrom here on\n\n>From me\n>>From you\n> From\n\nFrom ann@x.example Tue Mar 10 09:00:00 2026\nno header\n"
    )
    content = read_mbox(mbox(mail("a", body), mail("b")))
    first, second = content.texts
    assert (
        first
        == "a\n\nFrom here on\n\nFrom me\n>From you\n> From\n\nFrom ann@x.example Tue Mar 10 09:00:00 2026\nno header"
    )
    assert second == "Hi"


def test_the_length_of_a_mail_counts_where_it_is_right(read_mbox):
    inner = f"See:\n\n{mbox(mail('inner'))}end\n"
    right = mail("a", inner, Content_Length=str(len(inner)))
    content = read_mbox(mbox(right, mail("b")))
    assert [message.id for message in content.messages] == ["a@x", "b@x"]
    assert "inner@x" in content.texts[0]


@pytest.mark.parametrize("length", ["3", "999999999999", "5000", "x"])
def test_the_length_of_a_mail_does_not_count_where_it_is_wrong(read_mbox, length):
    content = read_mbox(mbox(mail("a", Content_Length=length), mail("b"), mail("c")))
    assert [message.id for message in content.messages] == ["a@x", "b@x", "c@x"]


@given(st.lists(st.text(alphabet="abc \n>Fr", max_size=60), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_mails_that_are_quoted_come_back_as_they_were(bodies, end):
    def quoted(body: str) -> str:
        return "".join(
            f">{line}\n" if line.lstrip(">").startswith("From ") else f"{line}\n" for line in body.split("\n")
        )

    text = "".join(f"{ENVELOPE}A: {n}\n\n{quoted(body)}\n" for n, body in enumerate(bodies)).replace("\n", end)
    found = [(whole or b"".join(lines)).decode() for _, whole, lines in Mbox(BytesIO(text.encode())).mails()]
    assert found == [f"A: {n}\n\n{body}\n\n".replace("\n", end) for n, body in enumerate(bodies)]


PIECES = st.sampled_from([
    ENVELOPE, "\n", "\r\n", "From \n", "From nobody\n", ">From me\n", ">>From me\n", "A: b\n", "From: c\n", "words\n",
    "Content-Length: 9\n", "Content-Length: 40\n", "x" * 700 + "\n", "From ", "last", "\r",
])  # fmt: skip


@given(st.lists(PIECES, max_size=40), st.integers(1, 90))
def test_mails_are_cut_out_of_blocks_just_as_they_are_read_line_by_line(pieces, block):
    data = (ENVELOPE + "".join(pieces)).encode()

    def mails() -> list[tuple[bytes, bytes]]:
        return [(envelope, whole or b"".join(lines)) for envelope, whole, lines in Mbox(BytesIO(data)).mails()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dragoman.archives.mail.mbox._BLOCK", block)
        in_blocks = mails()
        patch.setattr(Mbox, "_whole_mail", lambda _self: None)
        assert in_blocks == mails()


def test_bare_and_dashed_lines_of_thunderbird_separate_mails_too(read_mbox):
    content = read_mbox(
        mbox(mail("a"), envelope="From - Tue Mar 10 09:00:00 2026\n") + mbox(mail("b"), envelope="From \n")
    )
    assert [message.id for message in content.messages] == ["a@x", "b@x"]


def test_what_thunderbird_deleted_but_still_has_is_left_out_and_counted(read_mbox):
    content = read_mbox(
        mbox(mail("a", X_Mozilla_Status="0009"), mail("b", X_Mozilla_Status="0005", X_Mozilla_Keys="work"))
    )
    assert [(message.id, message.labels) for message in content.messages] == [("b@x", ("flagged", "work"))]
    assert content.notes.reasons["deleted in Thunderbird"].count == 1


def test_folders_of_thunderbird_are_labels(read_mbox, tmp_path):
    (tmp_path / "Inbox.msf").write_text("x")
    read_mbox(mbox(mail("a")), "Inbox")
    content = read_mbox(mbox(mail("b")), "Archive.sbd/2026")
    assert {message.id: message.labels for message in content.messages} == {"a@x": ("Inbox",), "b@x": ("Archive/2026",)}


def test_flags_of_mutt_and_dovecot_are_labels(read_mbox):
    internal = mail("x", Subject="DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA")
    content = read_mbox(mbox(internal, mail("a", X_Status="FA", X_Keywords="boats NonJunk $Junk")))
    assert [message.labels for message in content.messages] == [("flagged", "boats", "junk")]


def test_a_mail_with_the_id_of_another_one_is_in_the_thread_that_it_names(read_mbox):
    bo = {"From": "Bo <bo@x.example>", "Date": "Wed, 11 Mar 2026 09:00:00 +0000"}
    content = read_mbox(mbox(mail("first"), mail("a"), mail("b"), mail("a", "Another\n", References="<b@x>", **bo)))
    threads = {message.id.partition("~")[0] + message.text: message.conversation for message in content.messages}
    assert threads == {"first@xHi": "mail.first@x", "a@xHi": "mail.a@x", "b@xHi": "mail.b@x", "a@xAnother": "mail.b@x"}
