"""Sending mails through the tools: what the question shows, and what the answer names."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from dragoman.providers.replay.fake_smtp_server import LOSE
from dragoman.testing.scripted_server import ScriptedServer

ROOT = (
    "From: Maria Koch <maria@example.com>", "To: Alice <alice@example.test>, Oleg <oleg@example.org>",
    "Cc: lena@example.test", "Subject: Budget", "Message-ID: <root@example.com>",
    "Date: Mon, 02 Mar 2026 10:00:00 +0000", "", "Hello", "",
)  # fmt: skip
JOINED = (
    "From: eve@evil.example", "To: alice@example.test", "References: <root@example.com>",
    "Message-ID: <r1@evil.example>", "Date: Mon, 02 Mar 2026 11:00:00 +0000", "", "me too", "",
)  # fmt: skip
THREAD = "work:t.root@example.com"


@pytest.fixture
def dragoman(imap_server, smtp_server):
    imap_server.folders["INBOX"].add("\r\n".join(ROOT).encode(), (), datetime(2026, 3, 2, 10, tzinfo=UTC))

    def build(**more):
        account = {
            "provider": "mail", "address": "alice@example.test", "password": "open sesame", "tls": "off",
            "imap": f"127.0.0.1:{imap_server.server_address[1]}", "smtp": f"127.0.0.1:{smtp_server.server_address[1]}",
            "write": "confirm", "signature": "Alice", "sent_by_server": False, **more,
        }  # fmt: skip
        return ScriptedServer({"accounts": {"work": account}})

    return build


def confirmed(server, **call):
    asked = server.call("send_message", **call)
    return asked, server.call("send_message", **call, confirm=re.search(r"confirm=(\S+)", asked)[1])


def test_the_question_names_everybody_and_holds_what_is_sent(dragoman, smtp_server):
    with dragoman() as server:
        asked, answer = confirmed(server, conversation=THREAD, text="Fine by me")
    assert all(one in asked for one in ("maria@example.com", "oleg@example.org", "lena@example.test"))
    assert re.search(r"^would go to: .*maria@example\.com.*\nwith a copy to: .*lena@example\.test", asked, re.MULTILINE)
    assert "may go to" not in asked
    outside = re.search(r"^outside your organisation: (.*)$", asked, re.MULTILINE)[1]
    assert "lena@example.test" not in outside
    assert "\n -- \n Alice\n" in asked
    assert "Re: Budget" in answer
    assert "another text" not in answer
    assert len(smtp_server.mails) == 1


def test_the_question_names_each_of_many_receivers_and_who_is_outside(dragoman, smtp_server):
    people = [f"somebody.with.a.long.name.{number:02}@department.example.com" for number in range(60)]
    with dragoman() as server:
        to, copied = ",".join(people[:30]), ",".join(people[30:])
        asked = server.call("send_message", conversation=f"work:to:{to};cc.{copied}", text="Hi", subject="All")
    lines = dict(line.split(": ", 1) for line in asked.splitlines() if ": " in line)
    assert lines["would go to"].split(", ") == people[:30]
    assert lines["with a copy to"].split(", ") == people[30:]
    assert lines["outside your organisation"].split(", ") == people


def test_the_question_says_that_a_program_is_answered(dragoman, imap_server):
    robot = [ROOT[0], "Auto-Submitted: auto-generated", *ROOT[1:]]
    with dragoman() as server:
        assert "program" not in server.call("send_message", conversation=THREAD, text="Fine")
        imap_server.folders["INBOX"].mails.clear()
        imap_server.folders["INBOX"].add("\r\n".join(robot).encode(), (), datetime(2026, 3, 2, 10, tzinfo=UTC))
        asked = server.call("send_message", conversation=THREAD, text="Fine")
    assert "because it answers a mail that a program sent" in asked


def test_nobody_is_asked_who_would_not_see_whom_a_mail_goes_to(dragoman, imap_server, smtp_server):
    with dragoman() as server:
        server.call("list_messages", conversation=THREAD)
        imap_server.folders["INBOX"].mails.clear()
        unanswerable = "\r\n".join(["From: no-reply@example.com", *ROOT[3:]])
        imap_server.folders["INBOX"].add(unanswerable.encode(), (), datetime(2026, 3, 2, 10, tzinfo=UTC))
        assert "Nobody is left to answer" in server.error("send_message", conversation=THREAD, text="Fine")


def test_the_question_shows_the_quote_that_goes_out_below_the_text(dragoman, imap_server, smtp_server):
    with dragoman(quote="top") as server:
        asked = server.call("send_message", conversation=THREAD, text="Fine by me")
        quote = "On 2026-03-02 10:00 +0000, Maria Koch <maria@example.com> wrote:"
        assert f"== end of the text\nbelow it goes out, 73 characters in 3 lines:\n {quote}\n \n > Hello\n" in asked
        imap_server.folders["INBOX"].add("\r\n".join(JOINED).encode(), (), datetime(2026, 3, 2, 11, tzinfo=UTC))
        # Another mail is the newest one now, so what was agreed to is not what would go out.
        server.error(
            "send_message", conversation=THREAD, text="Fine by me", confirm=re.search(r"confirm=(\S+)", asked)[1]
        )
    assert not smtp_server.mails


def test_a_new_mail_answers_with_its_thread(dragoman, smtp_server):
    with dragoman() as server:
        _, answer = confirmed(server, conversation="work:to:ann@example.com", text="Hi", subject="Lunch")
        thread = re.search(r"work:t\.\S+", answer)[0]
        assert "Hi" in server.call("list_messages", conversation=thread)
    assert "another conversation" not in answer


def test_a_new_mail_without_a_subject_is_refused_before_anybody_is_asked(dragoman):
    with dragoman() as server:
        assert "subject" in server.error("send_message", conversation="work:to:ann@example.com", text="Hi")


def test_a_mailto_link_begins_a_mail_and_writes_none_of_it(dragoman):
    with dragoman() as server:
        link = "mailto:ann@example.com?subject=Pay&body=Now&bcc=eve@example.org"
        asked = server.call("send_message", conversation=link, text="Hi", subject="Lunch")
    assert "work:to:ann@example.com" in asked
    assert not re.search("Pay|Now$|eve@", asked)


def test_a_mid_link_leads_to_its_mail(dragoman):
    with dragoman() as server:
        assert "Hello" in server.call("get_message", message="mid:root@example.com")


def test_somebody_who_joins_the_thread_after_the_question_is_asked_about(dragoman, imap_server, smtp_server):
    with dragoman() as server:
        asked = server.call("send_message", conversation=THREAD, text="Fine")
        joined = "\r\n".join(JOINED)
        imap_server.folders["INBOX"].add(joined.encode(), (), datetime(2026, 3, 2, 11, tzinfo=UTC))
        token = re.search(r"confirm=(\S+)", asked)[1]
        assert "Nothing was sent" in server.error("send_message", conversation=THREAD, text="Fine", confirm=token)
    assert smtp_server.mails == []


def test_write_to_takes_domains_and_refuses_a_thread_with_somebody_else(dragoman, smtp_server):
    with dragoman(write="allow", write_to=["*@example.com"]) as server:
        server.call("send_message", conversation="work:to:ann@example.com", text="Hi", subject="Lunch")
        assert "not among those" in server.error("send_message", conversation=THREAD, text="Fine")
    assert len(smtp_server.mails) == 1


def test_the_answer_says_when_no_copy_could_be_kept(dragoman, imap_server, smtp_server):
    imap_server.fault = lambda line: b"<tag> NO [OVERQUOTA] full" if line.upper().startswith(b"APPEND") else b""
    with dragoman() as server:
        _, answer = confirmed(server, conversation="work:to:ann@example.com", text="Hi", subject="Lunch")
    assert "It is sent, but no copy of it could be kept among the sent mails: The mailbox on" in answer
    assert len(smtp_server.mails) == 1


def test_an_attempt_that_finds_the_mail_sent_sends_nothing_again(dragoman, imap_server, smtp_server):
    smtp_server.fault = lambda command: LOSE if command == b"." else b""
    with dragoman(write="allow") as server:
        call = {
            "conversation": "work:to:alice@example.test", "text": "Hi", "subject": "Lunch", "idempotency_key": "k",
        }  # fmt: skip
        assert "whether it took" in server.error("send_message", **call)
        arrived = smtp_server.mails[0].content
        imap_server.folders["INBOX"].add(arrived, (), datetime.now(UTC).replace(microsecond=0))
        assert "Lunch" in server.call("send_message", **call)
    assert len(smtp_server.mails) == 1
