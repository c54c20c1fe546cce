"""Files that are packed, and a format that reads their lines."""

from __future__ import annotations

import zipfile
from pathlib import Path

from dragoman.archives import ArchiveFormat
from dragoman.archives.format import CERTAIN
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


def zip_of(path: Path, files: dict[str, bytes | str], **options) -> Path:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
