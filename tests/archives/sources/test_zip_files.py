"""Zip files that are locked, cut off, damaged or far too large give what can be read."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from packed_files import LinesFormat, zip_of

from dragoman.archives import Notes
from dragoman.archives.sources import open_path, streams
from dragoman.archives.sources.container import Progress
from dragoman.archives.sources.index import FileIndex
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Message


def test_a_zip_file_under_a_password_says_so(labels, tmp_path):
    data = bytearray(zip_of(tmp_path / "a.zip", {"a": "!lines"}).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(InvalidArgument, match="password"):
        labels(tmp_path / "a.zip")


class CountingFormat(LinesFormat):
    """Counts the bytes of files instead of holding them."""

    def read(self, source, options):
        for file in source.files():
            size = 0
            with file.open() as content:
                while data := content.read(1 << 20):
                    size += len(data)
            yield Message(id=file.name, conversation="c", author=Author(name="a"), sent_at=None, text=str(size))


def test_a_zip_bomb_is_cut_off_and_the_other_members_are_read(read_archive, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "HARMLESS", 32 << 20)
    path = zip_of(tmp_path / "a.zip", {"bomb": b"!lines" + bytes(100 << 20), "good": "!lines"}, compression=8)
    content = read_archive(path, formats=(CountingFormat(),))
    sizes = {message.id: int(message.text) for message in content.messages}
    assert sizes["good"] == 6
    assert sizes["bomb"] < 40 << 20
    assert any("grows more than 200 times" in sentence for sentence in content.notes.sentences)


def test_a_zip_file_that_is_cut_off_gives_the_members_before(labels, tmp_path):
    names = {f"{n:03}": f"!lines {n} " + os.urandom(500).hex() for n in range(100)}
    whole = zip_of(tmp_path / "whole.zip", names, compression=zipfile.ZIP_DEFLATED).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[: len(whole) // 2])
    found, notes = labels(tmp_path / "a.zip")
    assert 40 < len(found) < 60
    assert found == {f"a.zip/{name}": text for name, text in list(names.items())[: len(found)]}
    assert any("ends too early" in sentence for sentence in notes.sentences)


class Unseekable(io.RawIOBase):
    def __init__(self, target) -> None:
        super().__init__()
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return self._target.write(data)


def test_a_streamed_zip_file_that_is_cut_off_gives_the_members_before(labels, tmp_path):
    buffer = io.BytesIO()
    zip_of(io.BufferedWriter(Unseekable(buffer)), {f"{n:03}": f"!lines {n}" * 50 for n in range(50)}, compression=8)
    whole = buffer.getvalue()
    (tmp_path / "a.zip").write_bytes(whole[: len(whole) // 2])
    found, _ = labels(tmp_path / "a.zip")
    assert list(found.values()) == [f"!lines {n}" * 50 for n in range(len(found))]
    assert len(found) > 20


def test_damage_within_a_member_ends_that_member_only(labels, tmp_path):
    path = zip_of(
        tmp_path / "a.zip", {"a": b"!lines" + os.urandom(1 << 20), "b": "!lines"}, compression=zipfile.ZIP_DEFLATED
    )
    data = bytearray(path.read_bytes())
    data[500_000:500_100] = bytes(100)
    path.write_bytes(data)
    found, notes = labels(path)
    assert found["a.zip/b"] == "!lines"
    assert any("a.zip/a" in sentence for sentence in notes.sentences)


@pytest.mark.parametrize(("raw", "name"), [("März".encode(), "März"), ("März".encode("cp437"), "März")])
def test_names_without_a_declared_encoding_are_utf_8_if_they_can_be(labels, tmp_path, raw, name):
    data = zip_of(tmp_path / "a.zip", {"X" * len(raw): "!lines"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(b"X" * len(raw), raw))
    assert labels(tmp_path / "a.zip")[0] == {f"a.zip/{name}": "!lines"}


def large_directory(path: Path, members: int) -> Path:
    """A zip file of many empty members, with its directory in the large form."""
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"x"
    with path.open("wb") as file:
        file.write(local)
        for number in range(members):
            name = f"room {number // 1000}/{number:09}.json".encode()
            fields = (20, 20, 0x800, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0)
            file.write(struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", *fields) + name)
        size, place = file.tell() - len(local), file.tell()
        end = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, members, members, size, len(local))
        end += struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1)
        file.write(end + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    return path


def test_the_directory_of_a_large_zip_file_takes_no_memory(tmp_path):
    path = large_directory(tmp_path / "a.zip", 20_000)
    index = FileIndex()
    tracemalloc.start()
    try:
        index.add(open_path(path, Notes(), Progress()))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert len(index.folders(0, "")) == 20
    assert sum(1 for _ in index.below(0, "")) == 20_000
    index.close()


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (24, 7, None),  # the size of the content
        (20, 3, "ends too early"),  # that of what is packed
        (16, 1, "wrong checksum"),
        (42, 0xFFFFF, "is missing from the zip file"),
    ],
)
def test_a_directory_that_says_something_wrong_of_a_member_ends_that_member_only(
    labels, tmp_path, offset, value, words
):
    path = zip_of(tmp_path / "a.zip", {"a": "!lines " + "a" * 100, "b": "!lines b"}, compression=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02") + offset
    data[place : place + 4] = struct.pack("<I", value)
    path.write_bytes(data)
    found, notes = labels(path)
    assert found["a.zip/b"] == "!lines b"
    assert found.get("a.zip/a") == "!lines " + "a" * 100 if words in (None, "wrong checksum") else True
    assert (words or "") in " ".join(notes.sentences)


def test_a_member_that_says_its_size_in_64_bits_is_read(labels, tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w") as archive,
        archive.open(zipfile.ZipInfo("a"), "w", force_zip64=True) as member,
    ):
        member.write(b"!lines 1")
    assert labels(tmp_path / "a.zip")[0] == {"a.zip/a": "!lines 1"}
