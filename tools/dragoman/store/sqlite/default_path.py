"""Where the server's file is."""

from __future__ import annotations

from pathlib import Path

from dragoman.core import paths


def default_path() -> Path:
    """``dragoman.db`` in the folder for data.

    Raises:
        DragomanError: There is no home folder that it could be in.
    """
    return paths.data_folder() / "dragoman.db"
