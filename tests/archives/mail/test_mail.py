"""Mails of archives: threads, people, times, labels and attachments."""

from __future__ import annotations

import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mail_lines import ENVELOPE, mail, mbox

from dragoman.archives import Notes, ReadOptions
from dragoman.archives.mail import MailFormat
from dragoman.archives.mail.maildir import decode_utf7
from dragoman.archives.mail.mapping import title_of
from dragoman.archives.mail.threads import Threads
from dragoman.archives.recognition import recognition
from dragoman.archives.registry import all_formats
from dragoman.archives.sources import open_path
from dragoman.core.model import Message


def test_a_mail_without_id_has_one_made_of_its_content(read_mbox):
    first = read_mbox(mbox(mail("a", Message_ID=""), mail("b", "Ho\n", Message_ID="")))
    ids = [message.id for message in first.messages]
    assert len(set(ids)) == 2
    assert ids == [
        message.id
        for message in read_mbox(mbox(mail("b", "Ho\n", Message_ID=""), mail("a", Message_ID=""))).messages[::-1]
    ]


def test_another_mail_with_the_same_id_is_kept_apart(read_mbox):
    other = mail("a", "Other\n", From="bo@x.example", Date="Wed, 11 Mar 2026 09:00:00 +0000")
    content = read_mbox(mbox(mail("a"), other, mail("a")))
    assert [message.id.partition("~")[0] for message in content.messages] == ["a@x", "a@x", "a@x"]
    assert len({message.id for message in content.messages}) == 2


@pytest.mark.parametrize(
    ("headers", "envelope", "time"),
    [
        ({"Date": "Tue, 10 Mar 26 09:00 EST"}, ENVELOPE, "2026-03-10T14:00:00+00:00"),
        ({"Date": "10 Mar 2026 09:00:00 MEZ (comment)"}, ENVELOPE, "2026-03-10T08:00:00+00:00"),
        ({"Date": "2026-03-10 09:00:00"}, ENVELOPE, "2026-03-10T09:00:00+00:00"),
        ({"Date": "nonsense"}, ENVELOPE, "2026-03-10T09:00:00+00:00"),
        ({"Date": "Tue, 10 Mar 1926 09:00:00 +0000"}, ENVELOPE, "2026-03-10T09:00:00+00:00"),
        ({"Date": "Tue, 10 Mar 9999 09:00:00 +0000"}, ENVELOPE, "2026-03-10T09:00:00+00:00"),
        ({"Date": "", "Received": "by x; Mon, 9 Mar 2026 07:00:00 +0100"}, ENVELOPE, "2026-03-09T06:00:00+00:00"),
        ({"Date": "Tue, 10 Mar 2026 25:61:00 +9999"}, "From - \n", None),
    ],
)
def test_the_time_is_the_best_that_is_told(read_mbox, headers, envelope, time):
    (message,) = read_mbox(mbox(mail("a", **headers), envelope=envelope)).messages
    assert (message.sent_at and message.sent_at.astimezone(UTC).isoformat()) == time


def test_threads_are_joined_by_ids_and_never_by_subjects(read_mbox):
    later = "Wed, 11 Mar 2026 09:00:00 +0000"
    content = read_mbox(
        mbox(
            mail("c", In_Reply_To="<b@x>", Date=later),
            mail("b", References="<zero@x> <a@x>", Date=later),
            mail("a", Subject="Plan"),
            mail("d", Subject="Re: Plan"),
        )
    )
    assert {message.id: message.conversation for message in content.messages} == {
        "a@x": "mail.a@x", "b@x": "mail.a@x", "c@x": "mail.a@x", "d@x": "mail.d@x",
    }  # fmt: skip
    assert content.conversations["mail.a@x"].title == "Plan"
    assert [message.reply_to for message in content.messages] == ["b@x", "a@x", None, None]


def test_a_thread_that_is_stored_keeps_its_name(tmp_path):
    (tmp_path / "x").write_text(mbox(mail("b", References="<a@x>")))
    notes = Notes()
    with recognition((MailFormat(),), notes) as found:
        found.add(open_path(tmp_path / "x", notes, found.progress))
        (result,) = found.results()
        options = ReadOptions(
            stored=lambda prefix: iter([("a@x", f"{prefix}root@x", ()), ("other@x", "mail.other@x", ())])
        )
        (message,) = [item for item in result.format.read(result.source, options) if isinstance(item, Message)]
    assert message.conversation == "mail.root@x"


