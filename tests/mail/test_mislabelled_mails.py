"""Mails whose bytes are not what their labels say, or whose labels are old."""

from __future__ import annotations

import binascii
from base64 import encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.mail import base_subject, read_mail
from dragoman.core.mail.charset import decode

HEAD = b"From: Ann <ann@example.com>\r\nTo: alice@example.test\r\nMessage-ID: <1@example.com>\r\n"
PIECES = [
    b"\x1b$B",
    b"\x1b(B",
    b"\x1b(I",
    b"\x1b$(D",
    b"\x0e",
    b"\x0f",
    b"-!",
    b"\r\n",
    b"\xfc\xe2",
    b"\x8f",
    b"\x8e\xb6",
    b"a",
]


def read(head, body):
    return read_mail((HEAD + head + b"\r\n\r\n" + body).splitlines(keepends=True))


@pytest.mark.parametrize("charset", ["koi8-r", "windows-1251", "iso-8859-5", "iso-2022-jp", "euc-jp", "big5"])
def test_a_plain_header_is_in_the_charset_of_the_text_when_it_is_not_utf_8(charset):
    words = "Привет мир" if charset[0] != "b" else "會議"
    head = b"Subject: " + words.encode(charset) + f"\r\nContent-Type: text/plain; charset={charset}".encode()
    assert read(head, b"x").subject == words
    assert read(b"Subject: " + words.encode() + head[head.index(b"\r\n") :], b"x").subject == words


@pytest.mark.parametrize(
    ("charset", "codec", "words"),
    [
        ("big5", "big5hkscs", "㗎喎 你好"), ("windows-950", "cp950", "你好"), ("windows-936", "gbk", "你好"),
        ("windows-874", "cp874", "สวัสดี"), ("tis-620", "cp874", "สวัสดี “ดี”"), ("iso-8859-11", "cp874", "สวัสดี"),
        ("windows-949", "cp949", "안녕 똠"), ("iso-8859-9", "cp1254", "“İstanbul” şey"),
        ("x-mac-cyrillic", "mac-cyrillic", "Привет"), ("euc-jp", "euc_jis_2004", "①会議"),
        ("utf-16", "utf-16-le", "Hällo\nüber"), ("utf-16", "utf-16-be", "Hällo\nüber"),
        ("ucs-2", "utf-16-be", "Привет!"),
        ("utf-16", "utf-8", "Grüße aus Köln"), ("unicode", "ascii", "plain words"),
    ],
)  # fmt: skip
def test_a_charset_is_read_as_people_use_its_name(charset, codec, words):
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64"
    assert read(head.encode(), encodebytes(words.encode(codec))).text == words


@pytest.mark.parametrize("text", ["Dear all,\nthe crane comes.", "Dear all,\nthe crane comes", "Short"])
def test_what_a_list_writes_behind_base64_is_text(text):
    footer = b"\r\n_______________________\r\nDev mailing list -- dev@example.net\r\n"
    mail = read(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", encodebytes(text.encode()) + footer)
    assert mail.text.startswith(f"{text}\n")
    assert mail.text.endswith("_______________________\nDev mailing list -- dev@example.net")


def test_base64_with_foreign_signs_in_its_lines_is_read_without_them():
    lines = encodebytes(b"The crane comes on Thursday at seven. " * 6).decode().splitlines()
    broken = "\n".join([f"{line[:9]} !{line[9:]}" for line in lines])
    mail = read(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", broken.encode())
    assert mail.text == ("The crane comes on Thursday at seven. " * 6).strip()


def test_a_plain_text_that_claims_to_be_base64_is_a_plain_text():
    mail = read(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", b"The crane comes.\r\nOn Thursday.")
    assert mail.text == "The crane comes.\nOn Thursday."


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        ("=?UTF-8?Q?what?_is=3F?=", "what? is?"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe??=", "Grüße?"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?broken =?utf-8?q?good?=", "=?utf-8?q?broken good"),
    ],
)
def test_a_question_mark_in_an_encoded_word_does_not_end_it(written, subject):
    assert read(f"Subject: {written}".encode(), b"").subject == subject


ARMOR = "-----BEGIN PGP MESSAGE-----\nVersion: x\n\nhQEMA0rT\n=abcd\n"


def test_words_around_an_encrypted_text_stay():
    mail = read(b"", f"Hello,\n\n{ARMOR}-----END PGP MESSAGE-----\nAnn".encode())
    assert (mail.text, mail.body.labels) == ("Hello,\n\n(encrypted message)\nAnn", ["encrypted"])
    assert read(b"", ARMOR.encode()).text == "(encrypted message)"


@pytest.mark.parametrize(
    "text",
    [
        "Your mail lacks the line -----BEGIN PGP MESSAGE----- at its top.",
        "-----BEGIN PGP MESSAGE-----\nis what the first line must be\n-----END PGP MESSAGE-----\nand this the last",
        "-----BEGIN PGP MESSAGE-----",
    ],
)
def test_a_mail_that_only_speaks_of_encryption_is_not_encrypted(text):
    mail = read(b"", text.encode())
    assert (mail.text, mail.body.labels) == (text, [])


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("[ext] Re: [Dev] Plan", "[ext] [Dev] Plan"), ("Re: AW: [EXTERN] Re: Plan", "[EXTERN] Plan"),
        ("VB: Plan", "Plan"),
        ("Réf. : Plan", "Plan"), ("Ynt: Plan", "Plan"), ("ΑΠ: Σχέδιο", "Σχέδιο"), ("תשובה: תוכנית", "תוכנית"),
        ("رد: خطة", "خطة"), ("Vá: Terv", "Terv"), ("답장: 계획", "계획"), ("Trả lời: Kế hoạch", "Kế hoạch"),
        ("[Dev] Plan", "[Dev] Plan"),
        ("Regarding: Plan", "Regarding: Plan"), ("R2: D2", "R2: D2"), ("Re-design: x", "Re-design: x"),
    ],
)  # fmt: skip
def test_words_of_answers_in_all_languages_and_behind_marks_are_no_subject(subject, base):
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"\x1b$B-!2q5D\x1b(B", "①会議"),  # a row that only NEC has
        (b"\x1b$B-j9A1Q\x1b(B and \x1b$B|b66\x1b(B", "㈱港英 and 髙橋"),  # and one that only IBM has
        (b"\x1b(I6@6E\x1b(B \x1b$B-!\x1b(B", "ｶﾀｶﾅ ①"),
        (b'\x1b$B-!\r\nplain\r\n\x1b$B-"\x1b(B', "①\nplain\n②"),  # a line ends every set
        (b"\x1b$(D0!\x1b$B-!\x1b(B", "丂①"),
        (b"\x1b$B-!\x1b(Bend", "①end"),
    ],
)
@pytest.mark.parametrize("charset", ["iso-2022-jp", "ISO-2022-JP-3", "cp50220"])
def test_japanese_of_seven_bits_has_the_characters_that_makers_added(written, words, charset):
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 7bit"
    mail = read(head.encode(), written)
    assert "\x1b" not in mail.text
    assert mail.text == words


