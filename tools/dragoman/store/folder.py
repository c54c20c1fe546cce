"""Where the file is when nobody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

VARIABLE = "DRAGOMAN_DATA"


def default_path() -> Path:
    """``dragoman.db`` in the folder that ``DRAGOMAN_DATA`` names, or else in the platform's data folder."""
    folder = os.environ.get(VARIABLE)
    return (Path(folder).expanduser() if folder else user_data_path("dragoman", appauthor=False)) / "dragoman.db"
