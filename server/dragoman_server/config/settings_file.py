"""Where the settings file is, and whether it may be used.

The server and its fast start both ask here, so this module imports nothing that takes time.
"""

from __future__ import annotations

import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would be a third of the time until the first answer
    from typing import Any

FILE_NAME = "dragoman.toml"
LARGEST = 1 << 20
"""Bytes that a settings file may have."""
LONGEST_PROBLEM = 5_000
"""Characters of what :func:`writers_problem` says: a path in it is part of a command, and must not be cut."""

_REGISTER = "trusted.json"
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def user_folder() -> str | None:
    """The platform's folder for our settings; ``None`` where there is no home folder."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if sys.platform == "linux":
        base = base if base.strip() else os.path.expanduser("~/.config")  # noqa: PTH111  # pathlib takes time
        if base.startswith("/"):
            return os.path.join(base, "dragoman")  # noqa: PTH118  # as above
    from platformdirs import user_config_dir  # noqa: PLC0415  # takes time, and these systems' rules are long

    try:
        return user_config_dir("dragoman", appauthor=False)
    except RuntimeError:
        return None


def user_file() -> str | None:
    """The settings file of the user; ``None`` when there is none."""
    folder = user_folder()
    path = folder and os.path.join(folder, FILE_NAME)  # noqa: PTH118  # pathlib takes time
    # A link that leads nowhere counts: reading it says so, where passing over it would hide the mistake.
    return path if path and os.path.lexists(path) else None


def working_file() -> str | None:
    """The settings file of the working folder; ``None`` when there is none, or when it is the user's own."""
    if not os.path.lexists(FILE_NAME):
        return None
    own = user_file()
    try:
        same = own is not None and os.path.samefile(own, FILE_NAME)  # noqa: PTH121  # pathlib takes time
    except OSError:
        same = False
    return None if same else FILE_NAME


def read(path: str) -> bytes:
    """The bytes of a plain file, at most one more than :data:`LARGEST`.

    Raises:
        OSError: The system refuses.
        ValueError: It is no plain file; a pipe could be read only once.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  # pathlib takes time
        raise ValueError(path)
    with open(path, "rb") as file:  # noqa: PTH123  # as above
        return file.read(LARGEST + 1)


def full_path(path: str) -> str:
    """The path under which a settings file is trusted: its folder without links, and its name."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder or "."), name)  # noqa: PTH118  # pathlib takes time


def digest(content: bytes) -> str:
    """The hash that stands for the content of a file."""
    from hashlib import sha256  # noqa: PLC0415  # takes time, and only a working folder with settings needs it

    return sha256(content).hexdigest()


def register_path() -> str | None:
    """The file that lists what is trusted; ``None`` where there is no home folder."""
    folder = user_folder()
    return folder and os.path.join(folder, _REGISTER)  # noqa: PTH118  # pathlib takes time


def trusted_digests() -> dict[str, str]:
    """The hash of each trusted settings file by its path; empty when the list cannot be used."""
    import json  # noqa: PLC0415  # as for the hash

    path = register_path()
    try:
        # Whoever can write the list could trust a file of theirs.
        if path is None or writers_problem(path, own=True):
            return {}
        found: Any = json.loads(read(path))
        return {str(key): value for key, value in found.items() if type(value) is str}
    except (OSError, ValueError, RecursionError, AttributeError):  # the last: it is no table
        return {}


def is_trusted(path: str, content: bytes) -> bool:
    """Whether the user has trusted a settings file with exactly this content."""
    known = trusted_digests().get(full_path(path))
    return known is not None and known == digest(content)


def writers_problem(path: str, *, own: bool) -> str | None:
    """Why somebody else could write a file, in words that follow its name; ``None`` if nobody can.

    Args:
        path: The file. A pipe or a file on a read-only disk is never a problem.
        own: The file also has to belong to the user or to root. Whoever names a file knows whose it is.

    Raises:
        OSError: The file or its folder cannot be looked at.
    """
    if os.name != "posix":
        return None
    found = os.stat(path)  # noqa: PTH116  # pathlib takes time
    if not stat.S_ISREG(found.st_mode) or os.statvfs(path).f_flag & os.ST_RDONLY:
        return None
    if own and found.st_uid not in (0, os.geteuid()):
        return "belongs to another user"
    if found.st_mode & _OTHERS:
        return f"can be written by others: run `chmod go-w {path}` and see whether it still says what you wrote"
    return folder_problem(os.path.dirname(os.path.realpath(path)))  # noqa: PTH120  # pathlib takes time


def folder_problem(folder: str) -> str | None:
    """Why others could put a file of theirs in the place of one in a folder, in words as above.

    Raises:
        OSError: The folder cannot be looked at.
    """
    mode = os.stat(folder).st_mode if os.name == "posix" else 0  # noqa: PTH116  # as above
    # In a sticky folder, such as /tmp, only the owner of a file can replace it.
    if mode & _OTHERS and not mode & stat.S_ISVTX:
        return f"can be replaced by others: run `chmod go-w {folder}` and see whether it still says what you wrote"
    return None