def test_every_character_of_code_page_932_comes_through_japanese_of_seven_bits():
    written, words = b"\x1b$B-!", "①"  # the first one is none of the standard's, so that its reader gives up
    for row in range(0x21, 0x7F):
        for cell in range(0x21, 0x7F):
            lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
            trail = cell + 0x7E if row % 2 == 0 else cell + 0x1F + (cell >= 0x60)
            known = bytes((lead, trail)).decode("cp932", "replace")
            if "\ufffd" not in known and lead < 0xF0:
                written, words = written + bytes((row, cell)), words + known
    assert len(words) > 7000
    assert read(b"Content-Type: text/plain; charset=iso-2022-jp", written + b"\x1b(B").text == words


@pytest.mark.parametrize("name", ["x-uuencode", "uuencode", "X-UUE"])
def test_a_text_in_uuencode_is_read(name):
    words = "Grüße vom Hafen. " * 9
    data = words.encode()
    lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    head = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {name}".encode()
    for blanks in (lines, [line.rstrip(b" \n") + b"\n" for line in lines]):
        body = b"begin 644 note.txt\n" + b"".join(blanks) + b"`\nend\n"
        assert read(head, body.replace(b"\n", b"\r\n")).text == words.strip()
    assert read(head, b"plain words").text == "plain words"
    assert "Grüße" in read(head, b"begin 644 x\n" + lines[0]).text  # cut off


