"""Files are read wherever they lie, and nothing that an archive holds can do harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from dragoman.archives import ArchiveFormat, Notes
from dragoman.archives.format import CERTAIN
from dragoman.archives.recognition import recognition
from dragoman.archives.sources import open_path, open_stream, streams
from dragoman.archives.sources.container import Progress
from dragoman.archives.sources.index import FileIndex
from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Message


class LinesFormat(ArchiveFormat):
    """Takes text files that begin with ``!lines``."""

    name = "lines"
    title = "Lines"

    def recognises(self, head, names):
        return CERTAIN if head.data.startswith(b"!lines") else 0

    def read(self, source, options):
        for file in source.files():
            with file.open() as content:
                text = content.read().decode("utf-8", "replace")
            yield Message(id=file.label, conversation="c", author=Author(name="a"), sent_at=None, text=text)


@pytest.fixture
def labels(read_archive, tmp_path):
    def found(path: Path) -> tuple[dict[str, str], Notes]:
        content = read_archive(path, formats=(LinesFormat(),))
        return {m.id.removeprefix(f"{tmp_path}/"): m.text for m in content.messages}, content.notes

    return found


def zip_of(path: Path, files: dict[str, bytes | str], **options) -> Path:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_of(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_file_is_read_without_being_unpacked(labels, tmp_path, method):
    path = zip_of(
        tmp_path / "a.zip", {"x/y.txt": "!lines 1", "z.txt": "other", "w.txt": "!lines 2"}, compression=method
    )
    assert labels(path)[0] == {"a.zip/x/y.txt": "!lines 1", "a.zip/w.txt": "!lines 2"}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_file_is_read_however_it_is_compressed(labels, tmp_path, mode):
    path = tar_of(tmp_path / "a.tar", {"x/y.txt": b"!lines 1", "w.txt": b"!lines 2"}, mode)
    assert labels(path)[0] == {"a.tar/x/y.txt": "!lines 1", "a.tar/w.txt": "!lines 2"}


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_read_as_a_stream(labels, tmp_path, compress):
    content = b"!lines " + os.urandom(300_000).hex().encode()
    (tmp_path / "a.gz").write_bytes(compress(content[:1000]) + compress(content[1000:]))
    assert labels(tmp_path / "a.gz")[0] == {"a.gz": content.decode()}


def test_a_folder_is_looked_into_and_links_and_junk_are_not(labels, tmp_path):
    folder = tmp_path / "f"
    (folder / "deep/er").mkdir(parents=True)
    (folder / "__MACOSX").mkdir()
    for name in ("deep/er/a", "b", "__MACOSX/c", "._b", ".DS_Store"):
        (folder / name).write_text("!lines")
    (folder / "link").symlink_to(folder / "b")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    found, notes = labels(folder)
    assert set(found) == {"f/deep/er/a", "f/b"}
    assert notes.reasons["a link"].count == 2


def test_archives_within_archives_are_read_to_a_limit(labels, tmp_path):
    path = tmp_path / "0.txt"
    path.write_text("!lines")
    for depth in range(1, 6):
        path = zip_of(tmp_path / f"{depth}.zip", {path.name: path.read_bytes(), f"at{depth}": f"!lines {depth}"})
    found, notes = labels(tmp_path / "3.zip")
    assert found.keys() == {"3.zip/at3"}, "what lies beside a chat is an attachment"
    (tmp_path / "f").mkdir()
    (tmp_path / "f/3.zip").write_bytes(
        zip_of(tmp_path / "x", {"2.zip": (tmp_path / "1.zip").read_bytes()}).read_bytes()
    )
    found, notes = labels(tmp_path / "f")
    assert found.keys() == {"f/3.zip/2.zip/0.txt", "f/3.zip/2.zip/at1"}
    assert not notes.skipped
    deep = zip_of(tmp_path / "d1", {"x": zip_of(tmp_path / "d2", {"x": (tmp_path / "x").read_bytes()}).read_bytes()})
    with pytest.raises(InvalidArgument, match="too deep"):
        labels(deep)


def test_a_gzip_file_of_itself_ends(tmp_path, read_archive):
    data = b"!lines"
    for _ in range(20):
        data = gzip.compress(data)
    (tmp_path / "quine.gz").write_bytes(data)
    with pytest.raises(InvalidArgument, match="too deep"):
        read_archive(tmp_path / "quine.gz", formats=(LinesFormat(),))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "C:/evil", "a/../../evil", "..\\evil", "\\evil"])
def test_names_that_point_out_of_an_archive_are_refused(labels, tmp_path, name):
    for path in (
        zip_of(tmp_path / "a.zip", {name: "!lines evil", "good": "!lines"}),
        tar_of(tmp_path / "a.tar", {name: b"!lines evil", "good": b"!lines"}),
    ):
        found, notes = labels(path)
        assert list(found.values()) == ["!lines"]
        assert notes.reasons["a member whose name points out of the archive"].count == 1


def test_links_and_devices_in_archives_are_never_followed(labels, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in (
            ("s", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("d", tarfile.CHRTYPE),
            ("f", tarfile.FIFOTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        good = tarfile.TarInfo("good")
        good.size = 6
        archive.addfile(good, io.BytesIO(b"!lines"))
    found, notes = labels(tmp_path / "a.tar")
    assert found == {"a.tar/good": "!lines"}
    assert notes.reasons["a link"].count == 2
    link = zipfile.ZipInfo("s")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good", "!lines")
    found, notes = labels(tmp_path / "a.zip")
    assert found == {"a.zip/good": "!lines"}
    assert notes.reasons["a link"].count == 1


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


def test_a_pipe_can_bring_any_packing(tmp_path):
    data = zip_of(tmp_path / "a.zip", {"a": "!lines"}).read_bytes()
    notes = Notes()
    with recognition((LinesFormat(),), notes) as found:
        found.add(open_stream(io.BytesIO(data), "standard input", notes, found.progress))
        (result,) = found.results()
        assert [file.label for file in result.source.files()] == ["standard input/a"]


@pytest.mark.parametrize("data", [b"", b"Some other text", bytes(1000), b"PK\x05\x06" + bytes(18), zlib.compress(b"x")])
def test_other_things_end_in_a_sentence_that_says_what_is_taken(read_archive, tmp_path, data):
    (tmp_path / "thing").write_bytes(data)
    with pytest.raises(InvalidArgument) as refused:
        read_archive(tmp_path / "thing", formats=(LinesFormat(),))
    assert "Lines" in str(refused.value) or "nothing to import" in str(refused.value)


def test_a_missing_file_ends_in_a_sentence(read_archive, tmp_path):
    with pytest.raises(InvalidArgument, match="No such file"):
        read_archive(tmp_path / "missing", formats=(LinesFormat(),))


@pytest.mark.parametrize("name", ["Gr\udcfcn/one.jsonl", "Gr\udcfcn.jsonl"])
def test_a_file_whose_name_has_another_encoding_is_read(read_archive, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "c", "text": "Hi"}\n5\n')
    for given in (tmp_path, path):
        content = read_archive(given)
        assert content.texts == ["Hi"]
        assert content.notes.skipped == 1


def test_a_member_of_a_tar_file_whose_name_has_another_encoding_is_read(read_archive, tmp_path):
    line = b'{"author": "Ann", "sent_at": "2026-03-10T09:00:00Z", "conversation": "c", "text": "Hi"}\n'
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        member = tarfile.TarInfo("Gr\udcfcn/one.jsonl")
        member.size = len(line)
        archive.addfile(member, io.BytesIO(line))
    assert read_archive(tmp_path / "x.tar").texts == ["Hi"]
