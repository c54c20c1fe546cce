"""Mails that programs write or change: bounces of older mail systems, answers to invitations, gateways in between."""

from __future__ import annotations

import pytest

from dragoman.core.mail import delivery_report, read_mail_head, read_whole_mail
from dragoman.core.model import AuthorKind

HEAD = "From: Ann <ann@example.com>\nTo: alice@example.test\nMessage-ID: <1@example.com>\n"
RETURNED = (
    "Return-Path: <alice@example.test>\nFrom: alice@example.test\nMessage-ID: <out@example.test>\nSubject: Plan\n\nHi\n"
)
QMAIL = (
    "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nTo: alice@example.test\nSubject: failure notice\n\n"
    "Hi. This is the qmail-send program at mx.example.com.\nI'm afraid I wasn't able to deliver your message to the"
    " following addresses.\n\n<bob@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 User"
    " unknown\nGiving up on 192.0.2.1.\n\n<carol@example.net>:\nSorry, I found no host named example.net. (#5.1.2)"
    f"\n\n--- Below this line is a copy of the message.\n\n{RETURNED}"
)
EXIM = (
    "Return-Path: <>\nX-Failed-Recipients: bob@example.org,\n  carol@example.net\nAuto-Submitted: auto-replied\n"
    "From: Mail Delivery System <Mailer-Daemon@mx.example.com>\nTo: alice@example.test\n"
    "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically.\n\n"
    "  bob@example.org\n    host mx.example.org [192.0.2.1]\n    550 5.1.1 User unknown\n  carol@example.net\n"
    "    all hosts have been failing for a long time\n\n------ This is a copy of your message, including its headers."
    f" ------\n\n{RETURNED}"
)


def wire(text):
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("bounce", [QMAIL, EXIM])
def test_a_bounce_in_plain_words_belongs_to_the_mail_that_it_returns(bounce):
    mail = read_whole_mail(wire(bounce))
    report = delivery_report(mail)
    assert (mail.reply_to, mail.kind, report.mail) == ("out@example.test", AuthorKind.SYSTEM, "out@example.test")
    assert [(one.recipient, one.state) for one in report.deliveries] == [
        ("bob@example.org", "failed"), ("carol@example.net", "failed")
    ]  # fmt: skip
    assert report.deliveries[0].reason == "there is no such address"


def test_a_warning_that_a_mail_is_late_is_no_failure():
    late = EXIM.replace("Mail delivery failed: returning message to sender", "Warning: message 1x delayed 24 hours")
    assert {one.state for one in delivery_report(read_whole_mail(wire(late))).deliveries} == {"delayed"}


@pytest.mark.parametrize(
    "text",
    [
        QMAIL.replace("From: MAILER-DAEMON@mx.example.com", "From: Ann <ann@example.com>").replace(
            "Return-Path: <>\n", ""
        ),
        QMAIL.partition("--- Below")[0],
        "From: MAILER-DAEMON@mx.example.com\nSubject: Your quota\n\nThe mailbox is full.\n",
    ],
)
def test_what_only_speaks_of_a_bounce_is_none(text):
    mail = read_whole_mail(wire(text))
    assert (mail.reply_to, delivery_report(mail)) == ("", None)


def test_the_head_of_a_plain_bounce_tells_that_its_text_is_needed():
    assert read_mail_head(wire(QMAIL)).is_report
    assert not read_mail_head(wire(HEAD)).is_report


def test_an_encrypted_mail_that_a_gateway_has_taken_apart_is_encrypted():
    parts = (
        "--b\nContent-Type: text/plain\n\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n"
        'Content-Type: application/octet-stream; name="encrypted.asc"\n\n-----BEGIN PGP MESSAGE-----\nabc\n--b--\n'
    )
    mail = read_whole_mail(wire(f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n{parts}"))
    assert (mail.text, mail.body.labels, mail.files) == ("(encrypted message)", ["encrypted"], [])


@pytest.mark.parametrize("name", ["smime.p7s", "signature.asc", "message.sig"])
def test_a_signature_without_its_media_type_is_no_file(name):
    parts = f'--b\n\nHello\n--b\nContent-Type: application/octet-stream; name="{name}"\n\nxx\n--b--\n'
    mail = read_whole_mail(wire(f"{HEAD}Content-Type: multipart/signed; boundary=b\n\n{parts}"))
    assert (mail.text, mail.body.labels, mail.files) == ("Hello", ["signed"], [])


def test_what_somebody_writes_with_an_answer_to_an_invitation_is_told():
    event = "BEGIN:VEVENT\nSUMMARY:Plan\nCOMMENT:I am in Rome\\, sorry\nEND:VEVENT\n"
    calendar = f"BEGIN:VCALENDAR\nMETHOD:REPLY\n{event}END:VCALENDAR\n"
    mail = read_whole_mail(wire(f"{HEAD}Content-Type: text/calendar; method=REPLY\n\n{calendar}"))
    assert mail.text == "Answer to an invitation\nPlan\nComment: I am in Rome, sorry"
