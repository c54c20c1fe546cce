"""Files of an archive, wherever they lie: in a folder, in a zip or tar file, compressed, or alone."""

from dragoman.archives.sources.container import Container, Entry
from dragoman.archives.sources.files import File, Folder, Source
from dragoman.archives.sources.opening import open_path, open_stream

__all__ = ["Container", "Entry", "File", "Folder", "Source", "open_path", "open_stream"]
