"""Whatever an archive comes in is read as it is, and nothing that it links to."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path
from threading import Thread

import pytest
from packed_files import LinesFormat, zip_of

from dragoman.archives import Notes
from dragoman.archives.reading import STDIN, ReadRequest, open_archives
from dragoman.archives.recognition import recognition
from dragoman.archives.sources import open_path, open_stream
from dragoman.core.errors import InvalidArgument


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


@pytest.mark.parametrize("size", [0, 10, 64 << 10, 65 << 10, 200_000])
def test_a_file_that_grew_after_it_was_listed_is_read_whole(tmp_path, size):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.txt").write_bytes(b"!lines")
    notes = Notes()
    with recognition([LinesFormat()], notes) as found:
        found.add(open_path(tmp_path / "a", notes, found.progress))
        (file,) = found.results()[0].source.files()
        (tmp_path / "a/b.txt").write_bytes(b"x" * size)
        found.progress.bytes_read = 0
        with file.open() as content:
            assert content.read() == b"x" * size
        assert found.progress.bytes_read == size


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
    assert notes.reasons["a device or a pipe"].count == 1


def test_a_named_pipe_is_read_and_one_that_nobody_writes_into_is_empty(labels, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidArgument, match="empty"):
        labels(tmp_path / "pipe")
    writer = Thread(target=(tmp_path / "pipe").write_text, args=("!lines 1",))
    writer.start()
    assert labels(tmp_path / "pipe")[0] == {"pipe": "!lines 1"}
    writer.join()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device")
def test_a_device_is_refused_and_not_read(labels):
    with pytest.raises(InvalidArgument, match="is a device"):
        labels(Path("/dev/zero"))


def test_standard_input_that_is_closed_ends_in_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    opening = open_archives(ReadRequest(paths=(STDIN,)), Notes(), lambda _prefix: iter(()))
    with pytest.raises(InvalidArgument, match="Standard input is closed"), opening:
        pass


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
