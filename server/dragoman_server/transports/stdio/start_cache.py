"""Caches findings of earlier starts, for the first answers of the next ones.

That is which settings files are good, and what providers of other packages offer. Reading imports nothing that takes
time.

An entry counts only as long as what it was made from is the same: this program's version, the bytes of the settings
file, and for a provider the files of its package.
"""

from __future__ import annotations

import json
import os
import sys

from dragoman_server.config import settings_file
from dragoman_server.config.setting_rules import is_list, is_table

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would be a third of the time until the first answer
    from typing import Any

FILE_NAME = "starts.json"
MOST_SETTINGS = 50
_STORE = "dragoman.db"


class CachedStart:
    """Findings that are valid for one start.

    Attributes:
        providers: Facts of providers by name, as in the snapshot.
        settings_are_good: A server has started with this very settings file.
    """

    def __init__(self, providers: dict[str, Any], *, settings_are_good: bool) -> None:
        self.providers = providers
        self.settings_are_good = settings_are_good


def data_folder() -> str | None:
    """The folder for our data; ``None`` where it takes more than a look to know."""
    named = os.environ.get("DRAGOMAN_DATA")
    if named:
        return None if named.startswith("~") else named
    if os.name == "posix" and sys.platform != "darwin":
        base = os.environ.get("XDG_DATA_HOME", "")
        base = base if base.strip() else os.path.expanduser("~/.local/share")  # noqa: PTH111  # pathlib takes time
        return os.path.join(base, "dragoman") if base.startswith("/") else None  # noqa: PTH118  # as above
    from platformdirs import user_data_dir  # noqa: PLC0415  # takes time, and these systems' rules are long

    try:
        return user_data_dir("dragoman", appauthor=False)
    except RuntimeError:
        return None


def store_path() -> str | None:
    """The file of a local account that names none."""
    folder = data_folder()
    return folder and os.path.join(folder, _STORE)  # noqa: PTH118  # pathlib takes time


def cache_path() -> str | None:
    """The file that all this is kept in."""
    folder = data_folder()
    return folder and os.path.join(folder, FILE_NAME)  # noqa: PTH118  # pathlib takes time


def read(snapshot: dict[str, Any], content: bytes) -> CachedStart:
    """Findings of earlier starts.

    Args:
        snapshot: The snapshot, whose own providers count before all others.
        content: The bytes of the settings file.
    """
    cache = load(version_of(snapshot))
    providers = {
        name: entry["facts"]
        for name, entry in cache["providers"].items()
        if name not in snapshot["providers"] and all(stamp(path) == known for path, known in entry["files"])
    }
    return CachedStart(providers, settings_are_good=settings_file.digest(content) in cache["settings"])


def version_of(snapshot: dict[str, Any]) -> str:
    """The version of this program, as it tells clients."""
    version: str = snapshot["results"]["2025-06-18"]["initialize"]["serverInfo"]["version"]
    return version


def load(version: str) -> dict[str, Any]:
    """The cache; empty when there is none, when it is of another version, or when others could write it.

    Args:
        version: The version of this program.
    """
    empty: dict[str, Any] = {"version": version, "providers": {}, "settings": []}
    path = cache_path()
    try:
        # An entry says that settings are good, which nobody else may claim.
        if path is None or settings_file.writers_problem(path, own=True):
            return empty
        found: Any = json.loads(settings_file.read(path))
    except (OSError, ValueError, RecursionError):
        return empty
    whole = is_table(found) and is_table(found.get("providers")) and is_list(found.get("settings"))
    return found if whole and found.get("version") == version else empty


def stamp(path: str) -> list[int] | None:
    """A fingerprint of a file's state; ``None`` when it is gone."""
    try:
        found = os.stat(path)  # noqa: PTH116  # pathlib takes time
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_size]
