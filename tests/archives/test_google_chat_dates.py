"""Dates of Google Chat's export in the languages of accounts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.archives.google_chat.dates import parse_date

SAME_MOMENT = """
Maandag 05 Oktober 2026 20:08:07 UTC
ሰኞ 5 ኦክቶበር 2026 8:08:07 ከሰዓት UTC
الاثنين، 5 أكتوبر 2026، 8:08:07 م UTC
Bazar ertəsi, 5 oktyabr 2026 20:08:07 UTC
панядзелак, 5 кастрычніка 2026 г., 20:08:07, UTC
понеделник, 5 октомври 2026 г., 20:08:07 ч. UTC
সোমবার, 5 অক্টোবর, 2026 8:08:07 PM UTC
ponedjeljak, 5. oktobar 2026., 20:08:07 UTC
dilluns, 5 d’octubre del 2026, 20:08:07 (UTC)
pondělí 5. října 2026 20:08:07, UTC
Dydd Llun, 5 Hydref 2026, 20:08:07 UTC
mandag den 5. oktober 2026 20.08.07 UTC
Montag, 5. Oktober 2026, 20:08:07 UTC
Δευτέρα 5 Οκτωβρίου 2026 - 8:08:07 μ.μ. UTC
Monday, October 5, 2026, 8:08:07 PM UTC
Monday, 5 October 2026, 20:08:07 UTC
lunes, 5 de octubre de 2026, 20:08:07 (UTC)
lunes, 5 de octubre de 2026, 8:08:07 p.m. UTC
esmaspäev, 5. oktoober 2026 20:08:07 UTC
2026(e)ko urriaren 5(a), astelehena (20:08:07 (UTC))
دوشنبه 5 اکتبر 2026، ساعت 20:08:07 (UTC)
maanantai 5. lokakuuta 2026 20.08.07 UTC
Lunes, Oktubre 5, 2026, 8:08:07 PM UTC
lundi 5 octobre 2026, 20:08:07 UTC
lundi 5 octobre 2026, 20 h 08 min 07 s UTC
Dé Luain 5 Deireadh Fómhair 2026 20:08:07 UTC
luns, 5 de outubro de 2026, 20:08:07 UTC
સોમવાર, 5 ઑક્ટોબર, 2026 08:08:07 PM UTC
יום שני, 5 באוקטובר 2026, 20:08:07 UTC
सोमवार, 5 अक्टूबर 2026, 8:08:07 pm UTC
ponedjeljak, 5. listopada 2026. 20:08:07 (UTC)
2026. október 5., hétfő 20:08:07 UTC
2026 թ. հոկտեմբերի 5, երկուշաբթի, 20:08:07 UTC
Senin, 05 Oktober 2026 20.08.07 UTC
mánudagur, 5. október 2026, 20:08:07 UTC
lunedì 5 ottobre 2026 20:08:07 UTC
2026年10月5日月曜日 20時08分07秒 UTC
ორშაბათი, 05 ოქტომბერი, 2026, 20:08:07 UTC
2026 ж. 5 қазан, дүйсенбі, 20:08:07 UTC
ច័ន្ទ 5 តុលា 2026, 8:08:07 PM UTC
ಸೋಮವಾರ, ಅಕ್ಟೋಬರ್ 5, 2026 08:08:07 PM UTC
2026년 10월 5일 월요일 오후 8시 8분 7초 UTC
2026-ж., 5-октябрь, дүйшөмбү 20:08:07 UTC
ວັນຈັນ, 5 ຕຸລາ 2026, 20 ໂມງ 8 ນາທີ 07 ວິນາທີ UTC
2026 m. spalio 5 d., pirmadienis 20:08:07 UTC
pirmdiena, 2026. gada 5. oktobris 20:08:07 UTC
понеделник, 5 октомври 2026 г., 20:08:07 UTC
2026 ഒക്‌ടോബർ 5, തിങ്കളാഴ്‌ച, UTC 8:08:07 PM
2026 оны аравдугаар сарын 5, даваа гараг 20:08:07 (UTC)
सोमवार, 5 ऑक्टोबर, 2026, 8:08:07 PM UTC
Isnin, 5 Oktober 2026 8:08:07 PTG UTC
2026 အောက်တိုဘာ 5၊ တနင်္လာ UTC 20:08:07
mandag 5. oktober 2026, 20:08:07 UTC
2026 अक्टोबर 5, सोमबार 20:08:07 UTC
maandag 5 oktober 2026, 20:08:07 UTC
måndag 5. oktober 2026 20:08:07 UTC
ਸੋਮਵਾਰ, 5 ਅਕਤੂਬਰ 2026 8:08:07 PM UTC
poniedziałek, 5 października 2026 20:08:07 UTC
segunda-feira, 5 de outubro de 2026 20:08:07 UTC
segunda-feira, 5 de outubro de 2026, 20:08:07 UTC
luni, 5 octombrie 2026, 20:08:07 UTC
понедельник, 5 октября 2026 г., 20:08:07 UTC
2026 වප් 5, සඳුදා 20:08:07 UTC
pondelok 5. októbra 2026, 20:08:07 UTC
ponedeljek, 5. oktober 2026 20:08:07 UTC
e hënë, 5 tetor 2026, 8:08:07 m.d., UTC
понедељак, 5. октобар 2026. 20:08:07 UTC
ponedeljak, 5. oktobar 2026. 20:08:07 UTC
måndag 5 oktober 2026 20:08:07 UTC
Jumatatu, 5 Oktoba 2026 20:08:07 UTC
திங்கள், 5 அக்டோபர், 2026, 8:08:07 PM UTC
5, అక్టోబర్ 2026, సోమవారం 8:08:07 PM UTC
วันจันทร์ที่ 5 ตุลาคม ค.ศ. 2026 20 นาฬิกา 08 นาที 07 วินาที UTC
5 Ekim 2026 Pazartesi 20:08:07 UTC
понеділок, 5 жовтня 2026 р., 20:08:07 UTC
پیر، 5 اکتوبر، 2026 8:08:07 PM UTC
dushanba, 5-oktabr, 2026, 20:08:07 (UTC)
20:08:07 UTC Thứ Hai, 5 tháng 10, 2026
2026年10月5日星期一 UTC 20:08:07
2026年10月5日 星期一 晚上8:08:07 [UTC]
2026年10月5日星期一 下午8:08:07 [UTC]
UMsombuluko, Okthoba 5, 2026 20:08:07 UTC
"""
"""5 October 2026, 20:08:07 UTC, in full in each language."""

FORMS = [line for line in SAME_MOMENT.split("\n") if line]


@pytest.mark.parametrize("text", FORMS)
def test_a_date_is_read_in_the_language_of_every_account(text):
    assert parse_date(text) == datetime(2026, 10, 5, 20, 8, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tuesday, March 10, 2026 at 12:05:09\u202fAM UTC", (2026, 3, 10, 0, 5, 9)),
        ("Tuesday, March 10, 2026 at 12:05:09 PM UTC", (2026, 3, 10, 12, 5, 9)),
        ("Tuesday, 10 March 2026 at 08:05:09 UTC", (2026, 3, 10, 8, 5, 9)),
        ("martes, 10 de marzo de 2026, 8:58:00 a.\u00a0m. UTC", (2026, 3, 10, 8, 58)),
        ("martes, 10 de marzo de 2026, 8:58:00 p. m. UTC", (2026, 3, 10, 20, 58)),
        ("2026년 3월 10일 화요일 오전 12시 0분 1초 UTC", (2026, 3, 10, 0, 0, 1)),
        ("2026年3月10日 星期二 下午8:58:00 [UTC]", (2026, 3, 10, 20, 58)),
        ("lúc 22:00:01 UTC Thứ Ba, 10 tháng 3, 2026", (2026, 3, 10, 22, 0, 1)),
        ("الثلاثاء، ١٠ مارس ٢٠٢٦ في ١٠:٠٠:٠١ م UTC", (2026, 3, 10, 22, 0, 1)),
        ("วันอังคารที่ 10 มีนาคม พ.ศ. 2569 เวลา 22:00:01 UTC", (2026, 3, 10, 22, 0, 1)),
        ("wtorek, 10 listopada 2026 22:00:01 UTC", (2026, 11, 10, 22, 0, 1)),
        ("utorak, 10. listopada 2026. u 22:00:01 UTC", (2026, 10, 10, 22, 0, 1)),
        ("Dydd Mawrth, 5 Mai 2026 am 22:00:01 UTC", (2026, 5, 5, 22, 0, 1)),
        ("mardi 10 mars 2026 à 22 h 00 min 01 s UTC", (2026, 3, 10, 22, 0, 1)),
    ],
)
def test_halves_of_the_day_numbers_and_names_that_mean_two_things_are_told_apart(text, moment):
    assert parse_date(text) == datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Tuesday, 32 March 2026 8:58:00 UTC",
        "March 2026 8:58:00",
        "Foo 10, 2026 at 8:58:00 UTC",
        "1" * 300,
    ],
)
def test_what_is_no_date_is_none(text):
    assert parse_date(text) is None


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from([*"0123456789:. ", "march", "10", "2026", "h", "月", "pm"])).map("".join)
)
def test_no_text_breaks_the_reading(text):
    parse_date(text)


@given(st.datetimes(datetime(2006, 1, 1), datetime(2099, 1, 1)))  # noqa: DTZ001 - it takes no other
def test_english_dates_of_both_clocks_come_back_as_they_were_written(time):
    for clock in ("%I:%M:%S\u202f%p", "%H:%M:%S"):
        assert parse_date(time.strftime(f"%A, %B %d, %Y at {clock} UTC")) == time.replace(microsecond=0, tzinfo=UTC)
