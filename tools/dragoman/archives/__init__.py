"""Archives: readers of the files that people export from messaging systems.

Each format is an :class:`ArchiveFormat` that recognises its files and yields conversations and messages.
:mod:`.registry` lists the formats, :mod:`.recognition` finds what a path holds, :mod:`.sources` opens folders,
zip and tar files. An installed package adds a format by an entry point in the group ``dragoman.archives``.
"""

from dragoman.archives.format import ArchiveFormat, Item, ReadOptions
from dragoman.archives.head import Head
from dragoman.archives.notes import Note, Notes
from dragoman.archives.sources import File, Folder, Source

__all__ = ["ArchiveFormat", "File", "Folder", "Head", "Item", "Note", "Notes", "ReadOptions", "Source"]
