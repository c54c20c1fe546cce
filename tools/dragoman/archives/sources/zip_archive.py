"""A zip file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from dragoman.archives.sources.container import ArchiveFile, Entry, is_junk, safe_name
from dragoman.archives.sources.streams import Decompressed, Section, buffered
from dragoman.archives.sources.zip_directory import (
    ENCRYPTED,
    LOCAL,
    LOCAL_MARK,
    NoDirectoryError,
    ZipMember,
    members,
    members_without_directory,
)
from dragoman.core.safe_text import sentence

MARKS: Final = (LOCAL_MARK, b"PK\x05\x06", b"PK\x07\x08")
"""How a zip file begins."""

_STORED: Final = 0
_METHODS: Final = {8: "deflate", 12: "bzip2", 95: "xz"}


class ZipArchive(ArchiveFile):
    """The files of a zip file."""

    def entries(self) -> Iterator[Entry]:
        """The members that can be read; the others are counted."""
        for member in self._members():
            name = safe_name(member.name)
            if name is None:
                self.notes.skip("a member whose name points out of the archive", self.label)
            elif member.link:
                self.notes.skip("a link", self.label_of(name))
            elif not member.name.endswith(("/", "\\")) and not is_junk(name) and self._is_readable(member, name):
                yield Entry(name, member.size, member.position, member.packed, member.method, member.checksum)

    def open(self, entry: Entry) -> BinaryIO:
        """The content of a member."""
        self._raw.seek(entry.position)
        header = self._raw.read(LOCAL.size)
        label = self.label_of(entry.name)
        if len(header) < LOCAL.size or not header.startswith(LOCAL_MARK):
            self.notes.tell(sentence("{:300} is missing from the zip file.", label))
            return io.BytesIO()
        *_, names, extras = LOCAL.unpack(header)
        # The extra field of the local header may have another length than that of the directory.
        begin = entry.position + LOCAL.size + names + extras
        section = Section(self._raw, begin, entry.packed, self._progress.count)
        if entry.method == _STORED:
            return buffered(section)
        checksum = entry.checksum or None
        return buffered(Decompressed(section, _METHODS[entry.method], label, self.notes, checksum))

    def _members(self) -> Iterator[ZipMember]:
        found = 0
        try:
            for member in members(self._raw):
                found += 1
                yield member
        except NoDirectoryError:
            self.notes.tell(sentence("{:300} ends too early; what stands before that was read.", self.label))
            # Otherwise members would come twice.
            if not found:
                yield from members_without_directory(self._raw)

    def _is_readable(self, member: ZipMember, name: str) -> bool:
        if member.flags & ENCRYPTED:
            self.notes.skip("a file that a password protects", self.label_of(name))
            return False
        if member.method != _STORED and member.method not in _METHODS:
            self.notes.skip("a file in a compression that is not supported", self.label_of(name))
            return False
        return True
