"""Mails that are built oddly, as programs of all kinds send them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.mail import body, read_mail, read_whole_mail, without_quotes
from dragoman.core.mail.headers import parse_addresses

HEAD = (
    "From: Ann <ann@example.com>\nTo: alice@example.test\nSubject: Re: Plan\nMessage-ID: <1@example.com>\n"
    "In-Reply-To: <0@example.com>\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n"
)


def read(rest, head=HEAD):
    return read_mail(f"{head}{rest}".replace("\n", "\r\n").encode().splitlines(keepends=True))


def of_parts(kind, *parts):
    return read(
        f"Content-Type: multipart/{kind}; boundary=b\n\n" + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    )


def new_in(text):
    return without_quotes(read(f"Content-Type: text/plain; charset=utf-8\n\n{text}").text, is_answer=True)[0]


PLAIN = "Content-Type: text/plain\n\nPlain words"
CALENDAR = """Content-Type: text/calendar; method={method}

BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VTIMEZONE
BEGIN:STANDARD
DTSTART:19700101T000000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SEQUENCE:{sequence}
SUMMARY:Standup
DTSTART;TZID=Europe/Berlin:20260302T100000
DURATION:PT30M
ATTENDEE;CN=Bob;PARTSTAT=DECLINED:mailto:bob@example.com
ATTENDEE;CN=Eve;PARTSTAT=NEEDS-ACTION:mailto:eve@example.com
BEGIN:VALARM
DESCRIPTION:Wake up
END:VALARM
END:VEVENT
END:VCALENDAR"""


@pytest.mark.parametrize(
    ("method", "sequence", "told"),
    [("REQUEST", 0, "Invitation"), ("CANCEL", 3, "Cancelled"), ("REPLY", 0, "Answer to an invitation")],
)
def test_a_calendar_entry_beside_a_text_is_told_behind_it(method, sequence, told):
    mail = of_parts("alternative", PLAIN, CALENDAR.format(method=method, sequence=sequence))
    assert mail.text.startswith(f"Plain words\n\n{told}\n")
    assert "Begins: 2026-03-02 10:00 Europe/Berlin" in mail.text
    assert "With: Bob <bob@example.com> (declined)\nWith: Eve <eve@example.com>" in mail.text
    assert ("Change: 3" in mail.text) is (sequence == 3)
    assert "Wake up" not in mail.text
    assert "1970" not in mail.text


def test_html_is_not_lost_for_a_calendar_entry_behind_it():
    mail = of_parts(
        "alternative", "Content-Type: text/html\n\n<p>Rich words</p>", CALENDAR.format(method="REQUEST", sequence=0)
    )
    assert mail.text.startswith("Rich words\n\nInvitation\n")


def test_html_beside_a_plain_text_is_taken_apart_only_when_it_is_what_is_shown(monkeypatch):
    seen = []
    monkeypatch.setattr(body, "read_html", lambda markup, **_: seen.append(markup) or ("From HTML", False))
    html = "Content-Type: text/html\n\n<p>Rich words"
    assert of_parts("alternative", PLAIN, html).text == "Plain words"
    assert not seen
    stub = "Content-Type: text/plain\n\nOpen this in a browser"
    assert of_parts("alternative", stub, html.replace("words", "words " * 9)).text == "Open this in a browser"
    assert of_parts("alternative", "Content-Type: text/plain\n\n", html).text == "From HTML"
    assert len(seen) == 2


def picture(id_, name):
    return f"Content-Type: image/png; name={name}\nContent-ID: <{id_}>\n\nxx"


@pytest.mark.parametrize("start", ["", '; start="<root>"'])
def test_pictures_that_the_text_shows_are_no_files_and_others_are(start):
    html = 'Content-Type: text/html\nContent-ID: <root>\n\n<p>See <img src="cid:one%402" alt="chart"></p>'
    parts = [picture("one@2", "shown.png"), html, picture("three", "file.png")]
    body = "".join(f"--c\n{part}\n" for part in parts)
    related = f"Content-Type: multipart/related; boundary=c{start}\n\n{body}--c--"
    mail = of_parts("alternative", "Content-Type: text/plain\n\n", related)
    assert mail.text == "See [chart]"
    assert [file.name for file in mail.files] == ["file.png"]


@pytest.mark.parametrize(
    ("parameters", "text", "labels", "files"),
    [
        ("; smime-type=signed-data; name=smime.p7m", "(signed message, content in smime.p7m)", ["signed"], 1),
        ("; smime-type=enveloped-data", "(encrypted message)", ["encrypted"], 0),
        ("", "(encrypted message)", ["encrypted"], 0),
        ("; smime-type=certs-only; name=smime.p7c", "", [], 1),
    ],
)
def test_a_sealed_mail_says_what_it_is(parameters, text, labels, files):
    mail = read(f"Content-Type: application/pkcs7-mime{parameters}\nContent-Transfer-Encoding: base64\n\nAAAA\n")
    assert (mail.text, mail.body.labels, len(mail.files)) == (text, labels, files)


def test_a_clear_signature_is_no_text():
    mail = read(
        "\nBefore\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n- -- dash\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n=abcd\n-----END PGP SIGNATURE-----\nBehind\n"
    )
    assert (mail.text, mail.body.labels) == ("Before\nHello\n-- dash\nBehind", ["signed"])


def test_what_only_looks_like_a_clear_signature_stays():
    text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello without an end"
    assert read(f"\n{text}\n").text == text


def test_files_that_stand_in_a_text_are_files():
    mail = read("\nHere it is\n\nbegin 644 ../dir/cat.txt\n#0V%T\n`\nend\nAfter\n")
    assert mail.text == "Here it is\n\nAfter"
    assert [(file.name, file.media_type, file.size) for file in mail.files] == [("cat.txt", "text/plain", 3)]


@pytest.mark.parametrize("text", ["begin 644 words of a text\nand more\nend", "begin 644 x", "begin\nend"])
def test_what_only_begins_like_a_file_stays(text):
    assert read(f"\n{text}\n").text == text


def test_rich_text_and_cards_without_a_name_are_files():
    mail = of_parts("mixed", PLAIN, "Content-Type: text/vcard\n\nBEGIN:VCARD", "Content-Type: text/rtf\n\n{\\rtf1}")
    assert (mail.text, [file.media_type for file in mail.files]) == ("Plain words", ["text/vcard", "text/rtf"])


def test_a_receipt_answers_the_mail_that_was_read():
    mail = read(
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nIt was read\n--b\n"
        "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;bob@example.com\n"
        "Original-Message-ID: <out@example.test>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
        head="From: Bob <bob@example.com>\n",
    )
    assert mail.reply_to == "out@example.test"
    assert "Disposition: displayed" in mail.text


@pytest.mark.parametrize(
    ("value", "name", "email"),
    [
        ('"ann smith"@example.com', "", '"ann smith"@example.com'),
        ('Ann <"a b"@example.com>', "Ann", '"a b"@example.com'),
        ('"a,b"@example.com', "", '"a,b"@example.com'),
        ('"boss@example.test"@x <eve@evil.example>', 'boss@example.test"@x', "eve@evil.example"),
        ("ann@example.com (Ann (the) Novak)", "Ann (the) Novak", "ann@example.com"),
    ],
)
def test_an_address_is_never_another_one(value, name, email):
    [address] = parse_addresses(value)
    assert address.email == email
    assert address.name == name


ATTRIBUTION = "On Mon, Mar 2, 2026 at 10:00 AM Bob von und zu\n<bob@example.com> wrote:\n\n> Old\n> more"
FOOTER = (
    "_______________________________________________\nDev mailing list -- dev@lists.example\nhttps://lists.example/"
)
BLOCKS = {
    "cs": "Od: Bob\nOdesláno: pondělí\nKomu: Ann\nPředmět: Plán",
    "tr": "Kimden: Bob\nGönderildi: 2 Mart\nKime: Ann\nKonu: Plan",
    "fi": "Lähettäjä: Bob\nLähetetty: maanantai\nVastaanottaja: Ann\nAihe: Suunnitelma",
    "ko": "보낸 사람: Bob\n보낸 날짜: 2026년\n받는 사람: Ann\n제목: 계획",
    "hu": "Feladó: Bob\nKüldve: hétfő\nCímzett: Ann\nTárgy: Terv",
    "zh-TW": "寄件者: Bob\n寄件日期: 2026\n收件者: Ann\n主旨: 計畫",
}


@pytest.mark.parametrize(
    "behind",
    [
        ATTRIBUTION,
        f"{ATTRIBUTION}\n\n-- \nAnn\nCEO",
        f"{ATTRIBUTION}\n{FOOTER}",
        f"-- \nAnn\n\n{ATTRIBUTION}\n{FOOTER}",
        FOOTER,
        *(f"________________________________\n{block}\n\nOld text" for block in BLOCKS.values()),
    ],
)
def test_lists_show_what_is_new_whatever_stands_behind_it(behind):
    assert new_in(f"Thanks!\n\n{behind}\n") == "Thanks!"


@pytest.mark.parametrize(
    "text",
    [
        "> Question?\nYes\n> Another?\nNo",
        "On Mon, 2 Mar 2026 Bob <bob@example.com> wrote:\n> Old\n\nMy answer",
        "On Monday the team wrote:\nwe will win",
        "__________________________\nThe sum of it is 3",
        "See the plan for 2026\nor ask",
    ],
)
def test_nothing_of_an_author_is_cut(text):
    assert new_in(text) == text


def test_a_line_above_an_attribution_stays_unless_it_is_part_of_it():
    assert new_in("We decided that in 2026\nbob@example.com wrote:\n> Old") == "We decided that in 2026"


def test_a_mail_of_parts_whose_boundary_is_not_told_is_read_by_its_first_line():
    mail = read(
        "Content-Type: multipart/mixed\n\nNot for readers\n--=_x\nContent-Type: text/plain\n\nHello\n--=_x\n"
        "Content-Type: application/pdf; name=a.pdf\n\nAAAA\n--=_x--\n"
    )
    assert (mail.text, [file.name for file in mail.files]) == ("Hello", ["a.pdf"])
    assert read("Content-Type: multipart/mixed\n\nOnly words\n").text == "Only words"


def test_enriched_text_is_read_without_its_commands():
    text = "<bold>Hello</bold> <color><param>red</param>there</color>\nAnn\n\n\nbye <<x>"
    assert read(f"Content-Type: text/enriched\n\n{text}").text == "Hello there Ann\n\nbye <x>"


def test_a_quotation_of_yahoo_is_one():
    html = (
        '<div>My answer</div><div class="ydp1 yahoo_quoted"><div>On 2 March 2026 Bob &lt;b@x.org&gt; wrote:</div>'
        "<div>Old <div>words</div></div></div>"
    )
    text = read(f"Content-Type: text/html\n\n{html}").text
    assert without_quotes(text, is_answer=True)[0] == "My answer"
    assert "> Old\n> words" in text


HEAD_PIECES = st.sampled_from([
    "A: b\n", "Subject: c\r\n", " folded\n", "\tfolded\r\n", "Content-Type: multipart/mixed; boundary=x\n",
    "no header\n",
    "Content-Type: text/html\n", "Content-Transfer-Encoding: base64\n", "Content-Type: application/pdf\n",
    "\n", "\r\n", "Content-Type: multipart/mixed\n", " \n", "\r",
])  # fmt: skip
BODY_PIECES = st.sampled_from(
    ["--x\n", "--x--\n", "Name: b\n", "\n", "\r\n", "words\n", "a\rb\n", "=3D=\n", "last", "\r"]
)


@given(st.lists(HEAD_PIECES, max_size=6), st.sampled_from(["\n", "\r\n", ""]), st.lists(BODY_PIECES, max_size=9))
def test_a_mail_that_is_held_as_a_whole_is_read_as_its_lines_are(head, blank, body):
    data = "".join([*head, blank, *body]).encode()
    whole, by_lines = read_whole_mail(data), read_mail(io.BytesIO(data))
    assert [describe(part) for part in whole.root.walk()] == [describe(part) for part in by_lines.root.walk()]
    assert (whole.text, whole.files) == (by_lines.text, by_lines.files)


def describe(part):
    return (
        part.number,
        part.media_type,
        part.encoding,
        dict.fromkeys(part.headers.names),
        part.content,
        part.size,
        part.cut,
    )
