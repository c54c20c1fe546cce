"""Where the file is when nobody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from dragoman import home

VARIABLE = "DRAGOMAN_DATA"


def default_path() -> Path:
    """``dragoman.db`` in the folder that ``DRAGOMAN_DATA`` names, or else in the platform's data folder.

    Raises:
        DragomanError: There is no home folder that it could be in.
    """
    folder = os.environ.get(VARIABLE)
    return (home.expanded(folder) if folder else home.data_folder()) / "dragoman.db"
