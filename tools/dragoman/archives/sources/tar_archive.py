"""A tar file."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from dragoman.archives.sources.container import ArchiveFile, Entry, is_junk, readable_name, safe_name
from dragoman.archives.sources.streams import Section, buffered
from dragoman.core.safe_text import sentence

_MARK: Final = b"ustar"
_MARK_AT: Final = 257


def is_tar(beginning: bytes) -> bool:
    """Whether a file that begins so is a tar file."""
    return beginning[_MARK_AT : _MARK_AT + len(_MARK)] == _MARK


class TarArchive(ArchiveFile):
    """The files of a tar file that is not compressed."""

    def entries(self) -> Iterator[Entry]:
        """The regular files; links and devices are counted, and never followed."""
        try:
            for member in self._members():
                name = safe_name(member.name)
                if name is None:
                    self.notes.skip("a member whose name points out of the archive", self.label)
                elif member.issym() or member.islnk():
                    self.notes.skip("a link", self.label_of(name))
                elif member.isreg() and not is_junk(name):
                    yield Entry(readable_name(name), member.size, member.offset_data, member.size)
        except tarfile.TarError:
            self.notes.tell(
                sentence("{:300} ends too early or is damaged; what stands before that was read.", self.label)
            )

    def open(self, entry: Entry) -> BinaryIO:
        """The content of a member."""
        return buffered(Section(self._raw, entry.position, entry.size, self._progress.count))

    def _members(self) -> Iterator[tarfile.TarInfo]:
        self._raw.seek(0)
        # `r:` decompresses nothing: that was done before, within limits.
        with tarfile.open(fileobj=self._raw, mode="r:", errorlevel=0) as archive:
            while (member := archive.next()) is not None:
                vars(archive)["members"] = []  # it keeps them all otherwise
                yield member
