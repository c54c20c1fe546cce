"""The streaming JSON reader takes what people have, and never more memory than one value needs."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.archives import json_stream
from dragoman.archives.json_line_values import json_lines
from dragoman.archives.json_mending import parse
from dragoman.archives.json_stream import CLOSED, JsonReader
from dragoman.archives.notes import Notes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=20,
)


class Dribble(io.RawIOBase):
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__()
        self._data, self._size = io.BytesIO(data), size

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(self._size, size) if size >= 0 else self._size)


def items(data: bytes, *arrays: str, size: int = 1 << 20):
    notes = Notes()
    found = [(p, v) for p, v in JsonReader(Dribble(data, size), notes, "f").items(*arrays) if v is not CLOSED]
    return found, notes


@given(st.lists(JSON, max_size=6), st.integers(1, 20), st.sampled_from([None, 1]))
def test_the_items_of_an_array_are_those_of_a_strict_parser(values, size, indent):
    data = json.dumps({"a": 1, "list": values, "z": [1]}, indent=indent).encode()
    found, notes = items(data, "list[]", size=size)
    assert found == [("a", 1), *(("list[]", value) for value in values), ("z", [1])]
    assert not notes.skipped
    assert not notes.sentences


@given(st.lists(JSON, min_size=1, max_size=4), st.integers(1, 15), st.data())
def test_a_file_that_ends_too_early_gives_all_before_its_end(values, size, data):
    whole = json.dumps({"list": values}).encode()
    cut = data.draw(st.integers(1, len(whole) - 1))
    found, notes = items(whole[:cut], "list[]", size=size)
    assert found == [("list[]", value) for value in values][: len(found)]
    assert list(notes.sentences) == ["f ends too early; everything before that was read."]


def test_nested_arrays_are_read_item_by_item():
    data = json.dumps({"chats": {"list": [{"id": 1, "messages": [{"n": 1}, {"n": 2}], "end": 0}, {"id": 2}]}}).encode()
    found, _ = items(data, "chats.list[].messages[]", "messages[]")
    assert found == [
        ("chats.list[].id", 1),
        ("chats.list[].messages[]", {"n": 1}),
        ("chats.list[].messages[]", {"n": 2}),
        ("chats.list[].end", 0),
        ("chats.list[].id", 2),
    ]


def test_an_array_can_be_the_whole_file():
    assert items(b'[{"ts": "1"}, {"ts": "2"}]', "[]")[0] == [("[]", {"ts": "1"}), ("[]", {"ts": "2"})]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'\xef\xbb\xbf["a"]', "a"),
        ('["a"]'.encode("utf-16"), "a"),
        (b'["a\\x0Bb"]', "a\x0bb"),
        (b'["a\\\\x0Bb"]', "a\\x0Bb"),
        (b'["a\\qb"]', "a\\qb"),
        (b'["a\\u12"]', "a\\u12"),
        (b'["\\ud83d"]', "\ufffd"),
        (b'["\\ud83d\\ude00"]', "\U0001f600"),
        (b'["\\ude00\\ud83d"]', "\ufffd\ufffd"),
        (b'["a\x00b\nc\td"]', "a\x00b\nc\td"),
        (b'["a\xffb"]', "a\ufffdb"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_damaged_text_is_mended(raw, text, size):
    found, notes = items(raw, "[]", size=size)
    assert found == [("[]", text)]
    assert not notes.skipped


def test_a_broken_entry_is_counted_with_its_line_and_the_next_one_is_read():
    found, notes = items(b'{"m": [\n{"a": 1},\n{"a": tru},\n{"a": "x" "y"},\n{"a": 2}]}', "m[]")
    assert found == [("m[]", {"a": 1}), ("m[]", {"a": 2})]
    assert notes.reasons["no valid JSON"].count == 2
    assert notes.reasons["no valid JSON"].places == ["f, line 3", "f, line 4"]


def test_what_is_damaged_between_entries_ends_the_reading_with_a_count():
    found, notes = items(b'{"m": [{"a": 1} {"a": 2}, {"a": 3}]}', "m[]")
    assert found == [("m[]", {"a": 1})]
    assert notes.skipped == 1


@pytest.mark.parametrize("brackets", ["[" * 200_000, '{"a":' * 200_000, '{"m": [' + "[" * 200_000])
def test_brackets_without_end_end_in_a_sentence(brackets):
    found, notes = items(brackets.encode(), "m[]")
    assert found == []
    assert notes.sentences or notes.skipped


def test_an_entry_of_brackets_is_left_out_and_the_next_one_is_read():
    found, notes = items(('{"m": [' + "[" * 200_000 + "]" * 200_000 + ', {"a": 1}]}').encode(), "m[]")
    assert found == [("m[]", {"a": 1})]
    assert notes.reasons["no valid JSON"].count == 1


class Endless(io.RawIOBase):
    """A string of 20 MB in an array, with an entry after it."""

    def __init__(self) -> None:
        super().__init__()
        self._left = 20 << 20
        self._parts = [b'[{"a": 1}, {"a": "', b'"}, {"a": 2}]']

    def read(self, size: int = -1) -> bytes:
        if len(self._parts) == 2:
            return self._parts.pop(0)
        if self._left > 0:
            self._left -= size
            return b"x" * size
        return self._parts.pop() if self._parts else b""

    def readline(self, size: int | None = -1) -> bytes:
        return self.read(size or -1)


def test_a_value_without_end_is_passed_over_without_being_held(monkeypatch):
    monkeypatch.setattr(json_stream, "LARGEST_VALUE", 1 << 20)  # watching memory takes long
    notes = Notes()
    tracemalloc.start()
    try:
        found = [value for _, value in JsonReader(Endless(), notes, "f").items("[]") if value is not CLOSED]
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert found == [{"a": 1}, {"a": 2}]
    assert notes.reasons["an entry larger than 16 MiB"].count == 1


def test_lines_are_read_one_by_one_and_bad_ones_are_counted():
    notes = Notes()
    data = b'\xef\xbb\xbf{"a": 1}\r\n\n{"a": \n{"a": "\\ud800"}\n[2]'
    assert list(json_lines(io.BytesIO(data), notes, "f")) == [(1, {"a": 1}), (4, {"a": "\ufffd"}), (5, [2])]
    assert notes.reasons["no valid JSON"].places == ["f, line 3, column 6"]


def test_a_line_without_end_is_passed_over():
    notes = Notes()
    data = io.BytesIO(b'{"a": "' + b"x" * (40 << 20) + b'"}\n{"a": 1}\n')
    assert list(json_lines(data, notes, "f")) == [(2, {"a": 1})]
    assert notes.reasons["a line longer than 16 MiB"].places == ["f, line 1"]


@given(JSON)
def test_mending_leaves_valid_json_as_it_is(value):
    assert parse(json.dumps(value)) == value


@pytest.mark.parametrize("damage", ["", r'"\ud800",', r'"\x41",'])
def test_brackets_without_end_are_no_json_however_damaged_the_text_is(damage):
    with pytest.raises(ValueError, match="too deep"):
        parse("[" + damage + "[" * 200_000)


def entries(number: int, indent: int | None) -> bytes:
    """Entries of several lines, each of which holds objects that begin as it does."""
    rows = [{"id": n, "parts": [{"id": n, "x": "},{"}, {"id": 2**70 + n}], "text": "ä" * 20} for n in range(number)]
    return json.dumps({"m": rows}, indent=indent, separators=(",", ":") if indent is None else None).encode()


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("size", [5000, 1 << 20])
def test_thousands_of_entries_are_those_of_a_strict_parser(indent, size):
    data = entries(4000, indent)
    found, notes = items(data, "m[]", size=size)
    assert [value for _, value in found] == json.loads(data)["m"]
    assert not notes.skipped


def test_a_bad_entry_among_thousands_is_counted_and_all_others_are_read():
    data = entries(4000, None).replace(b'{"id":2000,', b'{"id":20x0,', 1).replace(b'"text"', b'"te\\ud83dxt"', 1)
    found, notes = items(data, "m[]")
    assert [value["id"] for _, value in found] == [n for n in range(4000) if n != 2000]
    assert notes.reasons["no valid JSON"].count == 1


@pytest.mark.parametrize("indent", [None, 1])
def test_the_line_of_an_entry_is_known_whenever_it_is_asked_for(indent):
    reader = JsonReader(io.BytesIO(entries(3000, indent)), Notes(), "f")
    for n, (path, _) in enumerate(reader.items("m[]")):
        if path == "m[]" and n % 7 == 3:
            assert reader.line == (2 + 13 * (n + 1) if indent else 1)
