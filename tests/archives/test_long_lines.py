"""Lines of gigabytes: files with holes, so that they take no room on disk."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest

from dragoman.archives import Notes
from dragoman.archives.json_line_values import json_lines
from dragoman.archives.text import lines

LINE = '{"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "c", "text": "one"}\n'
MAIL = "From a@x Tue Mar 10 09:00:00 2026\nFrom: a@x\nMessage-ID: <%s@x>\nDate: Tue, 10 Mar 2026 09:00:00 +0000\n\n"
FORMS = {
    "jsonl": (LINE, "\n" + LINE.replace("one", "two"), "a line longer than 16 MiB"),
    "irc": (
        "--- Log opened Tue Mar 10 09:00:00 2026\n09:01 <a> one\n09:02 <a> x",
        "\n09:03 <a> two\n",
        "the rest of a line longer than 1 MiB",
    ),
    "whatsapp": (
        "[10.03.26, 09:00:00] Ann: one\n[10.03.26, 09:00:01] Ann: x",
        "\n[10.03.26, 09:00:02] Bo: two\n",
        "the rest of a line longer than 1 MiB",
    ),
    "mail": (MAIL % 1 + "one\n\n" + MAIL % 2 + "x", f"\n\n{MAIL % 3}two\n", ""),
}


@pytest.fixture
def write_long_line(tmp_path):
    def write(before: str, after: str, size: int):
        path = tmp_path / "x"
        with path.open("wb") as file:
            file.write(before.encode())
            file.seek(size, 1)
            file.write(after.encode())
        return path

    return write


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_many_megabytes_is_cut_and_told_and_takes_little_memory(read_archive, write_long_line, form):
    before, after, reason = FORMS[form]
    tracemalloc.start()
    try:
        content = read_archive(write_long_line(before, after, 80 << 20))
        assert tracemalloc.get_traced_memory()[1] < 70 << 20
    finally:
        tracemalloc.stop()
    assert (content.texts[0], content.texts[-1]) == ("one", "two")
    assert all(len(text) < 2 << 20 for text in content.texts)
    assert list(content.notes.reasons) == ([reason] if reason else [])


class LongLine(io.RawIOBase):
    """Three gigabytes without a line end, and then a line, which nobody has to hold to read them."""

    def __init__(self) -> None:
        super().__init__()
        self._left = 3 << 30
        self._hole = bytes(16 << 20)
        self._end = io.BytesIO(b"\n" + LINE.encode())

    def read(self, size: int = -1) -> bytes:
        return self.readline(size)

    def readline(self, size: int | None = -1) -> bytes:
        if not self._left:
            return self._end.readline()
        data = self._hole[:size]
        self._left -= min(self._left, len(data))
        return data


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda stream, notes: json_lines(stream, notes, "f"), json.loads(LINE)),
        (lambda stream, notes: lines(stream, notes, "f"), LINE.strip()),
    ],
    ids=["json", "text"],
)
def test_a_line_of_three_gigabytes_costs_only_itself(read, value):
    notes = Notes()
    tracemalloc.start()
    try:
        found = list(read(LongLine(), notes))
        assert tracemalloc.get_traced_memory()[1] < 90 << 20
    finally:
        tracemalloc.stop()
    assert found[-1] == (2, value)
    assert [reason.places for reason in notes.reasons.values()] == [["f, line 1"]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_long_line_of_wide_characters_is_cut_and_told(read_archive, tmp_path, encoding):
    before, after, reason = FORMS["irc"]
    (tmp_path / "x").write_bytes((before + "y" * (3 << 20) + after).encode(encoding))
    content = read_archive(tmp_path / "x")
    assert (content.texts[0], content.texts[-1]) == ("one", "two")
    assert list(content.notes.reasons) == [reason]