@pytest.mark.parametrize(
    ("charset", "written", "words"),
    [
        ("big5", b"\xa3\xe1\xa7\xda", "€我"),  # Windows has the euro where HKSCS has nothing
        ("big5-eten", b"\xf9\xd6\xc6\xa1", "碁①"),
        ("x-mac-chinesetrad", "會議".encode("big5"), "會議"),
        ("euc-jp", b"\xad\xa1\xfc\xe2\xb6\xb6", "①髙橋"),  # rows of NEC
        ("eucjp-ms", b"\xad\xa1\x8e\xb6\x8f\xb0\xa1", "①ｶ丂"),
        ("csShiftJIS", b"\x87\x40\xfb\xfc", "①髙"),
        ("x-mac-japanese", b"\x87\x40", "①"),
        ("iso-2022-jp-ms", b"\x1b$B-!\x1b(B", "①"),
        ("csiso2022jp", b"\x0e6@6E\x0f \x1b$B2q5D\x1b(B", "ｶﾀｶﾅ 会議"),
        ("cp50222", b"\x0e6@6E\x0f!", "ｶﾀｶﾅ!"),
        ("ksc5601", "똠방각하".encode("cp949"), "똠방각하"),
        ("cseuckr", "똠방각하".encode("cp949"), "똠방각하"),
        ("GB_2312-80", "镕€会".encode("gb18030"), "镕€会"),
        ("ISO_8859-1", b"\x93a\x94 \x80", "“a” €"),
        ("iso-ir-100", b"\x93a\x94", "“a”"),
        ("x-cp1252", b"\x93a\x94", "“a”"),
        ("ISO_8859-9", b"\x80\xfe", "€ş"),
        ("iso-8859-8-i", "שלום".encode("iso8859-8") + b"\x93", "שלום“"),
        ("x-mac-hebrew", "שלום".encode("iso8859-8"), "שלום"),
        ("tis620", b"\xa1\x85", "ก…"),
        ("x-mac-thai", b"\xa1\xd2", "กา"),
        ("koi8-u", b"\xa7\xad", "їґ"),
        ("KOI8-RU", b"\xa7\xad", "їґ"),
        ("x-cp1251", "Привет".encode("cp1251"), "Привет"),
        ("x-mac-greek", "Αθήνα".encode("mac-greek"), "Αθήνα"),
        ("x-mac-turkish", "ğüş".encode("mac-turkish"), "ğüş"),
        ("x-mac-ukrainian", "Привет".encode("mac-cyrillic"), "Привет"),
        ("utf-7", b"+ZeVnLIqe-", "日本語"),
        ("csUnicode11UTF7", b"+ZeVnLIqe-", "日本語"),
        ("unknown-8bit", "Köln".encode("latin-1"), "Köln"),
        ("x-unknown", "Köln".encode(), "Köln"),
        ("iso-8859-7", "Καλημέρα κόσμε".encode("iso8859-7") + b"\xd2", "Καλημέρα κόσμε\ufffd"),
        ("utf-8", "Привет, мир".encode() + b"\xff", "Привет, мир\ufffd"),
        ("utf-8", "Grüße aus Köln, mit viel Text dahinter".encode("latin-1"), "Grüße aus Köln, mit viel Text dahinter"),
    ],
)
def test_what_is_written_under_the_name_of_a_smaller_charset_is_read(charset, written, words):
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit".encode()
    assert read(head, written).text == words
    word = b"=?" + charset.encode() + b"?B?" + encodebytes(written).strip() + b"?="
    assert read(b"Subject: " + word, b"x").subject == words


@pytest.mark.parametrize(
    "charset", ["euc-jp", "iso-2022-jp", "cp50222", "big5", "tis620", "x-mac-hebrew", "csshiftjis"]
)
@given(data=st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_whatever_bytes_come_a_text_without_surrogates_and_zeros_is_read(charset, data):
    text = decode(data, charset)
    assert "\x00" not in text
    assert text.encode("utf-8").decode() == text
    assert decode(data, charset, complete=False) is not None


@pytest.mark.parametrize(
    "name",
    [
        "quoted-printable (as usual)",
        "(as usual) Quoted-Printable",
        "quoted printable",
        "quotedprintable",
        "'quoted-printable'",
    ],
)
def test_a_transfer_encoding_is_known_with_comments_and_without_its_marks(name):
    head = f'Content-Type: text/plain (plain); charset = "utf-8" (for all)\r\nContent-Transfer-Encoding: {name}'
    assert read(head.encode(), b"Gr=C3=BC=C3=9Fe").text == "Grüße"


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        ("=?utf-8?B?8J+YgC?= =?utf-8?B?50eHQ=?=", "😀.txt"),
        ("=?utf-8?b?R3LDv?=\r\n =?UTF-8?B?MOfZ?= =?utf-8?B?Q==?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ?= =?utf-8?B?R3LDvMOfZQ==?=", "GrüßeGrüße"),  # only its padding is missing
        ("=?utf-8?B?R3LDvMOfZQ==?= =?utf-8?Q?_=C3=BC?=", "Grüße ü"),
    ],
)
def test_base64_that_is_broken_anywhere_between_encoded_words_is_read(words, subject):
    assert read(f"Subject: {words}".encode(), b"x").subject == subject


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"C:\Users\ann\Bericht 2026.pdf", "Bericht 2026.pdf"),
        (r"..\..\notes.txt", "notes.txt"),
        (r"\\server\share\plan.pdf", "plan.pdf"),
        (r"a \"b\" c.txt", 'a "b" c.txt'),
    ],
)
def test_a_file_is_named_without_the_path_that_a_mailer_wrote(written, name):
    head = f'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="{written}"'
    assert [one.name for one in read(head.encode(), b"x").files] == [name]


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global"])
def test_a_mail_within_a_mail_is_named_by_its_subject_and_read(kind):
    inner = "From: Jörg <jörg@example.org>\r\nSubject: Plän\r\n\r\nInner words"
    mail = read(
        b"Content-Type: multipart/mixed; boundary=b", f"--b\r\nContent-Type: {kind}\r\n\r\n{inner}\r\n--b--".encode()
    )
    assert [one.name for one in mail.files] == ["Plän"]
    assert mail.forwarded == "> From: Jörg <jörg@example.org>\n> Subject: Plän\n>\n> Inner words"


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/global-headers"])
def test_the_head_of_a_returned_mail_is_named_by_its_subject(kind):
    part = f"--b\r\nContent-Type: {kind}\r\n\r\nSubject: Plan\r\nMessage-ID: <1@example.com>\r\n--b--"
    mail = read(b"Content-Type: multipart/mixed; boundary=b", part.encode())
    assert [one.name for one in mail.files] == ["Plan"]
