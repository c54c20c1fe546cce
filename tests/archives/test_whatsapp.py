"""Chats as phones of many languages write them."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime

import pytest

LRM = "\u200e"
NNBSP = "\u202f"
MARCH_9 = datetime(2026, 3, 9, 10, tzinfo=UTC)


@pytest.fixture
def chat(read_archive, tmp_path):
    """Reads the lines of a chat."""

    def read(*lines: str, name: str = "WhatsApp Chat with Relay.txt", **options):
        (tmp_path / name).write_text("\n".join(lines), "utf-8")
        content = read_archive(tmp_path / name, **options)
        assert content.formats == ["whatsapp"]
        return content

    return read


HEADS = {
    "08:58, 13/03/2026 - Ann: Hi": "2026-03-13T08:58:00",
    "8:58 CH, 13/03/2026 - Ann: Hi": "2026-03-13T20:58:00",
    "[08:58:01, 13/3/26] Ann: Hi": "2026-03-13T08:58:01",
    "13.3.2026 klo 8.58 ap. - Ann: Hi": "2026-03-13T08:58:00",
    "13.3.2026 klo 8.58 ip. - Ann: Hi": "2026-03-13T20:58:00",
    "13.3.26, 8:58 e pasdites - Ann: Hi": "2026-03-13T20:58:00",
    "१३/३/२६, ८:५८ अपराह्न - Ann: Hi": "2026-03-13T20:58:00",
    "१३/३/२६, ८:५८ म.पू. - Ann: Hi": "2026-03-13T08:58:00",
    "၁၃/၃/၂၆၊ ၀၈:၅၈ - Ann: Hi": "2026-03-13T08:58:00",
    "13. 03. 26 8:58 pop. - Ann: Hi": "2026-03-13T20:58:00",
    "[3/13/26, 8:58:01 AM] Ann: Hi": "2026-03-13T08:58:01",
    f"{LRM}[3/13/26, 8:58:01{NNBSP}PM] Ann: Hi": "2026-03-13T20:58:01",
    "[13.03.26, 08:58:01] Ann: Hi": "2026-03-13T08:58:01",
    "[2026-03-13, 08:58:01] Ann: Hi": "2026-03-13T08:58:01",
    "[2026/3/13 下午8:58:01] Ann: Hi": "2026-03-13T20:58:01",
    "13/03/2026, 08:58 - Ann: Hi": "2026-03-13T08:58:00",
    "13/03/26, 8:58 a. m. - Ann: Hi": "2026-03-13T08:58:00",
    "13/3/26, 8:58 p.\u00a0m. - Ann: Hi": "2026-03-13T20:58:00",
    "3/13/26, 12:05 AM - Ann: Hi": "2026-03-13T00:05:00",
    "3/13/26, 12:05 PM - Ann: Hi": "2026-03-13T12:05:00",
    "13.03.26, 18:00 - Ann: Hi": "2026-03-13T18:00:00",
    "13/03/26 18.00 - Ann: Hi": "2026-03-13T18:00:00",
    "13.3.2026 klo 18.00 - Ann: Hi": "2026-03-13T18:00:00",
    "13.03.2026 um 18:00 - Ann: Hi": "2026-03-13T18:00:00",
    "13/03/2026 à 18:00 - Ann: Hi": "2026-03-13T18:00:00",
    "2026. 3. 13. 오후 8:58 - Ann: Hi": "2026-03-13T20:58:00",
    "2026년 3월 13일 오전 8:58 - Ann: Hi": "2026-03-13T08:58:00",
    "26. 3. 13. 오전 8:58 - Ann: Hi": "2026-03-13T08:58:00",
    "2026/03/13 午後8:58 - Ann: Hi": "2026-03-13T20:58:00",
    "2026. 03. 13. 8:58 - Ann: Hi": "2026-03-13T08:58:00",
    "13/3/2569 08:58 - Ann: Hi": "2026-03-13T08:58:00",
    "13/3/69 08:58 - Ann: Hi": "2026-03-13T08:58:00",
    "١٣/٣/٢٠٢٦، ٨:٥٨ م - Ann: Hi": "2026-03-13T20:58:00",
    "۲۰۲۶/۳/۱۳،\u200f ۸:۵۸ - Ann: Hi": "2026-03-13T08:58:00",
    "१३/३/२०२६, ८:५८ am - Ann: Hi": "2026-03-13T08:58:00",
    "13-03-2026 08:58 - Ann: Hi": "2026-03-13T08:58:00",
    "13/3/26, 8:58 μ.μ. - Ann: Hi": "2026-03-13T20:58:00",
    "13.03.26 \u0433., 8:58 \u0447. - Ann: Hi": "2026-03-13T08:58:00",
    "2026-03-13 20 h 58 - Ann: Hi": "2026-03-13T20:58:00",
    "[2026-03-13 20 h 58 min 01 s] Ann: Hi": "2026-03-13T20:58:01",
    "13.03.26, 8:58 nachm. - Ann: Hi": "2026-03-13T20:58:00",
    "13.03.2026, kell 08:58 - Ann: Hi": "2026-03-13T08:58:00",
    "[\u200f13\u200f/3\u200f/2026، 8:58:01 م] Ann: Hi": "2026-03-13T20:58:01",
}


@pytest.mark.parametrize(("line", "time"), HEADS.items(), ids=HEADS)
def test_dates_and_times_of_any_locale_are_understood(chat, line, time):
    (message,) = chat(line).messages
    assert (message.sent_at, message.author.name, message.text) == (
        datetime.fromisoformat(time).replace(tzinfo=UTC),
        "Ann",
        "Hi",
    )


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (("3/9/26", "3/10/26", "4/1/26"), MARCH_9),  # time runs forwards only so
        (("9/3/26", "10/3/26", "1/4/26"), MARCH_9),
        (("9/3/26", "10/3/26", "25/3/26"), MARCH_9),
        (("3/9/26", "3/10/26", "3/25/26"), MARCH_9),
        (("9.3.26", "9.3.26"), MARCH_9),
    ],
)
def test_the_whole_file_decides_whether_the_day_stands_first(chat, dates, first):
    content = chat(*(f"{date}, 10:00 - Ann: Hi" for date in dates))
    assert content.messages[0].sent_at == first
    assert not content.notes.sentences


@pytest.mark.parametrize(
    ("options", "month"), [({}, 9), ({"zone": "America/Chicago"}, 3), ({"dates": "mdy"}, 3), ({"dates": "dmy"}, 9)]
)
def test_an_order_that_nothing_decides_is_told_and_can_be_chosen(chat, options, month):
    content = chat("3/9/26, 10:00 - Ann: Hi", "3/9/26, 10:01 - Bo: Ho", **options)
    assert content.messages[0].sent_at.month == month
    assert ("--dates" in " ".join(content.notes.sentences)) is ("dates" not in options)


WORDS = {
    ("3/9/26, 1:00\u202fPM", "Messages and calls are end-to-end encrypted."): 3,
    ("3/9/26, 1:00 PM", "Ann: <Media omitted>"): 3,
    ("3/9/26, 1:00 pm", "Ann: <Media omitted>"): 9,
    ("3/9/26, 13:00", "Ann created group \u201cTeam\u201d"): 9,
    ("3/9/26, 1:00 PM", "Ann: <Multimedia omitido>"): 9,
}


@pytest.mark.parametrize(("line", "month"), WORDS.items())
def test_the_language_of_the_phone_decides_where_the_dates_do_not(chat, line, month):
    content = chat(" - ".join(line), f"{line[0]} - Bo: Hi", zone="Asia/Tokyo")
    assert content.messages[-1].sent_at.month == month
    assert not content.notes.sentences


def test_another_order_of_dates_changes_no_id(chat):
    lines = ["3/9/26, 10:00 - Ann: Hi", "3/10/26, 10:00 - Bo: <Media omitted>"]
    first, second = (chat(*lines, dates=order).messages for order in ("dmy", "mdy"))
    assert [message.id for message in first] == [message.id for message in second]
    assert [message.sent_at.month for message in first + second] == [9, 10, 3, 3]


def test_a_later_line_without_date_belongs_to_the_message_before(chat):
    content = chat("13/03/26, 10:00 - Ann: one", "two: three", "", "1/2 cup", "13/03/26, 10:01 - Bo: four")
    assert content.texts == ["one\ntwo: three\n\n1/2 cup", "four"]


def test_a_line_of_a_chat_that_is_quoted_is_part_of_the_message(chat):
    content = chat("13/03/26, 10:00 - Ann: look:", "01/02/26, 09:00 - Bo: old words", "13/03/26, 10:01 - Bo: yes")
    assert content.texts == ["look:\n01/02/26, 09:00 - Bo: old words", "yes"]


def test_equal_texts_of_one_minute_are_messages_of_their_own_with_lasting_ids(chat):
    lines = [f"13/03/26, 10:00 - Ann: {text}" for text in ("hi", "ok", "ok", "ok")]
    first = [message.id for message in chat(*lines).messages]
    again = [message.id for message in chat(*lines, "13/03/26, 10:00 - Ann: ok").messages]
    renamed = [message.id for message in chat(*(line.replace("Ann", "Anna") for line in lines)).messages]
    assert len(set(first)) == 4
    assert again[:4] == first == renamed


@pytest.mark.parametrize(
    "words",
    [
        "This message was deleted",
        "You deleted this message.",
        "Diese Nachricht wurde gelöscht.",
        "삭제된 메시지입니다.",
    ],
)
def test_a_deleted_message_is_none(chat, words):
    assert chat("13/03/26, 10:00 - Ann: Hi", f"13/03/26, 10:01 - Ann: {words}").texts == ["Hi"]
    assert chat("13/03/26, 10:00 - Ann: Hi", f"13/03/26, 10:01 - {words}").texts == ["Hi"]


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("IMG-20260313-WA0001.jpg (file attached)\nlook", "IMG-20260313-WA0001.jpg", "look"),
        ("Plan.pdf (Datei angehängt)", "Plan.pdf", ""),
        ("IMG-20260313-WA0002.jpg (words of another language)", "IMG-20260313-WA0002.jpg", ""),
        (f"{LRM}<attached: 00000012-PHOTO-2026-03-13.jpg>", "00000012-PHOTO-2026-03-13.jpg", ""),
        (f"{LRM}<已附加\uff1a a.jpg>", "a.jpg", ""),
        ("<Media omitted>", "media", ""),
        ("<تم استبعاد الوسائط>", "media", ""),
        (f"{LRM}image omitted", "image", ""),
        (f"{LRM}Bild weggelassen", "image", ""),
        (f"Plan.pdf • {LRM}3 pages {LRM}document omitted", "Plan.pdf", ""),
    ],
)
def test_a_file_is_an_attachment_in_the_words_of_any_language(chat, text, name, rest):
    (message,) = chat(f"13/03/26, 10:00 - Ann: {text}").messages
    assert ([one.name for one in message.attachments], message.text) == ([name], rest)


@pytest.mark.parametrize("text", ["<3", "a <b> c", "I omitted the image on purpose, sorry", "null", "see x.txt (new)"])
def test_words_of_people_stay_words(chat, text):
    (message,) = chat(f"13/03/26, 10:00 - Ann: {text}").messages
    assert (message.text, message.attachments) == (text, ())


def test_what_the_app_says_itself_is_an_activity(chat):
    content = chat(
        f"[13.03.26, 10:00:00] Relay: {LRM}Messages and calls are end-to-end encrypted.",
        f"[13.03.26, 10:00:01] Ann: {LRM}Ann created this group",
        "[13.03.26, 10:00:02] Ann: Hi",
        name="_chat.txt",
    )
    assert [message.status for message in content.messages] == ["activity", "activity", None]


def test_an_edit_is_told_and_its_words_are_no_text(chat):
    (message,) = chat("13/03/26, 10:00 - Ann: final <This message was edited>").messages
    assert (message.text, message.labels) == ("final", ("edited",))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("WhatsApp Chat with Relay launch", "Relay launch"),
        ("WhatsApp-Chat mit Ann Lee", "Ann Lee"),
        ("Chat de WhatsApp con Ann", "Ann"),
        ("与Ann的 WhatsApp 聊天", "Ann"),
        ("Ann ile WhatsApp Sohbeti", "Ann"),
        ("notes", "notes"),
    ],
)
def test_the_title_is_the_name_without_the_words_of_the_phone(chat, name, title):
    content = chat("13/03/26, 10:00 - Ann: Hi", name=f"{name}.txt")
    assert [one.title for one in content.conversations.values()] == [title]


def test_a_zip_of_an_iphone_names_the_chat_and_holds_its_files(read_archive, tmp_path):
    path = tmp_path / "WhatsApp Chat - Ann.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", f"[13.03.26, 10:00:00] Ann: {LRM}<attached: 1-PHOTO.jpg>\r\n")
        archive.writestr("1-PHOTO.jpg", b"12345")
    content = read_archive(path)
    assert [one.title for one in content.conversations.values()] == ["Ann"]
    (attachment,) = content.messages[0].attachments
    assert (attachment.size, attachment.media_type) == (5, "image/jpeg")
    assert attachment.url.startswith("file:")


def test_names_lose_the_mark_of_strangers_and_numbers_stay(chat):
    content = chat(f"13/03/26, 10:00 - ~{NNBSP}Ann: Hi", "13/03/26, 10:01 - +49\u00a0170\u00a0000\u20110: Ho")
    assert [message.author.name for message in content.messages] == ["Ann", "+49 170 000-0"]


def test_a_chat_alone_is_called_as_the_folder_that_holds_it(tmp_path, read_archive):
    for name in ("WhatsApp Chat - Ann", "WhatsApp Chat - Bo"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "_chat.txt").write_text("[10.03.26, 09:58:00] Ann: hi\n[10.03.26, 09:59:00] Bo: ho\n")
    found = [read_archive(tmp_path / name / "_chat.txt") for name in ("WhatsApp Chat - Ann", "WhatsApp Chat - Bo")]
    assert [list(content.conversations) for content in found] == [["whatsapp.ann"], ["whatsapp.bo"]]