def test_the_people_of_a_thread_are_those_who_write_and_read(read_mbox):
    content = read_mbox(
        mbox(mail("a", To="Bo <bo@x.example>, cy@x.example"), mail("b", From="Cy <cy@x.example>", References="<a@x>"))
    )
    assert content.conversations["mail.a@x"].participants == ("Ann", "Bo", "cy@x.example", "Cy")
    assert content.messages[0].extra == {"to": ["bo@x.example", "cy@x.example"]}


def test_an_archive_of_a_mailing_list_has_its_addresses_unmasked(read_mbox):
    envelope = "From maria at example.com  Tue Mar 10 09:00:00 2026\n"
    content = read_mbox(mbox(mail("a", From="maria at example.com (Maria Koch)"), envelope=envelope))
    author = content.messages[0].author
    assert (author.name, author.email) == ("Maria Koch", "maria@example.com")


def test_what_a_mailing_list_took_out_of_a_mail_is_an_attachment(read_mbox):
    block = "-------------- next part --------------\n"
    file = "Name: plan.pdf\nType: application/pdf\nSize: 47000 bytes\nDesc: not available\nURL: <http://x.example/1/plan.pdf>\n"
    page = "An HTML attachment was scrubbed...\nURL: <http://x.example/1/attachment.html>\n"
    body = f"Hello\n{block}A non-text attachment was scrubbed...\n{file}{block}{page}"
    (message,) = read_mbox(mbox(mail("a", body))).messages
    assert message.text == "Hello"
    first, second = message.attachments
    assert (first.name, first.media_type, first.size, first.url) == (
        "plan.pdf", "application/pdf", 47000, "http://x.example/1/plan.pdf",
    )  # fmt: skip
    assert (second.name, second.media_type) == ("attachment.html", "text/html")
    assert read_mbox(mbox(mail("a", f"Hello\n{block}More words\n"))).texts == [f"Hello\n{block}More words"]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_mail_alone_may_begin_with_a_byte_order_mark(read_mbox, ends):
    content = read_mbox(("\ufeff" + mail("a")).replace("\n", ends), "one.eml")
    assert [(message.id, message.text, message.author.name) for message in content.messages] == [("a@x", "Hi", "Ann")]


def test_the_same_mail_in_two_folders_of_a_maildir_has_both_labels(read_mbox):
    for name in ("cur/1.a:2,S", ".Work.2026/cur/2.b;2,F", ".Work.2026/new/3.c", "tmp/4.d"):
        content = read_mbox(mail("a" if "3.c" not in name else "b"), f"Maildir/{name}")
    assert [(message.id, message.labels) for message in content.messages] == [
        ("a@x", ("INBOX",)), ("a@x", ("Work/2026", "flagged")), ("b@x", ("Work/2026",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "plain"),
    [("Entw&APw-rfe", "Entwürfe"), ("A&-B", "A&B"), ("&ZeVnLIqe-", "日本語"), ("plain", "plain"), ("&%%-", "&%%-")],
)
def test_names_of_folders_are_decoded(name, plain):
    assert decode_utf7(name) == plain


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Re: Fwd: AW: Plan", "Plan"), ("RE[2]: Plan", "Plan"), ("Antw: Plan", "Plan"),
        ("回复\uff1a计划", "计划"), ("Re:", "Re:"),
        ("Regarding: Plan", "Regarding: Plan"), ("", "(no subject)"), ("Re: Re (4): x", "x"),
    ],
)  # fmt: skip
def test_the_title_is_the_subject_without_words_of_answering(subject, title):
    assert title_of(subject) == title


def test_a_mail_with_a_large_attachment_takes_no_memory(tmp_path):
    line = "A" * 76 + "\n"
    head = mail("a", "", Content_Type="application/pdf; name=a.pdf", Content_Transfer_Encoding="base64")
    with Path(tmp_path, "x").open("w") as file:
        file.write(ENVELOPE + head)
        file.writelines(line * 10_000 for _ in range(20))
    notes = Notes()
    tracemalloc.start()
    try:
        with recognition((MailFormat(),), notes) as found:
            found.add(open_path(tmp_path / "x", notes, found.progress))
            items = list(found.results()[0].format.read(found.results()[0].source, ReadOptions()))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert items[1].attachments[0].size == 200_000 * 57


