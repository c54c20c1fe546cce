from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest
from tests.benchmarks.archive_forms import FORMS

from dragoman.core.model import AuthorKind, ConversationKind

BERLIN = ZoneInfo("Europe/Berlin")


def line(**members: object) -> str:
    return json.dumps({"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "room", **members}) + "\n"


@pytest.fixture
def read_lines(tmp_path, read_archive):
    def read(*lines: str):
        (tmp_path / "chat.jsonl").write_bytes("".join(lines).encode("utf-8", "surrogatepass"))
        return read_archive(tmp_path / "chat.jsonl", zone="Europe/Berlin")

    return read


def reasons(content) -> dict[str, list[str]]:
    return {
        reason: [place.partition("chat.jsonl, ")[2] for place in about.places]
        for reason, about in content.notes.reasons.items()
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("form", ["json_lines", "mattermost", "signal", "chat", "telegram", "irc", "whatsapp"])
def test_a_text_of_any_encoding_with_a_mark_is_read(form, encoding, tmp_path, read_archive):
    FORMS[form](tmp_path / "plain", ["Grüße 👋", "zwei"])
    text = (tmp_path / "plain").read_text(encoding="utf-8")
    mark = "\ufeff" if encoding.endswith("e") else ""
    (tmp_path / "other").write_bytes(f"{mark}{text}".encode(encoding))
    found = [read_archive(tmp_path / name) for name in ("plain", "other")]
    assert found[0].messages
    assert [one.text for one in found[1].messages] == [one.text for one in found[0].messages]
    assert not found[1].notes.skipped


def test_lines_of_wide_characters_that_are_no_json_are_counted(tmp_path, read_archive):
    (tmp_path / "chat.jsonl").write_bytes(f"{line(text='a')}no\n\n{line(text='b')}".encode("utf-16"))
    content = read_archive(tmp_path / "chat.jsonl")
    assert [message.text for message in content.messages] == ["a", "b"]
    assert reasons(content) == {"no valid JSON": ["line 2, column 1"]}


def test_short_lines_at_the_beginning_have_their_numbers(read_lines):
    content = read_lines("\n", "\n", "\n", line(text="a"), "no\n")
    assert [message.text for message in content.messages] == ["a"]
    assert reasons(content) == {"no valid JSON": ["line 5, column 1"]}


def test_a_line_has_the_members_of_our_json_answers(read_lines):
    (message,) = read_lines(
        line(
            text="Hi", bot=True, subject="S", labels=["a"], reactions={"👍": 3}, status="open", url="https://x.example",
            attachments=[{"name": "a.pdf", "size": 3}], edited_at="2026-03-10T10:00:00", history=[{"text": "Ho"}],
        )
    ).messages  # fmt: skip
    assert (message.text, message.author.kind, message.subject, message.labels) == ("Hi", "bot", "S", ("a",))
    assert (message.reactions[0].count, message.attachments[0].size, message.history[0].text) == (3, 3, "Ho")
    assert message.edited_at.utcoffset() == BERLIN.utcoffset(message.edited_at)


def test_an_author_in_full_is_taken_in_full(read_lines):
    author = {"name": "Bo", "id": "u1", "kind": "assistant", "email": "bo@x.example"}
    (message,) = read_lines(line(author=author)).messages
    assert (message.author.name, message.author.id, message.author.kind, message.author.email) == (
        "Bo", "u1", "assistant", "bo@x.example"
    )  # fmt: skip


def test_ids_come_from_the_line_its_reference_or_its_number(read_lines):
    content = read_lines(line(external_id="e1"), line(ref="local:room/r%201", conversation=None), line(number=7))
    assert [message.id for message in content.messages] == ["e1", "r 1", "n7"]
    assert {message.conversation for message in content.messages} == {"room"}


def test_conversations_of_two_accounts_with_one_id_stay_apart(read_lines, tmp_path, read_archive):
    content = read_lines(
        line(ref="work:room/1", conversation=None),
        line(conversation="home:room", id="1"),
        line(conversation={"ref": "local:room"}, id="1"),
        json.dumps({"ref": "work:room", "title": "At work"}) + "\n",
    )
    assert [message.conversation for message in content.messages] == ["work.room", "home.room", "room"]
    assert content.conversations["work.room"].title == "At work"
    into_work = read_archive(tmp_path / "chat.jsonl", account="work").messages
    assert [message.conversation for message in into_work] == ["room", "home.room", "room"]


def test_a_number_belongs_to_its_own_file(read_lines, tmp_path, read_archive):
    (tmp_path / "a.jsonl").write_text(line(number=1, id="a1"))
    (tmp_path / "b.jsonl").write_text(line(number=1, id="b1") + line(number=2, id="b2", reply_to=1))
    (tmp_path / "c.jsonl").write_text(line(number=2, id="c2", reply_to=1))
    content = read_archive(tmp_path)
    assert [(message.id, message.reply_to) for message in content.messages] == [
        ("a1", None), ("b1", None), ("b2", "b1"), ("c2", "n1"),
    ]  # fmt: skip


def test_equal_lines_of_one_second_without_ids_are_each_a_message(read_lines):
    lines = [line(text=text) for text in ("hi", "ho", "ok", "ok", "ok")]
    ids = [message.id for message in read_lines(*lines).messages]
    assert len(set(ids)) == 5
    assert [message.id for message in read_lines(*lines).messages] == ids
    assert [message.id for message in read_lines(*lines, line(text="ok")).messages][:5] == ids


def test_another_zone_or_name_changes_no_id(read_lines, tmp_path, read_archive):
    first = read_lines(line(sent_at="2026-03-10T09:00:00", text="x")).messages[0].id
    assert read_lines(line(sent_at="2026-03-10T09:00:00", text="x", author="Anna")).messages[0].id == first
    assert read_archive(tmp_path / "chat.jsonl", zone="Asia/Tokyo").messages[0].id == first


def test_a_reply_finds_its_parent_by_number_reference_or_id(read_lines):
    content = read_lines(
        line(number=1, external_id="first"),
        line(number=2, reply_to=1),
        line(reply_to="work:room/r2"),
        line(reply_to="x"),
        line(number=3, reply_to=9),
        line(id=20),
        line(id=21, reply_to=20),
    )
    assert [message.reply_to for message in content.messages] == [None, "first", "r2", "x", "n9", None, "20"]


def test_null_is_absent_and_a_number_is_its_text(read_lines):
    content = read_lines(line(id=5, text=None, author=None, reactions=None, attachments=None, subject=None))
    (message,) = content.messages
    assert (message.id, message.text, message.author.name, message.reactions) == ("5", "", "user", ())
    assert not content.notes.skipped


@pytest.mark.parametrize(
    "members",
    [
        {"author": {"id": "x"}},
        {"author": {"name": "x", "kind": "y"}},
        {"author": 5},
        {"reactions": {"👍": -1}},
        {"reactions": {"👍": 2**63}},
        {"attachments": [{"name": "a", "size": -1}]},
        {"attachments": 5},
        {"labels": {"red": 1}},
        {"history": [5]},
        {"edited_at": "soon"},
        {"extra": 3},
        {"reply_to": []},
    ],
)
def test_a_member_of_a_wrong_type_is_passed_over(read_lines, members):
    content = read_lines(line(text="Hi", **members))
    assert content.texts == ["Hi"]
    assert content.messages[0].reactions == ()
    assert not content.notes.skipped


@pytest.mark.parametrize("text", [["Hi"], {"body": "Hi"}, True])
def test_a_line_whose_text_is_no_text_is_counted_and_not_stored_empty(read_lines, text):
    content = read_lines(line(text=text), line(text="b"))
    assert content.texts == ["b"]
    assert reasons(content) == {"text is no text": ["line 1"]}


def test_a_single_value_does_for_a_list(read_lines):
    content = read_lines(
        line(text="a", labels="red", attachments="plan.pdf", history="old", reactions=["👍", "👍", "🎉"]),
        line(text="b", attachments={"name": "map.png", "size": 5}, reactions="👍"),
    )
    first, second = content.messages
    assert (first.labels, first.attachments[0].name, first.history[0].text) == (("red",), "plan.pdf", "old")
    assert {one.emoji: one.count for one in first.reactions} == {"👍": 2, "🎉": 1}
    assert (second.attachments[0].size, second.reactions[0].count) == (5, 1)


def test_a_fraction_is_its_text(read_lines):
    content = read_lines(line(text=5.5, id=1773133200.25))
    assert (content.texts, content.messages[0].id) == (["5.5"], "1773133200.25")


def test_what_cannot_be_kept_is_counted_with_line_and_column(read_lines):
    content = read_lines(
        line(text="a"), "\n", '{"text": nonsense}\n', line(sent_at="soon"), line(sent_at=None), line(conversation=None),
        "[]\n", line(text="b"),
    )  # fmt: skip
    assert content.texts == ["a", "b"]
    assert reasons(content) == {
        "no valid JSON": ["line 3, column 10"],
        "sent_at is no ISO time": ["line 4"],
        "no sent_at": ["line 5"],
        "no conversation": ["line 6"],
        "no JSON object": ["line 7"],
    }


def test_a_bad_first_line_does_not_hide_what_the_file_is(read_lines):
    content = read_lines('{"text": \n', line(text="b"))
    assert content.formats == ["jsonl"]
    assert content.texts == ["b"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(read_lines, end):
    content = read_lines("".join([line(text="a"), line(text="b"), "{\n", line(text="c")]).replace("\n", end))
    assert content.texts == ["a", "b", "c"]
    assert content.notes.skipped == 1


def test_blank_lines_and_a_byte_order_mark_are_passed_over(read_lines):
    assert read_lines("\ufeff\n", "  \n", line(text="a"), "\n", line(text="b")).texts == ["a", "b"]
    assert read_lines("\ufeff" + line(text="a")).texts == ["a"]


def test_half_a_surrogate_pair_is_the_replacement_character_and_all_else_is_kept(read_lines):
    lone, pair, escaped = r"\ud83d x \udc00", r"\ud83d\ude00", r"\\ud83d"
    row = line(text="TEXT").replace("TEXT", f"{lone}|{pair}|{escaped}")
    assert read_lines(row).texts == ["\ufffd x \ufffd|😀|\\ud83d"]


def test_a_line_can_describe_a_conversation(read_lines):
    content = read_lines(
        json.dumps(
            {"conversation": "room", "title": "Launch", "kind": "channel", "topic": "2.0", "participants": ["Ann"]}
        )
        + "\n",
        json.dumps({"ref": "work:d1", "title": "Bo", "kind": "dm", "participants": [{"name": "Bo"}, None]}) + "\n",
        line(text="a", conversation={"id": "x", "title": "Ex", "kind": "group"}),
    )
    room = content.conversations["room"]
    assert (room.title, room.kind, room.topic, room.participants) == (
        "Launch",
        ConversationKind.CHANNEL,
        "2.0",
        ("Ann",),
    )
    assert (content.conversations["work.d1"].kind, content.conversations["work.d1"].participants) == ("direct", ("Bo",))
    assert content.conversations["x"].title == "Ex"
    assert content.messages[0].conversation == "x"


@pytest.mark.parametrize("wrap", ["[{}]", '{{"messages": [{}]}}', "\n [ \n{}\n]"])
def test_an_array_of_messages_is_taken_as_well(read_lines, wrap):
    rows = ",\n".join(row.strip() for row in (line(text="a"), line(text="b"), line(sent_at=None)))
    content = read_lines(wrap.format(rows))
    assert content.texts == ["a", "b"]
    assert content.notes.skipped == 1


@pytest.mark.parametrize(
    "time",
    [
        1773133200,
        1773133200000,
        1773133200.0,
        "1773133200",
        "1773133200000",
        "1773133200.000",
        "20260310T090000Z",
        "2026-03-10 10:00",
        "2026/03/10 10:00",
    ],
)
def test_times_are_taken_in_many_forms(read_lines, time):
    assert read_lines(line(sent_at=time)).messages[0].sent_at.timestamp() == 1773133200


def test_who_writes_is_of_the_kind_that_the_line_says(read_lines):
    (message,) = read_lines(line(author={"name": "Forge"}, bot=True)).messages
    assert message.author.kind is AuthorKind.BOT


@pytest.mark.parametrize("name", ["time", "timestamp"])
@pytest.mark.parametrize("time", ["2026-03-10T09:00:00Z", 1773133200, 1773133200000])
def test_the_time_may_have_another_name_and_the_message_the_same_id(read_lines, name, time):
    row = json.dumps({"author": "Ann", name: time, "conversation": "room", "text": "x"}) + "\n"
    content = read_lines(row)
    assert content.formats == ["jsonl"]
    assert content.messages == read_lines(line(sent_at=time, text="x")).messages
    assert content.messages[0].sent_at.timestamp() == 1773133200


def test_of_several_times_that_of_our_own_name_counts(read_lines):
    row = line(text="x", time="2020-01-01T00:00:00Z", timestamp=1)
    assert read_lines(row).messages == read_lines(line(text="x")).messages
