"""Finds out which formats the user's paths hold, by content."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Final

from dragoman.archives.format import ArchiveFormat
from dragoman.archives.head import Head
from dragoman.archives.notes import Notes
from dragoman.archives.registry import all_formats
from dragoman.archives.sources import Container, File, Folder, Source
from dragoman.archives.sources.container import Progress
from dragoman.archives.sources.index import FileIndex
from dragoman.archives.sources.opening import is_packed, open_nested
from dragoman.archives.sources.single import DiskFolder, SingleFile
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import SafeText, join, quote, safe, sentence, unquoted

_SAMPLES: Final = 3
_SAMPLE: Final = 60
_LONGEST: Final = 300
_NOTHING: Final = "There is nothing to import here."
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Recognized:
    """A format and all files of it.

    Attributes:
        size: Bytes that they take as they lie.
        content_size: Bytes of their content.
    """

    format: ArchiveFormat
    source: Source
    size: int
    content_size: int


@dataclass(slots=True)
class Recognition:
    """What the paths of one import hold.

    Attributes:
        formats: The formats to look for, those that win a tie first.
        forced: Take files for the only format although it does not recognise them, see :meth:`_force`.
        has_forced: Whether any was taken so.
        unknown_texts: How many texts are of no known format. Other files often belong to messages.
        unknown_names: The first of them.
        notes: Where entries that are left out are counted.
        progress: Counts the bytes that are read.
    """

    formats: Sequence[ArchiveFormat]
    notes: Notes
    forced: bool = False
    progress: Progress = field(default_factory=Progress)
    has_forced: bool = False
    unknown_texts: int = 0
    unknown_names: list[SafeText] = field(default_factory=list[SafeText])
    _index: FileIndex = field(default_factory=FileIndex)
    _taken: dict[str, ArchiveFormat] = field(default_factory=dict[str, ArchiveFormat])
    _unknown: list[SafeText] = field(default_factory=list[SafeText])

    def add(self, container: Container) -> None:
        """Look through a container, and through the archives in it."""
        root = Folder(self._index, self._index.add(container), "")
        folders: list[Folder] = []
        for folder in self._walk(root):
            self._take_files(folder, container)
            if self.forced:
                folders.append(folder)
        self._force(folders, is_named=isinstance(container, SingleFile))

    def _walk(self, root: Folder) -> Iterator[Folder]:
        """The folders that no format claims as a whole."""
        waiting = [root]
        while waiting:
            folder = waiting.pop()
            if not self._take_folder(folder):
                # What a format took as a whole is not looked into: its files would be recognised once more.
                yield folder
                # Reversed, because the last one is taken next: folders come in the order of their names.
                waiting.extend(reversed(list(folder.folders())))

    def _force(self, folders: list[Folder], *, is_named: bool) -> None:
        """Take files of another look for the only format: one that the user named, else texts that are of no format.

        Where the format is among them already, they are left out instead.
        """
        format_ = self.formats[0]
        for file, head in self._not_recognised(folders):
            if not is_named and b"\0" in head.data:
                continue  # it is no text
            if is_named or not (self._taken or self._is_of_other_format(head, file.folder)):
                self.has_forced = True
                file.take(format_.name)
            else:
                self.notes.leave_out(sentence("no {}", unquoted(format_.title)), file.label)
        if self.has_forced:
            self._taken.setdefault(format_.name, format_)

    def _not_recognised(self, folders: list[Folder]) -> Iterator[tuple[File, Head]]:
        """The files that the format did not recognise, without those that are empty or packed."""
        for folder in folders:
            for file in folder.files():
                head = file.head()
                if head.data and not is_packed(head.data) and self._best(head, folder) is None:
                    yield file, head

    def _is_of_other_format(self, head: Head, folder: Folder) -> bool:
        return any(format_.recognises(head, folder) for format_ in all_formats())

    def results(self) -> list[Recognized]:
        """The formats that were found, with their files.

        Raises:
            InvalidArgument: None was found; the sentences say what was there instead.
        """
        if not self._taken:
            raise self._nothing_found()
        return [
            Recognized(format_, Source(self._index, name, self.notes), *self._index.taken_bytes(name))
            for name, format_ in self._taken.items()
        ]

    def digest(self, check: Callable[[], None], *options: object) -> str:
        """A digest of all that an import depends on: the content of the files, the names beside them, the options.

        Args:
            check: Is called for each mebibyte; what it raises ends the reading.
            *options: Of the import.
        """
        # The version is among them: another one may read the same files better.
        digest = sha256(repr(options).encode("utf-8", "surrogatepass"))
        # Sorted, because the order in which formats are found depends on the paths.
        for name, format_ in sorted(self._taken.items()):
            digest.update(f"\0{name}".encode())
            source = Source(self._index, name, self.notes)
            for file in source.files():
                digest.update(_content_digest(file, check))
            for folder in source.folders():
                for file in folder.all_files():
                    is_known = format_.is_known_by_times and file.changed
                    digest.update(_time_digest(file) if is_known else _content_digest(file, check))
        # Attachments are looked for by name, so a file that comes or goes changes what is imported.
        digest.update(self._index.digest_of_names())
        return digest.hexdigest()

    def close(self) -> None:
        """Close all files."""
        self._index.close()

    def _take_folder(self, folder: Folder) -> bool:
        format_ = self._best(Head(), folder)
        if format_ is not None:
            self._taken.setdefault(format_.name, format_)
            folder.take(format_.name)
        return format_ is not None

    def _take_files(self, folder: Folder, container: Container) -> None:
        packed: list[tuple[File, bytes]] = []
        taken = False
        for file in folder.files():
            head = file.head()
            format_ = self._best(head, folder)
            if format_ is not None:
                self._taken.setdefault(format_.name, format_)
                file.take(format_.name)
                taken = True
            elif is_packed(head.data):
                packed.append((file, head.data))
            else:
                self._note_unknown(file, head)
        # An archive beside the files of a chat is an attachment of it.
        if isinstance(container, DiskFolder) or not taken:
            for file, beginning in packed:
                self._add_nested(file, beginning)

    def _add_nested(self, file: File, beginning: bytes) -> None:
        container = open_nested(file, beginning, self.progress)
        if container is not None:
            self.add(container)

    def _best(self, head: Head, folder: Folder) -> ArchiveFormat | None:
        confidence, best = 0, None
        for format_ in self.formats:
            found = format_.recognises(head, folder)
            # At a tie the earlier format stays.
            if found > confidence:
                confidence, best = found, format_
        return best

    def _note_unknown(self, file: File, head: Head) -> None:
        if head.data and b"\0" not in head.data and not self.forced:
            self.unknown_texts += 1
            if self.unknown_texts <= _SAMPLES:
                self.unknown_names.append(sentence("{:300}", file.label))
        if len(self._unknown) < _SAMPLES:
            beginning = quote(head.text, _SAMPLE) if head.data else safe("empty")
            self._unknown.append(sentence("{} ({})", file.label, beginning))

    def _nothing_found(self) -> InvalidArgument:
        known = join(unquoted(format_.title) for format_ in self.formats if format_.readable)
        if not self._unknown:
            reasons = join(map(unquoted, self.notes.reasons), "; ")
            nothing = sentence("There is nothing to import here ({}).", reasons) if reasons else safe(_NOTHING)
            return InvalidArgument(join([nothing, *(unquoted(one, _LONGEST) for one in self.notes.sentences)], " "))
        there = join(self._unknown, "; ")
        return InvalidArgument(
            sentence("No archive was recognised: {}.", there), hint=sentence("These are taken: {}.", known)
        )


@contextmanager
def recognition(formats: Sequence[ArchiveFormat], notes: Notes, *, forced: bool = False) -> Generator[Recognition]:
    """A recognition whose files are closed at the end."""
    found = Recognition(formats, notes, forced)
    try:
        yield found
    finally:
        found.close()


def _time_digest(file: File) -> bytes:
    """What a file is known by that is written once, beside its name and size in the digest of all names."""
    return b"%d\0" % file.changed


def _content_digest(file: File, check: Callable[[], None]) -> bytes:
    """A digest of name and content; a checksum that the archive has does as well."""
    check()
    name = f"\0{file.path}\0{file.size}\0".encode("utf-8", "surrogatepass")
    # The directory of a zip file has a CRC-32 of each file, so nothing has to be unpacked.
    if file.checksum:
        return name + file.checksum.to_bytes(8, "little")
    digest = blake2b(name, digest_size=16)
    with file.open() as content:
        while data := content.read(_CHUNK):
            digest.update(data)
            check()
    return digest.digest()