def test_brackets_of_parts_without_end_are_read_to_a_limit(read_mbox):
    parts = "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(3000))
    (message,) = read_mbox(mbox(mail("a", parts, Content_Type="multipart/mixed; boundary=b0"))).messages
    assert message.id == "a@x"


def test_a_mail_of_tomorrow_is_right_and_one_of_next_year_is_not(read_mbox):
    soon = (datetime.now(UTC) + timedelta(hours=3)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    content = read_mbox(mbox(mail("a", Date=soon)))
    assert content.messages[0].sent_at > datetime.now(UTC)


ATTACHED = (
    'Content-Type: text/plain\n\nsee\n--x\nContent-Type: application/pdf; name="plan.pdf"\n'
    "Content-Transfer-Encoding: base64\n\nSGVsbG8=\n--x--\n"
)


@pytest.mark.parametrize(
    ("name", "form", "place"),
    [
        ("all.mbox", mbox, "all.mbox#one%2Ftwo%40x/2"),
        ("Gr\udcfcn/one.eml", "".join, "Gr%FCn/one.eml#2"),
        ("Mail/cur/1773133080.a:2,S", "".join, "Mail/cur/1773133080.a%3A2%2CS#2"),
    ],
)
def test_an_attachment_tells_where_it_lies(read_archive, tmp_path, name, form, place):
    one = mail("one/two", f"--x\n{ATTACHED}", Content_Type='multipart/mixed; boundary="x"')
    path = tmp_path / "in" / name
    path.parent.mkdir(parents=True)
    path.write_text(form([one]) if form is not mbox else mbox(mail("zero"), one))
    (tmp_path / "in/Mail/new").mkdir(parents=True, exist_ok=True)
    (attachment,) = read_archive(tmp_path / "in").messages[-1].attachments
    assert (attachment.name, attachment.size, attachment.media_type) == ("plan.pdf", 5, "application/pdf")
    assert attachment.url == f"file:{tmp_path}/in/{place}"


def test_the_threads_of_many_mails_take_little_memory():
    threads = Threads()
    try:
        for number in range(50_000):
            threads.add(f"m{number}@x", [f"m{number - number % 5}@x"], "", number, "S", ["Ann"])
        tracemalloc.start()
        threads.finish(iter(()))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
        tracemalloc.stop()
        assert threads.of("m49999@x", "")[0].id == "mail.m49995@x"
        assert threads.of("m7@x", "")[0].id == "mail.m5@x"
    finally:
        threads.close()


def test_a_mail_that_is_too_large_to_be_read_at_once_loses_nothing(tmp_path):
    size = 1_200_000
    body = "\n".join("QUFB" * 19 for _ in range(size // 57)) + "\n"
    head = (
        "From: a@x.example\nDate: Tue, 10 Mar 2026 09:00:00 +0000\nMessage-ID: <a@x>\nSubject: Large\n"
        'Content-Type: application/pdf; name="large.pdf"\nContent-Transfer-Encoding: base64'
    )
    (tmp_path / "large.eml").write_text(f"{head}\n\n{body}")
    notes = Notes()
    with recognition((MailFormat(),), notes) as found:
        found.add(open_path(tmp_path / "large.eml", notes, found.progress))
        (result,) = found.results()
        items = list(result.format.read(result.source, ReadOptions()))
    (message,) = (item for item in items if isinstance(item, Message))
    assert [(file.name, file.size) for file in message.attachments] == [("large.pdf", size // 57 * 57)]


def test_a_maildir_is_known_again_without_its_mails_and_a_mail_that_was_written_anew_is_not(tmp_path):
    for place in ("cur", "new", "tmp"):
        (tmp_path / place).mkdir()
    path = tmp_path / "cur/1773133080.1:2,S"
    path.write_text(mail("a", "one"))

    def digest() -> tuple[str, int]:
        notes = Notes()
        with recognition(all_formats(), notes) as found:
            found.add(open_path(tmp_path, notes, found.progress))
            return found.digest(lambda: None), found.progress.bytes_read

    first, read = digest()
    assert digest() == (first, 0)
    assert read == 0
    path.write_text(mail("a", "two"))
    os.utime(path, ns=(1, 1))
    assert digest()[0] != first
