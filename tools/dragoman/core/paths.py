"""The home folder, which there need not be: somebody that the system does not know, or ``~name`` of nobody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from platformdirs import user_config_path, user_data_path

from dragoman.core.errors import InvalidArgument, Unavailable
from dragoman.core.safe_text import Sentence, safe, sentence

STORE_NAME: Final = "dragoman.db"
_APPLICATION: Final = "dragoman"


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path with ``~`` and ``~name`` replaced.

    Raises:
        InvalidArgument: There is no such home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InvalidArgument(
            sentence("{}: There is no such home folder.", path), hint="Write the path in full."
        ) from None


def home() -> Path:
    """The home folder.

    Raises:
        Unavailable: There is none.
    """
    try:
        found = Path.home()
    except RuntimeError:
        raise _homeless() from None
    if os.name == "posix" and not os.environ.get("HOME", "/").startswith("/"):
        raise _homeless()  # it would be another folder for every program
    return found


def data_folder() -> Path:
    """The folder for our data: ``DRAGOMAN_DATA``, else the platform's.

    Raises:
        InvalidArgument: It would be below a home folder that there is not.
        Unavailable: There is no home folder.
    """
    named = os.environ.get("DRAGOMAN_DATA")
    if named:
        return expanded(named)
    try:
        return user_data_path(_APPLICATION, appauthor=False)
    except RuntimeError:
        raise _homeless("DRAGOMAN_DATA to a folder for data, or ") from None


def store_file() -> Path:
    """Where the store is unless the settings say otherwise: ``dragoman.db`` in the folder for data.

    Raises:
        DragomanError: There is no home folder that it could be in.
    """
    return data_folder() / STORE_NAME


def settings_folder() -> Path:
    """The platform's folder for our settings.

    Raises:
        Unavailable: There is none.
    """
    try:
        return user_config_path(_APPLICATION, appauthor=False)
    except RuntimeError:
        raise _homeless() from None


def _homeless(instead: Sentence = "") -> Unavailable:
    return Unavailable("There is no home folder.", hint=sentence("Set {}HOME to the folder of yours.", safe(instead)))
