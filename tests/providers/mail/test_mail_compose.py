# ruff: noqa: RUF001  # subjects have the colons of their languages
"""What an answer says in its head: to whom it goes, its subject, and the thread that it continues."""

import json
from pathlib import Path

import pytest
from mail_sender import outgoing

from dragoman.core.errors import InvalidArgument
from dragoman.core.mail import Address, read_mail, read_mail_head
from dragoman.providers.mail.compose import references_of_reply, reply_subject
from dragoman.providers.mail.people import Owner
from dragoman.providers.mail.recipients import recipients_of_reply
from dragoman.providers.mail.settings import MailSettings

DATA = Path(__file__).parents[2] / "data" / "mail"
ANSWERED = [path for path in sorted(DATA.glob("*.json")) if "reply" in json.loads(path.read_text(encoding="utf-8"))]


def owner(address="alice@example.test", *aliases, **more):
    return Owner(MailSettings(address=address, aliases=aliases, password="x", **more))  # noqa: S106  # of no mailbox


def head(*lines):
    return read_mail_head("".join(f"{line}\r\n" for line in (*lines, "")).encode()).headers


def reply(*lines, **more):
    return recipients_of_reply(head(*lines), owner("alice@example.test", "alice.k@example.test", **more))


def emails(addresses):
    return [one.email for one in addresses]


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
        (["From: bob@x.org", "To: alice@example.test", "List-Post: NO (write to <mailto:o@l.org>)"], ["bob@x.org"], []),
        (
            ["From: bob@x.org", "List-Post: <https://l.org>, <mailto:a%2Bb@l.org?subject=x>"],
            ["bob@x.org"],
            ["a+b@l.org"],
        ),
        (['From: "bob smith"@x.org', "To: eve@[192.0.2.1]"], ['"bob smith"@x.org'], ["eve@[192.0.2.1]"]),
    ],
)
def test_an_answer_goes_to_all_and_to_nobody_twice(lines, to, cc):
    found = reply(*lines)
    assert (emails(found.to), emails(found.cc)) == (to, cc)


@pytest.mark.parametrize("field", ["Reply-To", "Mail-Followup-To"])
@pytest.mark.parametrize(
    "value",
    ["none", "undisclosed:;", "Alice <ALICE+x@example.test>", "alice.k@example.test, alice@example.test", "<>", "a b"],
)
def test_a_field_that_names_nobody_else_does_not_leave_the_author_out(field, value):
    found = reply("From: bob@x.org", f"{field}: {value}", "To: alice@example.test, eve@x.org")
    assert (emails(found.to), emails(found.cc)) == (["bob@x.org"], ["eve@x.org"])


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
        *(
            ["From: bob@x.org", f"{field}: " + ", ".join(f"p{number}@x.org" for number in range(10_000))]
            for field in ("To", "Cc", "Reply-To", "Mail-Followup-To")
        ),
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
