"""Logs of IRC as clients and bouncers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from irc_logs import BOTH_DAYS, ONE_DAY, PATHS

from dragoman.archives.months import month_of, parse_date_words
from dragoman.core.model import ConversationKind


def times(content):
    return [one.sent_at.strftime("%d %H:%M") for one in content.messages]


@pytest.fixture
def read_log(read_archive, tmp_path):
    def read(text, path="#harbour.log", **options):
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "in" / path).write_bytes(data)
        content = read_archive(tmp_path / "in", **options)
        assert content.formats == ["irc"]
        return content

    return read


@pytest.mark.parametrize("client", [*BOTH_DAYS, *ONE_DAY])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_log_of_each_client_holds_the_same_talk(read_log, client, line_end):
    text = {**BOTH_DAYS, **ONE_DAY}[client].replace("\n", line_end)
    content = read_log(text, PATHS[client])
    said = [(one.author.name, one.text) for one in content.messages if one.status is None]
    expected = [("maria", "one"), ("oleg", "two"), ("oleg", "* oleg waves"), ("oleg", "three"), ("maria", "late")]
    assert said == expected + [("lena", "early")] * (client in BOTH_DAYS)
    events = [one for one in content.messages if one.status == "activity"]
    assert [one.author.name for one in events] == ["maria", "oleg", "maria"]
    assert all(word in one.text for word, one in zip(["boats", "olli", "spam"], events, strict=True))
    days = ["10 09:01", "10 09:02", "10 09:03", "10 09:04", "10 09:05", "10 09:06", "10 09:07", "10 23:59"]
    assert times(content) == days + ["11 00:01"] * (client in BOTH_DAYS)
    (channel,) = content.conversations.values()
    assert (channel.id, channel.title, channel.kind) == ("irc.Libera.#harbour", "harbour", ConversationKind.CHANNEL)
    assert content.notes.skipped
    assert not content.notes.has_flaws


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("#harbour_20260310.log", 10),
        ("#harbour.20260310", 10),
        ("Libera_#harbour_20260311.log", 11),
        ("harbour.log.12Mar2026", 12),
    ],
)
def test_the_day_is_that_of_the_name_where_no_line_tells_it(read_log, name, day):
    (message,) = read_log("[09:01:02] <maria> one\n", name).messages
    assert message.sent_at == datetime(2026, 3, day, 9, 1, 2, tzinfo=UTC)


def test_days_of_one_channel_are_one_conversation_in_their_order(read_log):
    read_log("[09:01:02] <maria> two\n", "libera/#harbour/2026-03-11.log")
    content = read_log("[09:01:02] <maria> one\n", "libera/#harbour/2026-03-10.log")
    assert (content.texts, list(content.conversations)) == (["one", "two"], ["irc.libera.#harbour"])


def test_a_line_whose_day_nothing_tells_is_counted(read_log):
    content = read_log("[09:01:02] <maria> one\n[09:01:03] <oleg> two\n")
    assert (content.texts, content.notes.skipped) == ([], 2)


def test_a_time_that_goes_back_is_the_next_day_where_the_log_tells_no_days(read_log):
    lines = ["23:58", "00:01", "12:00", "11:00"]
    text = "Session Start: Tue Mar 10 09:00:00 2026\n" + "".join(f"[{time}] <maria> x\n" for time in lines)
    assert times(read_log(text)) == ["10 23:58", "11 00:01", "11 12:00", "12 11:00"]


def test_a_time_that_goes_back_is_a_clock_put_back_where_the_log_tells_days(read_log):
    text = "--- Log opened Sun Oct 25 01:00:00 2026\n02:30 < a> x\n02:10 < a> y\n03:00 < a> z\n"
    content = read_log(text, zone="Europe/Berlin")
    assert [one.sent_at.astimezone(UTC).strftime("%d %H:%M") for one in content.messages] == [
        "25 00:30",
        "25 01:10",
        "25 02:00",
    ]


def test_the_hour_that_comes_twice_is_no_next_day_either(read_log):
    text = "Session Start: Sun Oct 25 01:00:00 2026\n[02:30] <a> x\n[02:10] <a> y\n[03:00] <a> z\n"
    content = read_log(text, zone="Europe/Berlin")
    assert [one.sent_at.astimezone(UTC).strftime("%d %H:%M") for one in content.messages] == [
        "25 00:30",
        "25 01:10",
        "25 02:00",
    ]


def test_a_year_ends_in_a_log_without_years(read_log):
    text = "**** BEGIN LOGGING AT Thu Dec 31 23:00:00 2026\n\nDec 31 23:59:00 <a>\tx\nJan 01 00:01:00 <a>\ty\n"
    assert [one.sent_at.year for one in read_log(text).messages] == [2026, 2027]


@pytest.mark.parametrize(
    ("words", "month"),
    [
        ("Mär", 3), ("févr.", 2), ("août", 8), ("мая", 5), ("Şub", 2), ("paź", 10), ("maalis", 3), ("marras", 11),
        ("července", 7), ("června", 6), ("Δεκ", 12), ("mrt", 3), ("ago", 8), ("xyz", None),
    ],
)  # fmt: skip
def test_months_have_names_in_many_languages(words, month):
    assert month_of(words) == month


@pytest.mark.parametrize(
    "words",
    [
        "Tue Mar 10 2026", "Di 10. Mär 2026", "mar. 10 mars 2026 09:00:00", "Вт мар 10 2026", "2026年 3月 10日 火曜日",
        "2026-03-10 09:00", "mar 10 de marzo de 2026", "2026년 3월 10일 화",
    ],
)  # fmt: skip
def test_a_day_is_understood_in_many_languages(words):
    assert str(parse_date_words(words)) == "2026-03-10"


def test_a_day_line_in_an_unknown_language_is_the_next_such_day(read_log):
    text = "--- Log opened Sat Jan 31 23:00:00 2026\n23:59 < a> x\n--- Day changed Qx Zzz 01 2026\n00:01 < a> y\n"
    assert times(read_log(text)) == ["31 23:59", "01 00:01"]


def test_lines_without_a_name_go_on_with_the_message_before(read_log):
    text = "2026-03-10 09:01:00\tmaria\tone\n2026-03-10 09:01:00\t\ttwo\n2026-03-10 09:01:01\tmaria\tthree\n"
    assert read_log(text).texts == ["one\ntwo", "three"]


def test_each_line_has_its_own_encoding(read_log):
    text = b"--- Log opened Tue Mar 10 09:00:00 2026\n09:01 < a> Gr\xfc\xdfe\n09:02 < a> Gr\xc3\xbc\xc3\x9fe\n"
    assert read_log(text).texts == ["Grüße", "Grüße"]


def test_equal_lines_of_a_minute_stay_apart_and_a_longer_log_repeats_their_ids(read_log):
    text = "--- Log opened Tue Mar 10 09:00:00 2026\n" + "09:01 <@maria> ok\n" * 3
    first = [one.id for one in read_log(text).messages]
    renamed = text.replace("<@maria>", "< olli>") + "09:02 < olli> more\n"
    assert len(set(first)) == 3
    assert [one.id for one in read_log(renamed).messages][:3] == first
    assert [one.id for one in read_log(text, zone="Asia/Tokyo").messages] == first


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("[2026-03-10 09:01:02] <maria> one", "09:01:02"),
        ("2026-03-10T09:01:02.123Z <maria> one", "09:01:02"),
        ("[2026-03-10T09:01:02+0100] <maria> one", "08:01:02"),
    ],
)
def test_lines_with_whole_times_are_read_whoever_wrote_them(read_log, line, time):
    (message,) = read_log(f"{line}\n").messages
    assert (message.text, message.sent_at.astimezone(UTC).strftime("%H:%M:%S")) == ("one", time)


def test_a_talk_with_one_person_is_direct(read_log):
    content = read_log("--- Log opened Tue Mar 10 09:00:00 2026\n09:01 <maria> one\n", "logs/libera/maria.log")
    (talk,) = content.conversations.values()
    assert (talk.id, talk.title, talk.kind) == ("irc.libera.maria", "maria", ConversationKind.DIRECT)


@pytest.mark.parametrize(
    "text",
    [
        "[LINE] Chat history with Maria\nSaved on: 2026/03/10 09:00\n\n2026/03/10(Tue)\n09:01\tMaria\tHi\n",
        "09:01\tMaria\tHi\n09:02\tOlli\tHo\n",
        "[09:01:02] --> Working on package\n[09:01:03] --> Done\n",
        "Mar 10 09:01:02 host sshd[1]: session opened\nMar 10 09:01:03 host sshd[1]: session closed\n",
        "2026-03-10 09:01:02 INFO <init> started\n2026-03-10 09:01:03 INFO done\n",
        "[10/03/2026, 09:01:02] Maria: Hi\n[10/03/2026, 09:02:02] Olli: <attached: a.jpg>\n",
    ],
    ids=["LINE", "tabs", "packages", "syslog", "program", "WhatsApp"],
)
def test_other_texts_with_times_are_no_logs_of_irc(tmp_path, text):
    from dragoman.archives.head import Head
    from dragoman.archives.irc import IrcFormat

    assert IrcFormat().recognises(Head(text.encode(), "x.log"), None) == 0


@pytest.mark.parametrize(
    "action",
    [
        "gives maria a hug",
        "sets the table",
        "left the building early",
        "kicked the ball",
        "joined in",
        "has left it there",
    ],
)
def test_what_somebody_does_is_no_event_because_it_sounds_like_one(read_log, action):
    text = f"Session Start: Tue Mar 10 09:00:00 2026\n[09:01] <maria> one\n[09:02] * oleg {action}\n"
    said = read_log(text).messages[-1]
    assert (said.author.name, said.text, said.status) == ("oleg", f"* oleg {action}", None)


@pytest.mark.parametrize(
    "happened",
    [
        "oleg (o@x.example) Quit (Ping timeout)", "oleg has quit (bye)", "Now talking on #harbour",
        "Channel #harbour modes: +nt", "oleg gives voice to lena", "maria sets ban on *!*@x.example",
        "Topic for #harbour is: boats", "Joins: oleg (o@x.example)",
    ],
)  # fmt: skip
def test_who_comes_and_goes_is_left_out_also_behind_a_star(read_log, happened):
    content = read_log(f"Session Start: Tue Mar 10 09:00:00 2026\n[09:01] <maria> one\n[09:02] * {happened}\n")
    assert (content.texts, content.notes.skipped, content.notes.has_flaws) == (["one"], 1, False)


def test_a_line_that_no_client_writes_is_counted_and_the_rest_is_read(read_log):
    text = "--- Log opened Tue Mar 10 09:00:00 2026\nnoise\n25:61 < a> x\n09:01 what\n09:02 < a> one\n"
    content = read_log(text)
    assert (content.texts, content.notes.skipped) == (["one"], 3)


def test_a_log_alone_is_of_the_channel_whose_folder_holds_it(tmp_path, read_archive):
    folder = tmp_path / "#crew"
    folder.mkdir()
    (folder / "2026-03-10.log").write_text("[09:58:00] <ann> hi\n[09:59:00] <bo> ho\n")
    assert list(read_archive(folder / "2026-03-10.log").conversations) == ["irc.#crew"]
