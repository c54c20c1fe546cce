"""In whatever script somebody searches, nothing found is never all that is said."""

import re

import pytest

from dragoman.testing import connect

pytestmark = pytest.mark.anyio

HELD = {
    "Latin": ("Der Frühstückstermin wurde verschoben", "Fruhstuckstermin", "Mittagspause"),
    "Greek": ("συνάντηση της Τρίτης ακυρώθηκε", "ΣΥΝΑΝΤΗΣΗ", "διακοπές"),
    "Cyrillic": ("Съёмка переносится на среду", "съемка", "отпуск"),
    "Armenian": ("Ժողովը տեղափոխվել է երեքշաբթի", "ժողովը", "արձակուրդ"),
    "Hebrew": ("הפגישה נדחתה ליום שלישי", "הפגישה", "חופשה"),
    "Arabic": ("تأجل الاجتماع إلى يوم الثلاثاء", "الاجتماع", "إجازة"),
    "Devanagari": ("बैठक मंगलवार तक टल गई", "बैठक", "छुट्टी"),
    "Bengali": ("সভা মঙ্গলবার পর্যন্ত পিছিয়েছে", "সভা", "ছুটি"),
    "Tamil": ("கூட்டம் செவ்வாய்க்கு மாற்றப்பட்டது", "கூட்டம்", "விடுமுறை"),
    "Thai": ("การประชุมเลื่อนไปวันอังคาร", "ประชุม", "วันหยุด"),
    "Han": ("會議改到星期二舉行", "會議", "假期"),
    "Japanese": ("会議は火曜日に延期されました", "火曜日", "休暇"),
    "Korean": ("회의가 화요일로 연기되었습니다", "회의", "휴가"),
    "Georgian": ("შეხვედრა სამშაბათამდე გადაიდო", "შეხვედრა", "შვებულება"),
}


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def client():
    async with connect() as connected:
        for number, (text, _, _) in enumerate(HELD.values()):
            await connected.call(
                "import_message",
                conversation="local:room",
                text=text,
                author="Ann",
                sent_at=f"2026-03-10T09:{number:02}Z",
            )
        yield connected


async def test_what_is_there_is_found_and_what_is_not_is_explained(client):
    for script, (text, word, absent) in HELD.items():
        found = await client.call("search_messages", query=word)
        assert re.match(r"[1-9]\d* hits?\b", found), script
        assert text[:4] in found.replace("**", ""), script
        nothing = await client.call("search_messages", query=absent)
        header, *notes = nothing.splitlines()
        assert header.startswith("0 hits · local: "), script
        assert any("Try " in note for note in notes), script


@pytest.mark.parametrize(
    "query",
    ["-nichts", '"zwei worte hier"', "from:zoe", "has:file", "is:unread", "before:1999", "subject:nichts", "a b c d"],
)
async def test_filters_that_leave_nothing_say_what_would_leave_more(client, query):
    header, *notes = (await client.call("search_messages", query=f"{query} 會議 zzyzx")).splitlines()
    assert header.startswith("0 hits · local: ")
    assert notes
    assert any("Try " in note or "Nobody called" in note for note in notes)
